public import EventModel

/// Encodes a page as one blob for the store (DESIGN 1.6).
///
/// ```
/// 0  format (1)          1  flags: bit 0 = entry state present
/// 2  count, 2 bytes      4  CRC-32C of everything from byte 8 on
/// 8  limit, 8 bytes      then the entry state, then the columns, each value a varint:
///    key (difference), created_at, offset (differences, zigzag), index and reason, origin, ppm, count
/// ```
/// Stored by column because neighbouring values are similar: about 15 bytes per event instead of 32.
public enum PageCodec {
    static let format: UInt8 = 1
    static let headerBytes = 16
    /// Maximum blob size: 128 entries and the entry state of seven varints of at most 10 bytes, plus the header.
    public static let blobBytesMaximum = headerBytes + (Page.entriesMaximum + 1) * 70

    /// Encodes into `blob`, whose memory is reused.
    public static func encode(_ page: Page, into blob: inout [UInt8]) {
        blob.removeAll(keepingCapacity: true)
        let count = page.entries.count
        blob.append(format)
        blob.append(page.entry == nil ? 0 : 1)
        blob.append(UInt8(truncatingIfNeeded: count))
        blob.append(UInt8(truncatingIfNeeded: count >> 8))
        for _ in 0..<4 { blob.append(0) }
        for shift in stride(from: 0, to: 64, by: 8) {
            blob.append(UInt8(truncatingIfNeeded: page.limit.rawValue >> Int64(shift)))
        }
        var writer = VarintWriter(bytes: blob)
        blob = []
        if let entry = page.entry { writer.columns([entry]) }
        writer.columns(page.entries)
        blob = writer.bytes
        let checksum = checksum(blob)
        for byte in 0..<4 { blob[4 + byte] = UInt8(truncatingIfNeeded: checksum >> UInt32(byte * 8)) }
    }

    /// Decodes a stored blob.
    /// - Throws: ``TimelineError`` when the bytes are not a page; malicious bytes cannot do worse.
    public static func decode(_ blob: UnsafeRawBufferPointer, id: Int64, fence: EventKey) throws -> Page {
        let bytes = unsafe [UInt8](blob)
        guard bytes.count >= headerBytes, bytes.count <= blobBytesMaximum else {
            throw TimelineError.corruptPage("length")
        }
        guard bytes[0] == format, bytes[1] <= 1 else { throw TimelineError.corruptPage("format") }
        let stored = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[4 + $1]) << UInt32($1 * 8) }
        guard stored == checksum(bytes) else { throw TimelineError.corruptPage("checksum") }
        let limit = EventKey(rawValue: (0..<8).reduce(Int64(0)) { $0 | Int64(bytes[8 + $1]) << Int64($1 * 8) })
        let count = Int(bytes[2]) | Int(bytes[3]) << 8
        guard count <= Page.entriesMaximum, fence < limit else { throw TimelineError.corruptPage("range") }
        var reader = VarintReader(bytes: bytes, position: headerBytes)
        let entry = bytes[1] == 1 ? reader.columns(1).first : nil
        let entries = reader.columns(count)
        guard !reader.failed, reader.position == bytes.count else { throw TimelineError.corruptPage("columns") }
        for index in entries.indices {
            let key = entries[index].key
            let isAscending = index == 0 || entries[index - 1].key < key
            guard isAscending, key >= fence, key < limit else { throw TimelineError.corruptPage("order") }
        }
        return Page(id: id, fence: fence, limit: limit, entry: entry, entries: entries)
    }

    /// Number of events in a stored blob, as its header says; 0 for bytes that are not a page.
    public static func eventCount(_ blob: UnsafeRawBufferPointer) -> Int {
        guard blob.count >= headerBytes else { return 0 }
        return unsafe Int(blob[2]) | Int(blob[3]) << 8
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        unsafe bytes.withUnsafeBytes { buffer in
            unsafe CRC32C.checksum(UnsafeRawBufferPointer(rebasing: buffer[8...]))
        }
    }
}

/// Writes columns of varints.
private struct VarintWriter {
    var bytes: [UInt8]

    mutating func columns(_ entries: [TimelineEntry]) {
        bytes.reserveCapacity(bytes.count + entries.count * 20 + 16)
        var previous: Int64 = 0
        for entry in entries {
            zigzag(entry.key.rawValue &- previous)
            previous = entry.key.rawValue
        }
        previous = 0
        for entry in entries {
            zigzag(entry.createdAt &- previous)
            previous = entry.createdAt
        }
        previous = 0
        for entry in entries {
            let offset = entry.offset.value
            zigzag(offset &- previous)
            previous = offset
        }
        for entry in entries { unsigned(UInt64(entry.position.low)) }
        for entry in entries { unsigned(UInt64(entry.detail.origin)) }
        for entry in entries { unsigned(UInt64(entry.detail.confidence)) }
        for entry in entries { unsigned(UInt64(entry.detail.count)) }
    }

    @inline(__always)
    private mutating func zigzag(_ value: Int64) { unsigned(UInt64(bitPattern: value << 1 ^ value >> 63)) }

    @inline(__always)
    private mutating func unsigned(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}

/// Reads columns of varints; after an error, every value is 0.
private struct VarintReader {
    let bytes: [UInt8]
    var position: Int
    var failed = false

    mutating func columns(_ count: Int) -> [TimelineEntry] {
        let blank = TimelineEntry(
            key: EventKey(rawValue: 0), createdAt: 0, position: PackedPosition(rawValue: 0),
            detail: PackedDetail(rawValue: 0))
        var entries = [TimelineEntry](repeating: blank, count: count)
        var previous: Int64 = 0
        for index in 0..<count {
            previous = previous &+ zigzag()
            entries[index].key = EventKey(rawValue: previous)
        }
        previous = 0
        for index in 0..<count {
            previous = previous &+ zigzag()
            entries[index].createdAt = previous
        }
        previous = 0
        for index in 0..<count {
            previous = previous &+ zigzag()
            if previous < 0 || previous >= PackedPosition.offsetsMaximum { failed = true }
            entries[index].position.rawValue = UInt64(bitPattern: previous) << PackedPosition.lowBits
        }
        for index in 0..<count { entries[index].position.rawValue |= unsigned(bits: PackedPosition.lowBits) }
        for index in 0..<count {
            let shift = PackedDetail.countBits + PackedDetail.confidenceBits
            entries[index].detail.rawValue = unsigned(bits: PackedDetail.originBits) << shift
        }
        for index in 0..<count { entries[index].detail.rawValue |= unsigned(bits: PackedDetail.confidenceBits) }
        for index in 0..<count {
            entries[index].detail.rawValue |= unsigned(bits: PackedDetail.countBits) << PackedDetail.confidenceBits
        }
        return entries
    }

    @inline(__always)
    private mutating func zigzag() -> Int64 {
        let value = unsigned(bits: 64)
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    @inline(__always)
    private mutating func unsigned(bits: UInt64) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < bytes.count, shift < 64 {
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 {
                if value >> bits != 0 { failed = true }
                return failed ? 0 : value
            }
            shift += 7
        }
        failed = true
        return 0
    }
}
