import EventLog
import EventModel

/// What a buffer has to know about a record.
protocol BufferedRecord {
    var offset: LogOffset { get }
    /// What counts for a reader's byte limit.
    var payloadByteCount: Int { get }
    /// Bytes that it takes in memory.
    var heldByteCount: Int { get }
}

/// Fetched records of one partition, waiting for their reader: all that the topic has in a range of offsets.
///
/// Whoever fills it has checked that what is missing between records is declared as skipped.
struct FetchBuffer<Record: BufferedRecord> {
    private var records: [Record] = []
    /// The records before it were taken. They are not removed one by one, which would move all others.
    private var first = 0
    /// What is known: empty when nothing is.
    private var range = LogOffset.zero..<LogOffset.zero
    private(set) var payloadByteCount = 0
    private(set) var heldByteCount = 0

    var isEmpty: Bool { range.isEmpty }
    /// The offset after the last one that is known.
    var end: LogOffset? { isEmpty ? nil : range.upperBound }

    /// Adds the next record.
    /// - Parameter expected: the offset that comes next in the topic; what is between it and the record is skipped.
    mutating func append(_ record: Record, expected: LogOffset) {
        extend(from: expected, to: record.offset.next)
        records.append(record)
        payloadByteCount += record.payloadByteCount
        heldByteCount += record.heldByteCount
    }

    /// From `expected` to `end` there is no record.
    mutating func extend(from expected: LogOffset, to end: LogOffset) {
        precondition(isEmpty || range.upperBound == expected, "what is known must be contiguous")
        range = (isEmpty ? expected : range.lowerBound)..<end
    }

    func contains(_ offset: LogOffset) -> Bool { range.contains(offset) }

    /// Removes the records before `offset`, which must be known.
    mutating func skip(to offset: LogOffset) -> [Record] {
        precondition(contains(offset))
        range = offset..<range.upperBound
        // Where nothing is missing, the difference of offsets is the number of records.
        var count = first < records.count ? Int(max(0, offset.value - records[first].offset.value)) : 0
        count = min(count, records.count - first)
        while count > 0, records[first + count - 1].offset >= offset { count -= 1 }
        return remove(count)
    }

    /// Removes records from the beginning until their payloads reach `byteLimit`; at least one, if there is any.
    /// - Returns: the records, and the offset after them.
    mutating func take(byteLimit: Int) -> (records: [Record], next: LogOffset) {
        var count = 0
        var bytes = 0
        while first + count < records.count, count == 0 || bytes < byteLimit {
            bytes += records[first + count].payloadByteCount
            count += 1
        }
        let next = first + count < records.count ? records[first + count - 1].offset.next : range.upperBound
        range = next..<range.upperBound
        return (remove(count), next)
    }

    mutating func removeAll() -> [Record] {
        range = .zero ..< .zero
        return remove(records.count - first)
    }

    private mutating func remove(_ count: Int) -> [Record] {
        guard count > 0 else { return [] }
        let removed = Array(records[first..<first + count])
        first += count
        for record in removed {
            payloadByteCount -= record.payloadByteCount
            heldByteCount -= record.heldByteCount
        }
        if first == records.count {
            records.removeAll(keepingCapacity: true)
            first = 0
        } else if first > records.count / 2 {
            records.removeSubrange(..<first)
            first = 0
        }
        return removed
    }
}
