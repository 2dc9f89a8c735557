// Layer: oracle. Fixed cases of what random logs hit once in hundreds: each is a fold that commits, forgets its pages and
// starts again from its store, asked at every state of knowledge. Cannot catch what needs more than a handful of events.
import EventModel
import Oracle
import SimulationKit
import Testing

@testable import Timeline

@Suite("Narrow cases") struct NarrowCasesTests {
    /// 2026-01-31, so that the next page begins after 24 hours: none crosses a month.
    private static let base = 20_484 * Microseconds.day
    private static let siteID = RandomScenario.siteID
    private static let day: Int64 = 1440

    /// Everything stays in memory; everything leaves it; and each record is folded by a new life.
    private static let lives: [FoldOptions] = {
        var forgetful = FoldOptions()
        forgetful.commitEvery = 1
        forgetful.evicts = true
        var restarting = forgetful
        restarting.restartEvery = 1
        return [FoldOptions(), forgetful, restarting]
    }()

    private func definition(ttl: Int64, known minutes: Int64) -> RandomScenario.Record {
        var definition = SiteDefinition(siteID: Self.siteID)
        definition.observationTTLSeconds = ttl
        definition.workers = [.init(workerID: "W1")]
        return .definition(definition, createdAt: Self.base + minutes * Microseconds.minute)
    }

    private func event(
        _ minutes: Int64, _ type: EventType, at station: WorkstationID = "S1", units: UInt32 = 1, known: Int64
    ) -> RandomScenario.Record {
        let event = SimulatedEvent(
            time: Self.base + minutes * Microseconds.minute, worker: "W1", workstation: station, type: type,
            confidence: 900_000, count: type == .productCount ? units : 0, camera: nil, modelVersion: nil,
            mark: .accepted)
        return .events([event], createdAt: Self.base + known * Microseconds.minute)
    }

    /// Compares with the oracle, now and at every created_at and beside it, over whole and broken hours.
    private func compare(_ records: [RandomScenario.Record], windows: [(from: Int64, to: Int64)]) throws {
        var log = OracleLog()
        for (offset, record) in records.enumerated() { log.append(record.content, offset: Int64(offset)) }
        let knownAts: [Int64?] = [nil] + records.flatMap { [$0.createdAt - 1, $0.createdAt, $0.createdAt + 1] }
        for life in Self.lives {
            let harness = try FoldHarness(records.map(\.content), life)
            #expect(life.restartEvery == 0 || harness.restarts == records.count)
            for knownAt in knownAts {
                for (from, to) in windows {
                    let question = Question(
                        from: Self.base + from * Microseconds.minute, to: Self.base + to * Microseconds.minute,
                        knownAt: knownAt)
                    let differences = try FoldComparison.differences(harness, log, Self.siteID, question)
                    #expect(differences == [], "\(question) of \(life)")
                }
            }
        }
    }

    // January 31             February 1                March 1
    // 23:00 working ───────▶ 00:30 count (no state) ─▶ count (no state)
    //       23:30 idle comes late: it holds in both pages after its own
    @Test("a late event before a page without states holds in that page and in those after it (SPEC 4.5)")
    func lateBeforePages() throws {
        let march = 29 * Self.day
        try compare(
            [
                definition(ttl: 0, known: 0), event(23 * 60, .working, known: 23 * 60),
                event(Self.day + 30, .productCount, known: Self.day + 30),
                event(march + 30, .productCount, known: march + 30),
                event(23 * 60 + 30, .idle, at: "S2", known: march + 60),
            ],
            windows: [
                (Self.day, Self.day + 60), (Self.day + 10, Self.day + 50), (march, march + 60),
                (march + 40, march + 90), (0, march + 120),
            ])
    }

    @Test("a late event before a page that begins with a count ends at that page's first state (SPEC 4.3)")
    func lateBeforeState() throws {
        try compare(
            [
                definition(ttl: 0, known: 0), event(23 * 60, .working, known: 23 * 60),
                event(Self.day + 30, .productCount, known: Self.day + 30),
                event(Self.day + 90, .absent, known: Self.day + 90),
                event(23 * 60 + 30, .idle, known: Self.day + 100), event(23 * 60 + 45, .working, known: Self.day + 110),
            ], windows: [(Self.day, Self.day + 60), (23 * 60, Self.day + 120), (Self.day + 60, Self.day + 180)])
    }

    @Test("a late winner of the last state before a page holds in it, and the loser no more (SPEC 2.6)")
    func replacedBeforePage() throws {
        try compare(
            [
                definition(ttl: 0, known: 0), event(23 * 60, .working, known: 3000),
                event(Self.day + 30, .productCount, known: 3010), event(23 * 60, .working, at: "S2", known: 2990),
            ], windows: [(Self.day, Self.day + 60), (Self.day + 10, Self.day + 40), (0, Self.day + 120)])
    }

    @Test("a late event into a full page is found again in the half that it went to (DESIGN 1.6)")
    func lateIntoFullPage() throws {
        let types: [EventType] = [.working, .productCount, .productCount, .productCount, .idle]
        var records = [definition(ttl: 0, known: 0)]
        // More than one page holds, in one month.
        for number in 0..<140 as Range<Int64> {
            records.append(event(number * 2, types[Int(number % 5)], known: number * 2))
        }
        records += [
            event(21, .absent, known: 400), event(263, .working, at: "S2", known: 401),
            event(1, .idle, known: 402),
        ]
        var log = OracleLog()
        for (offset, record) in records.enumerated() { log.append(record.content, offset: Int64(offset)) }
        for life in Self.lives {
            let harness = try FoldHarness(records.map(\.content), life)
            for (from, to) in [(0, 60), (10, 25), (60, 300), (250, 270)] as [(Int64, Int64)] {
                let question = Question(
                    from: Self.base + from * Microseconds.minute, to: Self.base + to * Microseconds.minute,
                    knownAt: nil)
                let differences = try FoldComparison.differences(harness, log, Self.siteID, question)
                #expect(differences == [], "\(question) of \(life)")
            }
        }
    }

    // created_at does not rise with the position: the owner of the interval is the last to be known.
    @Test("an hour derived again is not used where the event that owns its interval is not known yet (SPEC 7.2)")
    func rederivedOwner() throws {
        try compare(
            [
                definition(ttl: 7200, known: 0), event(60, .working, known: 500), event(120, .idle, known: 130),
                definition(ttl: 10_800, known: 200),
            ], windows: [(60, 120), (0, 240), (60, 180), (70, 110)])
    }

    @Test("an hour derived again is not used where the event that ends its interval is not known yet (SPEC 7.2)")
    func rederivedEnd() throws {
        try compare(
            [
                definition(ttl: 7200, known: 0), event(60, .working, known: 70), event(120, .idle, known: 500),
                event(130, .productCount, units: 3, known: 510), definition(ttl: 10_800, known: 200),
            ], windows: [(60, 120), (0, 240), (120, 180), (70, 110)])
    }

    @Test("units go to the station of an equal count that wins later, while no definition changes (SPEC 2.6, 5.3)")
    func equalCountElsewhere() throws {
        try compare(
            [
                definition(ttl: 3600, known: 0), event(100, .productCount, known: 410),
                event(100, .productCount, at: "S2", known: 405),
            ], windows: [(60, 120), (90, 110), (0, 240)])
    }

    @Test("units change by the difference where the winner counts others at the same station (SPEC 2.6)")
    func otherCountHere() throws {
        try compare(
            [
                definition(ttl: 3600, known: 0), event(100, .productCount, units: 7, known: 410),
                event(100, .productCount, units: 3, known: 405), event(100, .productCount, units: 3, known: 400),
            ], windows: [(60, 120), (90, 110), (0, 240)])
    }

    @Test("an equal state that wins later moves its interval to its station (SPEC 2.6, 4.2)")
    func equalStateElsewhere() throws {
        try compare(
            [
                definition(ttl: 0, known: 0), event(60, .working, known: 410), event(180, .absent, known: 411),
                event(60, .working, at: "S2", known: 405),
            ], windows: [(60, 120), (90, 150), (0, 240)])
    }

    @Test("after a restart a station's last activity is not the event that left it for another (SPEC 5.3)")
    func activityThatLeft() throws {
        try compare(
            [
                definition(ttl: 0, known: 0), event(40, .productCount, known: 400),
                event(100, .productCount, known: 410), event(100, .productCount, at: "S2", known: 405),
                // One more record, so that the last life is one that was restored.
                event(20, .productCount, at: "S3", known: 420),
            ], windows: [(0, 60), (0, 120), (0, 240), (110, 180)])
    }

    @Test("a station whose only event left has no last activity, before and after a restart (SPEC 5.3)")
    func onlyActivityLeft() throws {
        try compare(
            [
                definition(ttl: 0, known: 0), event(100, .working, known: 410),
                event(100, .working, at: "S2", known: 405), event(30, .productCount, at: "S3", known: 420),
            ], windows: [(0, 60), (0, 120), (0, 240), (110, 180)])
    }
}
