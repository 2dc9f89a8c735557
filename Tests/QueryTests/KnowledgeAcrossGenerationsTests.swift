// Layer: oracle. A random log through the fold's threads and the store on disk, asked at random states of knowledge
// while generations are built, promoted and rolled back; every number against a recomputation from those records alone
// that were known. The seed is printed with every failure.
import Clocks
import EventLog
import EventModel
import HTTPServer
import Locks
import Observability
import Oracle
import ProjectionStore
import Projector
import SQLiteLog
import SimulationKit
import TestKit
import Testing

@testable import Query

/// A factory's log, the projector that folds it, and who answers from that.
private final class LivingPlant {
    private static let job = "job"

    let scenario: RandomScenario
    private let contents: [RecordContent]
    private let folder: TemporaryFolder
    private let log: SQLiteLog
    private let clock: ManualClock
    private let journal = Monitor<[String]>([])
    private var projector: Projector
    private var service: QueryService
    private var generator: SeededGenerator
    /// Records in the log.
    private var count = 0

    init(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        // Enough for three parts, whatever the seed.
        let scenarios = (0..<1000 as Range<UInt64>).lazy.map { number in
            RandomScenario(seed: seed &+ number, size: .init(events: 90, definitionsPercent: 25))
        }
        scenario = try #require(scenarios.first { $0.records.count >= 24 })
        contents = scenario.records.map { OracleAnswersTests.withShifts($0.content, &generator) }
        folder = try TemporaryFolder()
        log = try SQLiteLog.open(path: folder.file("log.sqlite"))
        let newest = max(scenario.knownAts.last ?? 0, 0)
        clock = ManualClock(now: Timestamp(microseconds: newest + Microseconds.day))
        self.generator = generator
        (projector, service) = try Self.start(log, folder, clock, journal)
    }

    deinit {
        service.stop()
        projector.stop()
        log.close()
    }

    private static func start(
        _ log: SQLiteLog, _ folder: TemporaryFolder, _ clock: ManualClock, _ journal: Monitor<[String]>
    ) throws -> (Projector, QueryService) {
        var configuration = ProjectorConfiguration()
        configuration.limits.commitMilliseconds = 0
        configuration.limits.readBytes = 1
        configuration.scrubHours = 0
        configuration.generationTickMilliseconds = 2
        configuration.freeBytes = { _ in nil }
        configuration.journal = Journal { event in journal.update { $0.append(event.name) } }
        let directory = GenerationDirectory(path: folder.file("projections.sqlite"))
        let projector = try Projector(log: log, generations: directory, configuration: configuration)
        projector.start()
        let service = QueryService(
            QueryService.Parts(
                projections: projector, clock: clock, authorize: { _, _ in .granted(RandomScenario.siteID) },
                registry: { _ in nil }, rejected: { _ in [] }))
        return (projector, service)
    }

    // MARK: What befalls it

    /// Appends records until the log has so many, and waits until they are folded.
    func append(upTo end: Int) throws {
        for content in contents[count..<min(end, contents.count)] {
            var payload: [UInt8] = []
            let createdAt: Timestamp
            switch content {
            case .events(let batch):
                RecordCodec.encode(batch, into: &payload)
                createdAt = batch.createdAt
            case .definition(let record):
                RecordCodec.encode(record, into: &payload)
                createdAt = record.createdAt
            case .clockSetBack(let record):
                RecordCodec.encode(record, into: &payload)
                createdAt = record.createdAt
            }
            _ = try log.append([
                NewRecord(key: RandomScenario.siteID.bytes, createdAt: createdAt, payload: payload)
            ])
            count += 1
        }
        waitForEnd()
    }

    private func waitForEnd() {
        let passed = Monitor<Bool?>(nil)
        projector.whenPassed(LogOffset(Int64(count) - 1), timeoutMilliseconds: 60_000) { isPassed in
            passed.update { $0 = isPassed }
        }
        #expect(passed.wait { $0 })
    }

    func build() throws {
        try projector.build(job: Self.job, pace: .unlimited)
        let isLevel: Void? = journal.wait(milliseconds: 60_000) { $0.contains("generation_level") ? () : nil }
        #expect(isLevel != nil)
    }

    func promote() throws { try projector.promote(job: Self.job) }

    func rollback() throws { try projector.rollback(job: Self.job) }

    func restart() throws {
        service.stop()
        projector.stop()
        (projector, service) = try Self.start(log, folder, clock, journal)
        waitForEnd()
    }

    // MARK: What it knows

    /// Asks at a random moment, over a random window, and compares with a fold of what was known then.
    func check(_ stage: String) throws {
        let known = randomMoment()
        let range = randomWindow()
        var then = OracleLog()
        for (offset, content) in contents[..<count].enumerated() where scenario.records[offset].createdAt <= known {
            then.append(content, offset: Int64(offset))
        }
        let window = OracleWindow(from: range.lowerBound, to: range.upperBound, now: known)
        let question = Asked(
            put: { try self.ask($0, $1) }, view: then.view(of: RandomScenario.siteID), window: window,
            from: range.lowerBound, to: range.upperBound, known: known)
        try question.check("\(stage), \(count) records, \(range) known at \(known)\n\(scenario)")
    }

    /// Any moment while the log grew, a while before and after; often one at which something became known.
    private func randomMoment() -> Int64 {
        let times = scenario.knownAts
        let moment =
            Bool.random(using: &generator)
            ? (times.randomElement(using: &generator) ?? 0) + Int64.random(in: -1...1, using: &generator)
            : Int64.random(
                in: (times.first ?? 0) - Microseconds.hour...(times.last ?? 0) + Microseconds.hour, using: &generator)
        return max(0, moment)
    }

    private func randomWindow() -> Range<Int64> {
        let instants = scenario.instants.filter { $0 >= 0 && $0 <= Timestamp.latest.microseconds }
        let bounds = (0..<2).map { _ in instants.randomElement(using: &generator) ?? 0 }.sorted()
        // Shifts of ten thousand years take the oracle too long.
        return bounds[0]..<min(bounds[1], bounds[0] + 366 * Microseconds.day)
    }

    private func ask(_ path: String, _ query: [(name: String, value: String)]) throws -> Answer {
        let route = try #require(service.routes.first { $0.pattern == path })
        let recorder = Recorder()
        let request = HTTPRequest(method: .get, path: path, query: query)
        if case .respond(let response) = route.serve(request, recorder) { recorder.complete(response) }
        let response = try recorder.wait()
        #expect(response.status == 200, "\(path) \(query)")
        return Answer(response: response, json: try JSONText(response.body))
    }
}

@Suite("What was known, whichever generation answers", .timeLimit(.minutes(10)))
struct KnowledgeAcrossGenerationsTests {
    @Test(
        "at 120 moments answers are those of a fold of what was known then, through promote and rollback (SPEC 7.2)"
    )
    func moments() throws {
        let plant = try LivingPlant(seed: UInt64.random(in: 0...UInt64.max))
        let third = plant.scenario.records.count / 3
        func ask(_ stage: String) throws { for _ in 0..<20 { try plant.check(stage) } }
        try plant.append(upTo: third)
        try ask("live")
        try plant.build()
        try plant.promote()
        try ask("promoted")
        try plant.append(upTo: 2 * third)
        try ask("promoted, and more came")
        try plant.rollback()
        try ask("rolled back")
        try plant.append(upTo: plant.scenario.records.count)
        try plant.promote()
        try ask("promoted again")
        try plant.restart()
        try ask("started again")
    }
}
