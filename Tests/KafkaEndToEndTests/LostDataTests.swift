// Layer: end to end with real processes: a log that lost what was folded, or what was not folded yet.
import Glibc
import HTTPClient
import KafkaHarness
import ProcessHarness
import Testing

extension EndToEnd {
    @Suite("Logs that lose records")
    struct LostDataTests {
        @Test("retention behind the stored position changes nothing", .timeLimit(.minutes(10)))
        func retentionBehind() throws {
            let scene = try Scene(try EndToEnd.breakable())
            let worker = try scene.plant.worker("worker-1")
            scene.startLoad()
            let counts = try #require(scene.load.finish())
            #expect(counts.faults == [])
            let reference = try Reference(scene.load)
            try expectSame(scene.plant, [worker], reference, seed: scene.seed)
            #expect(worker.end(SIGTERM).exit == 0)
            // The last record stays, as with any retention by time.
            try scene.plant.deleteFirstRecords { end in end - 1 }
            let again = try scene.plant.worker("worker-1")
            let ledgers = Figures.awaitLedgers(again.url, reference.figures.ledgers)
            #expect(ledgers == reference.figures.ledgers, "seed \(scene.seed)")
            let figures = try #require(Figures.ask(again.url, Plant.sites))
            #expect(figures.differences(from: reference.figures) == [], "seed \(scene.seed)")
        }

        @Test(
            "retention past the stored position: the worker says what is lost, and goes on once it is skipped (SPEC 7.9)",
            .timeLimit(.minutes(10)))
        func retentionPast() throws {
            let scene = try Scene(try EndToEnd.breakable())
            let worker = try scene.plant.worker("worker-1")
            scene.startLoad()
            #expect(Figures.ask(worker.url, Plant.sites) != nil)
            #expect(worker.end(SIGTERM).exit == 0)
            #expect(scene.load.waitForEverySite(more: 10))
            #expect(scene.load.finish() != nil)
            try scene.plant.deleteFirstRecords { end in end - 1 }
            try scene.plant.expectRefusal("worker-1", scene.gateways[0]) {
                $0.contains("records between them are gone")
            }
            let refused = try scene.plant.worker("worker-1") { $0.contains("records between them are gone") }
            var positions: Set<String> = []
            for partition in 0..<Plant.partitions {
                let line = refused.line { $0.contains("andon log skip \(partition):") }
                let match = line?.firstMatch(of: /andon log skip ([0-9]+:[0-9]+)/)
                positions.insert(String(try #require(match?.output.1)))
            }
            for position in positions.sorted() {
                _ = try scene.plant.command(["log", "skip", position, "--reason", "retention", "--yes"])
            }
            // By itself, and the gateway finds it.
            for partition in 0..<Plant.partitions {
                let line = refused.line { $0.contains("partition \(partition) goes on without offsets") }
                #expect(line != nil, "\(refused.words)")
            }
            #expect(Figures.ask(scene.gateways[0].url, Plant.sites) != nil, "\(refused.words)")
            #expect(refused.end(SIGTERM).exit == 0)
        }

        /// Whether a line tells that the log is not the one that was folded, or is shorter.
        static func saysAnother(_ line: Substring) -> Bool {
            line.contains("is not the one that was folded") || line.contains("the log was replaced")
        }

        @Test("a topic recreated under a worker: the worker says so and shows no figures", .timeLimit(.minutes(10)))
        func recreatedTopic() throws {
            let cluster = try EndToEnd.breakable()
            let scene = try Scene(cluster)
            let worker = try scene.plant.worker("worker-1")
            scene.startLoad()
            #expect(scene.load.finish() != nil)
            try expectSame(scene.plant, [worker], Reference(scene.load), seed: scene.seed)
            for gateway in scene.gateways { gateway.end(SIGTERM) }
            // All of them: the registry would else go on to speak of definitions that are in no log.
            try cluster.deleteTopic(scene.plant.prefix + #"\..*"#)
            let patience = Patience(seconds: 30)
            while (try? scene.plant.command(["topics", "create", "--partitions", "4"])) == nil, patience.waitALittle() {
            }
            let gateway = try scene.plant.gateway("gateway-new")
            let other = Load(Plant.sites, seed: scene.seed ^ 1, gateways: [gateway.url])
            try Plant.declare(other.definitions, gateway.url)
            other.start()
            #expect(other.waitForEverySite(more: 20))
            #expect(other.finish() != nil)
            let news = worker.line { LostDataTests.saysAnother($0) }
            #expect(news != nil, "\(worker.words)")
            worker.end(SIGTERM)
            try scene.plant.expectRefusal("worker-1", gateway, saying: Self.saysAnother)
            let fresh = try scene.plant.worker("worker-fresh")
            try expectSame(scene.plant, [fresh], Reference(other), seed: scene.seed)
        }
    }
}

extension Plant {
    /// Deletes the beginning of every partition of the log.
    /// - Parameter before: The first offset that stays, from the next one to be written.
    func deleteFirstRecords(before: (Int64) -> Int64) throws {
        var offsets: [Int32: Int64] = [:]
        let topic = prefix + ".events.v1"
        for line in try cluster.tool("offsets", ["--topic", topic]).split(separator: "\n") {
            let parts = line.split(separator: ":")
            guard parts.count == 3, let partition = Int32(parts[1]), let end = Int64(parts[2]) else { continue }
            offsets[partition] = before(end)
        }
        try cluster.deleteRecords(topic, before: offsets)
    }

    /// A worker that must not go on with what it stored says why, of every partition, and neither it nor a gateway
    /// answers.
    func expectRefusal(
        _ name: String, _ gateway: AndonServer, sourceLocation: SourceLocation = #_sourceLocation,
        saying isReason: (Substring) -> Bool
    ) throws {
        let worker = try worker(name, until: isReason)
        for partition in 0..<Self.partitions {
            let line = worker.line { $0.contains("partition \(partition) ") && isReason($0) }
            #expect(line != nil, "\(worker.words)", sourceLocation: sourceLocation)
        }
        let client = HTTPClient()
        for site in Self.sites {
            let answer = try client.send("GET", "\(gateway.url)/api/metrics/factory?site_id=\(site)")
            #expect(answer.status == 503, sourceLocation: sourceLocation)
        }
        #expect(worker.end(SIGTERM).exit == 0, sourceLocation: sourceLocation)
    }
}
