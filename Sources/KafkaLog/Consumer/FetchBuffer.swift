import EventModel

/// What a buffer has to know about a record.
protocol BufferedRecord {
    var offset: LogOffset { get }
    /// What counts for a reader's byte limit.
    var payloadByteCount: Int { get }
    /// Bytes that it takes in memory.
    var heldByteCount: Int { get }
}

/// Fetched records of one partition, contiguous, waiting for their reader.
struct FetchBuffer<Record: BufferedRecord> {
    private var records: [Record] = []
    /// The records before it were taken. They are not removed one by one, which would move all others.
    private var first = 0
    private(set) var payloadByteCount = 0
    private(set) var heldByteCount = 0

    var isEmpty: Bool { first == records.count }
    /// The offset after the last one.
    var end: LogOffset? { isEmpty ? nil : records[records.count - 1].offset.next }

    mutating func append(_ record: Record) {
        precondition(end == nil || end == record.offset, "records must be contiguous")
        records.append(record)
        payloadByteCount += record.payloadByteCount
        heldByteCount += record.heldByteCount
    }

    func contains(_ offset: LogOffset) -> Bool {
        guard let end else { return false }
        return records[first].offset <= offset && offset < end
    }

    /// Removes the records before `offset`, which must be there.
    mutating func skip(to offset: LogOffset) -> [Record] {
        precondition(contains(offset))
        return remove(Int(offset.value - records[first].offset.value))
    }

    /// Removes records from the beginning until their payloads reach `byteLimit`; at least one.
    mutating func take(byteLimit: Int) -> [Record] {
        var count = 0
        var bytes = 0
        while first + count < records.count, count == 0 || bytes < byteLimit {
            bytes += records[first + count].payloadByteCount
            count += 1
        }
        return remove(count)
    }

    mutating func removeAll() -> [Record] { remove(records.count - first) }

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
