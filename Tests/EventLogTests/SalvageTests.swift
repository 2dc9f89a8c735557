import EventLog
import EventLogContract
import EventModel
import Foundation
import SQLite
import TestKit
import Testing

@testable import SQLiteLog

private let partition = PartitionIndex(0)
private let now = Timestamp(microseconds: 1_768_219_200_000_000)

/// What a salvage wrote, read back.
private struct Salvaged {
    var outcome: LogSalvage.Outcome
    var payloads: [Int64: [UInt8]]
    var skips: [LogSkip]

    init(_ files: LogFiles, known: LogOffset = .zero) throws {
        let folder = try files.folder()
        let target = folder.file("new.db")
        let outcome = try LogSalvage(path: folder.file("log.db")).run(into: target, known: known, by: "a test", at: now)
        self.outcome = try #require(outcome)
        // Nothing in the source has changed, and no file of SQLite's was made beside it.
        #expect(try LogFiles(folder) == files)
        #expect(folder.bytes("log.db-shm") == nil)
        let log = try SQLiteLog.open(path: target)
        payloads = try LogFiles.payloads(log)
        skips = try log.skips(partition)
        withExtendedLifetime(folder) {}
    }
}

@Suite("Salvage of a log")
struct SalvageTests {
    @Test("a sound log gives all its records, also from its write-ahead log", arguments: [false, true])
    func sound(stopped: Bool) throws {
        let salvaged = try Salvaged(LogFiles.log(records: 60, stopped: stopped))
        #expect(salvaged.outcome == .init(records: 60, end: LogOffset(60)))
        #expect(salvaged.payloads.count == 60 && salvaged.payloads[59] == LogFiles.payload(59))
        #expect(salvaged.skips.isEmpty)
    }

    @Test("what stands behind a damaged frame, or in a file whose header is damaged, comes out too")
    func behindDamage() throws {
        var files = try LogFiles.log(records: 60, stopped: false)
        files.bytes["log.db-wal"]?[32 + 12 * 8216 + 3] ^= 1
        #expect(try Salvaged(files).outcome.missingCount == 0)
        files.bytes["log.db-wal"]?[13] ^= 1
        #expect(try Salvaged(files).outcome.missingCount == 0)
    }

    @Test("a lost record becomes a skip that says why, its neighbours keep their offsets (SPEC 7.4)")
    func lost() throws {
        let files = try LogFiles.log(records: 1100, stopped: true)
        let folder = try files.folder()
        do {
            let connection = try Connection(path: folder.file("log.db"), .writer)
            try connection.execute("UPDATE records SET payload = x'00' WHERE offset IN (0, 7, 8, 1023)")
            try connection.execute("VACUUM")
        }
        let salvaged = try Salvaged(LogFiles(folder), known: LogOffset(1103))
        #expect(salvaged.payloads.count == 1096 && salvaged.payloads[9] == LogFiles.payload(9))
        let missing = [0..<1, 7..<9, 1023..<1024].map {
            LogOffset(Int64($0.lowerBound))..<LogOffset(Int64($0.upperBound))
        }
        #expect(salvaged.outcome.missing == missing && salvaged.outcome.missingAfterEnd == 3)
        #expect(salvaged.outcome.missingCount == 7)
        #expect(salvaged.skips.map { $0.first..<$0.next } == missing)
        #expect(salvaged.skips.first?.by == "a test" && salvaged.skips.first?.at == now)
    }

    /// A log of 60 records in which some were skipped.
    private func files(skipping skips: [LogSkip], stopped: Bool) throws -> LogFiles {
        let folder = try LogFiles.log(records: 60, stopped: true).folder()
        let log = try SQLiteLog.open(path: folder.file("log.db"))
        for skip in skips { try log.declare(skip, in: partition) }
        if stopped { log.close() }
        return try withExtendedLifetime(log) { try LogFiles(folder) }
    }

    private func skip(_ first: Int64, _ next: Int64) -> LogSkip {
        LogSkip(
            first: LogOffset(first), next: LogOffset(next), reason: "junk from \(first) on", by: "an operator",
            at: Timestamp(microseconds: 1_700_000_000_123_456))
    }

    @Test(
        "what was skipped stays skipped, with reason, name and time, beside what becomes a skip now (SPEC 7.4)",
        arguments: [false, true])
    func skipped(stopped: Bool) throws {
        let declared = [skip(0, 1), skip(5, 6), skip(10, 14), skip(57, 60)]
        var files = try files(skipping: declared, stopped: stopped)
        // Alone, beside a skip, inside of one and at the end of one.
        for number in [3, 9, 10, 12, 14, 20, 58] { files.spoil(number) }
        let salvaged = try Salvaged(files)
        let missing = [3, 9, 14, 20].map { LogOffset($0)..<LogOffset($0 + 1) }
        #expect(salvaged.outcome == .init(records: 53, missing: missing, end: LogOffset(60)))
        #expect(
            salvaged.payloads.keys.sorted() == Array(1...56).filter { ![3, 5, 9, 10, 11, 12, 13, 14, 20].contains($0) })
        #expect(salvaged.skips.filter { $0.by == "an operator" } == declared)
        let added = salvaged.skips.filter { $0.by == "a test" }
        #expect(added.map { $0.first..<$0.next } == missing && added.allSatisfy { $0.at == now })
    }

    @Test("offsets that hold nothing keep the reason of the salvage that found that out")
    func twice() throws {
        var files = try LogFiles.log(records: 60, stopped: true)
        files.spoil(20)
        let folder = try files.folder()
        let (second, third) = (folder.file("second.db"), folder.file("third.db"))
        _ = try LogSalvage(path: folder.file("log.db")).run(into: second, by: "the first", at: now)
        let found = try LogSalvage(path: second).run(into: third, by: "the second", at: now)
        #expect(found == .init(records: 59, end: LogOffset(60)))
        let skips = try SQLiteLog.openReader(path: third).skips(partition)
        #expect(skips.map(\.first) == [LogOffset(20)] && skips.first?.by == "the first")
    }

    @Test("where the new log ends before a skip did, what is appended there is read")
    func skippedEnd() throws {
        var files = try files(skipping: [skip(50, 52), skip(57, 60)], stopped: true)
        for number in [58, 59] { files.spoil(number) }
        let folder = try files.folder()
        let target = folder.file("new.db")
        let found = try LogSalvage(path: folder.file("log.db")).run(into: target, by: "a test", at: now)
        #expect(found == .init(records: 58, end: LogOffset(58), missingAfterEnd: 2))
        let log = try SQLiteLog.open(path: target)
        #expect(try log.append([LogFiles.record(77)]).map(\.offset) == [LogOffset(58)])
        #expect(try LogFiles.payloads(log)[58] == LogFiles.payload(77))
        #expect(try log.skips(partition) == [skip(50, 52), skip(57, 58)])
    }

    @Test("the new log goes on: it has an epoch of its own, knows its times, and takes new records")
    func goesOn() throws {
        let files = try LogFiles.log(records: 2100, stopped: true)
        let folder = try files.folder()
        let target = folder.file("new.db")
        _ = try LogSalvage(path: folder.file("log.db")).run(into: target, by: "a test", at: now)
        let old = try SQLiteLog.openReader(path: folder.file("log.db"))
        let log = try SQLiteLog.open(path: target)
        #expect(log.epoch != old.epoch)
        #expect(try log.offset(partition, at: Timestamp(microseconds: 2_060_000)) == LogOffset(2060))
        #expect(try log.append([LogFiles.record(2100)]).map(\.offset) == [LogOffset(2100)])
    }

    @Test("records that no page holds as a whole come out, whichever state of each page is the damaged one")
    func large() throws {
        let folder = try TemporaryFolder()
        let log = try SQLiteLog.open(path: folder.file("log.db"))
        for number in 0..<4 { _ = try log.append([LogFiles.record(number, payloadBytes: 50_000)]) }
        var files = try LogFiles(folder)
        #expect(try Salvaged(files).payloads[3] == LogFiles.payload(3, 50_000))
        // Its pages are in the write-ahead log and in the file now.
        log.close()
        files.bytes["log.db"] = try LogFiles(folder).bytes["log.db"]
        for byte in stride(from: 32 + 24 + 4000, to: 300_000, by: 8216) { files.bytes["log.db-wal"]?[byte] ^= 8 }
        #expect(try Salvaged(files).outcome.missingCount == 0)
    }

    @Test("a log of format 1 is salvaged by the checksums of its records")
    func format1() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("log.db")
        do {
            let log = try SQLiteLog.open(path: path)
            for number in 0..<20 {
                var payload: [UInt8] = []
                let created = Timestamp(microseconds: now.microseconds + Int64(number))
                RecordCodec.encode(
                    DefinitionRecord(
                        definition: SiteDefinition(siteID: "plant"), createdAt: created, gatewayID: [1]),
                    into: &payload)
                _ = try log.append([NewRecord(key: Array("plant".utf8), createdAt: created, payload: payload)])
            }
        }
        try Connection(path: path, .writer).execute(
            """
            ALTER TABLE records DROP COLUMN row_check; ALTER TABLE log DROP COLUMN row_check;
            ALTER TABLE log DROP COLUMN checked_from; UPDATE log SET version = 1;
            UPDATE records SET created_at = created_at + 1 WHERE offset = 5; VACUUM
            """)
        let salvaged = try Salvaged(LogFiles(folder))
        #expect(salvaged.outcome.records == 19 && salvaged.skips.map(\.first) == [LogOffset(5)])
    }

    @Test("from files that hold nothing, nothing comes out")
    func nothing() throws {
        var files = try LogFiles.log(records: 1, stopped: true)
        files.bytes = ["log.db": Array(repeating: 65, count: 20_000)]
        #expect(try Salvaged(files).outcome == .init())
        files.bytes = [:]
        #expect(try Salvaged(files).outcome == .init())
    }

    @Test("one wrong bit costs at most the record it is in, wherever it is", arguments: [false, true])
    func bits(stopped: Bool) throws {
        let files = try LogFiles.log(records: 60, stopped: stopped)
        let part = stopped ? "log.db" : "log.db-wal"
        let size = try #require(files.bytes[part]).count
        var random = SeededGenerator(seed: 23)
        for _ in 0..<100 {
            var wrong = files
            let bit = Int.random(in: 0..<size * 8, using: &random)
            wrong.bytes[part]?[bit / 8] ^= 1 << UInt8(bit % 8)
            let salvaged = try Salvaged(wrong, known: LogOffset(60))
            #expect(salvaged.outcome.missingCount <= 1, "\(part), bit \(bit)")
            for (offset, payload) in salvaged.payloads {
                #expect(payload == LogFiles.payload(Int(offset)), "\(part), bit \(bit)")
            }
        }
    }
}
