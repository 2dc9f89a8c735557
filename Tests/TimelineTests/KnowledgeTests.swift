// Layer: differential. An answer at known_at against a fold of only the records with created_at ≤ known_at (SPEC 7.2),
// and answers while definitions derive buckets again in slices. Catches a bucket, page or definition that shows too early;
// cannot catch what the short fold gets wrong as well: the oracle does.
import EventModel
import Figures
import Oracle
import SimulationKit
import Testing

@testable import Timeline

@Suite("What is known when") struct KnowledgeTests {
    private static let base = 20_465 * Microseconds.day
    private static let siteID = RandomScenario.siteID

    @Test("an answer at known_at is that of a fold of the records known then (SPEC 7.2)", arguments: 0..<25)
    func prefixes(_ seed: UInt64) throws {
        let scenario = RandomScenario(seed: 30_000 + seed, size: .init(events: 40))
        let whole = try FoldHarness(scenario, FoldOptions(seed: seed))
        var generator = SeededGenerator(seed: seed)
        for knownAt in scenario.knownAts {
            // Offsets differ in the shorter log, but not the order of what it has.
            let known = scenario.records.filter { $0.createdAt <= knownAt }.map(\.content)
            var log = OracleLog()
            for (offset, record) in known.enumerated() { log.append(record, offset: Int64(offset)) }
            let short = try FoldHarness(known)
            var question = Question.random(for: scenario, using: &generator)
            question.knownAt = knownAt
            let left = try figures(whole, question)
            question.knownAt = nil
            #expect(try figures(short, question) == left, "\(question) at \(knownAt)\n\(scenario)")
            #expect(try FoldComparison.differences(short, log, Self.siteID, question) == [], "\(scenario)")
        }
    }

    /// Figures by id; what a fold knows of beyond is all zero.
    private func figures(_ harness: FoldHarness, _ question: Question) throws -> [String: String] {
        guard let site = harness.fold.site(Self.siteID) else { return [:] }
        let view = site.view(knownAt: question.knownAt.map { Timestamp(microseconds: $0) })
        let window = Window(from: question.from, end: question.to)
        let figures = try site.figures(window, view, [.workers, .stations, .statuses], harness.store)
        let activities = try site.lastActivities(before: window.end, view, harness.store)
        var result: [String: String] = [:]
        for number in 0..<UInt32(site.workers.count) {
            let (sums, status) = (figures.workers[Int(number)], figures.statuses[Int(number)])
            let state = status.current.map { "\($0.time) \($0.type)" } ?? "-"
            let isZero = sums == StateSums() && status.lastSeen == nil && status.current == nil
            if !isZero { result["worker \(Array(site.workers[number]))"] = "\(sums) \(state) \(status.lastSeen ?? -1)" }
        }
        for number in 0..<UInt32(site.stations.count) {
            let (sums, last) = (figures.stations[Int(number)], activities[Int(number)])
            if sums != StateSums() || last != nil {
                result["station \(Array(site.stations[number]))"] = "\(sums) \(last ?? -1)"
            }
        }
        return result
    }

    private func definition(_ workers: [String], ttl: Int64 = 0, known minutes: Int64) -> RandomScenario.Record {
        var definition = SiteDefinition(siteID: Self.siteID)
        definition.observationTTLSeconds = ttl
        definition.workers = workers.map { .init(workerID: WorkerID($0)) }
        return .definition(definition, createdAt: Self.base + minutes * Microseconds.minute)
    }

    private func event(
        _ minutes: Int64, _ type: EventType, at station: WorkstationID = "S1", known: Int64
    ) -> RandomScenario.Record {
        let event = SimulatedEvent(
            time: Self.base + minutes * Microseconds.minute, worker: "W1", workstation: station, type: type,
            confidence: 900_000, count: type == .productCount ? 1 : 0, camera: nil, modelVersion: nil, mark: .accepted)
        return .events([event], createdAt: Self.base + known * Microseconds.minute)
    }

    /// Compares at every created_at and the minutes beside it, over windows of whole and of broken hours.
    private func compareEverywhere(_ records: [RandomScenario.Record], _ options: FoldOptions = FoldOptions()) throws {
        var log = OracleLog()
        for (offset, record) in records.enumerated() { log.append(record.content, offset: Int64(offset)) }
        let harness = try FoldHarness(records.map(\.content), options)
        let knownAts: [Int64?] = [nil] + records.flatMap { [$0.createdAt - 1, $0.createdAt, $0.createdAt + 1] }
        for knownAt in knownAts {
            for (from, to) in [(0, 1440), (-60, 600), (90, 330), (120, 180)] as [(Int64, Int64)] {
                let question = Question(
                    from: Self.base + from * Microseconds.minute, to: Self.base + to * Microseconds.minute,
                    knownAt: knownAt)
                let differences = try FoldComparison.differences(harness, log, Self.siteID, question)
                #expect(differences == [], "\(question) of \(options)")
            }
        }
    }

    @Test("who does not know yet that a worker was named does not see him dropped (SPEC 3, 7.2)")
    func namedLater() throws {
        // The default ttl, so that no definition derives buckets again and hides the case.
        try compareEverywhere([
            definition(["W1"], ttl: 28_800, known: 600), definition([], ttl: 28_800, known: 180),
            event(60, .working, known: 70),
            event(400, .idle, known: 410), event(500, .absent, known: 200),
        ])
    }

    @Test("who does not know yet that a worker was named again sees him dropped (SPEC 3, 7.2)")
    func namedAgain() throws {
        try compareEverywhere([
            definition(["W1"], known: 0), event(60, .working, known: 60), definition([], known: 180),
            definition(["W1"], known: 600), event(300, .idle, known: 200), event(500, .working, known: 500),
        ])
    }

    @Test("of two definitions that drop a worker the one that is known ends him (SPEC 3, 7.2)")
    func droppedTwice() throws {
        try compareEverywhere([
            definition(["W1"], known: 0), event(60, .working, known: 60), event(550, .idle, known: 100),
            definition([], known: 480), definition([], known: 240), event(570, .absent, known: 110),
        ])
    }

    @Test("an event that goes to another station while buckets are derived again leaves no activity behind (SPEC 5.3)")
    func leavesMeanwhile() throws {
        var options = FoldOptions()
        options.slicePages = 0
        options.commitEvery = 1
        try compareEverywhere(
            [
                definition(["W1"], ttl: 3600, known: 0), event(100, .productCount, known: 410),
                definition(["W1"], ttl: 7200, known: 420), event(100, .productCount, at: "S2", known: 405),
            ], options)
    }

    @Test(
        "while buckets are derived again, in slices of any size, answers are right (DESIGN 1.7)",
        arguments: [0, 1, 2, 50])
    func slices(_ pages: Int) throws {
        var records = [definition(["W1"], ttl: 3600, known: 0)]
        for number in 0..<40 as Range<Int64> {
            let types: [EventType] = [.working, .productCount, .idle]
            records.append(event(number * 35, types[Int(number % 3)], known: number * 35))
            if number % 9 == 8 { records.append(definition(["W1"], ttl: number * 120, known: number * 35 + 1)) }
        }
        var options = FoldOptions()
        options.slicePages = pages
        options.sliceEvery = 4
        options.commitEvery = 3
        options.commitDelay = 1
        options.finishesSlices = false
        try compareEverywhere(records, options)
        let harness = try FoldHarness(records.map(\.content), options)
        // It must have been in the middle of it, else this says nothing.
        #expect(harness.recordsDuringRederiving > 0)
        try harness.finishSlices()
        #expect(!harness.fold.isRederiving)
    }

    @Test("a random fold commits, restarts and works between slices, else its tests say nothing")
    func interleaves() throws {
        var restarts = 0
        var between = 0
        for seed in 0..<60 as Range<UInt64> {
            let scenario = RandomScenario(seed: 10_000 + seed, size: .init(events: 60))
            let harness = try FoldHarness(scenario, FoldOptions(seed: 10_000 + seed))
            restarts += harness.restarts
            between += harness.recordsDuringRederiving
        }
        #expect(restarts > 20 && between > 50, "\(restarts) restarts, \(between) records between slices")
    }
}
