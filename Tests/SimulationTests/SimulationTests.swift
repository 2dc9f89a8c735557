// Layer: simulation. A whole plant on one thread in simulated time, by seed: gateways, log, folds, stores, publishers,
// ownership and questions, with failed, delayed, repeated and unacknowledged appends, full disks, deaths between any two
// steps. It catches what only an order of events shows. It cannot catch what real threads, sockets and brokers do: for
// that there are the thread sanitizer and the end-to-end tests.
//
// ANDON_SIMULATION_SEEDS=N runs N seeds, ANDON_SIMULATION_SEED=S one; a failing seed prints its steps, cut down to few.
import Foundation
import TestKit
import Testing

@Suite("A whole plant, simulated (SPEC 2.4, 2.6, 4.5, 5.8, 7.1, 7.4)", .timeLimit(.minutes(30)))
struct SimulationTests {
    /// Pieces that run beside each other.
    static let pieces = 16
    private static let environment = ProcessInfo.processInfo.environment
    static let seedCount = environment["ANDON_SIMULATION_SEEDS"].flatMap { UInt64($0) } ?? 160
    static let onlySeed = environment["ANDON_SIMULATION_SEED"].flatMap { UInt64($0) }

    private func seeds(_ piece: Int) -> [UInt64] {
        if let only = Self.onlySeed { return piece == 0 ? [only] : [] }
        return (1...max(1, Self.seedCount)).filter { $0 % UInt64(Self.pieces) == UInt64(piece) }
    }

    @Test(
        "whatever happens, what is acknowledged counts once, settled answers stay, topics and ledger agree",
        arguments: 0..<pieces)
    func everySeed(piece: Int) {
        for seed in seeds(piece) {
            let plan = Plan(seed: seed)
            guard let failure = Simulation.failure(of: plan, plan.steps) else { continue }
            let few = shrink(plan.steps, trialsMaximum: 400) { steps in
                Simulation.failure(of: plan, steps).map { Broken.kind($0) == Broken.kind(failure) } ?? false
            }
            let last = Simulation.failure(of: plan, few) ?? failure
            Issue.record("seed \(seed): \(last)\nsteps:\n  \(few.map(\.description).joined(separator: ",\n  "))")
            // One is enough to look at.
            return
        }
    }

    @Test("the runs do interleave: every kind of step happens, answers settle, workers take over from one another")
    func interleaving() throws {
        let tally = Tally()
        for seed in 1...40 as ClosedRange<UInt64> {
            let plan = Plan(seed: seed)
            tally.add(try Simulation.run(plan, plan.steps))
        }
        let kinds = [
            ".wait", ".send", ".define", ".admit", ".append", ".killGateway", ".disk", ".log", ".assign", ".notice",
            ".fold", ".commit", ".publish", ".deliver", ".killWorker", ".ask", ".clock", ".synchronise",
            ".confirmClock",
        ]
        for kind in kinds { #expect(tally[kind] > 40, "\(kind)") }
        for effect in [
            "group of several", "append failed", "append repeated", "append acknowledgementLost", "settled answer",
            "answer compared", "commit failed", "commit in flight at a death", "hand-over", "clock set back",
            "clock set forward", "named batch repeated", "refused by the clock", "time set back in the log",
            "wrong clock confirmed",
        ] { #expect(tally[effect] > 0, "\(effect)") }
    }
}

/// Runs of plans, each with a folder of its own.
enum Simulation {
    /// What a run of these steps breaks; nil when all is well.
    static func failure(of plan: Plan, _ steps: [Step]) -> String? {
        do {
            _ = try run(plan, steps)
            return nil
        } catch { return "\(error)" }
    }

    /// - Returns: what happened, counted.
    static func run(_ plan: Plan, _ steps: [Step]) throws -> Tally {
        let folder = try TemporaryFolder()
        let world = try World(plan, folder: folder.url)
        for step in steps { try world.run(step) }
        try world.settle()
        try world.check()
        return world.tally
    }
}
