// Layer: end to end with real processes: a worker that the machine stopped for longer than its session.
import EventLog
import Glibc
import KafkaHarness
import ProcessHarness
import Testing

extension EndToEnd {
    @Suite("A worker that sleeps")
    struct SleepingWorkerTests {
        @Test(
            "a worker stopped beyond its session, then continued, leaves no old figures in the metric topics",
            .timeLimit(.minutes(10)))
        func sleepingWorker() throws {
            let cluster = try EndToEnd.breakable()
            let scene = try Scene(cluster)
            let topic = TopicNames(prefix: scene.plant.prefix).workerMetrics
            // Compacts all the time, so that a record that is not the last of its key does not stay for long.
            try cluster.alterTopic(
                topic,
                [
                    "segment.ms=1000", "min.cleanable.dirty.ratio=0.01", "min.compaction.lag.ms=0",
                    "max.compaction.lag.ms=1000",
                ])
            let first = try scene.plant.worker("worker-1")
            let second = try scene.plant.worker("worker-2")
            #expect(try scene.plant.awaitOwners(2))
            scene.startLoad()
            let published = try Published(scene.plant)
            defer { published.stop() }
            #expect(published.waitForRecords(more: 50), "nothing is published under load")
            first.signal(SIGSTOP)
            #expect(try scene.plant.awaitOwners(1), "its partitions have moved")
            // The figures of the hours that it was about to publish go on to change.
            #expect(scene.load.waitForEverySite(more: 10))
            #expect(published.waitForRecords(more: 50))
            first.signal(SIGCONT)
            #expect(try scene.plant.awaitOwners(2), "it is back")
            try scene.expectExactlyOnce([first, second] + scene.gateways)

            // What it still held in its queue may come now, or not: here it does.
            #expect(try published.sendOldest() > 10, "old records stand after newer ones")

            // Only a fresh reader sees what compaction has left.
            let patience = Patience(seconds: 90)
            var wrong = ["nothing was read"]
            repeat {
                let fresh = try Published(scene.plant)
                defer { fresh.stop() }
                #expect(fresh.readToEnd())
                wrong = try fresh.differences(from: scene.gateways[0].url, Plant.sites)
                if wrong.isEmpty, !fresh.isCompacted { wrong = ["every record is still there"] }
            } while !wrong.isEmpty && patience.waitALittle()
            #expect(wrong == [], "seed \(scene.seed)")
        }
    }
}
