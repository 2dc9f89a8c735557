import EventLog
import EventLogContract
import EventModel
import SQLite
import TestKit
import Testing

@testable import SQLiteLog

private let partition = PartitionIndex(0)

private func record(_ bytes: Int = 1, at time: Int64 = 0) -> NewRecord {
    NewRecord(key: [1], createdAt: Timestamp(microseconds: time), payload: Array(repeating: 7, count: bytes))
}

private func readOffsets(_ log: SQLiteLog, from offset: Int64 = 0) throws -> [Int64] {
    var offsets: [Int64] = []
    var next = LogOffset(offset)
    while next < (try log.endOffset(partition)) {
        next = try log.read(partition, from: next, byteLimit: 1 << 20) { offsets.append($0.offset.value) }
    }
    return offsets
}

struct SQLiteLogFileTests {
    let folder: TemporaryFolder
    let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("log.db")
    }

    @Test("a log that is opened again goes on where it ended, as the same log")
    func reopen() throws {
        let epoch: LogEpoch
        do {
            let log = try SQLiteLog.open(path: path)
            epoch = log.epoch
            _ = try log.append((0..<2500).map { record(at: $0 == 700 ? 99 : 5) })
        }
        let log = try SQLiteLog.open(path: path)
        #expect(log.epoch == epoch)
        #expect(try log.append([record(at: 100)]).map(\.offset) == [LogOffset(2500)])
        #expect(try readOffsets(log) == Array(0...2500))
        #expect(try log.offset(partition, at: Timestamp(microseconds: 50)) == LogOffset(700))
        #expect(try log.offset(partition, at: Timestamp(microseconds: 100)) == LogOffset(2500))
    }

    @Test(
        "the largest created_at is known again after each opening, wherever the log ended",
        arguments: [1023, 1024, 1025])
    func spans(count: Int) throws {
        _ = try SQLiteLog.open(path: path).append((0..<count).map { record(at: $0 == 3 ? 1000 : 5) })
        let log = try SQLiteLog.open(path: path)
        _ = try log.append((0..<2000).map { _ in record(at: 5) } + [record(at: 2000)])
        #expect(try log.offset(partition, at: Timestamp(microseconds: 900)) == LogOffset(3))
        #expect(try log.offset(partition, at: Timestamp(microseconds: 1001)).value == Int64(count) + 2000)
    }

    @Test("a second writer is refused with the process that holds the file; after the first has closed it may open")
    func oneWriter() throws {
        let first = try SQLiteLog.open(path: path)
        let failure = #expect(throws: LogError.self) { try SQLiteLog.open(path: path) }
        #expect(failure?.code == .inUse && failure?.hint != nil)
        #expect(failure?.message.contains("by process") == true)
        first.close()
        let closed = #expect(throws: LogError.self) { try first.append([record()]) }
        #expect(closed?.code == .unavailable)
        _ = try SQLiteLog.open(path: path).append([record()])
    }

    @Test("what is no log, or one of another format, is refused and not changed")
    func otherFiles() throws {
        do {
            let other = try Connection(path: path, .writer)
            try other.execute("CREATE TABLE t(a)")
        }
        for open in [{ try SQLiteLog.open(path: path) }, { try SQLiteLog.openReader(path: path) }] {
            let failure = #expect(throws: LogError.self) { _ = try open() }
            #expect(failure?.code == .corrupt)
        }
        let newer = folder.file("newer.db")
        _ = try SQLiteLog.open(path: newer).append([record()])
        try Connection(path: newer, .writer).execute("UPDATE log SET version = 3")
        let failure = #expect(throws: LogError.self) { try SQLiteLog.open(path: newer) }
        #expect(failure?.code == .corrupt && failure?.message.contains("format 3") == true && failure?.hint != nil)
    }

    @Test("without a folder, or without a log to read, it is unavailable with a hint")
    func missing() throws {
        let noFolder = #expect(throws: LogError.self) { try SQLiteLog.open(path: folder.file("none/log.db")) }
        #expect(noFolder?.code == .unavailable && noFolder?.hint != nil)
        let noLog = #expect(throws: LogError.self) { try SQLiteLog.openReader(path: path) }
        #expect(noLog?.code == .unavailable && noLog?.hint != nil)
    }

    @Test("a missing record is found by its gap, not skipped (SPEC 7.4)")
    func gap() throws {
        _ = try SQLiteLog.open(path: path).append((0..<5).map { _ in record() })
        try Connection(path: path, .writer).execute("DELETE FROM records WHERE offset = 2")
        let log = try SQLiteLog.openReader(path: path)
        var seen = 0
        let failure = #expect(throws: LogError.self) {
            try log.read(partition, from: .zero, byteLimit: 1000) { _ in seen += 1 }
        }
        #expect(failure?.code == .corrupt && seen == 2)
    }

    @Test("a reader follows another writer, cannot append, and is woken", .timeLimit(.minutes(10)))
    func reader() throws {
        let writer = try SQLiteLog.open(path: path)
        let reader = try SQLiteLog.openReader(path: path)
        #expect(reader.epoch == writer.epoch)
        let refused = #expect(throws: LogError.self) { try reader.append([record()]) }
        #expect(refused?.code == .unavailable)
        #expect(!reader.waitForRecord(partition, at: .zero, timeoutMilliseconds: 0))
        try inThreads(2) { thread in
            if thread == 0 {
                _ = try writer.append([record()])
            } else {
                #expect(reader.waitForRecord(partition, at: .zero, timeoutMilliseconds: 1 << 40))
            }
        }
        #expect(try readOffsets(reader) == [0])
        #expect(try reader.offset(partition, at: Timestamp(microseconds: 1)) == LogOffset(1))
        for offset in [LogOffset(-1), LogOffset(2)] {
            let failure = #expect(throws: LogError.self) {
                try reader.read(partition, from: offset, byteLimit: 1) { _ in }
            }
            #expect(failure?.code == .outOfRange)
        }
    }

    @Test("the write-ahead log stays bounded while readers are at work (DESIGN 1.9)")
    func walBounded() throws {
        var limits = SQLiteLogLimits()
        limits.checkpointPages = 10
        let log = try SQLiteLog.open(path: path, limits: limits)
        let reader = try SQLiteLog.openReader(path: path)
        for _ in 0..<200 {
            _ = try log.append([record(10_000)])
            _ = try reader.read(partition, from: .zero, byteLimit: 50_000) { _ in }
        }
        // 4 times the bound, and what the group that goes beyond it adds; without checkpoints it would be 2 MB and more.
        #expect(try #require(folder.bytes("log.db-wal")) < 60 * 8192)
    }

    @Test("a reader that stands still in the middle of a record does not hold the write-ahead log (DESIGN 1.9)")
    func stalledReader() throws {
        var limits = SQLiteLogLimits()
        limits.checkpointPages = 10
        let log = try SQLiteLog.open(path: path, limits: limits)
        for _ in 0..<50 { _ = try log.append([record(10_000)]) }
        let reader = try SQLiteLog.openReader(path: path)
        var read: [Int64] = []
        let next = try reader.read(partition, from: .zero, byteLimit: 50_000) { record in
            read.append(record.offset.value)
            // As `andon log tail` into a pipe that nobody reads.
            for _ in 0..<50 { _ = try log.append([copy(of: record)]) }
        }
        #expect(read == [0, 1, 2, 3, 4] && next == LogOffset(5))
        #expect(try #require(folder.bytes("log.db-wal")) < 60 * 8192)
    }

    private func copy(of read: LogRecord) -> NewRecord { record(read.payload.count) }

    @Test("records leave memory when its bound is reached and are then read from the file")
    func tail() throws {
        var limits = SQLiteLogLimits()
        limits.tailBytesMaximum = 10_000
        let log = try SQLiteLog.open(path: path, limits: limits)
        for _ in 0..<3000 / 50 { _ = try log.append((0..<50).map { _ in record(100) }) }
        #expect(try readOffsets(log) == Array(0..<3000))
        #expect(try readOffsets(log, from: 2990) == Array(2990..<3000))
    }
}
