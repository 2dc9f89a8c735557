import Clocks
import Crypto
import EventLog
import EventModel
import Foundation
import HTTPServer
import Observability
import SQLite
import TestKit
import Testing

@testable import Gateway

@Suite("The file of answers to Idempotency-Keys")
struct AnswerFileTests {
    private let start = Timestamp(microseconds: 1_768_219_200_000_000)
    private let epoch = LogEpoch(bytes: Array(repeating: 7, count: 16))
    private let partition = PartitionIndex(0)

    private func claim(_ number: Int, owner: UInt8 = 1, body: Int? = nil) -> IdempotencyClaim {
        IdempotencyClaim(
            apiKeyID: [owner], path: [2], key: Array("\(number)".utf8), bodyHash: .of(Array("\(body ?? number)".utf8)))
    }

    /// The answer to the record at the offset `number`.
    private func answer(_ number: Int, owner: UInt8 = 1, seconds: Int64 = 0) -> KeptAnswer {
        KeptAnswer(
            claim(number, owner: owner), VerdictRuns([.accepted, .duplicate]),
            createdAt: start + seconds * Microseconds.second,
            position: RecordPosition(partition: partition, offset: LogOffset(Int64(number))))
    }

    private func open(
        _ folder: TemporaryFolder, epoch: LogEpoch? = nil, end: Int64 = 1_000_000,
        bytesMaximum: Int = AnswerFile.bytesMaximum
    ) throws -> AnswerFile {
        try AnswerFile(
            path: folder.file("answers.sqlite"), epoch: epoch ?? self.epoch, ends: [partition: LogOffset(end)],
            bytesMaximum: bytesMaximum)
    }

    @Test("answers are found again by another process, with and without a record (SPEC 2.5)")
    func reopened() throws {
        let folder = try TemporaryFolder()
        let file = try open(folder)
        var unstored = answer(9)
        unstored.position = nil
        try file.write([answer(1), unstored], next: [partition: LogOffset(2)], now: start)
        #expect(throws: LogError.self) { try open(folder) }
        file.close()
        let next = try open(folder)
        #expect(next.known == [partition: LogOffset(2)])
        #expect(try next.find(claim(1), now: start) == .answered(answer(1)))
        #expect(try next.find(claim(9), now: start) == .answered(unstored))
        #expect(try next.find(claim(1, body: 3), now: start) == .otherBody)
        #expect(try next.find(claim(2), now: start) == nil)
        #expect(try next.find(claim(1, owner: 2), now: start) == nil)
        next.close()
    }

    @Test("a file of another log, or of one that is shorter now, says nothing (SPEC 2.5)")
    func otherLog() throws {
        for (epoch, end) in [(LogEpoch(bytes: [1]), 1_000_000), (nil, 4)] as [(LogEpoch?, Int64)] {
            let folder = try TemporaryFolder()
            let file = try open(folder)
            try file.write([answer(1), answer(4)], next: [partition: LogOffset(5)], now: start)
            file.close()
            let other = try open(folder, epoch: epoch, end: end)
            #expect(try other.known == [:] && other.find(claim(1), now: start) == nil)
            other.close()
        }
    }

    @Test(
        "a file of another version, whatever is in it, is made anew (SPEC 2.5)",
        arguments: ["epoch BLOB, format INTEGER", "version INTEGER, text TEXT"])
    func otherVersion(identity: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("answers.sqlite")
        let other = try Connection(path: path, ConnectionOptions(mode: .writer, checksPages: true))
        try other.execute(
            """
            CREATE TABLE answers (name BLOB PRIMARY KEY, age INTEGER);
            CREATE TABLE known (log_partition INTEGER PRIMARY KEY, next_offset INTEGER NOT NULL);
            INSERT INTO known VALUES (0, 7);
            CREATE TABLE identity (\(identity));
            INSERT INTO identity VALUES (x'07070707070707070707070707070707', 2);
            """)
        let file = try open(folder)
        #expect(file.known == [:])
        try file.write([answer(1)], next: [partition: LogOffset(2)], now: start)
        file.close()
        let again = try open(folder)
        #expect(
            try again.known == [partition: LogOffset(2)] && again.find(claim(1), now: start) == .answered(answer(1)))
        again.close()
    }

    @Test("of several answers to one name the one furthest in the log holds, in whatever order they come (SPEC 2.5)")
    func newest() throws {
        let folder = try TemporaryFolder()
        let file = try open(folder)
        var later = answer(1, seconds: 1)
        later.position = RecordPosition(partition: partition, offset: LogOffset(8))
        try file.write([later], next: [:], now: start)
        try file.write([answer(1)], next: [:], now: start)
        #expect(try file.find(claim(1), now: start) == .answered(later))
        later.position?.offset = LogOffset(9)
        try file.write([later], next: [:], now: start)
        #expect(try file.find(claim(1), now: start) == .answered(later))
        file.close()
    }

    @Test("an answer leaves after 24 hours, also that of an API key that sends no more (SPEC 2.5)")
    func expiry() throws {
        let folder = try TemporaryFolder()
        let file = try open(folder)
        try file.write((0..<3000).map { answer($0, owner: 1) }, next: [:], now: start)
        try file.write([answer(0, owner: 2, seconds: 86_399)], next: [:], now: start + 86_399_000_000)
        #expect(try file.find(claim(0), now: start + 86_399_000_000) == .answered(answer(0)))
        let late = start + 86_400 * Microseconds.second
        #expect(try file.find(claim(0), now: late) == nil)
        // Each write of another removes some.
        for number in 0..<60 {
            try file.write([answer(9000 + number, owner: 2, seconds: 86_400)], next: [:], now: late)
        }
        #expect(try file.find(claim(2999), now: start) == nil)
        #expect(try file.find(claim(0, owner: 2), now: late) == .answered(answer(0, owner: 2, seconds: 86_399)))
        file.close()
    }

    @Test("room is shared: the API key with the most gives up its oldest, also after another opening (SPEC 2.5)")
    func rooms() throws {
        let folder = try TemporaryFolder()
        var file = try open(folder, bytesMaximum: 100 * AnswerFile.rowBytes)
        try file.write((0..<20).map { answer($0, owner: 1) }, next: [:], now: start)
        try file.write((0..<500).map { answer($0, owner: 2) }, next: [:], now: start)
        file.close()
        file = try open(folder, bytesMaximum: 100 * AnswerFile.rowBytes)
        try file.write((500..<900).map { answer($0, owner: 2, seconds: Int64($0)) }, next: [:], now: start)
        for number in 0..<20 {
            #expect(try file.find(claim(number), now: start) == .answered(answer(number)))
        }
        #expect(try file.find(claim(899, owner: 2), now: start) != nil)
        #expect(try file.find(claim(800, owner: 2), now: start) == nil)
        file.close()
    }

    @Test("a damaged file is made anew, and the log says again what it said (SPEC 2.5)")
    func damaged() throws {
        let (harness, answers) = try posted(3)
        harness.gateway.stop()
        let path = harness.folder.file("answers.sqlite")
        var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        #expect(bytes.count > 8192)
        for index in bytes.indices where index % 512 > 100 { bytes[index] ^= 0x10 }
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let next = try GatewayHarness(
            log: harness.log, clock: harness.clock, folder: harness.folder, keepsAnswers: true)
        try expect(answers, next, harness.adminKey)
        next.gateway.stop()
    }

    private func post(_ harness: GatewayHarness, _ number: Int, key: String? = nil, valid: Bool = true) -> HTTPResponse
    {
        let event = valid ? eventJSON(["timestamp": "\"2026-01-12T06:00:00.\(100_000 + number)Z\""]) : "\(number)"
        return harness.send(
            .post, "/api/events/batch?site_id=plant", body: "[\(event)]", key: key,
            headers: ["Idempotency-Key": "k\(number)"])
    }

    private func posted(_ count: Int) throws -> (GatewayHarness, [HTTPResponse]) {
        let harness = try GatewayHarness(keepsAnswers: true)
        try harness.define()
        return (harness, (0..<count).map { post(harness, $0) })
    }

    private func expect(_ answers: [HTTPResponse], _ harness: GatewayHarness, _ key: String) throws {
        for (number, answer) in answers.enumerated() {
            #expect(answer["success_count"] == "1")
            #expect(post(harness, number, key: key).body == answer.body, "\(number)")
        }
    }

    @Test("over a restart the first answers come again, also of requests that stored nothing (SPEC 2.5)")
    func restart() throws {
        let (harness, answers) = try posted(3)
        let unstored = post(harness, 77, valid: false)
        harness.gateway.stop()
        harness.clock.advance(seconds: 3600)
        let next = try GatewayHarness(
            log: harness.log, clock: harness.clock, folder: harness.folder, keepsAnswers: true)
        try expect(answers, next, harness.adminKey)
        let again = post(next, 77, key: harness.adminKey, valid: false)
        #expect(again.body == unstored.body && unstored["position"] == "null")
        next.gateway.stop()
    }

    @Test("what a killed process had not written yet is completed from the log (SPEC 2.5)")
    func killed() throws {
        let (harness, answers) = try posted(3)
        harness.gateway.admission.answers.write()
        let folder = try TemporaryFolder()
        for file in ["answers.sqlite", "answers.sqlite-wal", "keys.sqlite", "registry.sqlite", "registry.sqlite-wal"]
        where FileManager.default.fileExists(atPath: harness.folder.file(file)) {
            try FileManager.default.copyItem(atPath: harness.folder.file(file), toPath: folder.file(file))
        }
        let later = (3..<6).map { post(harness, $0) }
        harness.gateway.stop()
        let next = try GatewayHarness(log: harness.log, clock: harness.clock, folder: folder, keepsAnswers: true)
        try expect(answers + later, next, harness.adminKey)
        next.gateway.stop()
    }

    @Test("a file that fails is reported once; answers go on from memory, and others are judged anew (SPEC 2.5)")
    func failing() throws {
        let (harness, answers) = try posted(1)
        harness.gateway.admission.answers.write()
        let options = ConnectionOptions(mode: .writer, checksPages: true)
        try Connection(path: harness.folder.file("answers.sqlite"), options).execute("DROP TABLE answers")
        let second = post(harness, 1)
        harness.gateway.admission.answers.write()
        #expect(second["success_count"] == "1" && post(harness, 1).body == second.body)
        let again = post(harness, 0)
        #expect(answers[0]["success_count"] == "1" && again["duplicate_count"] == "1")
        harness.gateway.stop()
        #expect(harness.events.withLock { $0 }.filter { $0.name == "answers_not_kept" }.count == 1)
    }

    @Test("a start reads what the file does not know, and no event more than the windows want (SPEC 2.5)")
    func readsTheRest() throws {
        let (harness, answers) = try posted(40)
        harness.gateway.stop()
        for hasFile in [true, false] {
            let folder = try TemporaryFolder()
            if hasFile {
                try FileManager.default.copyItem(
                    atPath: harness.folder.file("answers.sqlite"), toPath: folder.file("answers.sqlite"))
            }
            let file = try AnswerFile(
                path: folder.file("answers.sqlite"), epoch: harness.log.epoch,
                ends: [partition: try harness.log.endOffset(partition)])
            let keeper = AnswerKeeper(file, journal: .silent)
            let tail = try LogTail(
                harness.log, now: harness.clock.now, bounds: LogTail.Bounds(eventsMaximum: 0),
                budget: WindowBudget(keysMaximum: 1 << 20, partitionCount: 1), answers: keeper, clock: harness.clock,
                journal: .silent)
            // Without the file every record is read for its answer, beyond what the windows want.
            #expect(tail.eventCount == 0 && tail.recordCount == (hasFile ? 0 : 41))
            keeper.stop()
        }
        #expect(answers.count == 40)
    }
}
