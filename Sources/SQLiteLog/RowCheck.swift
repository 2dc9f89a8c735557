internal import EventLog
internal import EventModel

/// The checks of a log's rows: CRC-32C over the log's identity, the row's place and its content, so that neither a
/// changed bit nor a row of another place or log goes unnoticed.
struct RowCheck {
    private let epoch: (UInt64, UInt64)

    /// What a row is, so that no row of one kind passes for one of another.
    private enum Kind: UInt64 {
        case log = 1
        case record
        case span
        case skip
    }

    /// - Parameter epoch: 16 bytes.
    init(_ epoch: LogEpoch) {
        self.epoch = epoch.bytes.withUnsafeBytes {
            ($0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
    }

    /// - Parameter checkedFrom: the first offset whose row carries a check.
    func ofLog(version: Int64, checkedFrom: Int64) -> Int64 { check(.log, version, checkedFrom) }

    func ofSpan(_ span: Int64, newest: Int64) -> Int64 { check(.span, span, newest) }

    func ofSkip(_ skip: LogSkip) -> Int64 {
        let words = Array(skip.reason.utf8) + [0] + Array(skip.by.utf8)
        return check(
            .skip, skip.first.value, skip.next.value, skip.at.microseconds, words.withUnsafeBytes(Self.sum))
    }

    /// - Parameter columns: each of at most 2 GiB.
    func ofRecord(_ columns: RecordColumns) -> Int64 {
        let (key, headers) = (columns.key, columns.headers)
        let counts = UInt64(key.count) | (headers.map { UInt64($0.count) + 1 } ?? 0) << 32
        let sums = Self.sum(key) | (headers.map(Self.sum) ?? 0) << 32
        return check(
            .record, columns.offset, columns.createdAt, Int64(bitPattern: counts), sums, Self.sum(columns.payload))
    }

    /// The bytes themselves stand for themselves by their own checksum: they need no copy.
    private static func sum(_ bytes: UnsafeRawBufferPointer) -> UInt64 { UInt64(CRC32C.checksum(bytes)) }

    private func check(
        _ kind: Kind, _ first: Int64, _ second: Int64, _ third: Int64 = 0, _ fourth: UInt64 = 0, _ fifth: UInt64 = 0
    ) -> Int64 {
        let words = (
            epoch.0, epoch.1, kind.rawValue.littleEndian, first.littleEndian, second.littleEndian, third.littleEndian,
            fourth.littleEndian, fifth.littleEndian
        )
        // With its sign, so that it takes four bytes in a row.
        return withUnsafeBytes(of: words) { Int64(Int32(bitPattern: CRC32C.checksum($0))) }
    }
}
