// Layer: differential. Readers that are used again and again, while somebody else commits between and inside their
// transactions, against the same records folded in memory alone. Catches what a reader keeps over its transaction's end.
import Clocks
import EventModel
import Figures
import ProjectionStore
import Projector
import SimulationKit
import Testing
import Timeline

@Suite("Readers that are used again (DESIGN 1.9)", .timeLimit(.minutes(10)))
struct PooledReaderTests {
    private static let site = RandomScenario.siteID
    private let workplace: Workplace
    private let store: ProjectionStore

    init() throws {
        workplace = try Workplace()
        store = try workplace.store()
    }

    private func figures(_ site: SiteFold, _ reader: any ProjectionReader, _ windows: [Window]) throws -> [NamedFigures]
    {
        try windows.map { try NamedFigures(site, $0, nil, reader) }
    }

    private func expected(_ records: some Sequence<RandomScenario.Record>, _ windows: [Window]) throws -> [NamedFigures]
    {
        let memory = try MemoryFold(Array(records))
        return try figures(try #require(memory.site), memory.projections, windows)
    }

    /// Windows of whole and broken hours about what happens in a scenario.
    private func windows(_ scenario: RandomScenario) -> [Window] {
        var random = SeededGenerator(seed: scenario.seed)
        let instants = scenario.instants
        return (0..<6).map { _ in
            let edges = [instants.randomElement(using: &random) ?? 0, instants.randomElement(using: &random) ?? 0]
            return Window(from: max(0, edges.min() ?? 0), end: max(0, edges.max() ?? 0))
        } + [Window(from: 0, end: Timestamp.latest.microseconds)]
    }

    // reader                     somebody else
    // begin, read ── same ─┐
    //                      │     commit
    //        read again ───┘
    // end
    // begin, read: what was committed
    @Test(
        "a reader sees one state from begin to end, and after the next begin what was committed since", arguments: 0..<6
    )
    func acrossCommits(_ round: Int) throws {
        let scenario = RandomScenario(
            seed: UInt64(15_000 + round), size: .init(events: round < 2 ? 600 : 80, eventsPerRecord: round < 2 ? 40 : 6)
        )
        try follow(scenario.records, windows(scenario), "seed \(scenario.seed)")
    }

    // What a reader read last is what it would show again: with several workers that is another one's page each time.
    @Test("a reader that reads one page again and again sees each commit to it")
    func onePage() throws {
        let base = 20_465 * Microseconds.day
        let events = (0..<8 as Range<Int64>).map { number in
            let event = SimulatedEvent(
                time: base + number * 7 * Microseconds.minute, worker: "W1", workstation: "S1",
                type: number % 2 == 0 ? .working : .idle)
            return RandomScenario.Record.events([event], createdAt: base + number)
        }
        // Of broken hours, so that the page itself is read.
        let window = Window(from: base + 1, end: base + 50 * Microseconds.minute)
        try follow(events, [window], "one worker")
    }

    /// Commits record after record while one reader looks on, and compares what it sees.
    private func follow(_ records: [RandomScenario.Record], _ windows: [Window], _ name: String) throws {
        var folding = try StoredFold(store)
        let reader = try store.reader()
        var changes = 0
        for (index, record) in records.enumerated() {
            let before = try reader.begin()
            let pinned = folding.fold.site(Self.site, storeGeneration: before)
            let first = try pinned.map { try figures($0, reader, windows) }
            try folding.apply(record)
            if let pinned, let first {
                #expect(try figures(pinned, reader, windows) == first, "\(name), record \(index)")
            }
            reader.end()
            let after = try reader.begin()
            #expect(after > before)
            let site = try #require(folding.fold.site(Self.site, storeGeneration: after))
            let second = try figures(site, reader, windows)
            #expect(second == (try expected(records[...index], windows)), "\(name), record \(index)")
            if second != first { changes += 1 }
            reader.end()
        }
        #expect(changes > records.count / 4, "else this says nothing")
    }

    @Test("a reader whose question took too long answers the next one")
    func afterDeadline() throws {
        let scenario = RandomScenario(seed: 15_100, size: .init(events: 60))
        var folding = try StoredFold(store)
        for record in scenario.records { try folding.apply(record) }
        let reader = try store.reader()
        let windows = windows(scenario)
        let late = try reader.begin(until: SystemClock().uptime.advanced(milliseconds: -1000), by: .system)
        let site = try #require(folding.fold.site(Self.site, storeGeneration: late))
        let error = #expect(throws: TimelineError.self) { try figures(site, reader, windows) }
        #expect(error?.code == .tooLong)
        reader.end()
        // Outside a transaction there is no deadline, and the next one brings its own.
        #expect(try figures(site, reader, windows) == (try expected(scenario.records, windows)))
        _ = try reader.begin()
        #expect(try figures(site, reader, windows) == (try expected(scenario.records, windows)))
        reader.end()
    }

    @Test("a snapshot that is held over commits does not change, and the next one from its reader does")
    func snapshots() throws {
        let scenario = RandomScenario(seed: 15_200, size: .init(events: 120))
        let windows = windows(scenario)
        let projector = try Projector(log: workplace.log, store: store, configuration: .forgetful)
        projector.start()
        defer { projector.stop() }
        var held: (snapshot: ProjectionSnapshot, figures: [NamedFigures])?
        for (index, record) in scenario.records.enumerated() {
            try workplace.append([record])
            projector.waitForEnd()
            if let held {
                #expect(
                    try figures(held.snapshot.site, held.snapshot.reader, windows) == held.figures, "record \(index)")
                held.snapshot.close()
            }
            let snapshot = try #require(try projector.snapshot(of: Self.site))
            let found = try figures(snapshot.site, snapshot.reader, windows)
            #expect(found == (try expected(scenario.records[...index], windows)), "record \(index)")
            held = (snapshot, found)
        }
        held?.snapshot.close()
    }
}
