// Layer: oracle. The incremental fold against recompute-from-scratch on random logs: commits, evictions, restarts and
// slices at random. Catches whatever differs in the answer to any of the questions asked; cannot catch what the oracle
// reads wrongly too, nor what only a larger log brings up. A failure prints seed, options, question and the log.
import EventModel
import Oracle
import SimulationKit
import Testing
import Timeline

@Suite("The fold equals the oracle") struct OracleComparisonTests {
    /// Asks `questions` random questions of a fold of the scenario, and says what differs.
    private func check(_ scenario: RandomScenario, _ options: FoldOptions, questions: Int) throws {
        var log = OracleLog()
        for (offset, record) in scenario.records.enumerated() { log.append(record.content, offset: Int64(offset)) }
        let harness: FoldHarness
        do {
            harness = try FoldHarness(scenario, options)
        } catch {
            Issue.record("\(error)\noptions: \(options)\n\(scenario)")
            return
        }
        var generator = SeededGenerator(seed: scenario.seed ^ 0x9e5)
        for number in 0..<questions {
            if number == questions / 2 { harness.leaveCommitInFlight() }
            let question = Question.random(for: scenario, using: &generator)
            let differences = try FoldComparison.differences(harness, log, RandomScenario.siteID, question)
            guard differences.isEmpty else {
                let text = differences.joined(separator: "\n")
                Issue.record("\(question)\n\(text)\noptions: \(options)\n\(scenario)")
                return
            }
        }
    }

    @Test("on tiny logs, at every question (SPEC 4, 5, 6.1, 7.2)", arguments: 0..<30)
    func tiny(_ block: UInt64) throws {
        for seed in block * 20..<block * 20 + 20 {
            let scenario = RandomScenario(
                seed: seed, size: .init(events: 6, workers: 2, stations: 2, eventsPerRecord: 3))
            try check(scenario, FoldOptions(seed: seed), questions: 10)
        }
    }

    @Test("on small logs with definitions, two gateways and restarts (SPEC 2.6, 3, 5.1)", arguments: 0..<20)
    func small(_ block: UInt64) throws {
        for seed in 10_000 + block * 10..<10_000 + block * 10 + 10 {
            let scenario = RandomScenario(seed: seed, size: .init(events: 60))
            try check(scenario, FoldOptions(seed: seed), questions: 8)
        }
    }

    @Test("on time lines of many pages (DESIGN 1.6)", arguments: 0..<6)
    func pages(_ seed: UInt64) throws {
        let size = RandomScenario.Size(
            events: 900, workers: 2, stations: 3, eventsPerRecord: 60, definitionsPercent: 8)
        try check(RandomScenario(seed: 20_000 + seed, size: size), FoldOptions(seed: seed), questions: 6)
    }
}
