import EventLog
import EventLogContract
import EventModel
internal import Locks
import SQLite
import TestKit
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

    init() throws {
        folder = try TemporaryFolder()
        log = try SQLiteLog.open(path: folder.file("log.db"))
        _ = try log.append([record()])
    }

    private func endInFile() throws -> Int64 {
        try SQLiteLog.openReader(path: folder.file("log.db")).endOffset(partition).value
    }

    @Test("every commit waits for the device, and checkpoints are made by hand (DESIGN 1.5, 1.9)")
    func settings() throws {
        let settings = try log.withWriter { writer in
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
        try log.withWriter { try $0.limitPages(to: $0.pragma("page_count")) }
        for _ in 0..<3 {
            let failure = #expect(throws: LogError.self) { try log.append([record(), record(100_000)]) }
            #expect(failure?.code == .unavailable && failure?.hint != nil && failure?.isRetriable == true)
        }
        #expect(try endInFile() == 1)
        #expect(try log.endOffset(partition).value == 1)
        try log.withWriter { try $0.limitPages(to: nil) }
        #expect(try log.append([record(100_000)]).map(\.offset) == [LogOffset(1)])
    }

    @Test("a failure before the commit leaves nothing, and the offsets go on without a gap")
    func beforeCommit() throws {
        log.onCommit { (moment) throws(SQLiteError) in
            if moment == .before { throw inputOutputError }
        }
        let failure = #expect(throws: LogError.self) { try log.append([record(), record()]) }
        #expect(failure?.code == .unavailable)
        log.onCommit(nil)
        #expect(try endInFile() == 1)
        #expect(try log.append([record()]).map(\.offset) == [LogOffset(1)])
    }

    @Test("a commit whose fate is not known is uncertain; the next append finds out that it took place")
    func uncertain() throws {
        log.onCommit { (moment) throws(SQLiteError) in
            if moment == .after { throw inputOutputError }
        }
        let failure = #expect(throws: LogError.self) { try log.append([record(), record()]) }
        #expect(failure?.code == .uncertain && failure?.hint != nil && failure?.isRetriable == true)
        log.onCommit(nil)
        #expect(try log.append([record()]).map(\.offset) == [LogOffset(3)])
        var offsets: [Int64] = []
        var next = LogOffset.zero
        while next.value < 4 {
            next = try log.read(partition, from: next, byteLimit: 1000) { offsets.append($0.offset.value) }
        }
        #expect(offsets == [0, 1, 2, 3])
    }

    @Test(
        "calls from many threads are whole and in one order, and a failed one leaves no hole", .timeLimit(.minutes(10)))
    func concurrent() throws {
        let failing = Monitor(3)
        log.onCommit { (moment) throws(SQLiteError) in
            guard moment == .before else { return }
            let fails = failing.update { left in
                defer { left = max(0, left - 1) }
                return left > 0
            }
            if fails { throw inputOutputError }
        }
        let failures = Monitor<[LogError.Code]>([])
        try inThreads(6) { _ in
            do throws(LogError) {
                let positions = try log.append([record(), record()])
                #expect(positions[1].offset == positions[0].offset.next)
            } catch {
                failures.update { $0.append(error.code) }
            }
        }
        #expect(failures.withLock { $0 } == Array(repeating: .unavailable, count: 3))
        #expect(try endInFile() == 1 + 3 * 2)
        #expect(try log.endOffset(partition).value == 7)
    }

    @Test("closing waits for the commit under way, which is answered as stored", .timeLimit(.minutes(10)))
    func closeDuringCommit() throws {
        let isCommitting = Latch()
        let isClosing = Latch()
        log.onCommit { (moment) throws(SQLiteError) in
            guard moment == .before else { return }
            isCommitting.open()
            isClosing.wait()
        }
        try inThreads(2) { thread in
            if thread == 0 {
                let positions = try log.append([record()])
                #expect(positions.map(\.offset) == [LogOffset(1)])
            } else {
                isCommitting.wait()
                isClosing.open()
                log.close()
            }
        }
        #expect(try endInFile() == 2)
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
