// Layer: values. Instances of shifts beside what a question about shifts answers.
import EventLog
import EventModel
import Figures
import Foundation
import Testing
import Timeline

@testable import Publisher

@Suite("Shifts as records (SPEC 5.5, DESIGN 3)", .timeLimit(.minutes(10)))
struct ShiftRecordTests {
    private static let shifts = [
        SiteDefinition.Shift(name: "früh/A", startMinute: 360, endMinute: 840),
        SiteDefinition.Shift(name: "night", startMinute: 1320, endMinute: 360),
    ]

    private func stage(now: Int64, _ shifts: [SiteDefinition.Shift] = Self.shifts) throws -> (Stage, StageFold) {
        let stage = try Stage(now: now)
        let fold = try stage.fold()
        try fold.apply(
            .definition(createdAt: at(5)) {
                $0.shifts = shifts
                $0.targetMicrounitsPerHour = 10_000_000
            })
        return (stage, fold)
    }

    private func key(_ name: String, _ start: Int64) -> MetricKey {
        MetricKey(site: Stage.site, entity: [Array(name.utf8)], hourStart: start)
    }

    @Test("a shift is provisional while it runs, final once it and its handover are over, and restated by a late event")
    func life() throws {
        let (stage, fold) = try stage(now: at(9))
        let core = try stage.core(fold)
        try fold.apply(
            .events([event(at(6), .working), event(at(7), .productCount, count: 30)], createdAt: at(8)))
        try fold.commit()
        stage.round(core)
        stage.round(core)
        let early = key("früh/A", at(6))
        let running = try #require(stage.newest(.shift)[early])
        #expect(running.status == "provisional" && running.text("shift_status") == "running")
        #expect(running.text("shift") == "früh/A" && running.text("date") == "2026-01-12")
        #expect(running.text("start") == "2026-01-12T06:00:00.000000Z")
        #expect(running.text("end") == "2026-01-12T14:00:00.000000Z")
        #expect(running.integer("total_production_count") == 30)

        stage.clock.now = at(14, 2)
        stage.round(core)
        stage.round(core)
        let over = try #require(stage.newest(.shift)[early])
        #expect(over.status == "final" && over.text("shift_status") == "over")
        #expect(over.integer("working_us") == 8 * Microseconds.hour && over.integer("target_units") == 80)
        let handover = try #require(over.members["handover"] as? [String: Any])
        #expect((handover["baseline_units"] as? NSNumber)?.intValue == 30)
        #expect((over.members["previous"] as? [String: Any])?["status"] as? String == "provisional")

        try fold.apply(.events([event(at(13), .productCount, count: 5)], createdAt: at(14, 2)))
        try fold.commit()
        stage.round(core)
        stage.round(core)
        let restated = try #require(stage.newest(.shift)[early])
        #expect(restated.status == "restated" && restated.integer("total_production_count") == 35)
        #expect(restated.previousFigure("total_production_count") == 30)
        let told = stage.records(.shift).count
        stage.round(core)
        stage.round(core)
        #expect(stage.records(.shift).count == told, "nothing changed")
    }

    @Test("the figures of every instance are those that a question about shifts answers, over midnight too")
    func answers() throws {
        let (stage, fold) = try stage(now: at(40))
        try fold.apply(
            .events(
                [
                    event(at(4), .working), event(at(7), .productCount, count: 3), event(at(21, 50), .idle),
                    event(at(22, 5), .productCount, worker: "W2", count: 9), event(at(30), .absent),
                ], createdAt: at(31)))
        try fold.commit()
        let core = try stage.core(fold)
        for _ in 0..<3 { stage.round(core) }
        let snapshot = try #require(try fold.snapshot(of: Stage.site))
        defer { snapshot.close() }
        let site = snapshot.site
        let zone = ZoneCache().zone("UTC")
        let figures = try #require(
            try site.shifts(
                Window(from: at(0), end: at(36)), at: stage.clock.process.now, site.view(knownAt: nil),
                site.newestSettings, zone, snapshot.reader))
        // The night before begins outside the question.
        let asked = figures.filter { $0.instance.range.lowerBound >= at(0) && $0.instance.range.upperBound <= at(36) }
        #expect(asked.count == 2)
        for shift in asked {
            let record = try #require(stage.newest(.shift)[key(shift.instance.name, shift.instance.range.lowerBound)])
            #expect(record.integer("working_us") == Int64(shift.factory.totals.working))
            #expect(record.integer("total_production_count") == Int64(shift.factory.totals.units))
            #expect(record.integer("active_workers") == Int64(shift.factory.totals.activeWorkers))
            let handover = try #require(record.members["handover"] as? [String: Any])
            #expect(
                (handover["units"] as? NSNumber)?.int64Value == Int64(shift.handover.during.totals.units))
            #expect(
                (handover["baseline_units"] as? NSNumber)?.int64Value
                    == Int64(shift.handover.baseline.totals.units))
        }
    }

    @Test("a definition that no longer has a shift takes its records back, and one that moves it publishes it anew")
    func moved() throws {
        let (stage, fold) = try stage(now: at(16))
        try fold.apply(.events([event(at(6), .working), event(at(9), .idle)], createdAt: at(10)))
        try fold.commit()
        let core = try stage.core(fold)
        for _ in 0..<3 { stage.round(core) }
        #expect(stage.newest(.shift)[key("früh/A", at(6))]?.status == "final")
        try fold.apply(
            .definition(createdAt: at(16)) {
                $0.shifts = [SiteDefinition.Shift(name: "früh/A", startMinute: 420, endMinute: 840)]
            })
        try fold.commit()
        for _ in 0..<4 { stage.round(core) }
        let newest = stage.newest(.shift)
        #expect(Set(newest.keys) == [key("früh/A", at(7))])
        #expect(newest[key("früh/A", at(7))]?.integer("working_us") == 2 * Microseconds.hour)
    }

    @Test("a restarted publisher, and one that has lost its file, publish no shift again")
    func restart() throws {
        let (stage, fold) = try stage(now: at(16))
        try fold.apply(.events([event(at(6), .working), event(at(9), .idle)], createdAt: at(10)))
        try fold.commit()
        let core = try stage.core(fold)
        for _ in 0..<3 { stage.round(core) }
        let told = stage.records(.shift).count
        #expect(told > 0)
        for name in ["a", "lost"] {
            let again = try stage.core(fold, name)
            for _ in 0..<3 { stage.round(again) }
            #expect(stage.records(.shift).count == told, "\(name)")
        }
    }
}
