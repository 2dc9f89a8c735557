// Layer: values. One worker's records over an hour's life.
import EventLog
import EventModel
import Foundation
import Testing

@testable import Publisher

@Suite("Metric records over the life of an hour (DESIGN 3)", .timeLimit(.minutes(10)))
struct RoundTests {
    @Test("SPEC's reference day: the record of each hour holds what a question about that hour answers")
    func referenceDay() throws {
        let stage = try Stage(now: at(17))
        let fold = try stage.fold()
        try fold.apply(.definition(createdAt: at(7)) { $0.observationTTLSeconds = 0 })
        let day = [
            event(at(8), .working), event(at(10), .productCount, count: 5), event(at(10, 15), .idle),
            event(at(10, 30), .working), event(at(12), .absent), event(at(13), .working), event(at(15, 30), .idle),
        ]
        try fold.apply(.events(day, createdAt: at(16)))
        try fold.commit()
        let core = try stage.core(fold)
        stage.round(core)
        let workers = stage.newest(.worker)
        let ten = try #require(workers[MetricKey(site: Stage.site, entity: [Array("W1".utf8)], hourStart: at(10))])
        #expect(ten.integer("working_us") == 45 * Microseconds.minute)
        #expect(ten.integer("idle_us") == 15 * Microseconds.minute)
        #expect(ten.integer("elapsed_us") == Microseconds.hour)
        #expect(ten.integer("total_units_produced") == 5)
        #expect(ten.number("utilization_percentage") == 75)
        #expect(ten.number("units_per_hour") == 6.67)
        #expect(ten.text("current_state") == "working")
        #expect(ten.text("current_workstation_id") == "S1")
        #expect(ten.status == "final")
        #expect(ten.text("hour_start") == "2026-01-12T10:00:00.000000Z")
        #expect(ten.text("hour_end") == "2026-01-12T11:00:00.000000Z")
        #expect(ten.text("as_of") == "2026-01-12T11:00:00.000000Z")
        #expect(ten.integer("spec") == 2)
        #expect(ten.integer("definition") == 1)
        #expect(ten.members["previous"] is NSNull)
        #expect(ten.revision == 1)
        // The open interval reaches to the running hour; 17 has just begun.
        #expect(workers.count == 10)
        #expect(stage.newest(.factory).count == 10)
        let health = try #require(
            stage.newest(.modelHealth)[
                MetricKey(
                    site: Stage.site, entity: ["S1", "C1", "m1"].map { Array($0.utf8) }, hourStart: at(10))])
        #expect(health.integer("samples") == 3)
        #expect(health.text("health") == "Healthy")
        #expect(health.number("avg_confidence") == 0.9)
        #expect(stage.reports.all == [])
    }

    @Test("a record is a CloudEvent in binary mode, with a key of site, entity and hour")
    func envelope() throws {
        let stage = try Stage(now: at(9, 5))
        let fold = try stage.fold()
        try fold.apply(.events([event(at(9), .working, worker: "a/b%ü")], createdAt: at(9)))
        try fold.commit()
        stage.round(try stage.core(fold))
        let followed = try #require(stage.topics.records(stage.names.workerMetrics, PartitionIndex(0)).first)
        #expect(String(decoding: followed.key, as: UTF8.self) == "plant/a%2Fb%25%C3%BC/2026-01-12T09:00:00.000000Z")
        let record = try #require(StageRecord(followed, .worker))
        #expect(record.key.entity == [Array("a/b%ü".utf8)])
        #expect(record.text("worker_id") == "a/b%ü")
        #expect(record.headers["ce_specversion"] == "1.0")
        #expect(record.headers["ce_type"] == "andon.metrics.worker.v1")
        #expect(record.headers["ce_source"] == "/andon/plant")
        #expect(record.headers["ce_time"] == record.text("as_of"))
        #expect(record.headers["content-type"] == "application/json")
        let ids = MetricKind.allCases.flatMap { stage.records($0) }.map { $0.headers["ce_id"] }
        #expect(Set(ids).count == ids.count)
    }

    @Test("an hour is provisional while it runs, final a grace after its end, restated when a late event comes")
    func life() throws {
        let stage = try Stage(now: at(9, 10))
        let fold = try stage.fold()
        let core = try stage.core(fold)
        try fold.apply(.events([event(at(9), .working)], createdAt: at(9)))
        try fold.commit()
        stage.round(core)
        func own(_ hour: Int64) -> [StageRecord] { stage.records(.worker).filter { $0.key.hourStart == at(hour) } }
        #expect(own(9).map(\.status) == ["provisional"])
        #expect(own(9).last?.asOf == stage.clock.now)
        #expect(own(9).last?.integer("working_us") == stage.clock.now - at(9))

        stage.clock.now = at(10, 0, 30)
        stage.round(core)
        #expect(own(9).map(\.status) == ["provisional"], "nothing came, and the grace is not over")
        stage.clock.now = at(10, 1)
        stage.round(core)
        #expect(own(9).map(\.status) == ["provisional", "final"])
        #expect(own(9).last?.integer("working_us") == Microseconds.hour)
        #expect(own(9).last?.previousFigure("working_us") == own(9)[0].integer("working_us"))

        try fold.apply(.events([event(at(9, 30), .idle)], createdAt: at(10, 2)))
        try fold.commit()
        stage.round(core)
        #expect(own(9).map(\.status) == ["provisional", "final", "restated"])
        #expect(own(9).last?.integer("idle_us") == 30 * Microseconds.minute)
        #expect(own(9).last?.previousFigure("working_us") == Microseconds.hour)
        #expect(own(9).last?.previous?["status"] as? String == "final")
        #expect(own(9).map(\.revision) == [0, 0, 1])

        stage.clock.now = at(11, 2)
        stage.round(core)
        #expect(own(10).last?.status == "final", "an open interval covers the hour without any row of it")
        #expect(own(10).last?.integer("idle_us") == Microseconds.hour)
        let before = stage.recordCount
        for _ in 0..<5 { stage.round(core) }
        #expect(stage.recordCount == before, "equal records are not sent")
    }

    @Test("a key gets at most one provisional record in ten seconds, also from a worker that takes over")
    func pace() throws {
        let stage = try Stage(now: at(9, 10))
        var fold = try stage.fold()
        var core = try stage.core(fold)
        for second in 0..<120 {
            stage.clock.now = at(9, 10, Int64(second))
            try fold.apply(.events([event(stage.clock.now - 1, second % 2 == 0 ? .working : .idle)], createdAt: at(9)))
            try fold.commit()
            if second == 47 {
                fold = try stage.fold()
                core = try stage.core(fold)
            }
            _ = core.advance()
        }
        for kind in [MetricKind.worker, .workstation, .factory, .modelHealth] {
            let times = stage.records(kind).map(\.asOf)
            #expect(times.count > 8)
            for (earlier, later) in zip(times, times.dropFirst()) {
                #expect(later - earlier >= 10 * Microseconds.second)
            }
        }
    }

    @Test("a definition that drops a worker restates what he is said to have done after it")
    func dropped() throws {
        let stage = try Stage(now: at(12))
        let fold = try stage.fold()
        let core = try stage.core(fold)
        try fold.apply(.definition(createdAt: at(7)))
        try fold.apply(.events([event(at(8), .working)], createdAt: at(8)))
        try fold.commit()
        stage.round(core)
        try fold.apply(.definition(createdAt: at(9, 30)) { $0.workers = [.init(workerID: "W2")] })
        try fold.commit()
        stage.round(core)
        let newest = stage.newest(.worker)
        func record(_ hour: Int64) -> StageRecord? {
            newest[MetricKey(site: Stage.site, entity: [Array("W1".utf8)], hourStart: at(hour))]
        }
        #expect(record(8)?.status == "final")
        #expect(record(9)?.status == "restated")
        #expect(record(9)?.integer("working_us") == 30 * Microseconds.minute)
        #expect(record(10)?.status == "restated")
        #expect(record(10)?.integer("working_us") == 0)
        #expect(record(10)?.integer("unknown_us") == Microseconds.hour)
    }

    @Test("a zone that shifts the hours takes the records of the old hours back")
    func anchor() throws {
        let stage = try Stage(now: at(12))
        let fold = try stage.fold()
        let core = try stage.core(fold)
        try fold.apply(.definition(createdAt: at(7)))
        try fold.apply(.events([event(at(8), .working), event(at(9, 15), .absent)], createdAt: at(8)))
        try fold.commit()
        stage.round(core)
        #expect(stage.newest(.worker).keys.contains { $0.hourStart == at(8) })
        try fold.apply(.definition(createdAt: at(11)) { $0.timeZone = "Asia/Kolkata" })
        while fold.fold.isRederiving { try fold.rederive(pages: 1) }
        try fold.commit()
        stage.round(core)
        let starts = Set(stage.newest(.worker).keys.map(\.hourStart))
        #expect(starts.allSatisfy { ($0 - at(0, 30)) % Microseconds.hour == 0 })
        #expect(starts.contains(at(7, 30)))
        #expect(stage.newest(.modelHealth).keys.allSatisfy { $0.hourStart % Microseconds.hour == 0 })
    }

    @Test("a target that changes restates the factory's past")
    func target() throws {
        let stage = try Stage(now: at(12))
        let fold = try stage.fold()
        let core = try stage.core(fold)
        try fold.apply(.events([event(at(8), .working), event(at(8, 5), .productCount, count: 3)], createdAt: at(8)))
        try fold.commit()
        stage.round(core)
        func past() -> [StageRecord] { stage.records(.worker).filter { $0.status != "provisional" } }
        let before = past().count
        try fold.apply(.definition(createdAt: at(11)) { $0.targetMicrounitsPerHour = 4_500_000 })
        try fold.commit()
        stage.round(core)
        let eight = try #require(stage.newest(.factory)[MetricKey(site: Stage.site, entity: [], hourStart: at(8))])
        #expect(eight.status == "restated")
        #expect(eight.number("target_units") == 4.5)
        #expect(eight.number("target_variance_percentage") == -33.33)
        #expect(past().count == before)
    }
}
