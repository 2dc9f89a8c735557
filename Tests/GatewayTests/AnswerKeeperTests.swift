// Layer: keeper and routes. What becomes of answers when the clock, the log or the file is not as it should be (SPEC 2.5).
import Clocks
import EventLog
import EventModel
import HTTPServer
import Locks
import Observability
import SQLite
import TestKit
import Testing

@testable import Gateway

@Suite("Answers to Idempotency-Keys when something fails")
final class AnswerKeeperTests: Sendable {
    private let start = Timestamp(microseconds: 1_768_219_200_000_000)
    private let partition = PartitionIndex(0)
    private let folder: TemporaryFolder
    private let log = InMemoryLog()
    private let events = Guarded<[JournalEvent]>([])

    init() throws { folder = try TemporaryFolder() }

    private var journal: Journal { Journal { [self] event in events.withLock { $0.append(event) } } }
    private var names: [String] { events.withLock { $0.map(\.name) } }

    private func claim(_ number: Int, owner: UInt8 = 1) -> IdempotencyClaim {
        IdempotencyClaim(
            apiKeyID: [owner], path: [2], key: Array("\(number)".utf8), bodyHash: .of(Array("\(number)".utf8)))
    }

    /// The answer to the record at the offset `number`.
    private func answer(_ number: Int) -> KeptAnswer {
        KeptAnswer(
            claim(number), VerdictRuns([.accepted]), createdAt: start,
            position: RecordPosition(partition: partition, offset: LogOffset(Int64(number))))
    }

    /// Appends the records of as many named requests.
    private func fill(_ count: Int) throws {
        for number in 0..<count {
            var batch = EventBatch(siteID: "plant", createdAt: start)
            batch.idempotency = claim(number).record(VerdictRuns([.accepted]))
            var payload: [UInt8] = []
            RecordCodec.encode(batch, into: &payload)
            _ = try log.append([NewRecord(key: batch.siteID.bytes, createdAt: start, payload: payload)])
        }
    }

    private func keeper() throws -> AnswerKeeper {
        let file = try AnswerFile(path: folder.file("answers.sqlite"), epoch: log.epoch, ends: [:])
        return AnswerKeeper(file, journal: journal)
    }

    /// Reads the log as a start does.
    private func read(
        _ keeper: AnswerKeeper, from log: any EventLog, milliseconds: Int = 10_000,
        clock: any ProcessClock = ManualClock()
    ) throws {
        _ = try LogTail(
            log, now: start, bounds: LogTail.Bounds(milliseconds: milliseconds),
            budget: WindowBudget(keysMaximum: 1 << 10, partitionCount: 1), answers: keeper, clock: clock,
            journal: journal)
    }

    /// Expects a start to find all answers in the file and in the log.
    private func expectAnswers(_ count: Int) throws {
        let keeper = try keeper()
        try read(keeper, from: log)
        for number in 0..<count {
            let outcome = keeper.begin(claim(number), now: start)
            #expect(outcome == .answered(answer(number)))
        }
        keeper.stop()
    }

    /// The file's table of answers goes, or comes back.
    private func rename(_ table: String, to name: String) throws {
        let options = ConnectionOptions(mode: .writer, checksPages: true)
        try Connection(path: folder.file("answers.sqlite"), options).execute("ALTER TABLE \(table) RENAME TO \(name)")
    }

    // MARK: The clock

    private func post(_ harness: GatewayHarness, _ number: Int, key: String? = nil) -> HTTPResponse {
        harness.send(
            .post, "/api/events/batch?site_id=plant",
            body: "[\(eventJSON(["timestamp": "\"2026-01-12T06:00:00.\(100_000 + number)Z\""]))]", key: key,
            headers: ["Idempotency-Key": "k\(number)"])
    }

    @Test("a request while the clock is a day and a half ahead takes no answer out of the file (SPEC 2.5)")
    func jumpWithFile() throws {
        let harness = try GatewayHarness(keepsAnswers: true)
        try harness.define()
        let first = post(harness, 0)
        harness.gateway.admission.answers.write()
        harness.clock.set(harness.clock.now + 36 * Microseconds.hour)
        let ahead = post(harness, 1)
        #expect(ahead["created_at"] == harness.clock.now.formatted)
        harness.gateway.admission.answers.write()
        harness.clock.set(harness.clock.now - 36 * Microseconds.hour)
        #expect(first["success_count"] == "1" && post(harness, 0).body == first.body)
        harness.gateway.stop()
    }

    @Test("where memory is full of answers of a clock that is ahead, those of other API keys stay (SPEC 2.5)")
    func jumpInMemory() {
        var table = IdempotencyTable(bytesMaximum: 100 * (IdempotencyTable.entryBytes + 4))
        func ask(_ claim: IdempotencyClaim, createdAt: Timestamp) -> KeptAnswer {
            let begun = table.begin(claim, now: start)
            #expect(begun == .claimed)
            let answer = KeptAnswer(claim, VerdictRuns([.accepted]), createdAt: createdAt)
            table.finish(claim, answer)
            return answer
        }
        let before = ask(claim(0), createdAt: start)
        for number in 0..<200 { _ = ask(claim(number, owner: 2), createdAt: start + 36 * Microseconds.hour) }
        #expect(table.count <= 100)
        let again = table.begin(claim(0), now: start)
        #expect(again == .answered(before))
    }

    // MARK: The log

    @Test("answers that a start could not read are read by the next one, whatever was appended between (SPEC 2.5)")
    func unreadable() throws {
        let plant = SharedPlant(partitionCount: 1)
        let first = try plant.gateway()
        try first.define()
        let answers = (0..<3).map { post(first, $0) }
        first.gateway.stop()
        plant.log.failReads(with: LogError(.unavailable, "no broker"))
        func restart() throws -> GatewayHarness {
            try GatewayHarness(
                log: plant.log, topics: plant.inner, clock: plant.clock, folder: folder, keepsAnswers: true)
        }
        let second = try restart()
        plant.log.failReads(with: nil)
        #expect(second.events.withLock { $0.map(\.name) }.contains("answers_incomplete"))
        #expect(post(second, 3, key: first.adminKey)["success_count"] == "1")
        second.gateway.stop()
        let third = try restart()
        for (number, answer) in answers.enumerated() {
            #expect(answer["success_count"] == "1" && post(third, number, key: first.adminKey).body == answer.body)
        }
        third.gateway.stop()
    }

    @Test(
        "a start whose time is up before or amid the records says so, and the next one reads what is left (SPEC 2.5)",
        arguments: [0, 6])
    func timeIsUp(milliseconds: Int) throws {
        try fill(20)
        let keeper = try keeper()
        try read(
            keeper, from: WrappedLog(log, readsSingly: true), milliseconds: milliseconds,
            clock: SteppingClock(start, uptimeMilliseconds: 1))
        #expect(names == ["answers_incomplete"])
        // As after an append.
        keeper.settled(partition, next: LogOffset(20))
        keeper.stop()
        try expectAnswers(20)
        #expect(names == ["answers_incomplete"])
    }

    @Test("a start whose time is up at once misses nothing that the file knows (SPEC 2.5)")
    func timeIsUpButKnown() throws {
        try fill(20)
        try expectAnswers(20)
        let keeper = try keeper()
        try read(keeper, from: log, milliseconds: 0)
        #expect(names == [])
        keeper.stop()
    }

    @Test("what a start could not read is not waited for any more when it is older than 24 hours (SPEC 2.5)")
    func tooOldToRead() throws {
        try fill(20)
        let keeper = try keeper()
        try read(keeper, from: log, milliseconds: 0)
        keeper.settled(partition, next: LogOffset(20))
        for (passed, known) in [(24 * Microseconds.hour - 1, nil), (24 * Microseconds.hour, LogOffset(20))] {
            _ = keeper.begin(claim(99), now: start + passed)
            keeper.write()
            #expect(try storedNext() == known)
        }
        keeper.stop()
    }

    /// Up to where the file knows the records, as another start would find it.
    private func storedNext() throws -> LogOffset? {
        let options = ConnectionOptions(mode: .reader, checksPages: true)
        return try Connection(path: folder.file("answers.sqlite"), options)
            .integer("SELECT next_offset FROM known WHERE log_partition = 0").map { LogOffset($0) }
    }

    // MARK: The file

    @Test("answers that a start could not write to the file are read again by the next one (SPEC 2.5)")
    func unwritable() throws {
        try fill(3)
        let keeper = try keeper()
        try rename("answers", to: "gone")
        try read(keeper, from: log)
        #expect(names == ["answers_not_kept"])
        try rename("gone", to: "answers")
        keeper.settled(partition, next: LogOffset(3))
        keeper.stop()
        try expectAnswers(3)
    }

    @Test("a file that can be written but not read is reported once, and again after it could be read (SPEC 2.5)")
    func failingReads() throws {
        let keeper = try keeper()
        try rename("answers", to: "gone")
        for number in 0..<3 {
            let outcome = keeper.begin(claim(number), now: start)
            #expect(outcome == .claimed)
            // Writes no answer, so it succeeds.
            keeper.settled(partition, next: LogOffset(Int64(number)))
            keeper.write()
            #expect(names == ["answers_not_kept"])
        }
        try rename("gone", to: "answers")
        _ = keeper.begin(claim(7), now: start)
        try rename("answers", to: "gone")
        _ = keeper.begin(claim(8), now: start)
        #expect(names == ["answers_not_kept", "answers_not_kept"])
        keeper.stop()
    }
}
