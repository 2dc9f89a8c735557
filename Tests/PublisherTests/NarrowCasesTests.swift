// Layer: values. Fixed cases of what random logs meet once in hundreds, as the metric topics show them.
import EventLog
import EventModel
import SimulationKit
import Testing

@testable import Publisher

@Suite("Narrow cases of metric records", .timeLimit(.minutes(10)))
struct NarrowCasesTests {
    private func key(_ entity: String, _ hour: Int64) -> MetricKey {
        MetricKey(site: Stage.site, entity: [Array(entity.utf8)], hourStart: at(hour))
    }

    /// Folds and publishes record by record, each by another life of fold and publisher when `restarts`.
    private func publish(_ records: [RecordContent], restarts: Bool) throws -> Stage {
        let stage = try Stage(now: at(20))
        var fold = try stage.fold()
        var core = try stage.core(fold)
        for record in records {
            try fold.apply(record)
            try fold.commit()
            stage.round(core)
            guard restarts else { continue }
            fold = try stage.fold()
            core = try stage.core(fold)
        }
        stage.round(core)
        return stage
    }

    @Test(
        "units leave the station's record when an equal count wins elsewhere, while no definition changes (SPEC 2.6)",
        arguments: [false, true])
    func equalCountElsewhere(_ restarts: Bool) throws {
        let stage = try publish(
            [
                .definition(createdAt: at(7)) { $0.observationTTLSeconds = 3600 },
                .events([event(at(9, 40), .productCount, count: 3)], createdAt: at(16, 50)),
                .events([event(at(9, 40), .productCount, at: "S2", count: 3)], createdAt: at(16, 45)),
            ], restarts: restarts)
        let stations = stage.newest(.workstation)
        #expect(stations[key("S1", 9)]?.integer("total_units_produced") ?? 0 == 0)
        #expect(stations[key("S2", 9)]?.integer("total_units_produced") == 3)
        #expect(stage.newest(.worker)[key("W1", 9)]?.integer("total_units_produced") == 3)
    }

    @Test(
        "time leaves the station's record when an equal state wins elsewhere (SPEC 2.6)", arguments: [false, true])
    func equalStateElsewhere(_ restarts: Bool) throws {
        let stage = try publish(
            [
                .definition(createdAt: at(7)),
                .events([event(at(9), .working), event(at(9, 30), .absent)], createdAt: at(16, 50)),
                .events([event(at(9), .working, at: "S2")], createdAt: at(16, 45)),
            ], restarts: restarts)
        let stations = stage.newest(.workstation)
        #expect(stations[key("S1", 9)]?.integer("present_us") ?? 0 == 0)
        #expect(stations[key("S2", 9)]?.integer("working_us") == 30 * Microseconds.minute)
    }

    @Test(
        "a shorter ttl withdraws the hours that a state no longer reaches, however long ago they were published (SPEC 4.3)"
    )
    func shorterTTL() throws {
        let stage = try Stage(now: at(20))
        let fold = try stage.fold()
        let core = try stage.core(fold)
        for record in [.definition(createdAt: at(1)), .events([event(at(2), .idle)], createdAt: at(2))]
            as [RecordContent]
        {
            try fold.apply(record)
            try fold.commit()
        }
        stage.round(core)
        #expect(stage.newest(.worker)[key("W1", 8)]?.integer("idle_us") == Microseconds.hour)
        // All these hours are final by now.
        stage.clock.now += 30 * Microseconds.hour
        try fold.apply(.definition(createdAt: at(49)) { $0.observationTTLSeconds = 900 })
        try fold.rederive(pages: .max)
        try fold.commit()
        stage.round(core)
        let workers = stage.newest(.worker)
        #expect(workers[key("W1", 2)]?.integer("idle_us") == 15 * Microseconds.minute)
        for hour in 3...9 as ClosedRange<Int64> { #expect(workers[key("W1", hour)]?.integer("idle_us") ?? 0 == 0) }
    }

    @Test(
        "a late event before a month's end is published in the hours after it, up to the next state (SPEC 4.5)",
        arguments: [false, true])
    func lateBeforeMonth(_ restarts: Bool) throws {
        // 2026-02-01T00:00Z, where a page begins: 20 days after the Monday of `at`.
        let february: Int64 = 20 * 24
        let stage = try Stage(now: at(february + 5))
        var fold = try stage.fold()
        var core = try stage.core(fold)
        let records: [RecordContent] = [
            .definition(createdAt: at(february - 2)) { $0.observationTTLSeconds = 0 },
            .events([event(at(february - 1), .working)], createdAt: at(february - 1)),
            .events([event(at(february, 30), .productCount)], createdAt: at(february, 31)),
            .events([event(at(february - 1, 30), .idle)], createdAt: at(february, 40)),
            .events([event(at(february + 1), .absent)], createdAt: at(february + 1)),
        ]
        for record in records {
            try fold.apply(record)
            try fold.commit()
            stage.round(core)
            guard restarts else { continue }
            fold = try stage.fold()
            core = try stage.core(fold)
        }
        stage.round(core)
        let workers = stage.newest(.worker)
        #expect(workers[key("W1", february - 1)]?.integer("working_us") == 30 * Microseconds.minute)
        #expect(workers[key("W1", february)]?.integer("idle_us") == Microseconds.hour)
        #expect(workers[key("W1", february)]?.integer("working_us") == 0)
    }
}
