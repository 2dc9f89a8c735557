package import EventLog
import EventModel

/// What every log must do: the same claims run on every implementation (DESIGN 1.10).
///
/// Each claim makes a log of its own. They start from the log's end, whatever it is, so a log that others use will do,
/// and work for any number of partitions.
package struct ContractClaim: Sendable, CustomStringConvertible {
    package let name: String
    package let run: @Sendable (_ makeLog: () throws -> any EventLog) throws -> Void

    package var description: String { name }

    package static let all: [ContractClaim] = records + reading + times + waiting + concurrency
}

/// A claim that does not hold.
package struct ContractViolation: Error, CustomStringConvertible {
    package let description: String
}

func require(_ holds: Bool, _ claim: @autoclosure () -> String, line: UInt = #line) throws {
    guard holds else { throw ContractViolation(description: "\(claim()) [line \(line)]") }
}

func requireError(
    _ code: LogError.Code, naming beginning: String = "", line: UInt = #line, _ body: () throws -> Void
) throws {
    do {
        try body()
    } catch let error as LogError {
        let isExpected = error.code == code && error.message.hasPrefix(beginning)
        return try require(isExpected, "another error was expected than: \(error)", line: line)
    }
    try require(false, "an error was expected", line: line)
}

/// A record as it was read, copied.
struct ReadRecord: Equatable {
    var offset: Int64
    var createdAt: Timestamp
    var key: [UInt8]
    var headers: [RecordHeader]
    var payload: [UInt8]

    init(_ record: LogRecord) {
        offset = record.offset.value
        createdAt = record.createdAt
        key = Array(record.key)
        headers = record.headers()
        payload = Array(record.payload)
    }
}

/// A log and the partition that holds a claim's records.
struct Bench {
    let log: any EventLog
    let key = Array("plant-7".utf8)
    let partition: PartitionIndex
    /// Where the claim's own records begin.
    let base: LogOffset

    init(_ makeLog: () throws -> any EventLog) throws {
        log = try makeLog()
        partition = Partitioner.partition(of: key, partitionCount: log.partitionCount)
        base = try log.endOffset(partition)
    }

    func record(_ payload: [UInt8], at createdAt: Int64 = 0, headers: [RecordHeader] = []) -> NewRecord {
        NewRecord(key: key, createdAt: Timestamp(microseconds: createdAt), headers: headers, payload: payload)
    }

    func offset(_ index: Int) -> LogOffset { LogOffset(base.value + Int64(index)) }

    /// Everything from an offset on, by as many calls as it takes.
    func readAll(from offset: LogOffset? = nil, byteLimit: Int = 1 << 20) throws -> [ReadRecord] {
        var records: [ReadRecord] = []
        var next = offset ?? base
        while next < (try log.endOffset(partition)) {
            let before = next
            next = try log.read(partition, from: next, byteLimit: byteLimit) { records.append(ReadRecord($0)) }
            try require(next > before, "a read made no progress")
        }
        return records
    }
}
