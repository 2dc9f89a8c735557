// Layer: end to end with real processes and real brokers, which are stopped, paused and moved in the middle of ingest.
// Cannot catch a loss of power: what a broker acknowledged stays in the kernel's memory when its process is killed.
import KafkaHarness
import ProcessHarness
import Testing

extension EndToEnd {
    @Suite("Faults of the brokers")
    struct BrokerFaultTests {
        @Test("a broker stopped and started: what was acknowledged counts once", .timeLimit(.minutes(10)))
        func brokerRestart() throws {
            let cluster = try EndToEnd.breakable()
            let scene = try Scene(cluster)
            let worker = try scene.plant.worker("worker-1")
            scene.startLoad()
            try cluster.node(1, .stop)
            let stopped = scene.load.counts.acknowledged
            try cluster.node(1, .start)
            // Nobody but the one broker could have acknowledged anything; each camera had one answer on its way.
            #expect(stopped <= scene.load.counts.acknowledged)
            try scene.expectExactlyOnce([worker] + scene.gateways)
        }

        @Test("a broker that answers nothing for seconds: what was acknowledged counts once", .timeLimit(.minutes(10)))
        func slowBroker() throws {
            let cluster = try EndToEnd.breakable()
            let scene = try Scene(cluster)
            let worker = try scene.plant.worker("worker-1")
            scene.startLoad()
            try cluster.node(1, .pause)
            // One answer of each camera may have been on its way; the next can only come from a broker that answers.
            let onTheirWay = scene.load.shapes.count
            #expect(!scene.load.waitAcknowledged(more: onTheirWay + 1, seconds: 4), "the broker was not paused")
            try cluster.node(1, .resume)
            try scene.expectExactlyOnce([worker] + scene.gateways)
        }

        @Test("leaders that move between three brokers: what was acknowledged counts once", .timeLimit(.minutes(10)))
        func movedLeaders() throws {
            let cluster = try KafkaCluster.start(brokers: 3)
            defer { cluster.stop() }
            let scene = try Scene(cluster)
            let worker = try scene.plant.worker("worker-1")
            let events = scene.plant.prefix + ".events.v1"
            scene.startLoad()
            let first = try cluster.leader(of: events)
            try cluster.node(first, .kill)
            #expect(scene.load.waitForEverySite(more: 10), "two of three brokers are enough")
            #expect(try cluster.leader(of: events) != first)
            try cluster.node(first, .start)
            try cluster.electPreferredLeaders()
            #expect(try cluster.leader(of: events) == first)
            try scene.expectExactlyOnce([worker] + scene.gateways)
        }
    }
}
