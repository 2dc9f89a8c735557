// Layer: oracle. Figures of many windows in one pass against the same windows asked one by one, and against a
// computation from scratch. Catches what a pass mixes up between windows; cannot catch what the oracle reads wrongly too.
// A failure prints seed, windows and the log.
import EventModel
import Figures
import Oracle
import SimulationKit
import Testing
import Timeline

@Suite("Many windows in one pass (SPEC 5.2–5.4, 6.2, 7.2)") struct ManyWindowsTests {
    /// Windows as trends, shifts and whatever a client thinks of make them.
    private func windows(
        _ scenario: RandomScenario, _ parameters: FoldParameters, _ generator: inout SeededGenerator
    ) -> [Window] {
        let instants = scenario.instants.map { max(0, $0) }
        let start = generator.pick(instants)
        switch generator.pick(0..<5) {
        case 0:  // Buckets of whole hours.
            let first = parameters.hour(of: start).advanced(by: generator.pick(-30...0))
            let length = generator.pick([1, 1, 2, 24])
            return (0..<generator.pick(1...40)).map { number in
                let hour = first.advanced(by: Int64(number * length))
                return Window(
                    from: parameters.start(of: hour), end: parameters.start(of: hour.advanced(by: Int64(length))))
            }
        case 1:  // Buckets that no hour matches.
            let length = generator.pick([600, 1_800, 5_400, 86_401]) * Microseconds.second
            return (0..<generator.pick(1...30)).map { number in
                let from = start - 10 * length + Int64(number) * length
                return Window(from: from, end: from + length)
            }
        case 2:  // Apart, as shifts are, or so far that the hours between them are not read.
            let apart = generator.pick([12, 200]) * Microseconds.hour
            return (0..<generator.pick(1...10)).map { number in
                let from = start + Int64(number - 5) * apart
                return Window(from: from, end: from + generator.pick([1, 59, 480]) * Microseconds.minute)
            }
        case 3:  // Cut to parts, as within does; parts overlap and reach beyond the window.
            return (0..<generator.pick(1...4)).map { _ in
                let (one, other) = (generator.pick(instants), generator.pick(instants))
                let parts = (0..<generator.pick(0...6)).map { _ in
                    let from = generator.pick(instants) + generator.pick(-90...90) * Microseconds.minute
                    return from..<from + generator.pick([1, 3_600, 28_800, 700_000]) * Microseconds.second
                }
                return Window(from: min(one, other), end: max(one, other), inside: parts)
            }
        default:  // In any order, one over the other, empty ones among them.
            return (0..<generator.pick(1...8)).map { _ in
                let (one, other) = (generator.pick(instants), generator.pick(instants))
                let skew = generator.chance(50) ? 0 : generator.pick(-3...3) * Microseconds.hour
                return Window(from: min(one, other), end: max(one, other) + max(0, skew))
            }
        }
    }

    /// A fold of the scenario, what a question knows, and its windows.
    private struct Case: CustomStringConvertible {
        var scenario: RandomScenario
        var folded: FoldedScenario
        var windows: [Window]
        var knownAt: Int64?

        var site: SiteFold? { folded.fold.site(RandomScenario.siteID) }
        var description: String {
            "known at \(knownAt.map { "\($0)" } ?? "now"), \(windows.map(\.parts))\n\(scenario)"
        }
    }

    private func cases(_ seed: UInt64, _ count: Int, events: Int) throws -> [Case] {
        let scenario = RandomScenario(seed: seed, size: .init(events: events))
        var generator = SeededGenerator(seed: seed ^ 0xf16)
        let folded = try FoldedScenario(scenario, &generator)
        guard let site = folded.fold.site(RandomScenario.siteID) else { return [] }
        return (0..<count).map { _ in
            Case(
                scenario: scenario, folded: folded, windows: windows(scenario, site.parameters, &generator),
                knownAt: generator.chance(40) ? nil : generator.pick(scenario.knownAts) + generator.pick(-1...1))
        }
    }

    private func view(_ one: Case, _ site: SiteFold) -> KnowledgeView {
        site.view(knownAt: one.knownAt.map { Timestamp(microseconds: $0) })
    }

    @Test("a pass over many windows answers each like a pass over that window alone", arguments: 0..<20)
    func alone(_ block: UInt64) throws {
        let sets: [FigureSet] = [.workers, .stations, .totals, .factory, [.workers, .stations, .statuses, .factory]]
        for seed in block * 10..<block * 10 + 10 {
            for one in try cases(seed, 4, events: 50) {
                let site = try #require(one.site)
                let view = view(one, site)
                for set in sets {
                    let together = try site.figures(windows: one.windows, view, set, one.folded.store)
                    let alone = try one.windows.map { try site.figures($0, view, set, one.folded.store) }
                    #expect(together == alone, "figures \(set.rawValue), \(one)")
                }
                let together: [[UInt32: HealthFigures]] = try site.health(windows: one.windows, view, one.folded.store)
                let alone = try one.windows.map { try site.health($0, view, one.folded.store) }
                #expect(together == alone, "health, \(one)")
            }
        }
    }

    @Test("a pass for some workers or stations gives the rows that a pass for all has", arguments: 0..<10)
    func scopes(_ block: UInt64) throws {
        for seed in 9_000 + block * 5..<9_000 + block * 5 + 5 {
            for one in try cases(seed, 3, events: 50) {
                let site = try #require(one.site)
                let view = view(one, site)
                let all = try site.figures(windows: one.windows, view, [.workers, .stations], one.folded.store)
                for worker in 0..<UInt32(site.workers.count) {
                    let alone = try site.figures(
                        windows: one.windows, view, .workers, of: .workers([worker]), one.folded.store)
                    #expect(alone.map(\.workers) == all.map { [$0.workers[Int(worker)]] }, "worker \(worker), \(one)")
                }
                let some = Array((0..<UInt32(site.workers.count)).reversed().dropFirst())
                let rows = try site.figures(windows: one.windows, view, .workers, of: .workers(some), one.folded.store)
                #expect(rows.map(\.workers) == all.map { all in some.map { all.workers[Int($0)] } }, "\(one)")
                for station in 0..<UInt32(site.stations.count) {
                    let alone = try site.figures(
                        windows: one.windows, view, .stations, of: .workstations([station]), one.folded.store)
                    #expect(
                        alone.map(\.stations) == all.map { [$0.stations[Int(station)]] }, "station \(station), \(one)")
                }
            }
        }
    }

    @Test("a pass over many windows equals a computation from scratch of each", arguments: 0..<20)
    func scratch(_ block: UInt64) throws {
        for seed in 5_000 + block * 10..<5_000 + block * 10 + 10 {
            for one in try cases(seed, 3, events: 50) {
                let site = try #require(one.site)
                let truth = one.folded.log.view(of: RandomScenario.siteID, knownAt: one.knownAt)
                let figures = try site.figures(
                    windows: one.windows, view(one, site), [.workers, .stations, .factory], one.folded.store)
                #expect(figures.count == one.windows.count)
                // Alone, workers have gaps of their own instead of those of the whole factory.
                let workers = try site.figures(windows: one.windows, view(one, site), .workers, one.folded.store)
                #expect(workers.map(\.workers) == figures.map(\.workers), "workers alone, \(one)")
                for (window, found) in zip(one.windows, figures) {
                    #expect(found.window == window)
                    let counted = OracleWindow(from: window.from, to: window.end).cut(to: window.parts)
                    #expect(counted.elapsed == window.elapsed)
                    check(found, site, truth, counted, "\(one)")
                }
            }
        }
    }

    private func check(
        _ found: SiteFigures, _ site: SiteFold, _ truth: OracleView, _ window: OracleWindow, _ comment: String
    ) {
        for (worker, wanted) in truth.allWorkers(window) {
            let got = site.workers.number(of: worker.bytes).map { found.workers[Int($0)] } ?? StateSums()
            #expect(
                [got.working, got.idle, got.absent, got.units]
                    == [wanted.working, wanted.idle, wanted.absent, wanted.units], "\(worker), \(comment)")
        }
        for (station, wanted) in truth.allWorkstations(window) {
            let got = site.stations.number(of: station.bytes).map { found.stations[Int($0)] } ?? StateSums()
            #expect(
                [got.working, got.present, got.units] == [wanted.working, wanted.present, wanted.units],
                "\(station), \(comment)")
        }
        let wanted = truth.factory(window)
        let got = found.factory
        #expect(
            [got.working, got.idle, got.absent, got.units].map { Int64($0) }
                == [wanted.working, wanted.idle, wanted.absent, wanted.units], "factory, \(comment)")
        #expect(
            [got.activeWorkers, got.activeStations] == [wanted.activeWorkers, wanted.activeWorkstations],
            "active, \(comment)")
    }

    @Test("what the buckets of a trend say adds up to what the whole window says", arguments: 0..<10)
    func buckets(_ block: UInt64) throws {
        for seed in 9_000 + block * 10..<9_000 + block * 10 + 10 {
            for one in try cases(seed, 2, events: 80) {
                let site = try #require(one.site)
                let view = view(one, site)
                guard let from = one.windows.map(\.from).min() else { continue }
                let length = [Microseconds.hour, Microseconds.day, 2_700 * Microseconds.second][Int(seed % 3)]
                let buckets = (0..<50).map { number in
                    Window(from: from + Int64(number) * length, end: from + Int64(number + 1) * length)
                }
                let whole = Window(from: from, end: from + 50 * length)
                let parts = try site.figures(windows: buckets, view, [.workers, .stations, .totals], one.folded.store)
                let sums = try site.figures(whole, view, [.workers, .stations, .totals], one.folded.store)
                func add(_ sums: [[StateSums]]) -> [[Int64]] {
                    (0..<(sums.first?.count ?? 0)).map { number in
                        sums.reduce([0, 0, 0, 0]) { total, part in
                            let part = part[number]
                            return zip(total, [part.working, part.idle, part.absent, part.units]).map { $0 + $1 }
                        }
                    }
                }
                #expect(add(parts.map(\.workers)) == add([sums.workers]), "workers, \(one)")
                #expect(add(parts.map(\.stations)) == add([sums.stations]), "stations, \(one)")
                #expect(parts.reduce(0) { $0 + $1.factory.observed } == sums.factory.observed, "factory, \(one)")
                #expect(parts.reduce(0) { $0 + $1.factory.units } == sums.factory.units, "units, \(one)")
            }
        }
    }

    @Test("no window at all has no answer, and an empty one has zeros")
    func none() throws {
        let one = try #require(try cases(1, 1, events: 20).first)
        let site = try #require(one.site)
        #expect(try site.figures(windows: [], view(one, site), .factory, one.folded.store).isEmpty)
        let empty = try site.figures(
            Window(from: 5, end: 5), view(one, site), [.workers, .stations, .factory], one.folded.store)
        #expect(empty.workers.allSatisfy { $0 == StateSums() } && empty.stations.allSatisfy { $0 == StateSums() })
        #expect(empty.factory == FactoryTotals())
    }
}
