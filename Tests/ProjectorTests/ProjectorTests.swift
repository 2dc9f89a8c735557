import EventLog
import EventModel
import Figures
import Foundation
import ProjectionStore
import Projector
import SQLiteLog
import SimulationKit
import Testing
import Timeline

// Differential tests: the fold with its store, restarts and evictions against the same records folded in memory alone.
// They catch what the store, the commits or the threads lose or count twice; that the fold itself is right is shown
// against the oracle elsewhere.

@Suite("Projector: the store and the memory fold agree")
struct ProjectorTests {
    @Test("restarts and evictions change no figure (SPEC 7.1)", arguments: 0..<12)
    func restarts(round: Int) throws {
        let seed = UInt64(9_000 + round)
        var random = SeededGenerator(seed: seed)
        // A third of them large enough that lines have many pages.
        let events = round % 3 == 0 ? 3000 : 300
        let scenario = RandomScenario(seed: seed, size: .init(events: events, workers: 3, eventsPerRecord: 40))
        let workplace = try Workplace()
        var rest = scenario.records[...]
        while !rest.isEmpty {
            let count = min(rest.count, Int.random(in: 1...40, using: &random))
            try workplace.append(rest.prefix(count))
            rest = rest.dropFirst(count)
            try workplace.foldToEnd(.forgetful)
        }
        try compare(workplace, scenario, &random)
    }

    private func compare(
        _ workplace: Workplace, _ scenario: RandomScenario, _ random: inout SeededGenerator
    ) throws {
        let memory = try MemoryFold(scenario.records)
        let expected = try #require(memory.site)
        let projector = try Projector(log: workplace.log, store: try workplace.store(), configuration: .forgetful)
        projector.start()
        defer { projector.stop() }
        while try #require(try projector.snapshot(of: RandomScenario.siteID)).site.isRederiving {}
        let snapshot = try #require(try projector.snapshot(of: RandomScenario.siteID))
        defer { snapshot.close() }
        #expect(snapshot.site.ledger == expected.ledger, "seed \(scenario.seed)")
        let instants = scenario.instants
        for _ in 0..<20 {
            let edges = [instants.randomElement(using: &random) ?? 0, instants.randomElement(using: &random) ?? 0]
            let window = Window(from: max(0, edges.min() ?? 0), end: max(0, edges.max() ?? 0))
            let knownAt = Bool.random(using: &random) ? nil : scenario.knownAts.randomElement(using: &random)
            let known = knownAt.map { Timestamp(microseconds: $0) }
            let found = try NamedFigures(snapshot.site, window, known, snapshot.reader)
            let wanted = try NamedFigures(expected, window, known, memory.projections)
            #expect(found == wanted, "seed \(scenario.seed), \(window), known at \(String(describing: knownAt))")
        }
    }

    @Test("equal winners give equal digests, from a running store, a stopped one and the log alone (SPEC 7.1, 8.4)")
    func digests() throws {
        let scenario = RandomScenario(seed: 77, size: .init(events: 300))
        let workplace = try Workplace()
        try workplace.append(scenario.records)
        let fromLog = try SiteDigest.compute(site: RandomScenario.siteID, log: workplace.log, storePath: nil)
        let projector = try Projector(log: workplace.log, store: try workplace.store(), configuration: .forgetful)
        projector.start()
        let running = try SiteDigest.compute(
            site: RandomScenario.siteID, log: workplace.log, storePath: workplace.storePath)
        projector.waitForEnd()
        projector.stop()
        let stopped = try SiteDigest.compute(
            site: RandomScenario.siteID, log: workplace.log, storePath: workplace.storePath)
        #expect(fromLog?.count == 64)
        #expect(running == fromLog)
        #expect(stopped == fromLog)
        #expect(try SiteDigest.compute(site: "nobody", log: workplace.log, storePath: nil) == nil)
    }

    @Test("a snapshot taken while commits run counts every folded event once (SPEC 5.8)")
    func snapshotsDuringCommits() throws {
        let workplace = try Workplace()
        let shape = LoadShape(workers: 20, workstations: 5, start: Timestamp(microseconds: 1_000_000_000_000))
        var load = LoadBatches(shape)
        var batch = EventBatch(siteID: shape.siteID)
        var configuration = ProjectorConfiguration.forgetful
        configuration.limits.memory.tailBytes = 1 << 20
        let projector = try Projector(log: workplace.log, store: try workplace.store(), configuration: configuration)
        projector.start()
        defer { projector.stop() }
        var snapshots = 0
        for request in 0..<300 {
            load.fill(&batch, request: request)
            for event in 0..<batch.count {
                batch.types[event] = .productCount
                batch.counts[event] = 1
            }
            var payload: [UInt8] = []
            RecordCodec.encode(batch, into: &payload)
            _ = try workplace.log.append([
                NewRecord(key: shape.siteID.bytes, createdAt: batch.createdAt, payload: payload)
            ])
            guard let snapshot = try projector.snapshot(of: shape.siteID) else { continue }
            snapshots += 1
            let window = Window(from: 0, end: Timestamp.latest.microseconds)
            let view = snapshot.site.view(knownAt: nil)
            let figures = try snapshot.site.figures(window, view, [.totals, .stations], snapshot.reader)
            #expect(figures.factory.units == snapshot.site.ledger.folded)
            #expect(figures.stations.reduce(0) { $0 + $1.units } == snapshot.site.ledger.folded)
            snapshot.close()
        }
        #expect(snapshots > 0)
        #expect(projector.failure == nil)
    }

    @Test("a wait ends when the offset is folded, at its timeout, and when the fold stops (SPEC 8.3)")
    func waiting() throws {
        let workplace = try Workplace()
        let scenario = RandomScenario(seed: 5, size: .init(events: 20))
        let projector = try Projector(log: workplace.log, store: try workplace.store())
        projector.start()
        let answers = Answers()
        projector.whenPassed(LogOffset(0), timeoutMilliseconds: 60_000) { answers.add("first", $0) }
        try workplace.append(scenario.records.prefix(1))
        answers.wait(for: 1)
        projector.whenPassed(LogOffset(0), timeoutMilliseconds: 0) { answers.add("again", $0) }
        answers.wait(for: 2)
        projector.whenPassed(LogOffset(1_000), timeoutMilliseconds: 0) { answers.add("timeout", $0) }
        answers.wait(for: 3)
        projector.whenPassed(LogOffset(1_000), timeoutMilliseconds: 60_000) { answers.add("stopped", $0) }
        projector.stop()
        answers.wait(for: 4)
        #expect(answers.all == ["first": true, "again": true, "timeout": false, "stopped": false])
    }

    @Test("a question that reads the store for too long is given up (DESIGN 1.9)")
    func longQuestion() throws {
        let workplace = try Workplace()
        try workplace.append(RandomScenario(seed: 8, size: .init(events: 100)).records)
        try workplace.foldToEnd(.forgetful)
        var configuration = ProjectorConfiguration.forgetful
        configuration.questionMilliseconds = -1
        let projector = try Projector(log: workplace.log, store: try workplace.store(), configuration: configuration)
        let snapshot = try #require(try projector.snapshot(of: RandomScenario.siteID))
        defer { snapshot.close() }
        let window = Window(from: 0, end: Timestamp.latest.microseconds)
        let error = #expect(throws: TimelineError.self) {
            try snapshot.site.figures(window, snapshot.site.view(knownAt: nil), .workers, snapshot.reader)
        }
        #expect(error?.code == .tooLong)
    }

    @Test("projections of another log are refused, and stay as they are (DESIGN 1.11)")
    func otherLog() throws {
        let workplace = try Workplace()
        let scenario = RandomScenario(seed: 6, size: .init(events: 50))
        try workplace.append(scenario.records)
        try workplace.foldToEnd(.forgetful)
        let position = try workplace.store().load().nextOffset
        let error = #expect(throws: StoreError.self) {
            try ProjectionStore.open(path: workplace.storePath, logEpoch: Array(repeating: 7, count: 16))
        }
        #expect(error?.code == .other)
        #expect(try workplace.store().load().nextOffset == position)
    }

    @Test("a log that ends before the projections is refused with what to do")
    func shorterLog() throws {
        let workplace = try Workplace()
        let scenario = RandomScenario(seed: 6, size: .init(events: 50))
        try workplace.append(scenario.records)
        try workplace.foldToEnd(.forgetful)
        let store = try workplace.store()
        let empty = InMemoryLog(partitionCount: 1)
        #expect(throws: ProjectorError.self) { try Projector(log: empty, store: store) }
    }
}

/// Collects the results of waits, from any thread.
private final class Answers: @unchecked Sendable {
    // Unchecked: guarded by `lock`.
    private let lock = NSLock()
    private let added = DispatchSemaphore(value: 0)
    private var answers: [String: Bool] = [:]

    func add(_ name: String, _ answer: Bool) {
        lock.withLock { answers[name] = answer }
        added.signal()
    }

    func wait(for count: Int) { while lock.withLock({ answers.count }) < count { added.wait() } }

    var all: [String: Bool] { lock.withLock { answers } }
}
