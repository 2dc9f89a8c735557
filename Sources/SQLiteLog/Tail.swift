internal import EventLog
internal import EventModel

/// The newest records in memory, so that readers at the end of the log need no query.
struct Tail {
    /// The offset of the next record.
    private(set) var end: LogOffset
    /// Counts the calls of `wakeReaders`.
    var wakes = 0

    private let bytesMaximum: Int
    private var bytes = 0
    /// Records from `head` on are valid; earlier ones are empty and removed from time to time.
    private var records: [NewRecord] = []
    private var head = 0

    /// Added for each record: its array element and its allocations.
    private static let overheadBytes = 160

    init(end: LogOffset, bytesMaximum: Int) {
        self.end = end
        self.bytesMaximum = bytesMaximum
    }

    /// The oldest offset in memory.
    var start: LogOffset { LogOffset(end.value - Int64(records.count - head)) }

    mutating func append(_ added: [NewRecord], from first: LogOffset) {
        if first != end {
            // A commit with unknown outcome took effect after all: its records are not in memory.
            records.removeAll()
            (head, bytes, end) = (0, 0, first)
        }
        for record in added {
            records.append(record)
            bytes += record.byteCount + Self.overheadBytes
            end = end.next
        }
        trim()
    }

    private mutating func trim() {
        while bytes > bytesMaximum, head < records.count {
            bytes -= records[head].byteCount + Self.overheadBytes
            drop()
        }
        if head > 1024, head > records.count / 2 {
            records.removeFirst(head)
            head = 0
        }
    }

    /// Keeps no record before an offset: what is skipped is passed over in the file only.
    mutating func forget(before offset: LogOffset) {
        while head < records.count, start < offset {
            bytes -= records[head].byteCount + Self.overheadBytes
            drop()
        }
    }

    private mutating func drop() {
        records[head] = NewRecord(key: [], createdAt: .earliest, payload: [])
        head += 1
    }

    /// The records from an offset on; nil when they are no longer, or not yet, in memory.
    func slice(from offset: LogOffset, byteLimit: Int) -> [NewRecord]? {
        guard offset >= start, offset <= end else { return nil }
        let first = head + Int(offset.value - start.value)
        var last = first
        var bytes = 0
        while last < records.count, last == first || bytes < byteLimit {
            bytes += records[last].payload.count
            last += 1
        }
        // Not a slice: it would make the next append copy everything.
        return Array(records[first..<last])
    }
}
