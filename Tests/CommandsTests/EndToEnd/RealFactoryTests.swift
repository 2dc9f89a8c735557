// Layer: oracle and differential, end to end. Real data through the real program by HTTP: the oracle's figures, exactly.
import EventModel
import Foundation
import JSON
import Oracle
import SimulationKit
import Testing

@testable import Commands

@Suite("Real factories through the whole program", .enabled(if: RealData.isAvailable("machine-shop")))
struct RealFactoryTests {
    static let names = ["machine-shop", "detections"]

    @Test("figures over HTTP are the oracle's (SPEC 5.2, 5.3, 5.4, 6.2, 7.4)", arguments: names)
    func figures(name: String) throws {
        let data = try RealData(name)
        let plant = try PlantDirectory()
        let server = try plant.server()
        try apply(name, plant)
        let events = try plant.folder.copy("events.ndjson", from: RealData.path(name, "events.ndjson"))
        let imported = try plant.run(["import", events, "--site", data.definition.siteID.text, "-o", "json"])
        #expect(imported.exit == 0, "\(imported.errors)")
        // The import leaves nothing beside its input.
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: plant.folder.path).filter { $0.hasPrefix(".") } == [])

        let view = oracle(data)
        let oldest = data.events.map(\.time).min() ?? 0
        let middle = (oldest + data.newest) / 2
        for (from, to) in [
            (oldest, data.newest + 1), (oldest - Microseconds.day, middle), (middle, data.newest + Microseconds.hour),
        ] {
            let window = OracleWindow(from: from, to: to)
            let words = [
                "--site=\(data.definition.siteID)", "--from=\(Timestamp(microseconds: from))",
                "--to=\(Timestamp(microseconds: to))",
            ]
            compareWorkers(try plant.ask(["workers"] + words)["items"]?.items ?? [], view.workers(window))
            compareStations(try plant.ask(["workstations"] + words)["items"]?.items ?? [], view.workstations(window))
            compare(try plant.ask(["factory"] + words), view.factory(window))
            compare(try plant.ask(["model-health"] + words), view.health(window))
        }
        withExtendedLifetime(server) {}
    }

    @Test("another order, other batch sizes: equal digests (SPEC 4.5, 7.1)", arguments: names)
    func otherOrders(name: String) throws {
        let data = try RealData(name)
        let lines = try #require(
            RealData.path(name, "events.ndjson").flatMap { FileManager.default.contents(atPath: $0) }
        )
        .split(separator: UInt8(ascii: "\n"))
        // By worker, so that the events of one key keep their order.
        let byWorker = zip(lines, data.events).enumerated().sorted { left, right in
            (right.element.1.worker, left.offset) < (left.element.1.worker, right.offset)
        }
        let shuffled = byWorker.map(\.element.0)
        var digests: Set<String> = []
        for (order, batch) in [(lines, 1000), (shuffled, 137)] {
            let plant = try PlantDirectory()
            let server = try plant.server()
            try apply(name, plant)
            let text = order.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n")
            let file = try plant.folder.write("events.ndjson", text)
            let site = data.definition.siteID.text
            #expect(try plant.run(["import", file, "--site", site, "--batch", "\(batch)"]).exit == 0)
            // On the running store, and then on the stopped one (SPEC 8.4).
            let running = try plant.digest(site)
            server.end(SIGTERM)
            #expect(try plant.digest(site) == running)
            #expect(running.wholeMatch(of: /[0-9a-f]{64}\n/) != nil)
            digests.insert(running)
        }
        #expect(digests.count == 1)
    }

    private func apply(_ name: String, _ plant: PlantDirectory) throws {
        let registry = try #require(RealData.path(name, "registry.json"))
        let applied = try plant.run(["site", "apply", registry])
        #expect(applied.exit == 0, "\(applied.errors)")
    }

    private func oracle(_ data: RealData) -> OracleView {
        var log = OracleLog()
        let createdAt = data.newest
        log.append(
            .definition(DefinitionRecord(definition: data.definition, createdAt: Timestamp(microseconds: createdAt))),
            offset: 0)
        for (number, batch) in RealData.batches(data.events, size: 1000, createdAt: createdAt).enumerated() {
            log.append(.events(batch), offset: Int64(number + 1))
        }
        return log.view(of: data.definition.siteID)
    }

    private func compareWorkers(_ items: [JSONValue], _ figures: [OracleWorkerFigures]) {
        #expect(items.count == figures.count)
        for (item, figure) in zip(items, figures) {
            #expect(item["worker_id"] == .string(figure.worker.text))
            expect(
                item,
                [
                    "working_us": figure.working, "idle_us": figure.idle, "absent_us": figure.absent,
                    "unknown_us": figure.unknown, "elapsed_us": figure.elapsed, "total_units_produced": figure.units,
                ])
            expect(
                item,
                [
                    "utilization_percentage": figure.utilization, "availability_percentage": figure.availability,
                    "presence_utilization_percentage": figure.presenceUtilization,
                    "coverage_percentage": figure.coverage, "units_per_hour": figure.throughput,
                    "total_active_time_hours": .hours(figure.working), "total_idle_time_hours": .hours(figure.idle),
                ])
        }
    }

    private func compareStations(_ items: [JSONValue], _ figures: [OracleWorkstationFigures]) {
        #expect(items.count == figures.count)
        for (item, figure) in zip(items, figures) {
            #expect(item["workstation_id"] == .string(figure.workstation.text))
            expect(
                item,
                [
                    "present_us": figure.present, "working_us": figure.working, "elapsed_us": figure.elapsed,
                    "total_units_produced": figure.units, "current_workers": Int64(figure.currentWorkers),
                ])
            expect(
                item,
                [
                    "occupancy_percentage": figure.occupancy, "utilization_percentage": figure.utilization,
                    "throughput_rate": figure.efficiency, "occupancy_time_hours": .hours(figure.present),
                ])
        }
    }

    private func compare(_ answer: JSONValue, _ figures: OracleFactoryFigures) {
        expect(
            answer,
            [
                "working_us": figures.working, "elapsed_us": figures.elapsed, "total_production_count": figures.units,
                "active_workers": Int64(figures.activeWorkers),
                "active_workstations": Int64(figures.activeWorkstations),
            ])
        expect(
            answer,
            [
                "average_utilization_percentage": figures.averageUtilization, "coverage_percentage": figures.coverage,
                "average_production_rate": figures.averageProductionRate, "target_units": figures.targetUnits,
                "target_variance_percentage": figures.targetVariance,
            ])
    }

    private func compare(_ answer: JSONValue, _ health: OracleHealth) {
        expect(answer, ["samples": health.samples, "below_threshold_count": health.marked])
        expect(answer, ["avg_confidence": health.average])
        #expect(answer["status"] == .string(health.status))
        #expect(answer["histogram"]?.items == health.histogram.map { .number("\($0)") })
    }

    private func expect(_ item: JSONValue, _ integers: KeyValuePairs<String, Int64>) {
        for (name, value) in integers { #expect(item[name] == .number("\(value)"), "\(name)") }
    }

    private func expect(_ item: JSONValue, _ decimals: KeyValuePairs<String, ExactDecimal?>) {
        for (name, value) in decimals {
            let wanted = value.flatMap { Decimal(string: $0.description) }
            #expect(item[name]?.text.flatMap { Decimal(string: $0) } == wanted, "\(name)")
        }
    }
}
