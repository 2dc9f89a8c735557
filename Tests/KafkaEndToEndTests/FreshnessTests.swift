// Layer: end to end with real processes: whoever is asked knows how fresh all figures of the cluster are.
import Glibc
import HTTPClient
import JSON
import KafkaHarness
import ProcessHarness
import Testing

extension EndToEnd {
    @Suite("How fresh a cluster's figures are")
    struct FreshnessTests {
        @Test(
            "gateway and workers answer for all partitions, and name those whose holder is gone (SPEC 7.8)",
            .timeLimit(.minutes(10)))
        func everybodyKnows() throws {
            let plant = try Plant(try EndToEnd.breakable())
            let gateway = try plant.gateway("gateway-1")
            let workers = [
                try plant.worker("worker-1", ["--partitions", "0-1"]),
                try plant.worker("worker-2", ["--partitions", "2-3"]),
            ]
            try Plant.declare(Plant.sites.map { Declaration($0) }, gateway.url)
            for server in [gateway] + workers {
                let answer = try #require(Self.ask(server) { $0.partitions.count == 4 && $0.sites.count == 4 })
                #expect(answer.missing.isEmpty)
                #expect(answer.partitions == ["0", "1", "2", "3"])
                #expect(answer.sites == Plant.sites.map(\.text).sorted())
                #expect(answer.lags.allSatisfy { $0 == "0" })
            }
            workers[1].end(SIGKILL)
            for server in [gateway, workers[0]] {
                let answer = try #require(Self.ask(server) { $0.missing.count == 2 })
                #expect(answer.partitions == ["0", "1"] && answer.missing == ["2", "3"])
                #expect(answer.reasons.allSatisfy { !$0.isEmpty })
                let status = try AndonProcess.run(["status", "--url", server.url])
                #expect(status.exit == 1 && status.errors.contains("partition 2: "))
            }
        }

        struct Answer {
            var partitions, lags, missing, reasons, sites: [String]

            init(_ json: JSONValue) {
                func texts(_ list: String, _ member: String) -> [String] {
                    (json[list]?.items ?? []).compactMap { $0[member]?.text }
                }
                partitions = texts("partitions", "partition")
                lags = texts("partitions", "lag_records")
                missing = texts("missing", "partition")
                reasons = texts("missing", "reason")
                sites = texts("sites", "site_id")
            }
        }

        /// Asks until the answer is as expected: holders announce themselves, and folds catch up, in their own time.
        static func ask(_ server: AndonServer, until isExpected: (Answer) -> Bool) -> Answer? {
            let client = HTTPClient()
            let patience = Patience(seconds: 60)
            repeat {
                guard let answer = try? client.send("GET", "\(server.url)/api/freshness"), answer.status == 200,
                    let json = JSONValue(answer.body)
                else { continue }
                let found = Answer(json)
                if isExpected(found), found.lags.allSatisfy({ $0 == "0" }) { return found }
            } while patience.waitALittle()
            return nil
        }
    }
}
