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
}
