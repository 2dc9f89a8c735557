// Layer: end to end with real processes: workers that die, come, go and sleep while events flow.
import EventModel
import Glibc
import KafkaHarness
import ProcessHarness
import Testing

extension EndToEnd {
    @Suite("Faults of the workers")
    struct WorkerFaultTests {
        @Test("kill -9 of a worker under load: another takes over, and it comes back", .timeLimit(.minutes(10)))
        func killedWorker() throws {
            let scene = try Scene(try EndToEnd.breakable())
            let first = try scene.plant.worker("worker-1")
            let second = try scene.plant.worker("worker-2")
            #expect(try scene.plant.awaitOwners(2))
            scene.startLoad()
            first.end(SIGKILL)
            // Every site is answered again, by whom there is.
            #expect(Figures.ask(scene.gateways[0].url, Plant.sites) != nil)
            #expect(try scene.plant.awaitOwners(1))
            #expect(scene.load.waitForEverySite(more: 10))
            let again = try scene.plant.worker("worker-1")
            #expect(try scene.plant.awaitOwners(2))
            try scene.expectExactlyOnce([second, again] + scene.gateways)
        }

        @Test(
            "three workers join and leave while events flow: what was acknowledged counts once",
            .timeLimit(.minutes(10))
        )
        func joiningAndLeaving() throws {
            let scene = try Scene(try EndToEnd.breakable())
            let first = try scene.plant.worker("worker-1")
            scene.startLoad()
            let second = try scene.plant.worker("worker-2")
            #expect(try scene.plant.awaitOwners(2))
            let third = try scene.plant.worker("worker-3")
            #expect(try scene.plant.awaitOwners(3))
            #expect(scene.load.waitForEverySite(more: 10))
            let left = first.end(SIGTERM)
            #expect(left.exit == 0, "\(left.errors)")
            #expect(try scene.plant.awaitOwners(2))
            let killed = second.end(SIGKILL)
            #expect(killed.exit == SIGKILL)
            #expect(try scene.plant.awaitOwners(1))
            let again = try scene.plant.worker("worker-1")
            #expect(try scene.plant.awaitOwners(2))
            try scene.expectExactlyOnce([third, again] + scene.gateways)
        }
    }
}

extension Plant {
    /// Waits until so many workers share all partitions among them, as the brokers see it.
    func awaitOwners(_ count: Int, seconds: Int = 60) throws -> Bool {
        let patience = Patience(seconds: seconds)
        repeat {
            let lines = try cluster.describeGroup("\(prefix).fold.v1").split(separator: "\n")
                .map { $0.split(separator: " ") }
                .filter { $0.count >= 7 && $0[1].hasSuffix(".events.v1") && $0[6] != "-" }
            if lines.count == Int(Self.partitions), Set(lines.map { $0[6] }).count == count { return true }
        } while patience.waitALittle()
        return false
    }
}
