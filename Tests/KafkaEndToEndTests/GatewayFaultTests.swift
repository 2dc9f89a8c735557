// Layer: end to end with real processes: gateways that end under load.
import Glibc
import KafkaHarness
import ProcessHarness
import Testing

extension EndToEnd {
    @Suite("Faults of the gateways")
    struct GatewayFaultTests {
        @Test(
            "kill -9 and SIGTERM of a gateway under load: what was acknowledged counts once", .timeLimit(.minutes(10)))
        func endedGateways() throws {
            var scene = try Scene(try EndToEnd.breakable())
            let worker = try scene.plant.worker("worker-1")
            scene.startLoad()
            for (number, signal) in [SIGKILL, SIGTERM, SIGKILL].enumerated() {
                let failed = scene.load.counts.failed
                let ended = scene.gateways.removeFirst().end(signal)
                #expect(ended.exit == (signal == SIGKILL ? SIGKILL : 0), "\(ended.errors)")
                // Its cameras notice, and the other gateway goes on.
                #expect(scene.load.waitFailed(more: 1))
                #expect(scene.load.waitForEverySite(more: 10))
                #expect(scene.load.counts.failed > failed)
                scene.gateways.append(try scene.plant.gateway("gateway-again-\(number)"))
                scene.load.use(scene.gateways.map(\.url))
                #expect(scene.load.waitForEverySite(more: 10))
            }
            try scene.expectExactlyOnce([worker] + scene.gateways)
        }
    }
}
