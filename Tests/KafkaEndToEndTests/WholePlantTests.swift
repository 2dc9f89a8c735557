// Layer: end to end with real processes and real factories: everything works, and every process says the same.
import EventModel
import Foundation
import HTTPClient
import KafkaHarness
import Oracle
import ProcessHarness
import SimulationKit
import Testing

extension EndToEnd {
    @Suite("A whole plant")
    struct WholePlantTests {
        @Test(
            "two gateways, two workers and a replica answer with the embedded run's bytes (SPEC 4.5, 7.1)",
            .timeLimit(.minutes(10)))
        func everybodySaysTheSame() throws {
            let seed = EndToEnd.newSeed()
            let factories = try Self.factories(seed: seed)
            let plant = try Plant(try EndToEnd.breakable())
            let gateways = [try plant.gateway("gateway-1"), try plant.gateway("gateway-2")]
            let workers = [
                try plant.worker("worker-1", ["--instance-id", "w1"]),
                try plant.worker("worker-2", ["--instance-id", "w2"]),
            ]
            let replica = try plant.worker("replica", ["--partitions", "0-3", "--replica"])
            #expect(try plant.awaitOwners(2))
            try Plant.declare(factories.map(\.definition), gateways[0].url)
            let client = HTTPClient()
            for factory in factories {
                for (number, body) in factory.bodies.enumerated() {
                    let answer = try client.send(
                        "POST", "\(gateways[number % 2].url)/api/events/batch?site_id=\(factory.definition.site)",
                        headers: [("Content-Type", "application/x-ndjson")], body: body)
                    #expect(answer.status == 200)
                }
            }
            let reference = try Reference(
                factories.map(\.definition),
                Dictionary(
                    uniqueKeysWithValues: factories.map { ($0.definition.site, $0.bodies) }),
                contentType: "application/x-ndjson")
            try expectSame(plant, workers + [replica] + gateways, reference, seed: seed)
            // One process less of each kind is enough for every answer.
            gateways[0].end(SIGTERM)
            workers[0].end(SIGKILL)
            try expectSame(plant, [workers[1], replica, gateways[1]], reference, seed: seed)
        }

        struct Factory {
            var definition: Declaration
            /// NDJSON of up to 1000 lines.
            var bodies: [[UInt8]]

            init(_ definition: Declaration, _ lines: [[UInt8]]) {
                self.definition = definition
                bodies = stride(from: 0, to: lines.count, by: 1000).map { first in
                    Array(lines[first..<min(first + 1000, lines.count)].joined(separator: [10]))
                }
            }
        }

        /// A made-up day always, a real factory where it is there.
        static func factories(seed: UInt64) throws -> [Factory] {
            let end = Timestamp(microseconds: 20_465 * Microseconds.day)
            let day = FactoryDay(
                FactoryDay.Plan(
                    seed: seed, timeZone: "UTC", localMidnight: end, end: end, workers: 8, includesInvalid: true))
            var factories = [Factory(Declaration(day.definition), day.lines)]
            let name = "machine-shop"
            if let registry = RealData.path(name, "registry.json"), let events = RealData.path(name, "events.ndjson") {
                let site = try RealData(name).definition.siteID
                let lines = try Data(contentsOf: URL(filePath: events)).split(separator: 10).map { Array($0) }
                let body = Array(try Data(contentsOf: URL(filePath: registry)))
                factories.append(Factory(Declaration(site: site, body: body), lines))
            }
            return factories
        }
    }
}
