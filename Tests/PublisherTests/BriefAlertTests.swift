// Layer: differential. What the publisher tells of alerts beside judging them after every record.
import EventLog
import EventModel
import Figures
import Foundation
import SimulationKit
import Testing
import Timeline

@testable import Publisher

@Suite("Alerts that hold for less than a round (SPEC 6.4)", .timeLimit(.minutes(10)))
struct BriefAlertTests: ToldPlant {
    /// A record with samples of one camera, all of one confidence.
    private func record(
        _ count: Int64, _ confidence: UInt32, at start: Int64, camera: CameraID = "C1"
    ) -> RecordContent {
        .events(
            (0..<count).map { second in
                SimulatedEvent(
                    time: start + second * Microseconds.second, worker: "W1", workstation: "S1", type: .working,
                    confidence: confidence, camera: camera)
            }, createdAt: at(9, 10))
    }

    /// Status and revision of the records of one alert of the camera.
    private func told(_ stage: Stage, _ kind: String = "low_average") -> [String] {
        stage.records(.alert).filter { $0.text("scope") == "camera" && $0.text("kind") == kind }
            .map { "\($0.status ?? "") \($0.revision ?? -1)" }
    }

    @Test("one that opens and closes between two rounds has a record of each, by the records that changed it, in order")
    func opened() throws {
        let receiver = try WebhookReceiver()
        let stage = try stage(receiver)
        let fold = try stage.fold()
        let core = try stage.core(fold)
        try fold.apply(record(10, 700_000, at: at(9)))
        try fold.commit()
        round(stage, core)
        try fold.apply(record(25, 700_000, at: at(9, 1)))
        try fold.apply(record(5, 700_000, at: at(9, 2)))
        try fold.apply(record(60, 1_000_000, at: at(9, 3)))
        try fold.commit()
        for _ in 0..<3 { round(stage, core) }
        #expect(told(stage) == ["opened 1", "closed 3"])
        let first = try #require(stage.records(.alert).first { $0.text("scope") == "camera" })
        #expect(first.integer("samples") == 35 && first.integer("average_ppm") == 700_000)
        #expect(first.text("message") == "Average confidence 0.7 is below 0.75.")
        #expect(receiver.all.count == 2, "an alert is in a request once")
        #expect(receiver.told(receiver.all.prefix(1)).sorted() == Self.opened)
        #expect(receiver.told(receiver.all.suffix(1)).sorted() == Self.closed)
    }

    @Test("one that is open, and was closed in between, is told closed and opened again")
    func closed() throws {
        let stage = try Stage(now: at(9, 10))
        let fold = try stage.fold()
        let core = try stage.core(fold)
        try open(fold)
        stage.round(core)
        try fold.apply(record(40, 1_000_000, at: at(9, 3)))
        try fold.apply(record(60, 500_000, at: at(9, 5)))
        try fold.commit()
        for _ in 0..<2 { stage.round(core) }
        #expect(told(stage) == ["opened 0", "closed 1", "opened 2"])
    }

    @Test("of several changes in a round the last two are told")
    func several() throws {
        let stage = try Stage(now: at(9, 10))
        let fold = try stage.fold()
        let core = try stage.core(fold)
        try fold.apply(record(1, 700_000, at: at(8)))
        try fold.commit()
        stage.round(core)
        for flip: Int64 in 0..<6 {
            try fold.apply(record(30 << flip, flip % 2 == 0 ? 500_000 : 1_000_000, at: at(9) + flip * 1000))
        }
        try fold.commit()
        for _ in 0..<2 { stage.round(core) }
        #expect(told(stage) == ["opened 5", "closed 6"])
    }

    @Test("one that depends on the hour before is told as well, when late samples of that hour come and go unnoticed")
    func drop() throws {
        let stage = try Stage(now: at(10, 10))
        let fold = try stage.fold()
        let core = try stage.core(fold)
        try fold.apply(record(30, 820_000, at: at(9)))
        try fold.apply(record(40, 800_000, at: at(10)))
        try fold.commit()
        stage.round(core)
        try fold.apply(record(60, 1_000_000, at: at(9, 10)))
        try fold.apply(record(90, 760_000, at: at(9, 20)))
        try fold.commit()
        for _ in 0..<2 { stage.round(core) }
        #expect(told(stage, "sudden_drop") == ["opened 2", "closed 3"])
    }

    @Test("a restart, and a record that was not delivered, lose neither change and repeat none")
    func faults() throws {
        let receiver = try WebhookReceiver()
        let stage = try stage(receiver)
        let fold = try stage.fold()
        round(stage, try stage.core(fold))
        try fold.apply(record(1, 700_000, at: at(8)))
        try fold.commit()
        round(stage, try stage.core(fold))
        try open(fold)
        try fold.apply(record(90, 1_000_000, at: at(9, 3)))
        try fold.commit()
        // A new process, whose records arrive after it is dead.
        stage.topics.hold()
        stage.round(try stage.core(fold))
        stage.topics.release()
        let core = try stage.core(fold)
        for _ in 0..<3 { round(stage, core) }
        #expect(told(stage) == ["opened 1", "closed 2"])
        #expect(receiver.told().suffix(2).sorted() == Self.closed, "after a kill the newest is told")
    }

    @Test(
        "whatever comes, the records of a round are the last change away from what was told, and what it is at the end",
        arguments: 1...12)
    func differential(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let stage = try Stage(now: at(12))
        let fold = try stage.fold()
        var core = try stage.core(fold)
        try fold.apply(record(1, 700_000, at: at(1)))
        try fold.commit()
        stage.round(core)
        var expected: [String: [String]] = [:]
        var brief = 0
        for step: Int64 in 0..<12 {
            var states: [Set<String>] = [try open(in: fold)]
            let first = fold.fold.nextOffset.value
            for _ in 0..<Int.random(in: 1...5, using: &random) {
                let confidence = UInt32.random(in: 600...900, using: &random) * 1000
                let start = at(Int64.random(in: 8..<10, using: &random)) + fold.fold.nextOffset.value * 40_000_000
                try fold.apply(
                    record(
                        Int64.random(in: 5...35, using: &random), confidence, at: start,
                        camera: ["C1", "C2"].randomElement(using: &random)!))
                states.append(try open(in: fold))
            }
            try fold.commit()
            if step % 4 == 3 { core = try stage.core(fold) }
            for _ in 0..<2 { stage.round(core) }
            for alert in states.reduce(Set(), { $0.union($1) }) {
                let isOpen = states.map { $0.contains(alert) }
                let end = first + Int64(isOpen.count) - 2
                guard isOpen[0] == isOpen[isOpen.count - 1] else {
                    expected[alert, default: []].append("\(isOpen[0] ? "closed" : "opened") \(end)")
                    continue
                }
                // The last record that made it otherwise than it is.
                guard
                    let change = isOpen.indices.dropFirst().last(where: {
                        isOpen[$0] != isOpen[0] && isOpen[$0 - 1] == isOpen[0]
                    })
                else { continue }
                brief += 1
                expected[alert, default: []].append("\(isOpen[0] ? "closed" : "opened") \(first + Int64(change) - 1)")
                expected[alert, default: []].append("\(isOpen[0] ? "opened" : "closed") \(end)")
            }
        }
        var found: [String: [String]] = [:]
        for record in stage.records(.alert) {
            let key = String(decoding: record.key.bytes, as: UTF8.self)
            // What an open alert says is brought up to date: no change.
            if record.status == "opened", found[key]?.last?.hasPrefix("opened") == true { continue }
            found[key, default: []].append("\(record.status ?? "") \(record.revision ?? -1)")
        }
        #expect(found == expected, "seed \(seed)")
        #expect(seed != 1 || brief > 0, "seed \(seed): nothing was brief")
    }

    /// The alerts that are open now, from all samples.
    private func open(in fold: StageFold) throws -> Set<String> {
        let snapshot = try #require(try fold.snapshot(of: Stage.site))
        defer { snapshot.close() }
        let site = snapshot.site
        let found = try #require(try site.alerts(from: at(0), to: at(24), site.view(knownAt: nil), snapshot.reader))
        return Set(
            found.map { alert in
                let key = MetricKey(site: Stage.site, entity: AlertContent(alert).entity, hourStart: alert.hour)
                return String(decoding: key.bytes, as: UTF8.self)
            })
    }
}
