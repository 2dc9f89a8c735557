// Layer: oracle. Shifts, handovers, trends, heat maps, health trends and drift of random factories, asked over HTTP; every
// number against a recomputation from the whole log. Cannot catch a SPEC that both read wrongly.
import EventModel
import Foundation
import Oracle
import SimulationKit
import Testing

@testable import Query

@Suite("Shifts and series against the oracle (SPEC 5.5–5.7, 5.10, 6.3, 6.6)") struct SeriesAnswersTests {
    @Test("every number of every series equals the oracle's, now and as known before", arguments: 1...40)
    func figures(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let scenario = RandomScenario(seed: 40_000 + seed, size: .init(events: 60))
        let plant = Plant(now: 0)
        var log = OracleLog()
        for (offset, record) in scenario.records.enumerated() {
            let content = SeriesAnswersTests.withShifts(record.content, &generator)
            try plant.source.fold(content, commits: Bool.random(using: &generator))
            if Bool.random(using: &generator) { try plant.source.rederive() }
            log.append(content, offset: Int64(offset))
        }
        let instants = scenario.instants.filter { $0 >= 0 && $0 <= Timestamp.latest.microseconds }
        let newest = try #require(scenario.knownAts.last)
        for _ in 0..<2 {
            let from = instants.randomElement(using: &generator) ?? 0
            let to = from + Int64(generator.pick(0...40)) * Microseconds.day + Int64(generator.pick(0...86_400_000_000))
            let known = Bool.random(using: &generator) ? scenario.knownAts.randomElement(using: &generator) : nil
            plant.now = max(newest, 0) + Int64.random(in: 0...Microseconds.day, using: &generator)
            let view = log.view(of: Plant.site, knownAt: known)
            let window = OracleWindow(from: from, to: to, now: known ?? plant.now)
            let asked = AskedSeries(
                put: { try plant.ask($0, $1) }, view: view, window: window, from: from, to: to, known: known,
                now: known ?? plant.now)
            let comment = "\(scenario)\nfrom \(from) to \(to) known \(known ?? -1)"
            try asked.checkShifts(comment)
            try asked.checkHandovers(comment)
            try asked.checkTrends(comment)
            try asked.checkHeatMaps(comment)
            try asked.checkHealthTrend(comment, days: generator.pick(1...10))
            try asked.checkDrift(comment)
        }
    }

    /// Scenarios know no shifts and targets: most definitions get them here.
    static func withShifts(_ content: RecordContent, _ generator: inout SeededGenerator) -> RecordContent {
        guard case .definition(var record) = content else { return content }
        if Bool.random(using: &generator) {
            record.definition.targetMicrounitsPerHour = Int64.random(in: 1...9_999_999, using: &generator)
        }
        record.definition.handoverMinutes = Int64(generator.pick(0...90))
        for _ in 0..<generator.pick(0...3) {
            let hour = generator.pick(0..<24) * 60
            record.definition.shifts.append(
                .init(
                    // Some start and end when another one does.
                    name: ["Früh", "late", "night"][generator.pick(0...2)], startMinute: hour,
                    endMinute: (hour + generator.pick(1...3) * 480) % 1440, days: UInt8(generator.pick(0...127))))
        }
        return .definition(record)
    }
}
