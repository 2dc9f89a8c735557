// Layer: oracle. Weekly reports of random factories, asked over HTTP, against sums over bare events; weeks and days by Foundation.
import EventModel
import Foundation
import Oracle
import SimulationKit
import Testing

@testable import Query

@Suite("Weekly report of model health (SPEC 6.5)") struct HealthReportTests {
    private static let path = "/api/metrics/model-health/report"

    @Test("without a week it is the last full one, and what comes after now does not count")
    func defaults() throws {
        // Wednesday, 2026-01-21.
        let plant = Plant(now: monday + 9 * Microseconds.day + 12 * Microseconds.hour)
        try plant.define(.plant())
        try plant.send(
            [
                event(at(-24), .working, confidence: 600_000), event(at(30), .idle, confidence: 800_000),
                event(at(31), .working, confidence: 900_000), event(at(200), .idle, confidence: 500_000),
            ], known: at(201))
        let report = try plant.ask(Self.path).json
        #expect(report["week"] == .string("2026-W03") && report["samples"] == .number("2"))
        #expect(report["avg_confidence"] == .number("0.85") && report["before"]?["samples"] == .number("1"))
        let days = report["days"]?.elements ?? []
        #expect(days.map { $0["date"]?.text }.first == "2026-01-12" && days.count == 7)
        #expect(days[1]["samples"] == .number("2") && days[1]["before"]?["avg_confidence"] == .null)
        #expect(days[6]["before"]?["avg_confidence"] == .number("0.6"))
        #expect(report["meta"]?["from"] == .string("2026-01-12T00:00:00.000000Z"))
        let running = try plant.ask(Self.path, [("week", "2026-W04")]).json
        #expect(running["samples"] == .number("1") && running["before"]?["samples"] == .number("2"))
        #expect(
            try plant.ask(Self.path, [("week", "2026-W04"), ("known_at", text(at(1)))]).json["samples"] == .number("0"))
    }

    @Test("the alerts are those of the week's hours (SPEC 6.4)")
    func alerts() throws {
        let plant = Plant(now: monday + 9 * Microseconds.day)
        try plant.define(.plant())
        for hours in [-1.0, 5, 170] {
            try plant.send(
                (0..<30).map { event(at(hours) + Int64($0) * Microseconds.minute, .working, confidence: 300_000) },
                known: at(172))
        }
        let alerts = try plant.ask(Self.path, [("week", "2026-W03")]).json["alerts"]?.elements ?? []
        #expect(!alerts.isEmpty && alerts.allSatisfy { $0["hour"] == .string("2026-01-12T05:00:00.000000Z") })
        #expect(alerts == (try plant.ask("/api/alerts", at(0), at(168)).items))
    }

    @Test(
        "a week that is none is 400 and says what one is",
        arguments: ["2025-W53", "2026-W54", "2026-W00", "2026-03", "last", ""])
    func malformed(_ week: String) throws {
        let answer = try referenceDay().ask(Self.path, [("week", week)])
        #expect(answer.status == 400 && answer.json["detail"]?.text?.contains("must be an ISO week") == true)
    }

    @Test("every number equals the oracle's, now and as known before, in zones with summer time", arguments: 1...24)
    func oracle(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let scenario = RandomScenario(seed: 41_000 + seed, size: .init(events: 60))
        let plant = Plant(now: 0)
        var log = OracleLog()
        for (offset, record) in scenario.records.enumerated() {
            try plant.source.fold(record.content, commits: Bool.random(using: &generator))
            log.append(record.content, offset: Int64(offset))
        }
        for _ in 0..<3 {
            let known = Bool.random(using: &generator) ? scenario.knownAts.randomElement(using: &generator) : nil
            let instants = scenario.instants.filter { $0 >= 8 * Microseconds.day && $0 < 4_000_000_000 * 1_000_000 }
            let instant = instants.randomElement(using: &generator) ?? monday
            plant.now = max(scenario.knownAts.last ?? 0, instant) + Int64(generator.pick(0...3)) * Microseconds.day
            let view = log.view(of: Plant.site, knownAt: known)
            let zone = TimeZone(identifier: view.definition?.timeZone ?? "UTC") ?? .gmt
            let expected = Week(holding: instant, zone)
            let knownAt = known.map { [(name: "known_at", value: text($0))] } ?? []
            let report = try plant.ask(Self.path, [("week", expected.name)] + knownAt).json
            expected.check(report, view, now: known ?? plant.now, "\(scenario) \(expected.name) known \(known ?? -1)")
        }
    }

    /// A week by Foundation's calendar.
    private struct Week {
        let name: String
        /// Begins of its days, and the end of the last one.
        let edges: [Int64]
        let edgesBefore: [Int64]

        init(holding instant: Int64, _ zone: TimeZone) {
            var calendar = Calendar(identifier: .iso8601)
            calendar.timeZone = zone
            let date = Date(timeIntervalSince1970: Double(instant / 1_000_000))
            let parts = calendar.dateComponents([.yearForWeekOfYear, .weekOfYear], from: date)
            let (year, week) = (parts.yearForWeekOfYear ?? 0, parts.weekOfYear ?? 0)
            name = "\(year)-W\(week < 10 ? "0" : "")\(week)"
            let start = calendar.date(from: parts) ?? date
            func edges(_ offset: Int) -> [Int64] {
                (0...7).compactMap { calendar.date(byAdding: .day, value: $0 + offset, to: start) }
                    .map { Int64($0.timeIntervalSince1970) * 1_000_000 }
            }
            (self.edges, edgesBefore) = (edges(0), edges(-7))
        }

        func check(_ report: JSONText, _ view: OracleView, now: Int64, _ comment: String) {
            func window(_ from: Int64, _ to: Int64) -> OracleWindow { OracleWindow(from: from, to: to, now: now) }
            let week = window(edges[0], edges[7])
            let before = window(edgesBefore[0], edgesBefore[7])
            func same(_ found: JSONText?, _ health: OracleHealth, _ earlier: OracleHealth) {
                for (counts, expected) in [(found, health), (found?["before"], earlier)] {
                    #expect(counts?["samples"] == .integer(expected.samples), "\(comment)")
                    #expect(counts?["avg_confidence"] == .decimal(expected.average), "\(comment)")
                    #expect(counts?["below_threshold_count"] == .integer(expected.marked), "\(comment)")
                }
            }
            same(report, view.health(week), view.health(before))
            let days = report["days"]?.elements ?? []
            #expect(days.count == 7, "\(comment)")
            for (number, day) in days.enumerated() {
                #expect(day["from"] == .string(text(edges[number])), "\(comment)")
                same(
                    day, view.health(window(edges[number], edges[number + 1])),
                    view.health(window(edgesBefore[number], edgesBefore[number + 1])))
            }
            for (list, name, grouping) in [
                ("cameras", "camera_id", OracleGrouping.camera),
                ("model_versions", "model_version", .modelVersion),
            ] {
                let sides = (view.health(week, by: grouping), view.health(before, by: grouping))
                let keys = Set(sides.0.keys).union(sides.1.keys)
                    .sorted { ($0 ?? []).lexicographicallyPrecedes($1 ?? []) }
                let rows = report[list]?.elements ?? []
                #expect(
                    rows.map { $0[name] }
                        == keys.map { $0.map { .string(String(decoding: $0, as: UTF8.self)) } ?? .null },
                    "\(comment)")
                for (row, key) in zip(rows, keys) {
                    same(row, sides.0[key] ?? OracleHealth(), sides.1[key] ?? OracleHealth())
                }
            }
        }
    }
}
