import EventModel
import KafkaHarness
import ProcessHarness
import Testing

/// Everything that runs `andon gateway` and `andon worker` as processes against brokers that the tests break. One after
/// the other: they share one cluster, and two cores have enough to do with one test's processes.
@Suite("On Kafka", .serialized, .needsKafkaToBreak)
enum EndToEnd {
    private static let started = Result { try KafkaCluster.start(brokers: 1, settings: ["log.cleaner.backoff.ms=500"]) }

    /// One broker that every test finds running and leaves running.
    static func breakable() throws -> KafkaCluster { try started.get() }

    /// Printed with every failure, so that the same events can be had again.
    static func newSeed() -> UInt64 { UInt64.random(in: 0...UInt64.max) }
}

/// A plant with two gateways under load.
struct Scene {
    let plant: Plant
    let load: Load
    let seed: UInt64
    var gateways: [AndonServer]

    init(_ cluster: KafkaCluster, gatewayOptions: [[String]] = [[], []]) throws {
        seed = EndToEnd.newSeed()
        let plant = try Plant(cluster)
        self.plant = plant
        gateways = try gatewayOptions.enumerated().map { number, options in
            try plant.gateway("gateway-\(number + 1)", options)
        }
        load = Load(Plant.sites, seed: seed, gateways: gateways.map(\.url))
        // By one gateway alone: the others have to learn of the sites from the registry.
        try Plant.declare(load.definitions, gateways[0].url)
    }

    /// Starts the load and waits until it flows.
    func startLoad() {
        load.start()
        #expect(load.waitForEverySite(more: 10), "seed \(seed): \(load.counts)")
    }

    /// Lets it flow on a while, ends it, and compares with the embedded run.
    func expectExactlyOnce(_ servers: [AndonServer], sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(load.waitForEverySite(more: 10), "seed \(seed): \(load.counts)", sourceLocation: sourceLocation)
        let counts = try #require(load.finish(), "seed \(seed): \(load.counts)", sourceLocation: sourceLocation)
        #expect(counts.faults == [], "seed \(seed)", sourceLocation: sourceLocation)
        try expectSame(plant, servers, Reference(load), seed: seed, sourceLocation: sourceLocation)
    }
}
