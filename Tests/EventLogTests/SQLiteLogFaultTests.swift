import EventLog
import EventLogContract
import EventModel
internal import Locks
import SQLite
import Testing

@testable import SQLiteLog

private let partition = PartitionIndex(0)
private let inputOutputError = SQLiteError(extendedCode: 10 | 4 << 8, message: "fsync failed")

private func record(_ bytes: Int = 1) -> NewRecord {
    NewRecord(key: [1], createdAt: .earliest, payload: Array(repeating: 7, count: bytes))
}

struct SQLiteLogFaultTests {
    let folder: TemporaryFolder
    let log: SQLiteLog
    let appender: Appender

    init() throws {
        folder = try TemporaryFolder()
        log = try SQLiteLog.open(path: folder.file("log.db"))
        appender = try #require(log.appender)
        _ = try log.append([record()])
    }

    private func endInFile() throws -> Int64 {
        try SQLiteLog.openReader(path: folder.file("log.db")).endOffset(partition).value
    }

    @Test("every commit waits for the device, and checkpoints are made by hand (DESIGN 1.5, 1.9)")
    func settings() throws {
        let settings = try appender.withWriter { writer in
            [
                try writer.pragma("synchronous"), try writer.pragma("wal_autocheckpoint"),
                try writer.pragma("page_size"),
            ]
        }
        // 2 is FULL: the write-ahead log is synced at every commit.
        #expect(settings == [2, 0, 8192])
    }

    @Test("a full disk: unavailable with a hint, nothing stored, and it goes on when there is room (SPEC 2.5)")
    func full() throws {
        try appender.withWriter { try $0.limitPages(to: $0.pragma("page_count")) }
        for _ in 0..<3 {
            let failure = #expect(throws: LogError.self) { try log.append([record(), record(100_000)]) }
            #expect(failure?.code == .unavailable && failure?.hint != nil && failure?.isRetriable == true)
        }
        #expect(try endInFile() == 1)
        #expect(try log.endOffset(partition).value == 1)
        try appender.withWriter { try $0.limitPages(to: nil) }
        #expect(try log.append([record(100_000)]).map(\.offset) == [LogOffset(1)])
    }

    @Test("a failure before the commit leaves nothing, and the offsets go on without a gap")
    func beforeCommit() throws {
        appender.onCommit { (moment) throws(SQLiteError) in
            if moment == .before { throw inputOutputError }
        }
        let failure = #expect(throws: LogError.self) { try log.append([record(), record()]) }
        #expect(failure?.code == .unavailable)
        appender.onCommit(nil)
        #expect(try endInFile() == 1)
        #expect(try log.append([record()]).map(\.offset) == [LogOffset(1)])
    }

    @Test("a commit whose fate is not known is uncertain; the next append finds out that it took place")
    func uncertain() throws {
        appender.onCommit { (moment) throws(SQLiteError) in
            if moment == .after { throw inputOutputError }
        }
        let failure = #expect(throws: LogError.self) { try log.append([record(), record()]) }
        #expect(failure?.code == .uncertain && failure?.hint != nil && failure?.isRetriable == true)
        appender.onCommit(nil)
        #expect(try log.append([record()]).map(\.offset) == [LogOffset(3)])
        var offsets: [Int64] = []
        var next = LogOffset.zero
        while next.value < 4 {
            next = try log.read(partition, from: next, byteLimit: 1000) { offsets.append($0.offset.value) }
        }
        #expect(offsets == [0, 1, 2, 3])
    }

    @Test("calls that come while a group syncs share the next sync, and its failure", .timeLimit(.minutes(1)))
    func group() throws {
        let callers = 6
        let isSyncing = Monitor(false)
        let before = appender.groupCount
        appender.onCommit { [appender] (moment) throws(SQLiteError) in
            guard moment == .before else { return }
            let waits = isSyncing.update { isSyncing in
                defer { isSyncing = true }
                return !isSyncing
            }
            // The first commit goes on only when all the others wait; theirs fails.
            guard waits else { throw inputOutputError }
            appender.waitForQueue(calls: callers - 1)
        }
        let failures = Monitor<[LogError.Code]>([])
        try inThreads(callers) { caller in
            // The first group has been taken, with one call in it, before the others come.
            if caller > 0 { isSyncing.wait { $0 ? () : nil } }
            do throws(LogError) {
                _ = try log.append([record(), record()])
            } catch {
                failures.withLock { $0.append(error.code) }
            }
        }
        #expect(failures.withLock { $0 } == Array(repeating: .unavailable, count: callers - 1))
        #expect(appender.groupCount == before + 2)
        #expect(try endInFile() == 3)
    }

    @Test("a full queue holds callers back until there is room, and none is lost", .timeLimit(.minutes(1)))
    func backPressure() throws {
        var limits = SQLiteLogLimits()
        limits.queueRecordsMaximum = 2
        let log = try SQLiteLog.open(path: folder.file("short.db"), limits: limits)
        let appender = try #require(log.appender)
        let callers = 10
        let largest = Monitor(0)
        appender.onCommit { (moment) throws(SQLiteError) in
            guard moment == .before else { return }
            // Everybody is there, so the queue is as full as it gets.
            appender.waitForArrivals(calls: callers)
            let waiting = appender.waitingRecords
            largest.withLock { $0 = max($0, waiting) }
        }
        // One call is larger than the whole queue.
        try inThreads(callers) { thread in _ = try log.append((0..<(thread == 3 ? 5 : 1)).map { _ in record() }) }
        #expect(try log.endOffset(partition).value == 14)
        #expect((1...5).contains(largest.withLock { $0 }))
    }

    @Test("closing fails the calls that come later and keeps what was acknowledged")
    func close() throws {
        log.close()
        log.close()
        let failure = #expect(throws: LogError.self) { try log.append([record()]) }
        #expect(failure?.code == .unavailable)
        #expect(try log.endOffset(partition).value == 1)
        #expect(try endInFile() == 1)
    }
}
