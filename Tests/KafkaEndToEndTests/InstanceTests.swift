// Layer: end to end with real processes: workers whose place in the group another member takes.
import EventLog
import Glibc
import HTTPClient
import KafkaHarness
import KafkaLog
import Locks
import ProcessHarness
import Testing

extension EndToEnd {
    @Suite("Workers with an instance id")
    struct InstanceTests {
        @Test(
            "a worker that the group has dropped joins again by itself, and its sites are answered",
            .timeLimit(.minutes(10)))
        func droppedWorker() throws {
            let plant = try Plant(try EndToEnd.breakable())
            let gateway = try plant.gateway("gateway-1")
            let worker = try plant.worker("worker-1", ["--instance-id", "w1"])
            try Plant.declare(Plant.sites.map { Declaration($0) }, gateway.url)
            // Takes the place and says nothing about itself: what a broker seems to say after a restart.
            let settings = try KafkaSettings(brokers: plant.cluster.brokers, names: TopicNames(prefix: plant.prefix))
            let held = Monitor(false)
            let ghost = try WorkerGroup.join(settings, GroupOptions(instanceID: "w1", sessionTimeoutMilliseconds: 6000))
            {
                if case .assigned = $0 { held.update { $0 = true } }
            }
            held.wait { $0 ? () : nil }
            ghost.leave()
            #expect(worker.line { $0.contains("has dropped this member") && $0.contains("joining again") } != nil)
            let client = HTTPClient()
            for site in Plant.sites {
                #expect(Figures.answer(client, "\(gateway.url)/api/ledger?site_id=\(site)") != nil, "\(worker.words)")
            }
            #expect(worker.end(SIGTERM).exit == 0)
        }

        @Test(
            "of two workers with one instance id the one whose place was taken ends, and says why",
            .timeLimit(.minutes(10)))
        func twoOfOneName() throws {
            let plant = try Plant(try EndToEnd.breakable())
            let gateway = try plant.gateway("gateway-1")
            let reason = "another worker runs with the same --instance-id"
            let workers = try (1...2).map { number in
                try plant.worker("worker-\(number)", ["--instance-id", "w1"]) {
                    AndonServer.isReady($0) || $0.contains(reason)
                }
            }
            try Plant.declare(Plant.sites.map { Declaration($0) }, gateway.url)
            // Which of the two it is depends on who hears of the other first.
            let patience = Patience(seconds: 60)
            while workers.allSatisfy(\.isRunning), patience.waitALittle() {}
            let ended = workers.filter { !$0.isRunning }
            let running = workers.filter(\.isRunning)
            #expect(ended.count == 1 && running.count == 1)
            let end = ended.first?.wait()
            #expect(end?.exit == 1 && end?.errors.contains(reason) == true)
            let client = HTTPClient()
            for site in Plant.sites {
                #expect(Figures.answer(client, "\(gateway.url)/api/ledger?site_id=\(site)") != nil)
            }
            #expect(running.first?.end(SIGTERM).exit == 0)
        }
    }
}
