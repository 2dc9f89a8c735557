/// Reads Protobuf fields from part of one record; every access is bounds-checked.
///
/// Valid only while the record's memory is, so it must not escape the call that received the record. Offsets, also in
/// the readers of nested messages, are relative to the start of the record, so that errors report the right place.
@safe
struct WireReader {
    private let base: UnsafeRawPointer
    /// Bytes in the whole record: the limit for loads, though not for values.
    private let recordEnd: Int
    private(set) var offset: Int
    let end: Int

    @unsafe
    init(_ record: UnsafeRawBufferPointer) {
        // An empty buffer may have no address; nothing is read from this placeholder.
        unsafe base = record.baseAddress ?? UnsafeRawPointer(bitPattern: 1).unsafelyUnwrapped
        recordEnd = record.count
        offset = 0
        end = record.count
    }

    private init(_ outer: WireReader, range: Range<Int>) {
        unsafe base = outer.base
        recordEnd = outer.recordEnd
        precondition(range.lowerBound >= 0 && range.upperBound <= outer.recordEnd)
        offset = range.lowerBound
        end = range.upperBound
    }

    /// A reader for a range returned by ``bytes(of:)``.
    func reader(of range: Range<Int>) -> WireReader { WireReader(self, range: range) }

    var isAtEnd: Bool { offset >= end }

    @inline(__always)
    mutating func varint() throws(CodecError) -> UInt64 {
        guard offset < end else { throw CodecError(.truncated, at: offset) }
        let first = byte(at: offset)
        if first < 0x80 {
            offset += 1
            return UInt64(first)
        }
        return try longVarint()
    }

    private mutating func longVarint() throws(CodecError) -> UInt64 {
        let start = offset
        var value: UInt64 = 0
        for place in 0..<10 {
            guard start + place < end else { throw CodecError(.truncated, at: start) }
            let next = byte(at: start + place)
            value |= UInt64(next & 0x7f) << (7 * UInt64(place))
            guard next < 0x80 else { continue }
            // A final zero byte is redundant; the tenth byte has room for one bit.
            guard next != 0, place < 9 || next == 1 else { break }
            offset = start + place + 1
            return value
        }
        throw CodecError(.overlongVarint, at: start)
    }

    /// Number and wire type of the next field; nil at the end.
    @inline(__always)
    mutating func field() throws(CodecError) -> WireField? {
        guard offset < end else { return nil }
        let start = offset
        let tag = try varint()
        guard tag >> 3 != 0, tag >> 3 < 1 << 29 else { throw CodecError(.wrongWireType, at: start) }
        return WireField(number: Int(tag >> 3), wireType: UInt8(tag & 7), offset: start)
    }

    mutating func varint(of field: WireField) throws(CodecError) -> UInt64 {
        guard field.wireType == 0 else { throw CodecError(.wrongWireType, at: field.offset) }
        return try varint()
    }

    /// A varint of at most `maximum`.
    mutating func integer(of field: WireField, maximum: UInt64) throws(CodecError) -> UInt64 {
        let value = try varint(of: field)
        guard value <= maximum else { throw CodecError(.valueOutOfRange, at: field.offset) }
        return value
    }

    mutating func fixed32(of field: WireField) throws(CodecError) -> UInt32 {
        guard field.wireType == 5 else { throw CodecError(.wrongWireType, at: field.offset) }
        guard offset + 4 <= end else { throw CodecError(.truncated, at: field.offset) }
        defer { offset += 4 }
        return unsafe UInt32(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// The byte range of a length-delimited field.
    @inline(__always)
    mutating func bytes(of field: WireField) throws(CodecError) -> Range<Int> {
        guard field.wireType == 2 else { throw CodecError(.wrongWireType, at: field.offset) }
        let length = try varint()
        guard length <= UInt64(end - offset) else { throw CodecError(.truncated, at: field.offset) }
        let start = offset
        offset += Int(length)
        return start..<offset
    }

    /// The byte range of a field whose tag is the given byte; nil, without advancing, when another tag or the end
    /// follows.
    @inline(__always)
    mutating func shortBytes(afterTag tag: UInt8) throws(CodecError) -> Range<Int>? {
        guard offset < end, byte(at: offset) == tag else { return nil }
        offset += 1
        let length = try varint()
        guard length <= UInt64(end - offset) else { throw CodecError(.truncated, at: offset) }
        let start = offset
        offset += Int(length)
        return start..<offset
    }

    /// Whether the next byte is this tag.
    @inline(__always)
    func isNext(tag: UInt8) -> Bool { offset < end && byte(at: offset) == tag }

    /// Skips a field that this version does not know.
    mutating func skip(_ field: WireField) throws(CodecError) {
        let length: Int
        switch field.wireType {
        case 0:
            _ = try varint()
            return
        case 1: length = 8
        case 2:
            _ = try bytes(of: field)
            return
        case 5: length = 4
        default: throw CodecError(.wrongWireType, at: field.offset)
        }
        guard offset + length <= end else { throw CodecError(.truncated, at: field.offset) }
        offset += length
    }

    @inline(__always)
    private func byte(at offset: Int) -> UInt8 {
        assert(offset >= 0 && offset < recordEnd)
        return unsafe base.load(fromByteOffset: offset, as: UInt8.self)
    }

    /// The bytes of a range returned by ``bytes(of:)``.
    @inline(__always)
    @unsafe
    func buffer(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        assert(range.lowerBound >= 0 && range.upperBound <= recordEnd)
        return unsafe UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
    }

    func copy(_ range: Range<Int>) -> [UInt8] { unsafe Array(buffer(range)) }

    func text(_ range: Range<Int>) throws(CodecError) -> String {
        let bytes = unsafe buffer(range)
        guard IdentifierRules.isUTF8(unsafe bytes.assumingMemoryBound(to: UInt8.self).span)
        else { throw CodecError(.invalidText, at: range.lowerBound) }
        return unsafe String(decoding: bytes, as: UTF8.self)
    }

    /// Replaces `old` with the bytes of `range`; does nothing, and allocates nothing, when they are equal.
    func update(_ old: inout [UInt8], from range: Range<Int>) {
        let new = unsafe buffer(range)
        guard unsafe !old.elementsEqual(new) else { return }
        unsafe old = Array(new)
    }

    /// A cursor over the varints of a packed column.
    func cursor(_ range: Range<Int>) -> VarintCursor {
        unsafe VarintCursor(base: base, offset: range.lowerBound, recordEnd: recordEnd)
    }
}

/// Number and wire type of a field, and where it starts.
struct WireField {
    let number: Int
    let wireType: UInt8
    let offset: Int
}

/// Which singular fields a message has had so far.
struct SeenFields {
    private var bits: UInt64 = 0

    /// Records a field with a number below 64.
    @inline(__always)
    mutating func insert(_ field: WireField) throws(CodecError) {
        let bit: UInt64 = 1 << UInt64(field.number)
        guard bits & bit == 0 else { throw CodecError(.repeatedField, at: field.offset) }
        bits |= bit
    }

    /// Rejects a message that lacks one of the fields.
    func require(_ numbers: Int..., at offset: Int) throws(CodecError) {
        for number in numbers where bits & (1 << UInt64(number)) == 0 { throw CodecError(.missingField, at: offset) }
    }
}
