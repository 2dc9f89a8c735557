import EventLog
import EventLogContract
import EventModel
import Foundation
import TestKit
import Testing

@testable import SQLiteLog

@Suite("A transaction of which not all frames reached the disk")
struct TornTransactionTests {
    /// The write-ahead log of ten records and a large one, of which the first frame is missing, as a power failure leaves it
    /// where a disk writes in an order of its own.
    private func files(acknowledged: Bool) throws -> LogFiles {
        let folder = try TemporaryFolder()
        let log = try SQLiteLog.open(path: folder.file("log.db"))
        for number in 0..<10 { _ = try log.append([LogFiles.record(number)]) }
        let before = try LogFiles(folder)
        _ = try log.append([LogFiles.record(10, payloadBytes: 30_000)])
        var files = acknowledged ? try LogFiles(folder) : before
        var frames = try #require(LogFiles(folder).bytes["log.db-wal"])
        let start = try #require(before.bytes["log.db-wal"]).count
        for place in start..<start + 8216 { frames[place] = 0 }
        files.bytes["log.db-wal"] = frames
        return files
    }

    @Test("never acknowledged: the log starts without it, and keeps a copy of what there is")
    func neverAcknowledged() throws {
        let files = try files(acknowledged: false)
        try files.open { path in
            let log = try SQLiteLog.open(path: path)
            #expect(try LogFiles.payloads(log).count == 10)
            #expect(
                FileManager.default.contents(atPath: path + "-wal.torn").map { [UInt8]($0) }
                    == files.bytes["log.db-wal"])
        }
    }

    @Test("acknowledged, or nobody knows: the log is refused", arguments: [true, false])
    func acknowledged(isKnown: Bool) throws {
        var files = try files(acknowledged: true)
        if !isKnown { files.bytes["log.db.end"] = nil }
        try files.open { path in
            let failure = #expect(throws: LogError.self) { try SQLiteLog.open(path: path) }
            #expect(failure?.message.contains("a transaction stands behind it") == true)
        }
    }
}

@Suite("One wrong bit in a log's files")
struct LogWrongBitTests {
    /// - Returns: whether it was refused. Otherwise every record was right.
    private func isRefused(_ files: LogFiles, _ right: [Int64: [UInt8]], _ place: String) throws -> Bool {
        do {
            let found = try files.open { try LogFiles.payloads(SQLiteLog.open(path: $0)) }
            #expect(found == right, "\(place): what was acknowledged is there, or refused")
            return false
        } catch let error as LogError {
            #expect(!error.message.isEmpty && error.hint != nil, "\(place)")
            return true
        }
    }

    @Test("wherever it is: refused, or every acknowledged record as it was", arguments: [false, true])
    func bits(stopped: Bool) throws {
        let files = try LogFiles.log(records: 60, stopped: stopped)
        let right = try files.open { try LogFiles.payloads(SQLiteLog.openReader(path: $0)) }
        #expect(right.count == 60)
        let part = stopped ? "log.db" : "log.db-wal"
        let size = try #require(files.bytes[part]).count
        var refused = 0
        var random = SeededGenerator(seed: 11)
        for _ in 0..<200 {
            var wrong = files
            let bit = Int.random(in: 0..<size * 8, using: &random)
            wrong.bytes[part]?[bit / 8] ^= 1 << UInt8(bit % 8)
            if try isRefused(wrong, right, "\(part), bit \(bit)") { refused += 1 }
        }
        #expect(refused > 0)
    }
}
