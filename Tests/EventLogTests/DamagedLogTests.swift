import EventLog
import EventLogContract
import EventModel
import Foundation
import SQLite
import TestKit
import Testing

@testable import SQLiteLog

private let partition = PartitionIndex(0)

@Suite("Damaged rows of a log")
struct DamagedRowTests {
    /// A log of 1500 records in which something else changed a row.
    private func withLog(_ change: String, _ body: (SQLiteLog) throws -> Void) throws {
        try LogFiles.log(records: 1500, stopped: true).open { path in
            try Connection(path: path, .writer).execute(change)
            try body(SQLiteLog.openReader(path: path))
        }
    }

    @Test(
        "a record that is not what was written at its offset is refused, also a sound one of another offset",
        arguments: [
            "UPDATE records SET payload = (SELECT payload FROM records WHERE offset = 9) WHERE offset = 7",
            """
            UPDATE records SET (created_at, key, headers, payload, row_check) =
                (SELECT created_at, key, headers, payload, row_check FROM records WHERE offset = 9) WHERE offset = 7
            """,
            "UPDATE records SET created_at = created_at + 1 WHERE offset = 7",
            "UPDATE records SET key = x'00' WHERE offset = 7",
            "UPDATE records SET headers = x'' WHERE offset = 7",
            "UPDATE records SET row_check = NULL WHERE offset = 7",
        ])
    func changed(_ change: String) throws {
        try withLog(change) { log in
            var seen = 0
            let failure = #expect(throws: LogError.self) {
                try log.read(partition, from: .zero, byteLimit: 1 << 20) { _ in seen += 1 }
            }
            #expect(failure?.code == .corrupt && seen == 7)
            #expect(failure?.message.contains("offset 7") == true)
            #expect(failure?.hint?.contains("andon log salvage") == true)
        }
    }

    @Test("a record of another log is refused: the check covers the log's identity (DESIGN 1.3)")
    func otherLog() throws {
        let logs = try (LogFiles.log(records: 3, stopped: true), LogFiles.log(records: 3, stopped: true))
        try logs.0.open { path in
            try logs.1.open { other in
                try Connection(path: path, .writer).execute(
                    """
                    ATTACH '\(other)' AS other;
                    DELETE FROM records WHERE offset = 1;
                    INSERT INTO records SELECT * FROM other.records WHERE offset = 1
                    """)
            }
            let failure = #expect(throws: LogError.self) {
                _ = try LogFiles.payloads(SQLiteLog.openReader(path: path))
            }
            #expect(failure?.message.contains("offset 1") == true)
        }
    }

    @Test("a wrong entry of the search by time is refused")
    func span() throws {
        try withLog("UPDATE spans SET newest = newest - 900000 WHERE span = 0") { log in
            let failure = #expect(throws: LogError.self) {
                try log.offset(partition, at: Timestamp(microseconds: 1_100_000))
            }
            #expect(failure?.code == .corrupt && failure?.message.contains("span 0") == true)
        }
    }

    @Test("a log whose name is damaged is refused", arguments: ["epoch = zeroblob(16)", "checked_from = 9000"])
    func head(_ change: String) throws {
        try LogFiles.log(records: 2, stopped: true).open { path in
            try Connection(path: path, .writer).execute("UPDATE log SET \(change)")
            let failure = #expect(throws: LogError.self) { try SQLiteLog.open(path: path) }
            #expect(failure?.code == .corrupt)
        }
    }

    @Test("a log of format 1, without checks, is read and goes on; what is added has checks")
    func upgrade() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("log.db")
        let epoch = LogEpoch.random()
        do {
            var options = ConnectionOptions.writer
            options.pageBytes = 8192
            let old = try Connection(path: path, options)
            try old.execute(
                """
                PRAGMA application_id = \(0x416E_4C67);
                CREATE TABLE log(version INTEGER NOT NULL, epoch BLOB NOT NULL);
                CREATE TABLE records(
                    offset INTEGER PRIMARY KEY, created_at INTEGER NOT NULL, key BLOB NOT NULL, headers BLOB,
                    payload BLOB NOT NULL);
                CREATE TABLE spans(span INTEGER PRIMARY KEY, newest INTEGER NOT NULL);
                INSERT INTO log VALUES (1, x'\(epoch)');
                WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1099)
                    INSERT INTO records SELECT i, 1000 * i, x'01', NULL, CAST(i AS BLOB) FROM n;
                INSERT INTO spans VALUES (0, 1023000)
                """)
        }
        #expect(try LogFiles.payloads(SQLiteLog.openReader(path: path)).count == 1100)
        do {
            let log = try SQLiteLog.open(path: path)
            #expect(log.epoch == epoch)
            for number in 1100..<2100 { _ = try log.append([LogFiles.record(number)]) }
        }
        let log = try SQLiteLog.open(path: path)
        let payloads = try LogFiles.payloads(log)
        #expect(payloads.count == 2100 && payloads[1099] == Array("1099".utf8))
        #expect(payloads[2099] == LogFiles.payload(2099))
        #expect(try log.offset(partition, at: Timestamp(microseconds: 2_060_000)) == LogOffset(2060))
        log.close()
        try Connection(path: path, .writer).execute("UPDATE records SET payload = x'00' WHERE offset = 1500")
        let failure = #expect(throws: LogError.self) { _ = try LogFiles.payloads(SQLiteLog.openReader(path: path)) }
        #expect(failure?.message.contains("offset 1500") == true)
    }
}

@Suite("Logs that lack what was acknowledged")
struct LostRecordTests {
    /// Opens the log, which has to refuse and to change nothing.
    private func refusal(_ files: LogFiles, foldedTo: LogOffset? = nil) throws -> LogError? {
        let folder = try files.folder()
        let failure = #expect(throws: LogError.self) {
            try SQLiteLog.open(path: folder.file("log.db")) { _ in foldedTo }
        }
        #expect(failure?.code == .corrupt)
        #expect(try LogFiles(folder) == files, "nothing is written before every check has passed")
        return failure
    }

    @Test("a bit in the middle of the write-ahead log: refused, with what is known good and beyond (DESIGN 1.1)")
    func damagedFrame() throws {
        var files = try LogFiles.log(records: 40, stopped: false)
        files.bytes["log.db-wal"]?[32 + 10 * 8216 + 5000] ^= 4
        let failure = try refusal(files, foldedTo: LogOffset(39))
        #expect(failure?.message.contains("frame 11 is not what was written") == true)
        #expect(failure?.message.contains("records before it are sound") == true)
        #expect(failure?.message.contains("more were acknowledged and the projections know") == true)
        #expect(failure?.hint?.contains("andon log salvage") == true)
    }

    @Test("a wrong header of the write-ahead log, which SQLite takes for an empty one")
    func damagedHeader() throws {
        var files = try LogFiles.log(records: 40, stopped: false)
        files.bytes["log.db-wal"]?[13] ^= 1
        #expect(try refusal(files)?.message.contains("the header is not what was written") == true)
    }

    @Test("without the note of what was acknowledged, frames behind the wrong one and the projections tell")
    func withoutNote() throws {
        var files = try LogFiles.log(records: 40, stopped: false)
        files.bytes["log.db.end"] = nil
        files.bytes["log.db-wal"]?[32 + 10 * 8216 + 5000] ^= 4
        #expect(try refusal(files)?.message.contains("frame 11") == true)
        files.bytes["log.db-wal"] = nil
        #expect(try refusal(files, foldedTo: LogOffset(40))?.message.contains("the projections know") == true)
    }

    @Test(
        "missing is not empty: without the file, its write-ahead log, or with an empty file in its place",
        arguments: [
            [("log.db", nil), ("log.db-wal", nil)], [("log.db", nil)], [("log.db-wal", nil)], [("log.db-wal", [])],
            [("log.db", []), ("log.db-wal", nil)], [("log.db", [])],
        ] as [[(String, [UInt8]?)]])
    func missing(_ changes: [(String, [UInt8]?)]) throws {
        var files = try LogFiles.log(records: 40, stopped: false)
        for (part, bytes) in changes { files.bytes[part] = bytes }
        _ = try refusal(files)
    }

    @Test("another log, and an older copy, in the place of the right one")
    func replaced() throws {
        var files = try LogFiles.log(records: 40, stopped: true)
        files.bytes["log.db"] = try LogFiles.log(records: 50, stopped: true).bytes["log.db"]
        #expect(try refusal(files)?.hint?.contains("andon renew log") == true)
        let folder = try LogFiles.log(records: 40, stopped: true).folder()
        let older = try LogFiles(folder)
        do { _ = try SQLiteLog.open(path: folder.file("log.db")).append([LogFiles.record(40)]) }
        files = try LogFiles(folder)
        files.bytes["log.db"] = older.bytes["log.db"]
        #expect(try refusal(files)?.message.contains("ends at offset 40") == true)
    }

    @Test("a reader of a log that lacks acknowledged records refuses too, so that no copy of it is short")
    func reader() throws {
        var files = try LogFiles.log(records: 40, stopped: false)
        files.bytes["log.db-wal"]?[32 + 10 * 8216 + 5000] ^= 4
        try files.open { path in
            let failure = #expect(throws: LogError.self) { try SQLiteLog.openReader(path: path) }
            #expect(failure?.code == .corrupt)
        }
    }

    @Test("a transaction that was never acknowledged, cut anywhere: the log starts as before")
    func tornTail() throws {
        let folder = try TemporaryFolder()
        let log = try SQLiteLog.open(path: folder.file("log.db"))
        for number in 0..<10 { _ = try log.append([LogFiles.record(number)]) }
        let before = try LogFiles(folder)
        _ = try log.append([LogFiles.record(10, payloadBytes: 30_000)])
        let after = try #require(LogFiles(folder).bytes["log.db-wal"])
        let start = try #require(before.bytes["log.db-wal"]).count
        #expect(after.count > start + 3 * 8216)
        for cut in stride(from: start, to: after.count, by: 1711) {
            for fill in [0, 1] {
                var files = before
                // Either the file ends there, or what stood there before is still there.
                let rest = [UInt8](repeating: 0, count: fill * (after.count - cut))
                files.bytes["log.db-wal"] = Array(after[..<cut]) + rest
                try files.open { path in
                    let reopened = try SQLiteLog.open(path: path)
                    #expect(try reopened.append([LogFiles.record(10)]).map(\.offset) == [LogOffset(10)], "\(cut)")
                    #expect(try LogFiles.payloads(reopened).count == 11)
                }
            }
        }
    }
}
