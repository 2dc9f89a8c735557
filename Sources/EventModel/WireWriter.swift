/// Start of a nested message whose length is not known yet.
struct WireMessageStart {
    let offset: Int
}

/// Appends Protobuf fields to a buffer. Numbers equal to 0 are omitted, as Protobuf defines.
extension [UInt8] {
    mutating func appendVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func appendTag(_ number: Int, wireType: UInt64) {
        appendVarint(UInt64(number) << 3 | wireType)
    }

    mutating func appendField(_ number: Int, varint value: UInt64) {
        guard value != 0 else { return }
        appendTag(number, wireType: 0)
        appendVarint(value)
    }

    mutating func appendField(_ number: Int, int64 value: Int64) {
        appendField(number, varint: UInt64(bitPattern: value))
    }

    /// Bytes or text; omitted when empty.
    mutating func appendField(_ number: Int, bytes value: some Collection<UInt8>) {
        guard !value.isEmpty else { return }
        appendPresentField(number, bytes: value)
    }

    /// Bytes or text; written even when empty, omitted when nil.
    mutating func appendOptionalField(_ number: Int, text value: String?) {
        guard let value else { return }
        appendPresentField(number, bytes: value.utf8)
    }

    mutating func appendPresentField(_ number: Int, bytes value: some Collection<UInt8>) {
        appendTag(number, wireType: 2)
        appendVarint(UInt64(value.count))
        append(contentsOf: value)
    }

    mutating func openMessage(_ number: Int) -> WireMessageStart {
        appendTag(number, wireType: 2)
        return WireMessageStart(offset: count)
    }

    /// Inserts the length before the bytes appended since ``openMessage(_:)``.
    mutating func closeMessage(_ message: WireMessageStart) {
        let length = count - message.offset
        if length < 0x80 {
            insert(UInt8(length), at: message.offset)
        } else {
            var prefix: [UInt8] = []
            prefix.appendVarint(UInt64(length))
            insert(contentsOf: prefix, at: message.offset)
        }
    }
}

/// Writes into memory that the caller guarantees to be large enough; only debug builds check it.
@safe
struct UncheckedWriter {
    private let buffer: UnsafeMutableRawBufferPointer
    private(set) var offset = 0

    @unsafe
    init(_ buffer: UnsafeMutableRawBufferPointer) { unsafe self.buffer = unsafe buffer }

    @inline(__always)
    mutating func put(_ byte: UInt8) {
        assert(unsafe offset < buffer.count)
        unsafe buffer.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
        offset &+= 1
    }

    @inline(__always)
    mutating func putVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            put(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest &>>= 7
        }
        put(UInt8(truncatingIfNeeded: rest))
    }

    @inline(__always)
    mutating func put(_ bytes: Span<UInt8>) {
        unsafe assert(offset + bytes.count <= buffer.count)
        unsafe bytes.withUnsafeBytes { source in
            unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[offset...]).copyMemory(from: source)
        }
        offset &+= bytes.count
    }
}

extension [UInt8] {
    /// Appends at most `maximum` bytes that `write` stores directly into the buffer.
    @inline(__always)
    mutating func append(atMost maximum: Int, _ write: (inout UncheckedWriter) -> Void) {
        let start = count
        append(contentsOf: repeatElement(0, count: maximum))
        let written = unsafe withUnsafeMutableBytes { buffer in
            var writer = unsafe UncheckedWriter(UnsafeMutableRawBufferPointer(rebasing: buffer[start...]))
            write(&writer)
            return writer.offset
        }
        removeLast(maximum - written)
    }
}
