// Layer: oracle. Sites whose states hold for up to 366 days (SPEC 3): every figure against the oracle, and that neither an
// event nor a definition costs more for that. Catches hours that a long interval brings or takes wrongly, and whatever
// grows with its length; cannot catch what only hours in buckets get wrong: `OracleComparisonTests` have those.
import EventModel
import Figures
import Oracle
import SimulationKit
import Testing

@testable import Timeline

/// A log in which events of a few workers lie days to years apart, and which is told from both ends at once.
private struct LongStory {
    var records: [RecordContent] = []
    var log = OracleLog()
    private var generator: SeededGenerator
    private var createdAt: Int64
    private static let workers: [WorkerID] = ["W1", "W2", "W3"]
    private static let stations: [WorkstationID] = ["S1", "S2"]
    private static let start: Int64 = 14_610 * Microseconds.day
    private static let days: Int64 = 8 * 366

    init(seed: UInt64, records count: Int) {
        generator = SeededGenerator(seed: seed)
        createdAt = Self.start
        let isOrdered = generator.chance(80)
        let changesRules = generator.chance(30)
        let changesPeople = generator.chance(50)
        define(Self.workers, ttl: 0)
        for number in 0..<count {
            // Within the events, so that who is dropped loses some, and not in the order of the log.
            let isDefinition = number > 0 && generator.chance(15) && (changesRules || changesPeople)
            // Definitions that are not in the order of the log keep questions about the past from using hours.
            let skew: Int64 = isDefinition && isOrdered ? 0 : generator.pick(-25...25)
            createdAt = Self.start + (Self.days / 2 + Int64(number) * 10 + skew) * Microseconds.day
            if isDefinition {
                let named = changesPeople ? Self.workers.filter { _ in generator.chance(60) } : Self.workers
                define(named, ttl: changesRules ? generator.pick([0, 28_800, 90_000]) : 0)
            } else {
                append((0..<generator.pick(1...3)).map { _ in event(isLate: number % 2 == 1) })
            }
        }
    }

    private mutating func define(_ workers: [WorkerID], ttl: Int64) {
        var definition = SiteDefinition(siteID: RandomScenario.siteID)
        definition.observationTTLSeconds = ttl
        definition.timeZone = generator.chance(20) ? "Asia/Kolkata" : "UTC"
        definition.workers = workers.map { .init(workerID: $0) }
        add(.definition(DefinitionRecord(definition: definition, createdAt: Timestamp(microseconds: createdAt))))
    }

    private mutating func append(_ events: [SimulatedEvent]) {
        add(.events(EventBatch(events, siteID: RandomScenario.siteID, createdAt: createdAt)))
    }

    private mutating func add(_ content: RecordContent) {
        log.append(content, offset: Int64(records.count))
        records.append(content)
    }

    /// From both ends towards the middle, with some of a day that has events already.
    private mutating func event(isLate: Bool) -> SimulatedEvent {
        let far = generator.pick(0...Self.days / 2)
        let day = generator.chance(25) ? generator.pick([3, 400, 401]) : isLate ? far : Self.days - far
        let minute: Int64 = generator.pick([0, 6, 7, 18, 23]) * 60 + generator.pick([0, 0, 15, 30, 59])
        let time: Int64 = Self.start + day * Microseconds.day + minute * Microseconds.minute
        let type = generator.pick(EventType.allCases)
        return SimulatedEvent(
            time: time,
            worker: generator.pick(Self.workers), workstation: generator.pick(Self.stations), type: type,
            confidence: 900_000, count: type == .productCount ? 2 : 0, camera: nil, modelVersion: nil, mark: .accepted)
    }

    /// Windows of hours to years around the events, known now or then.
    mutating func question() -> Question {
        let day = generator.pick([generator.pick(0...Self.days), 3, 400, 401])
        let from = Self.start + day * Microseconds.day + generator.pick(-9...9) * 20 * Microseconds.minute
        let length = generator.pick([1, 5, 24, 200, 5000, 40_000]) * Microseconds.hour + generator.pick([0, 0, 7])
        let knownAt: Int64? = generator.chance(50) ? nil : generator.pick(log.knownAts) + generator.pick([0, 0, -1])
        return Question(from: from, to: from + length, knownAt: knownAt)
    }
}

extension OracleLog {
    fileprivate var knownAts: [Int64] {
        Set(events.map(\.createdAt) + definitions.map(\.createdAt)).sorted()
    }
}

@Suite("States that hold for a year") struct LongIntervalTests {
    @Test("figures are the oracle's, late and early events alternating (SPEC 4.3, 4.5, 5, 7.2)", arguments: 0..<24)
    func figures(_ seed: UInt64) throws {
        var story = LongStory(seed: seed, records: 40)
        let options = FoldOptions(seed: seed)
        let harness = try FoldHarness(story.records, options)
        for number in 0..<24 {
            if number == 12 { harness.leaveCommitInFlight() }
            let question = story.question()
            let differences = try FoldComparison.differences(harness, story.log, RandomScenario.siteID, question)
            guard differences.isEmpty else {
                Issue.record("\(question)\n\(differences.joined(separator: "\n"))\noptions: \(options), seed \(seed)")
                return
            }
        }
    }

    @Test("what ends a long interval is not known before it was admitted (SPEC 5.1, 7.2)", arguments: 0..<6)
    func unknownEnds(_ order: Int) throws {
        // Day and created_at of three states; the last one is open.
        let states: [(day: Int64, known: Int64)] = [(0, 1), (100, 5), (300, 10)]
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
        var definition = SiteDefinition(siteID: RandomScenario.siteID)
        definition.observationTTLSeconds = 0
        var records: [RecordContent] = [
            .definition(DefinitionRecord(definition: definition, createdAt: Timestamp(microseconds: 0)))
        ]
        for state in orders[order] {
            let event = SimulatedEvent(
                time: states[state].day * Microseconds.day + 5, worker: "W1", workstation: "S1",
                type: state == 1 ? .working : .idle, confidence: 900_000, count: 0, camera: nil, modelVersion: nil,
                mark: .accepted)
            records.append(.events(EventBatch([event], siteID: RandomScenario.siteID, createdAt: states[state].known)))
        }
        var log = OracleLog()
        for (offset, record) in records.enumerated() { log.append(record, offset: Int64(offset)) }
        let harness = try FoldHarness(records)
        for knownAt in 0...11 as ClosedRange<Int64> {
            let question = Question(from: 10 * Microseconds.day, to: 350 * Microseconds.day, knownAt: knownAt)
            let differences = try FoldComparison.differences(harness, log, RandomScenario.siteID, question)
            #expect(differences.isEmpty, "\(question)")
        }
    }

    /// A fold of one site with a ttl, whose events come one per record.
    private struct Rig {
        var fold = PartitionFold()
        let store = MemoryProjections()
        var largest = 0
        var total = 0

        mutating func define(ttl: Int64, workers: Int = 0) throws {
            var definition = SiteDefinition(siteID: "site")
            definition.observationTTLSeconds = ttl
            definition.workers = (0..<workers).map { .init(workerID: WorkerID("W\($0)")) }
            let record = DefinitionRecord(definition: definition, createdAt: Timestamp(microseconds: 1))
            try fold.apply(record, offset: fold.nextOffset, hourOffset: 0, pages: store)
        }

        mutating func add(_ worker: Int, _ hour: Int64) throws {
            let event = SimulatedEvent(
                time: hour * Microseconds.hour + 1, worker: WorkerID("W\(worker)"), workstation: "S1", type: .idle,
                confidence: 900_000, count: 0, camera: nil, modelVersion: nil, mark: .accepted)
            let batch = EventBatch([event], siteID: "site", createdAt: 2)
            try fold.apply(batch, offset: fold.nextOffset, pages: store)
        }

        /// Commits, and counts the rows of hours and stays.
        mutating func commit() {
            fold.commit { set in
                let rows = set.sites.reduce(0) { $0 + $1.hours.count + $1.stays.count }
                largest = max(largest, rows)
                total += rows
                store.apply(set)
            }
        }
    }

    @Test("an event costs a bounded number of rows, whatever the ttl (SPEC 3)", arguments: [28_800, 0] as [Int64])
    func rowsPerEvent(_ ttl: Int64) throws {
        var rig = Rig()
        try rig.define(ttl: ttl)
        rig.commit()
        // Towards the middle of eight years from both ends, then between all of these.
        var hours: [Int64] = []
        for step in 0..<40 as Range<Int64> { hours += [step * 880, 70_272 - step * 880] }
        for step in 0..<40 as Range<Int64> { hours.append(step * 1757 + 5) }
        for hour in hours {
            try rig.add(0, 300_000 + hour)
            rig.commit()
        }
        // Two ends of intervals with the hours of three entities each, and the stays of three intervals.
        #expect(rig.largest <= 2 * 3 * Int(Stay.hoursMinimum + 2) + 3)
        #expect(rig.total <= 60 * hours.count)
    }

    @Test(
        "300 workers idle once a year for eight years cost a few rows each, after a restart of the rules too (SPEC 3)")
    func idleYears() throws {
        var rig = Rig()
        try rig.define(ttl: 0, workers: 300)
        let years = 8
        for year in 0..<Int64(years) { for worker in 0..<300 { try rig.add(worker, 300_000 + year * 8760) } }
        #expect(rig.fold.backlog.rows < 8 * 300 * years)
        rig.commit()
        #expect(rig.total < 8 * 300 * years)

        // A new ttl derives all hours again, within the same bounds.
        for ttl in [31_000_000, 0] as [Int64] {
            (rig.largest, rig.total) = (0, 0)
            try rig.define(ttl: ttl, workers: 300)
            while rig.fold.isRederiving {
                try rig.fold.rederive(pageLimit: 16, pages: rig.store)
                rig.commit()
            }
            #expect(rig.largest < 8 * 32 * years && rig.total < 8 * 300 * years)
        }
        let site = try #require(rig.fold.site("site"))
        let from = 300_000 * Microseconds.hour
        let figures = try site.figures(
            Window(from: from, end: from + 7 * 8760 * Microseconds.hour), site.view(knownAt: nil), .factory, rig.store)
        #expect(figures.factory.idle == 300 * (Int128(7 * 8760 * Microseconds.hour) - 1))
        #expect(figures.factory.activeWorkers == 300 && figures.factory.activeStations == 1)
    }

    @Test("dropping and naming workers again moves long intervals as a whole (SPEC 3)")
    func dropped() throws {
        var rig = Rig()
        try rig.define(ttl: 0, workers: 50)
        for year in 0..<Int64(4) { for worker in 0..<50 { try rig.add(worker, year * 8760 + 20) } }
        rig.commit()
        for workers in [0, 50, 0] {
            rig.largest = 0
            try rig.define(ttl: 0, workers: workers)
            rig.commit()
            #expect(rig.largest <= 50 * 4 * 20)
        }
    }
}
