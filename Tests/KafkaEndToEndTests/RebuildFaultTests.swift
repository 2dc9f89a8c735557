// Layer: end to end with real processes and real brokers: a rebuild and a replay, and what befalls them.
import EventModel
import Foundation
import HTTPClient
import KafkaHarness
import Locks
import ProcessHarness
import Testing

extension EndToEnd {
    @Suite("Faults of a rebuild and of a replay")
    struct RebuildFaultTests {
        @Test(
            "a rebuild outlives worker, broker and a move; a replay that lost records says which (SPEC 7.3, 7.9, 8.10)",
            .timeLimit(.minutes(10)))
        func wholeLife() throws {
            let cluster = try EndToEnd.breakable()
            let scene = try Scene(cluster)
            let first = try scene.plant.worker("worker-1")
            let second = try scene.plant.worker("worker-2")
            expectPartitions(second)
            scene.load.start()
            #expect(scene.load.waitForEverySite(more: 40), "seed \(scene.seed): \(scene.load.counts)")
            #expect(scene.load.finish()?.faults == [], "seed \(scene.seed)")
            let reference = try Reference(scene.load)
            try expectFigures(scene, [first, second], reference)

            // About ten seconds of work for the largest partition, however fast this machine stored events.
            let rate = max(40, scene.load.largestSite / 10)
            let replay = try BackgroundReplay(scene.plant, into: "\(scene.plant.folder)/whole", rate: rate)
            let id = try buildThroughFaults(scene, first, rate: rate)
            let replayed = replay.wait()
            #expect(replayed.exit == 0, "\(replayed.errors)")
            for digest in reference.digests.values {
                #expect(replayed.output.contains(digest.trimmingCharacters(in: .whitespacesAndNewlines)))
            }
            try promoteAndGoBack(scene, id, second, reference)
            try loseRecords(scene, rate: rate)
        }

        /// Starts a rebuild, kills one of the two workers in the middle, then stops the broker.
        /// - Returns: its id, once it is level.
        private func buildThroughFaults(_ scene: Scene, _ first: AndonServer, rate: Int) throws -> String {
            let rebuilds = Rebuilds(url: scene.gateways[0].url)
            let started = try rebuilds.post("?reason=faults&rate=\(rate)")
            let id = try #require(started.rebuild?.id)
            #expect(started.status == 201)
            #expect(try rebuilds.post("").status == 409, "one at a time")
            rebuilds.await(id) { $0.partitions.contains { $0.recordsDone > 0 } }
            first.end(SIGKILL)
            // Whoever is given its partitions takes the rebuild up, from nothing.
            let taken = rebuilds.await(id) { $0.missing.isEmpty && $0.waiting.isEmpty }
            #expect(taken?.partitions.count == Int(Plant.partitions), "\(String(describing: taken))")
            try scene.plant.cluster.node(1, .stop)
            // The worker is asked directly, the wish cannot be stored: nothing is changed, and that is said.
            #expect(try rebuilds.post("/\(id)/pause").status == 503)
            try scene.plant.cluster.node(1, .start)
            let level = rebuilds.await(id) { $0.isEverywhere("level") }
            #expect(level?.isEverywhere("level") == true, "\(String(describing: level))")
            return id
        }

        /// Promotes by command, lets a partition move meanwhile, and goes back.
        private func promoteAndGoBack(
            _ scene: Scene, _ id: String, _ second: AndonServer, _ reference: Reference
        ) throws {
            let access = ["--url", scene.gateways[1].url, "-o", "json"]
            let diff = try AndonProcess.run(["rebuild", "diff"] + access)
            #expect(diff.exit == 0 && diff.output.contains(#""is_equal":true"#), "\(diff.output)\(diff.errors)")
            try promoteAtOnce(scene, id)
            let promoted = try AndonProcess.run(["rebuild", "promote"] + access)
            #expect(promoted.exit == 0, "\(promoted.output)\(promoted.errors)")
            #expect(promoted.output.contains(/"revision":[23]\b/), "\(promoted.output)")
            let rebuilds = Rebuilds(url: scene.gateways[0].url)
            #expect(rebuilds.await(id) { $0.isEverywhere("promoted") }?.isEverywhere("promoted") == true)
            try expectFigures(scene, [second] + scene.gateways, reference)

            // It is given partitions again, with a store from before all of this.
            let again = try scene.plant.worker("worker-1")
            expectPartitions(again)
            let moved = rebuilds.await(id) { $0.isEverywhere("promoted") }
            #expect(moved?.isEverywhere("promoted") == true, "\(String(describing: moved)) \(again.words)")
            try expectFigures(scene, [again, second], reference)
            #expect(try [200, 202].contains(rebuilds.post("/\(id)/rollback").status))
            let back = rebuilds.await(id) { $0.isEverywhere("rolled_back") }
            #expect(back?.isEverywhere("rolled_back") == true, "\(String(describing: back))")
            try expectFigures(scene, [again, second] + scene.gateways, reference)
        }

        /// Two operators, on two gateways and on other terms: one wins, and both hear whose terms are in force.
        private func promoteAtOnce(_ scene: Scene, _ id: String) throws {
            let terms = ["?accept_diff=5", "?force=true&reason=sure"]
            let urls = scene.gateways.map(\.url)
            let answers = Guarded<[(status: Int, rebuild: RebuildStatus?)]>([])
            DispatchQueue.concurrentPerform(iterations: terms.count) { number in
                do {
                    let answer = try Rebuilds(url: urls[number]).post("/\(id)/promote\(terms[number])")
                    answers.withLock { $0.append(answer) }
                } catch { Issue.record(error) }
            }
            let heard = answers.withLock { $0 }
            #expect(heard.count == 2 && heard.allSatisfy { [200, 202].contains($0.status) }, "\(heard)")
            // 3 where both were written: who lost writes again what is in force.
            #expect(heard.allSatisfy { (2...3).contains($0.rebuild?.revision ?? 0) }, "\(heard)")
            #expect(Set(heard.map { $0.rebuild?.forcedReason }).count == 1, "\(heard)")
        }

        /// Waits until a worker is given partitions.
        private func expectPartitions(_ worker: AndonServer, sourceLocation: SourceLocation = #_sourceLocation) {
            let line = worker.line { $0.contains(/given partitions partitions="?[0-9]/) }
            #expect(line != nil, "\(worker.words)", sourceLocation: sourceLocation)
        }

        private func expectFigures(
            _ scene: Scene, _ servers: [AndonServer], _ reference: Reference,
            sourceLocation: SourceLocation = #_sourceLocation
        ) throws {
            for server in servers {
                _ = Figures.awaitLedgers(server.url, reference.figures.ledgers)
                let figures = try #require(Figures.ask(server.url, Plant.sites), sourceLocation: sourceLocation)
                let differences = figures.differences(from: reference.figures)
                #expect(differences == [], "seed \(scene.seed)", sourceLocation: sourceLocation)
                #expect(figures.ledgers == reference.figures.ledgers, sourceLocation: sourceLocation)
            }
        }

        /// A replay that is interrupted, and whose next records retention removes before it goes on.
        private func loseRecords(_ scene: Scene, rate: Int) throws {
            let folder = "\(scene.plant.folder)/lost"
            let replay = try BackgroundReplay(scene.plant, into: folder, rate: rate)
            #expect(replay.waitForProgress())
            replay.interrupt()
            let interrupted = replay.wait()
            #expect(interrupted.exit == 130, "\(interrupted.errors)")
            try scene.plant.deleteFirstRecords { end in end - 1 }
            let refused = try AndonProcess.run(BackgroundReplay.words(scene.plant, into: folder, rate: rate))
            #expect(refused.exit != 0 && refused.exit != 130, "\(refused.errors)")
            let said = refused.errors
            #expect(said.contains("records between them are gone, offsets"), "\(said)")
            #expect(said.contains("  next: "), "\(said)")
        }
    }
}
