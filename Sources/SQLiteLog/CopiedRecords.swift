internal import EventLog
internal import EventModel
internal import SQLite

/// Records in a row, copied out of a log's file.
struct CopiedRecords {
    /// Where the parts of a record lie in ``bytes``.
    private struct Record {
        var createdAt: Int64
        var key: Range<Int>
        /// Empty where there are none.
        var headers: Range<Int>
        var payload: Range<Int>
    }

    private var bytes: [UInt8] = []
    private var records: [Record] = []
    private(set) var payloadBytes = 0
    /// Whether the log has no record behind them.
    var isLast = false

    /// A larger allocation, for a large record, is not kept.
    private static let bytesKept = 2 << 20
    private static let noHeaders: @Sendable () -> [RecordHeader] = { [] }

    var count: Int { records.count }

    /// Appends the current row of `offset, created_at, key, headers, payload`.
    mutating func append(_ row: Statement) {
        let key = append(row, column: 2)
        let headers = append(row, column: 3)
        let payload = append(row, column: 4)
        records.append(Record(createdAt: row.int64(1), key: key, headers: headers, payload: payload))
        payloadBytes += payload.count
    }

    private mutating func append(_ row: Statement, column: Int) -> Range<Int> {
        let start = bytes.count
        row.withBlob(column) { bytes.append(contentsOf: $0) }
        return start..<bytes.count
    }

    mutating func forget() {
        bytes.removeAll(keepingCapacity: bytes.capacity <= Self.bytesKept)
        records.removeAll(keepingCapacity: true)
        payloadBytes = 0
        isLast = false
    }

    /// - Parameter first: the offset of the first record.
    func forEach(from first: LogOffset, _ body: (LogRecord) throws -> Void) throws {
        try bytes.withUnsafeBytes { bytes in
            var offset = first
            for record in records {
                var headers = Self.noHeaders
                // Almost no record has headers, and a capturing closure costs an allocation.
                if !record.headers.isEmpty {
                    let decoded = HeaderCoding.decode(UnsafeRawBufferPointer(rebasing: bytes[record.headers]))
                    headers = { decoded }
                }
                try body(
                    LogRecord(
                        offset: offset, createdAt: Timestamp(microseconds: record.createdAt),
                        key: UnsafeRawBufferPointer(rebasing: bytes[record.key]),
                        payload: UnsafeRawBufferPointer(rebasing: bytes[record.payload]), headers: headers))
                offset = offset.next
            }
        }
    }
}
