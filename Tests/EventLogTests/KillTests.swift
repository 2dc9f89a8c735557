import EventLog
import EventLogContract
import EventModel
import Foundation
import SQLiteLog
import TestKit
import Testing

private let partition = PartitionIndex(0)

/// A process that appends for ever, and what it said was stored.
private final class Appending {
    private let process = Process()
    private let output = Pipe()
    private var pending: [UInt8] = []
    /// Offset and payload of every answer.
    private(set) var answers: [(offset: Int64, payload: String)] = []

    init(path: String, threads: Int) throws {
        // It is built beside the test's own executable.
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        process.executableURL = URL(filePath: own).deletingLastPathComponent().appending(path: "log-torture")
        process.arguments = [path, "\(threads)"]
        process.standardOutput = output
        try process.run()
    }

    /// Reads answers until there are `count`, or the process has ended.
    func readAnswers(_ count: Int) {
        while answers.count < count, readMore() {}
    }

    /// Kills it in the middle of whatever it does, then reads what it had said.
    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        while readMore() {}
    }

    private func readMore() -> Bool {
        let data = output.fileHandleForReading.availableData
        pending += data
        while let end = pending.firstIndex(of: 10) {
            let parts = String(decoding: pending[..<end], as: UTF8.self).split(separator: " ", maxSplits: 1)
            pending.removeSubrange(...end)
            if parts.count == 2, let offset = Int64(parts[0]) { answers.append((offset, String(parts[1]))) }
        }
        return !data.isEmpty
    }
}

struct KillTests {
    @Test("kill -9 in the middle of appends, at varied moments: what was acknowledged is there once, without gaps")
    func kill() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("log.db")
        var generator = SystemRandomNumberGenerator()
        let seed = generator.next()
        var random = SeededGenerator(seed: seed)
        var answers: [Int64: String] = [:]
        for life in 0..<12 {
            let appending = try Appending(path: path, threads: 1 + life % 4)
            appending.readAnswers(Int.random(in: 1...600, using: &random))
            appending.kill()
            #expect(!appending.answers.isEmpty, "seed \(seed)")
            for answer in appending.answers {
                #expect(
                    answers.updateValue(answer.payload, forKey: answer.offset) == nil, "seed \(seed): twice answered")
            }
            // Not every time, so that the next life also opens what the killed one left, unread by anyone.
            if life % 2 == 0 { try check(SQLiteLog.openReader(path: path), answers, seed) }
        }
        try check(SQLiteLog.open(path: path), answers, seed)
    }

    private func check(_ log: SQLiteLog, _ answers: [Int64: String], _ seed: UInt64) throws {
        var records: [String] = []
        var next = LogOffset.zero
        let end = try log.endOffset(partition)
        while next < end {
            next = try log.read(partition, from: next, byteLimit: 1 << 16) { record in
                #expect(record.offset.value == Int64(records.count), "seed \(seed): a gap")
                records.append(String(decoding: record.payload, as: UTF8.self))
            }
        }
        #expect(Set(records).count == records.count, "seed \(seed): a record is there twice")
        for (offset, payload) in answers {
            #expect(offset < end.value && records[Int(offset)] == payload, "seed \(seed): \(payload) is not there")
        }
    }

    @Test("a killed writer's lock is free, a living one's is not")
    func lock() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("log.db")
        let appending = try Appending(path: path, threads: 1)
        appending.readAnswers(1)
        let failure = #expect(throws: LogError.self) { try SQLiteLog.open(path: path) }
        #expect(failure?.code == .inUse)
        // Readers of another process see what it writes.
        #expect(try SQLiteLog.openReader(path: path).endOffset(partition) > .zero)
        appending.kill()
        _ = try SQLiteLog.open(path: path)
    }
}
