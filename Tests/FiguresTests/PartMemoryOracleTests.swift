// Layer: oracle. Random logs with late, duplicate, tied and out-of-order events and definitions that change the ttl and drop
// workers; after each record the same windows are asked again with one memory. Every answer equals that without a memory,
// and one of them a computation from scratch. What is settled is known here exactly: nothing older than what is to come. A
// failure prints seed, windows and the log.
import EventModel
import Figures
import Oracle
import SimulationKit
import Testing
import Timeline

@Suite("Remembered parts of hours against the oracle (SPEC 5.4, 7.2)") struct PartMemoryOracleTests {
    /// A site that grows record by record.
    private struct Life {
        let scenario: RandomScenario
        let memory = PartMemory()
        let windows: [Window]
        private var generator: SeededGenerator
        private var fold = PartitionFold()
        private let store = MemoryProjections()
        private var log = OracleLog()
        private let commitPercent: Double
        /// Earlier states, where the store has nothing yet.
        private var earlier: [(site: SiteFold, log: OracleLog)] = []

        init(seed: UInt64) {
            scenario = RandomScenario(seed: seed, size: .init(events: 60))
            var generator = SeededGenerator(seed: seed ^ 0x9a47)
            let instants = scenario.instants.map { max(0, $0) }
            windows = (0..<5).map { _ in
                let from = max(0, generator.pick(instants) - generator.pick(0...90) * Microseconds.minute)
                return Window(from: from, end: from + generator.pick([1, 29, 61, 480, 4_000]) * Microseconds.minute)
            }
            commitPercent = generator.pick([0, 0, 30, 70])
            self.generator = generator
        }

        mutating func run() throws {
            for (offset, record) in scenario.records.enumerated() {
                log.append(record.content, offset: Int64(offset))
                try fold.apply(record.content, offset: fold.nextOffset, pages: store) {
                    RandomScenario.hourOffset(of: $0)
                }
                if generator.chance(80) {
                    while fold.isRederiving { try fold.rederive(pageLimit: 1, pages: store) }
                }
                if generator.chance(commitPercent) {
                    fold.commit { store.apply($0) }
                    fold.evict(.init(tailBytes: 0, otherBytes: 0))
                }
                guard let site = fold.site(RandomScenario.siteID) else { continue }
                if commitPercent == 0 { earlier.append((site, log)) }
                for _ in 0..<2 { try ask(site, log) }
            }
            for (site, log) in earlier.reversed() { try ask(site, log) }
        }

        private mutating func ask(_ site: SiteFold, _ log: OracleLog) throws {
            let knownAt = generator.chance(50) ? nil : generator.pick(scenario.knownAts) + generator.pick(-1...1)
            let view = site.view(knownAt: knownAt.map { Timestamp(microseconds: $0) })
            let set = generator.pick([FigureSet.factory, .factory, .totals, .activity])
            let next = scenario.records[(Int(site.nextOffset.value))...]
            let remembered = RememberedParts(memory, settledBefore: next.map(\.createdAt).min() ?? .max)
            let found = try site.figures(windows: windows, view, set, store, remembered)
            let comment = "known at \(knownAt ?? -1), \(windows.map(\.parts))\n\(scenario)"
            #expect(try found == site.figures(windows: windows, view, set, store), "\(comment)")
            guard set == .factory, let one = found.randomElement(using: &generator) else { return }
            let truth = log.view(of: RandomScenario.siteID, knownAt: knownAt)
                .factory(OracleWindow(from: one.window.from, to: one.window.end))
            let sums = [one.factory.working, one.factory.idle, one.factory.absent, one.factory.units].map { Int64($0) }
            #expect(sums == [truth.working, truth.idle, truth.absent, truth.units], "\(comment)")
            #expect(
                [one.factory.activeWorkers, one.factory.activeStations]
                    == [truth.activeWorkers, truth.activeWorkstations], "\(comment)")
        }
    }

    @Test("figures with a memory equal those without one, while records come in", arguments: 0..<10)
    func figures(_ block: UInt64) throws {
        var kept = 0
        for seed in 70_000 + block * 8..<70_000 + block * 8 + 8 {
            var life = Life(seed: seed)
            try life.run()
            kept += life.memory.count
        }
        #expect(kept > 0)
    }
}
