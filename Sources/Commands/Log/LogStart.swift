internal import EventLog
internal import EventModel

/// Where reading a log begins.
enum LogStart: Sendable, Equatable {
    case earliest
    case end
    /// One partition alone, from this record on; within that record, from this event on.
    case position(RecordPosition, index: Int)
    /// Records created at or after this time, in any partition (SPEC 7.3).
    case time(Timestamp)

    static let option = Option<LogStart>(
        "from", "PLACE", "earliest, end, PARTITION:OFFSET[:INDEX], or a time such as 2026-02-03T06:00:00Z"
    ) { text throws(InvalidValue) in
        guard let start = LogStart(text) else {
            throw InvalidValue("earliest, end, PARTITION:OFFSET[:INDEX], or a time with its offset (RFC 3339)")
        }
        return start
    }

    init?(_ text: String) {
        switch text {
        case "earliest": self = .earliest
        case "end": self = .end
        default:
            if let time = Timestamp(rfc3339: text) {
                self = .time(time)
                return
            }
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2 || parts.count == 3,
                let record = RecordPosition(parts[..<2].joined(separator: ":"))
            else { return nil }
            guard parts.count == 3 else {
                self = .position(record, index: 0)
                return
            }
            guard parts[2].utf8.allSatisfy({ (48...57).contains($0) }), let index = Int(parts[2]) else { return nil }
            self = .position(record, index: index)
        }
    }

    /// Where to begin in each of the partitions to read; partitions that are missing here are not read.
    /// - Throws: `LogError`, also `.outOfRange` for a position that the log does not hold.
    func offsets(_ log: any EventLog, _ partitions: [PartitionIndex]) throws -> [PartitionIndex: LogOffset] {
        var offsets: [PartitionIndex: LogOffset] = [:]
        for partition in partitions {
            switch self {
            case .earliest: offsets[partition] = try log.startOffset(partition)
            case .end: offsets[partition] = try log.endOffset(partition)
            case .time(let time): offsets[partition] = try log.offset(partition, at: time)
            case .position(let record, _):
                guard partition == record.partition else { continue }
                let (start, end) = (try log.startOffset(partition), try log.endOffset(partition))
                guard record.offset >= start, record.offset <= end else {
                    throw LogError.noOffset(record.offset, start: start, end: end)
                }
                offsets[partition] = record.offset
            }
        }
        return offsets
    }
}
