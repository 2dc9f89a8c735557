// Layer: differential. One set of events in every order, cut into records in every way, and a real factory's events in
// other orders and batch sizes: equal figures, equal digests (SPEC 4.5, 7.1). Catches whatever depends on arrival; cannot
// catch what is wrong in every order alike: the oracle does, on the first of them.
import Crypto
import EventModel
import Figures
import Oracle
import SimulationKit
import Testing

@testable import Timeline

@Suite("Order never shows") struct OrderTests {
    private static let base = 20_465 * Microseconds.day
    private static let siteID = RandomScenario.siteID

    /// One record of its own for every event, with a created_at that stays with the event in every order.
    private func permutable(seed: UInt64, events count: Int) -> (
        first: RandomScenario.Record, rest: [RandomScenario.Record]
    ) {
        var generator = SeededGenerator(seed: seed)
        var definition = SiteDefinition(siteID: Self.siteID)
        definition.observationTTLSeconds = generator.pick([0, 1800, 3600])
        definition.workers = [.init(workerID: "W1"), .init(workerID: "W2")]
        let rest = (0..<count).map { number in
            let type = generator.pick(EventType.allCases)
            let event = SimulatedEvent(
                time: Self.base + generator.pick(0..<5) * 25 * Microseconds.minute,
                worker: generator.pick(["W1", "W1", "W2"]), workstation: generator.pick(["S1", "S2"]), type: type,
                confidence: generator.pick([600_000, 900_000]),
                count: type == .productCount ? generator.pick(1...3) : 0,
                camera: nil, modelVersion: nil, mark: generator.chance(85) ? .accepted : .lowConfidence)
            // Distinct, so that no two events of one key leave the choice to their positions.
            let createdAt = Self.base + Microseconds.day + Int64(number) * 7
            return RandomScenario.Record.events([event], createdAt: createdAt)
        }
        return (.definition(definition, createdAt: Self.base), rest)
    }

    /// What a fold says, as text: figures of some windows, health, counts of winners, and the digest.
    private func answers(_ records: [RandomScenario.Record]) throws -> String {
        let harness = try FoldHarness(records.map(\.content))
        let site = try #require(harness.fold.site(Self.siteID))
        let view = site.view(knownAt: nil)
        var text = SHA256Digest.of(try harness.digest(Self.siteID)).hex
        for (from, end) in [(0, 90), (-60, 180), (30, 61)] as [(Int64, Int64)] {
            let window = Window(
                from: Self.base + from * Microseconds.minute, end: Self.base + end * Microseconds.minute)
            let figures = try site.figures(window, view, [.workers, .stations, .statuses], harness.store)
            for (id, number) in numbers(site.workers) {
                let status = figures.statuses[Int(number)]
                let state = status.current.map { "\($0.type) \(site.stations[site.origin($0.origin).station])" } ?? "-"
                text += "\n\(id) \(figures.workers[Int(number)]) \(state) \(status.lastSeen ?? -1)"
            }
            let activities = try site.lastActivities(before: window.end, view, harness.store)
            for (id, number) in numbers(site.stations) {
                text += "\n\(id) \(figures.stations[Int(number)]) \(activities[Int(number)] ?? -1)"
            }
        }
        return text + "\n\(site.ledger)"
    }

    private func numbers(_ interner: Interner) -> [(String, UInt32)] {
        (0..<UInt32(interner.count)).map { (String(decoding: interner[$0], as: UTF8.self), $0) }.sorted { $0.0 < $1.0 }
    }

    private func permutations<Element>(_ elements: [Element]) -> [[Element]] {
        guard let last = elements.last else { return [[]] }
        return permutations(elements.dropLast()).flatMap { shorter in
            (0...shorter.count).map { place in
                var longer = shorter
                longer.insert(last, at: place)
                return longer
            }
        }
    }

    @Test("every order of up to six events gives the same answers and digest (SPEC 4.5, 7.1)", arguments: 0..<12)
    func orders(_ seed: UInt64) throws {
        let (first, rest) = permutable(seed: seed, events: seed < 2 ? 6 : 4)
        let wanted = try answers([first] + rest)
        for order in permutations(rest) {
            let got = try answers([first] + order)
            guard got == wanted else {
                Issue.record("seed \(seed): \(order)\n\(got)\nwanted\n\(wanted)")
                return
            }
        }
    }

    @Test("every way to cut five events into records gives the same answers and digest (SPEC 4.5)", arguments: 0..<12)
    func batchings(_ seed: UInt64) throws {
        let (first, rest) = permutable(seed: 100 + seed, events: 5)
        var events = rest.flatMap { record -> [SimulatedEvent] in
            if case .events(let events, _) = record { events } else { [] }
        }
        // One created_at for all: then the first of one key wins, which no cut changes.
        let createdAt = Self.base + Microseconds.day
        for _ in 0..<3 {
            let wanted = try answers([first, .events(events, createdAt: createdAt)])
            for cuts in 0..<16 {
                var records = [first]
                var batch: [SimulatedEvent] = []
                for (place, event) in events.enumerated() {
                    batch.append(event)
                    if place == events.count - 1 || cuts & (1 << place) != 0 {
                        records.append(.events(batch, createdAt: createdAt))
                        batch = []
                    }
                }
                #expect(try answers(records) == wanted, "seed \(seed), cuts \(cuts)")
            }
            events.append(events.removeFirst())
        }
    }

    @Test("equal winners have equal digests, others have others (SPEC 7.1)", arguments: 0..<10)
    func digests(_ seed: UInt64) throws {
        var seen: [(truth: OracleView, digest: [UInt8])] = []
        for variant in 0..<8 {
            var (first, rest) = permutable(seed: 200 + seed, events: 6)
            var generator = SeededGenerator(seed: seed * 8 + UInt64(variant))
            rest.shuffle(using: &generator)
            // Half of the variants lose an event.
            if variant % 2 == 1 { rest.removeLast() }
            if variant == 7, case .definition(var definition, let createdAt) = first {
                definition.observationTTLSeconds = 60
                first = .definition(definition, createdAt: createdAt)
            }
            let records = ([first] + rest).map(\.content)
            var log = OracleLog()
            for (offset, record) in records.enumerated() { log.append(record, offset: Int64(offset)) }
            let truth = log.view(of: Self.siteID)
            let digest = try FoldHarness(records).digest(Self.siteID)
            for other in seen {
                let isEqual =
                    truth.canonicalWinners == other.truth.canonicalWinners
                    && truth.canonicalIntervals == other.truth.canonicalIntervals
                    && truth.definition == other.truth.definition
                #expect(
                    (SHA256Digest.of(digest) == SHA256Digest.of(other.digest)) == isEqual, "seed \(seed), \(variant)")
            }
            seen.append((truth, digest))
        }
    }
}
