// Layer: differential. The alerts topic beside what a question about alerts answers; QueryTests compare that with an oracle.
import EventLog
import EventModel
import Figures
import Foundation
import SimulationKit
import Testing
import Timeline

@testable import Publisher

@Suite("Alerts as records (SPEC 6.4, DESIGN 3)", .timeLimit(.minutes(10)))
struct AlertTopicTests {
    /// So many samples of an hour, a second apart.
    private func samples(
        _ count: Int64, at start: Int64, _ confidence: UInt32, camera: CameraID? = "C1"
    ) -> [SimulatedEvent] {
        (0..<count).map { second in
            SimulatedEvent(
                time: start + second * Microseconds.second, worker: "W1", workstation: "S1", type: .working,
                confidence: confidence, camera: camera)
        }
    }

    private func key(_ kind: String, _ scope: String, _ id: String, _ hour: Int64) -> MetricKey {
        MetricKey(site: Stage.site, entity: [kind, scope, id].map { Array($0.utf8) }, hourStart: hour)
    }

    /// Status of every alert that has a record.
    private func statuses(_ stage: Stage) -> [String: String] {
        stage.newest(.alert).reduce(into: [:]) { statuses, alert in
            statuses[String(decoding: alert.key.bytes, as: UTF8.self)] = alert.value.status
        }
    }

    @Test("an alert opens with the thirtieth sample and closes when late ones lift the average, each with its revision")
    func life() throws {
        let stage = try Stage(now: at(9, 10))
        let fold = try stage.fold()
        let core = try stage.core(fold)
        try fold.apply(.events(samples(29, at: at(9), 700_000), createdAt: at(9, 10)))
        try fold.commit()
        stage.round(core)
        #expect(stage.records(.alert).isEmpty)

        try fold.apply(.events(samples(1, at: at(9, 2), 700_000), createdAt: at(9, 11)))
        try fold.commit()
        stage.round(core)
        let camera = key("low_average", "camera", "C1", at(9))
        let opened = try #require(stage.newest(.alert)[camera])
        #expect(Set(statuses(stage).values) == ["opened"] && stage.records(.alert).count == 2, "the site's, too")
        #expect(opened.text("message") == "Average confidence 0.7 is below 0.75.")
        #expect(opened.text("severity") == "critical" && opened.text("camera_id") == "C1")
        #expect(opened.integer("average_ppm") == 700_000 && opened.integer("reference_ppm") == 750_000)
        #expect(opened.integer("samples") == 30 && opened.revision == 1)
        #expect(opened.members["previous"] is NSNull)
        #expect(opened.headers["ce_type"] == "andon.alerts.v1")

        try fold.apply(.events(samples(30, at: at(9, 3), 900_000), createdAt: at(9, 12)))
        try fold.commit()
        stage.round(core)
        let closed = try #require(stage.newest(.alert)[camera])
        #expect(Set(statuses(stage).values) == ["closed"] && stage.records(.alert).count == 4)
        #expect(closed.text("message") == "Average confidence 0.8 is not below 0.75 any more.")
        #expect(closed.integer("samples") == 60 && closed.revision == 2)
        #expect(closed.previousFigure("samples") == 30)
        stage.round(core)
        #expect(stage.records(.alert).count == 4, "a closed alert is not told again")
    }

    @Test("what an open alert says is kept up to date, at most once in a round")
    func update() throws {
        let stage = try Stage(now: at(9, 10))
        let fold = try stage.fold()
        let core = try stage.core(fold)
        for minute: Int64 in 0..<4 {
            try fold.apply(.events(samples(30, at: at(9, minute), 700_000), createdAt: at(9, 10 + minute)))
            try fold.commit()
            stage.round(core)
        }
        let told = stage.records(.alert).filter { $0.text("scope") == "camera" }
        #expect(told.map(\.status) == ["opened", "opened", "opened", "opened"])
        #expect(told.map { $0.integer("samples") } == [30, 60, 90, 120])
        #expect(told.map { $0.previousFigure("samples") } == [nil, 30, 60, 90])
    }

    @Test("late events of an hour open the alert of the next one, which alone compares with it")
    func nextHour() throws {
        let stage = try Stage(now: at(11, 10))
        let fold = try stage.fold()
        let core = try stage.core(fold)
        try fold.apply(
            .events(samples(30, at: at(9), 800_000) + samples(30, at: at(10), 780_000), createdAt: at(11)))
        try fold.commit()
        stage.round(core)
        #expect(stage.records(.alert).isEmpty)
        try fold.apply(.events(samples(60, at: at(9, 30), 1_000_000), createdAt: at(11, 10)))
        try fold.commit()
        stage.round(core)
        let drop = try #require(stage.newest(.alert)[key("sudden_drop", "camera", "C1", at(10))])
        #expect(drop.status == "opened" && drop.text("severity") == "warning")
        #expect(drop.integer("average_ppm") == 780_000 && drop.integer("reference_ppm") == 933_333)
    }

    @Test("samples without a camera are their station's", arguments: ["camera", "workstation"])
    func scopes(scope: String) throws {
        let stage = try Stage(now: at(9, 10))
        let fold = try stage.fold()
        let core = try stage.core(fold)
        let camera: CameraID? = scope == "camera" ? "C1" : nil
        try fold.apply(.events(samples(30, at: at(9), 100_000, camera: camera), createdAt: at(9, 10)))
        try fold.commit()
        stage.round(core)
        let record = try #require(stage.records(.alert).first { $0.text("scope") == scope })
        #expect(record.text("camera_id") == (camera == nil ? nil : "C1"))
        #expect(record.text("workstation_id") == (camera == nil ? "S1" : nil))
    }

    @Test(
        "after every commit, with restarts between, the open records are the alerts of the store, and each opens first",
        arguments: [1, 2, 3] as [UInt64])
    func differential(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let stage = try Stage(now: at(20))
        let fold = try stage.fold()
        var core = try stage.core(fold)
        var closed = 0
        for step: Int64 in 0..<25 {
            let camera: CameraID? = [nil, "C1", "C2"].randomElement(using: &random)!
            let start = at(Int64.random(in: 8..<12, using: &random)) + step * Microseconds.minute
            let confidence = UInt32.random(in: 500...1000, using: &random) * 1000
            let count = Int64.random(in: 10...40, using: &random)
            try fold.apply(.events(samples(count, at: start, confidence, camera: camera), createdAt: at(20)))
            try fold.commit()
            if step % 5 == 4 { core = try stage.core(fold) }
            stage.round(core)
            let open = statuses(stage).filter { $0.value == "opened" }.keys
            #expect(Set(open) == (try alerts(of: fold)), "seed \(seed), step \(step)")
            closed = statuses(stage).count - open.count
        }
        #expect(statuses(stage).count > closed && stage.records(.alert).contains { $0.status == "closed" })
        for (key, records) in Dictionary(grouping: stage.records(.alert), by: \.key) {
            let told = records.map(\.status)
            #expect(told.first == "opened", "\(key)")
            #expect(!zip(told, told.dropFirst()).contains { $0 == ("closed", "closed") }, "\(key)")
        }
    }

    /// Keys of the alerts that a question would list.
    private func alerts(of fold: StageFold) throws -> Set<String> {
        let snapshot = try #require(try fold.snapshot(of: Stage.site))
        defer { snapshot.close() }
        let site = snapshot.site
        let found = try #require(
            try site.alerts(from: at(0), to: at(24), site.view(knownAt: nil), snapshot.reader))
        return Set(
            found.map { alert in
                let entity = AlertContent(alert).entity
                return String(
                    decoding: MetricKey(site: Stage.site, entity: entity, hourStart: alert.hour).bytes, as: UTF8.self)
            })
    }

    @Test("a rebuilt store, and a file of the publisher that is lost, tell no alert again")
    func again() throws {
        let stage = try Stage(now: at(12))
        let events = RecordContent.events(
            samples(40, at: at(9), 900_000) + samples(40, at: at(10), 600_000), createdAt: at(11))
        let fold = try stage.fold()
        try fold.apply(events)
        try fold.commit()
        stage.round(try stage.core(fold))
        let told = stage.records(.alert).count
        #expect(told == 4, "low and dropped, of camera and site")
        let rebuilt = try stage.fold("b")
        try rebuilt.apply(events)
        try rebuilt.commit()
        stage.round(try stage.core(rebuilt, "b"))
        #expect(stage.records(.alert).count == told)
        let core = try stage.core(rebuilt, "a")
        stage.round(core)
        #expect(stage.records(.alert).count == told)
    }
}
