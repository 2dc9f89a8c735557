import EventLog
import EventModel
import Foundation
import SQLiteLog
import TestKit

/// The files of an embedded log, as a kill or a stop left them, which a test changes and opens again.
struct LogFiles: Equatable {
    static let parts = ["log.db", "log.db-wal", "log.db.end"]
    var bytes: [String: [UInt8]] = [:]

    /// Payloads are numbers, so that every record can be recognised.
    static func record(_ number: Int, payloadBytes: Int = 40) -> NewRecord {
        NewRecord(
            key: Array("plant".utf8), createdAt: Timestamp(microseconds: Int64(number) * 1000),
            headers: number % 3 == 0 ? [RecordHeader(name: "n", value: [UInt8(number % 251)])] : [],
            payload: payload(number, payloadBytes))
    }

    static func payload(_ number: Int, _ count: Int = 40) -> [UInt8] {
        let digits = Array("\(number) ".utf8)
        return (0..<count).map { digits[$0 % digits.count] }
    }

    /// A log of one record per commit, which was stopped once in between.
    /// - Parameter stopped: the last commits are in the write-ahead log, unless the writer has stopped.
    static func log(records: Int, stopped: Bool) throws -> LogFiles {
        let folder = try TemporaryFolder()
        for numbers in [0..<records / 2, records / 2..<records] {
            let log = try SQLiteLog.open(path: folder.file("log.db"))
            for number in numbers { _ = try log.append([record(number)]) }
            if stopped || numbers.lowerBound == 0 { log.close() } else { return try LogFiles(folder) }
        }
        return try LogFiles(folder)
    }

    init(_ folder: TemporaryFolder) throws {
        for part in Self.parts where folder.bytes(part) != nil {
            bytes[part] = [UInt8](try Data(contentsOf: URL(filePath: folder.file(part))))
        }
    }

    func folder() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for (part, bytes) in bytes { try Data(bytes).write(to: URL(filePath: folder.file(part))) }
        return folder
    }

    /// Changes a bit of a record wherever it stands.
    mutating func spoil(_ number: Int) {
        for (part, content) in bytes {
            for place in content.ranges(of: LogFiles.payload(number)) { bytes[part]?[place.lowerBound] ^= 1 }
        }
    }

    /// Calls `body` with the path of the log, in a folder of its own.
    func open<Result>(_ body: (String) throws -> Result) throws -> Result {
        let folder = try folder()
        return try withExtendedLifetime(folder) { try body(folder.file("log.db")) }
    }

    /// The payloads of all records, read to the end.
    static func payloads(_ log: SQLiteLog) throws -> [Int64: [UInt8]] {
        var found: [Int64: [UInt8]] = [:]
        var next = LogOffset.zero
        let end = try log.endOffset(PartitionIndex(0))
        while next < end {
            next = try log.read(PartitionIndex(0), from: next, byteLimit: 1 << 20) { record in
                found[record.offset.value] = Array(record.payload)
            }
        }
        return found
    }
}
