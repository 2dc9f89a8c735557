// Layer: end to end with real processes: what other programs and operators do to the topic of events.
import EventLog
import EventModel
import Foundation
import Glibc
import HTTPClient
import KafkaHarness
import KafkaLog
import Locks
import ProcessHarness
import Testing

extension EndToEnd {
    @Suite("Foreign records and partitions in the topic of events")
    struct ForeignRecordTests {
        private static var client: HTTPClient { HTTPClient() }

        @Test(
            "junk and a transaction's mark halt one partition; all sites are admitted and answered, and a skip gets on",
            .timeLimit(.minutes(10)))
        func junk() throws {
            let plant = try Plant(try EndToEnd.breakable())
            let gateway = try plant.gateway("gateway-1")
            let worker = try plant.worker("worker-1")
            try Plant.declare(Plant.sites.map { Declaration($0) }, gateway.url)
            var positions: [SiteID: String] = [:]
            for site in Plant.sites { positions[site] = try Self.post(site, second: 1, gateway) }
            #expect(positions.count == Plant.sites.count)
            // Junk and the mark of its transaction, in some partition.
            let file = "\(plant.folder)/junk"
            try "junk\n".write(toFile: file, atomically: true, encoding: .utf8)
            try plant.cluster.tool(
                "perf-produce",
                [
                    "--topic", "\(plant.prefix).events.v1", "--num-records", "1", "--throughput", "-1",
                    "--payload-file",
                    file, "--transactional-id", plant.prefix, "--transaction-duration-ms", "1000",
                ])
            let line = try #require(worker.line { $0.contains("the fold stands still") }, "\(worker.words)")
            let position = try #require(Self.position(in: line), "\(line)")
            #expect(
                line.contains("of the topic \(plant.prefix).events.v1") && line.contains("andon log skip \(position)"))
            let broken = try #require(Plant.sites.first { Self.partition($0) == position.partition })
            // A new gateway starts, what it admits is durable, and every site is answered as far as it is folded.
            let second = try plant.gateway("gateway-2")
            let last = try #require(try Self.post(broken, second: 2, second))
            for site in Plant.sites {
                let ledger = try Self.ledger(site, second, past: positions[site])
                #expect(ledger.received == 1 && ledger.meta.stopped == (site == broken ? true : nil), "\(site)")
            }
            // What can be read is refused.
            let refused = try plant.skip(RecordPosition(partition: position.partition, offset: .zero))
            #expect(refused.exit == 1 && refused.errors.contains("can be read and is not passed over"))
            let junk = try plant.skip(position)
            #expect(junk.exit == 0, "\(junk.errors)")
            let mark = try plant.skip(RecordPosition(partition: position.partition, offset: position.offset.next))
            #expect(mark.exit == 0 && mark.errors.contains("no record"), "\(mark.errors)")
            // The running worker goes on by itself.
            #expect(try Self.ledger(broken, second, past: last).received == 2)
            #expect(try Self.ledger(broken, second).meta.stopped == nil)
            #expect(try plant.command(["log", "stat"]).contains("a test of brokers"))
            #expect(worker.end(SIGTERM).exit == 0)
            let fresh = try plant.worker("worker-2")
            #expect(try Self.ledger(broken, fresh, past: last).received == 2)
        }

        @Test(
            "partitions that are added to a topic are not used: sites stay where they are, and verify fails",
            .timeLimit(.minutes(10)))
        func addedPartitions() throws {
            let plant = try Plant(try EndToEnd.breakable())
            let gateway = try plant.gateway("gateway-1")
            let worker = try plant.worker("worker-1")
            try Plant.declare(Plant.sites.map { Declaration($0) }, gateway.url)
            try plant.cluster.topics(["--alter", "--topic", "\(plant.prefix).events.v1", "--partitions", "9"])
            // As after an update of both.
            #expect(worker.end(SIGTERM).exit == 0)
            let second = try plant.gateway("gateway-2")
            let again = try plant.worker("worker-1")
            for site in Plant.sites {
                let position = try #require(try Self.post(site, second: 1, second))
                #expect(position.hasPrefix("\(Self.partition(site).value):"), "\(position)")
                #expect(try Self.ledger(site, again, past: position).received == 1)
            }
            let verified = try AndonProcess.run(
                ["topics", "verify", "--brokers", plant.cluster.brokers, "--topic-prefix", plant.prefix])
            #expect(verified.exit == 1)
            #expect(verified.output.contains("has 9 partitions, but was made with 4, which are used"))
        }

        // MARK: Helpers

        private static func partition(_ site: SiteID) -> PartitionIndex {
            Partitioner.partition(of: site.bytes, partitionCount: Plant.partitions)
        }

        /// The position in a message of the fold.
        private static func position(in line: String) -> RecordPosition? {
            let match = try? Regex(#"andon log skip (\d+:\d+)"#).firstMatch(in: line)
            return match?[1].substring.flatMap { RecordPosition($0) }
        }

        /// Sends an event.
        /// - Returns: its record's position; nil unless it was stored.
        private static func post(_ site: SiteID, second: Int, _ gateway: AndonServer) throws -> String? {
            let event = """
                {"timestamp":"2026-01-12T08:00:0\(second)Z","worker_id":"W1","workstation_id":"S1",
                "event_type":"working","confidence":0.9}
                """
            let answer = try client.send(
                "POST", "\(gateway.url)/api/events?site_id=\(site)", headers: [("Content-Type", "application/json")],
                body: Array(event.utf8))
            guard answer.status == 201 else { return nil }
            return try JSONDecoder().decode(Stored.self, from: Data(answer.body)).position
        }

        private static func ledger(_ site: SiteID, _ server: AndonServer, past position: String? = nil) throws -> Ledger
        {
            let wait = position.map { "&min_position=\($0)" } ?? ""
            let answer = try #require(
                Figures.answer(client, "\(server.url)/api/ledger?site_id=\(site)\(wait)"), "\(server.words)")
            return try JSONDecoder().decode(Ledger.self, from: Data(answer))
        }

        private struct Stored: Decodable { var position: String }

        private struct Ledger: Decodable {
            var received: Int
            var meta: Meta

            struct Meta: Decodable { var stopped: Bool? }
        }
    }
}

extension Declaration {
    /// One worker and one workstation.
    init(_ site: SiteID) {
        let body = """
            {"site":{"name":"\(site)","time_zone":"UTC"},"workers":[{"worker_id":"W1","name":"A"}],
            "workstations":[{"workstation_id":"S1","name":"B"}]}
            """
        self.init(site: site, body: Array(body.utf8))
    }
}

extension Plant {
    fileprivate func skip(_ position: RecordPosition) throws -> AndonProcess.Result {
        try AndonProcess.run(
            [
                "log", "skip", "\(position)", "--reason", "a test of brokers", "--yes", "--brokers", cluster.brokers,
                "--topic-prefix", prefix,
            ])
    }
}
