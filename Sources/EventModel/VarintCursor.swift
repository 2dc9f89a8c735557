/// Decodes the varints of a packed column in sequence without throwing: it records errors in a flag, which the caller
/// checks once at the end of the column.
///
/// It may read past the end of a malformed column, but never past the end of the record.
@safe
struct VarintCursor {
    private let base: UnsafeRawPointer
    private let recordEnd: Int
    private(set) var offset: Int
    /// Whether a varint was overlong.
    private(set) var isBroken = false

    @unsafe
    init(base: UnsafeRawPointer, offset: Int, recordEnd: Int) {
        unsafe self.base = unsafe base
        self.offset = offset
        self.recordEnd = recordEnd
    }

    /// The next value; 0 when there is none.
    ///
    /// Loads up to eight bytes at once and compacts their lowest seven bits by shifts. No branch depends on the length,
    /// because mispredicted branches are the main cost when lengths are mixed.
    @inline(__always)
    mutating func next() -> UInt64 {
        guard offset + 8 <= recordEnd else { return slowNext() }
        let word = unsafe UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        let stops = ~word & 0x8080_8080_8080_8080
        guard stops != 0 else { return slowNext() }
        // All bits up to the first stop bit.
        let taken = word & (stops ^ (stops &- 1))
        let length = stops.trailingZeroBitCount &>> 3 &+ 1
        offset &+= length
        // Overlong: the last of several bytes is zero.
        isBroken = isBroken || (length > 1 && taken &>> UInt64(truncatingIfNeeded: (length &- 1) &<< 3) == 0)
        var value = taken & 0x7f7f_7f7f_7f7f_7f7f
        value = (value & 0x007f_007f_007f_007f) | (value & 0x7f00_7f00_7f00_7f00) &>> 1
        value = (value & 0x0000_3fff_0000_3fff) | (value & 0x3fff_0000_3fff_0000) &>> 2
        return (value & 0x0fff_ffff) | (value & 0x0fff_ffff_0000_0000) &>> 4
    }

    /// Handles the last bytes of the record, and varints of nine or ten bytes.
    @inline(never)
    private mutating func slowNext() -> UInt64 {
        var value: UInt64 = 0
        for place in 0..<10 {
            guard offset < recordEnd else {
                // Past the end of every column.
                offset = recordEnd + 1
                return 0
            }
            let next = unsafe base.load(fromByteOffset: offset, as: UInt8.self)
            offset += 1
            value |= UInt64(next & 0x7f) << (7 * UInt64(place))
            guard next < 0x80 else { continue }
            guard next != 0 || place == 0, place < 9 || next == 1 else { break }
            return value
        }
        isBroken = true
        return 0
    }
}
