// Layer: oracle. Random factories, asked over HTTP at random windows and states of knowledge; every number of every
// answer against a recomputation from the whole log that shares no code with the fold or with this module. Catches
// wrong figures, rounding and wiring; cannot catch a SPEC that both read wrongly.
import EventModel
import Foundation
import Oracle
import SimulationKit
import Testing

@testable import Query

@Suite("Answers against the oracle") struct OracleAnswersTests {
    @Test("every figure of every route equals the oracle's, now and as known before", arguments: 1...60)
    func figures(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let scenario = RandomScenario(seed: seed, size: .init(events: 60))
        let plant = Plant(now: 0)
        var log = OracleLog()
        for (offset, record) in scenario.records.enumerated() {
            let content = OracleAnswersTests.withShifts(record.content, &generator)
            try plant.source.fold(content, commits: Bool.random(using: &generator))
            if Bool.random(using: &generator) { try plant.source.rederive() }
            log.append(content, offset: Int64(offset))
        }
        let instants = scenario.instants.filter { $0 >= 0 && $0 <= Timestamp.latest.microseconds }
        let newest = try #require(scenario.knownAts.last)
        for _ in 0..<6 {
            var bounds = [
                instants.randomElement(using: &generator) ?? 0, instants.randomElement(using: &generator) ?? 0,
            ]
            bounds.sort()
            // A year at most: shifts of all ten thousand years take the oracle too long.
            bounds[1] = min(bounds[1], bounds[0] + 366 * Microseconds.day)
            let known = Bool.random(using: &generator) ? scenario.knownAts.randomElement(using: &generator) : nil
            plant.now = max(newest, 0) + Int64.random(in: 0...Microseconds.day, using: &generator)
            let view = log.view(of: Plant.site, knownAt: known)
            let window = OracleWindow(from: bounds[0], to: bounds[1], now: known ?? plant.now)
            var question = Asked(
                put: { try plant.ask($0, $1) }, view: view, window: window, from: bounds[0], to: bounds[1], known: known
            )
            let comment = "\(scenario)\nfrom \(bounds[0]) to \(bounds[1]) known \(known ?? -1)"
            try question.check(comment)
            for (within, shifts) in cuts(view) {
                question.within = within
                question.window = window.cut(
                    to: OracleShifts.instances(of: shifts, in: window, zone: Asked.zone(view)))
                try question.check("\(comment) within \(within)")
            }
        }
    }

    /// Values of `within` for the shifts that the newest visible definition has, and those shifts (SPEC 5.1).
    private func cuts(_ view: OracleView) -> [(within: String, shifts: [SiteDefinition.Shift])] {
        let shifts = view.definition?.shifts ?? []
        let named = Set(shifts.map(\.name)).sorted().map { name in
            (within: "shift:\(name)", shifts: shifts.filter { $0.name == name })
        }
        return shifts.isEmpty ? [] : [(within: "shifts", shifts: shifts)] + named
    }

    /// Scenarios know no shifts and targets: some definitions get them here.
    static func withShifts(_ content: RecordContent, _ generator: inout SeededGenerator) -> RecordContent {
        guard case .definition(var record) = content else { return content }
        if Bool.random(using: &generator) {
            record.definition.targetMicrounitsPerHour = Int64.random(in: 1...9_999_999, using: &generator)
        }
        for number in 0..<record.definition.workstations.count {
            record.definition.workstations[number].capacity = Int64.random(in: 1...3, using: &generator)
        }
        for _ in 0..<Int.random(in: 0...2, using: &generator) {
            record.definition.shifts.append(
                .init(
                    name: Bool.random(using: &generator) ? "Früh" : "late",
                    startMinute: Int.random(in: 0..<1440, using: &generator),
                    endMinute: Int.random(in: 0..<1440, using: &generator),
                    days: UInt8.random(in: 0...127, using: &generator)))
        }
        return .definition(record)
    }
}
