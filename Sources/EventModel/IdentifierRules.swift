/// Which bytes are valid ids (SPEC 1, 2.1).
public enum IdentifierRules {
    /// Whether the bytes are 1–128 bytes of UTF-8 without U+0000–1F and U+007F–9F.
    public static func isIdentifier(_ bytes: Span<UInt8>) -> Bool {
        guard 1...Limits.idBytesMaximum ~= bytes.count else { return false }
        if bytes.isPrintableASCII { return true }
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte < 0x80 {
                guard byte >= 0x20, byte != 0x7f else { return false }
                index += 1
            } else {
                guard let (scalar, length) = bytes.scalar(at: index), scalar > 0x9f else { return false }
                index += length
            }
        }
        return true
    }

    /// Like ``isIdentifier(_:)-(Span<UInt8>)``, for a buffer from C.
    @unsafe
    public static func isIdentifier(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let text = unsafe bytes.assumingMemoryBound(to: UInt8.self).span
        return isIdentifier(text)
    }

    /// Whether the bytes are `[A-Za-z0-9._-]{1,64}` and neither `.` nor `..` (SPEC 1).
    public static func isSiteID(_ bytes: Span<UInt8>) -> Bool {
        guard 1...Limits.siteIDBytesMaximum ~= bytes.count else { return false }
        var dots = 0
        for index in bytes.indices {
            switch bytes[index] {
            case UInt8(ascii: "."): dots += 1
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                break
            default: return false
            }
        }
        return dots < bytes.count || dots > 2
    }

    /// Like ``isSiteID(_:)-(Span<UInt8>)``, for a buffer from C.
    @unsafe
    public static func isSiteID(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let text = unsafe bytes.assumingMemoryBound(to: UInt8.self).span
        return isSiteID(text)
    }

    /// Whether the bytes are UTF-8 as defined by RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
    static func isUTF8(_ bytes: Span<UInt8>) -> Bool {
        var index = 0
        while index < bytes.count {
            if bytes[index] < 0x80 {
                index += 1
            } else {
                guard let (_, length) = bytes.scalar(at: index) else { return false }
                index += length
            }
        }
        return true
    }
}

extension Identifier {
    /// Whether these bytes are a valid id in an event (SPEC 2.1).
    public var isValid: Bool { IdentifierRules.isIdentifier(bytes.span) }
}

extension Identifier where Kind == IdentifierKind.Site {
    /// Whether these bytes are a valid site id (SPEC 1).
    public var isValid: Bool { IdentifierRules.isSiteID(bytes.span) }
}

extension Span<UInt8> {
    /// Fast path: whether all bytes are U+0020…7E, as in almost all ids. Checks eight bytes at a time; no false
    /// positives.
    ///
    /// Always false for fewer than four bytes.
    @inline(__always)
    fileprivate var isPrintableASCII: Bool {
        let raw = unsafe self.bytes
        guard count >= 8 else {
            guard count >= 4 else { return false }
            // Two overlapping words of four bytes.
            let low = unsafe raw.unsafeLoadUnaligned(fromUncheckedByteOffset: 0, as: UInt32.self)
            let high = unsafe raw.unsafeLoadUnaligned(fromUncheckedByteOffset: count &- 4, as: UInt32.self)
            return isPrintable(UInt64(low) | UInt64(high) &<< 32)
        }
        var index = 0
        while index < count &- 8 {
            let word = unsafe raw.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
            guard isPrintable(word) else { return false }
            index &+= 8
        }
        return isPrintable(unsafe raw.unsafeLoadUnaligned(fromUncheckedByteOffset: count &- 8, as: UInt64.self))
    }

    /// Whether each of eight bytes is in U+0020…7E: none is above 7F, none borrows when 20 is subtracted, and none
    /// carries into the highest bit when 1 is added.
    @inline(__always)
    private func isPrintable(_ word: UInt64) -> Bool {
        let highest: UInt64 = 0x8080_8080_8080_8080
        guard word & highest == 0 else { return false }
        let belowSpace = (word | highest) &- 0x2020_2020_2020_2020
        let isDelete = word &+ 0x0101_0101_0101_0101
        return belowSpace & highest == highest && isDelete & highest == 0
    }

    /// The scalar of two to four bytes at `index`; nil when the bytes are not UTF-8.
    fileprivate func scalar(at index: Int) -> (value: UInt32, length: Int)? {
        let first = self[index]
        let length: Int
        let smallest: UInt32
        var value: UInt32
        switch first {
        case 0xc2...0xdf: (length, smallest, value) = (2, 0x80, UInt32(first & 0x1f))
        case 0xe0...0xef: (length, smallest, value) = (3, 0x800, UInt32(first & 0x0f))
        case 0xf0...0xf4: (length, smallest, value) = (4, 0x10000, UInt32(first & 0x07))
        default: return nil
        }
        guard index + length <= count else { return nil }
        for next in index + 1..<index + length {
            guard self[next] & 0xc0 == 0x80 else { return nil }
            value = value << 6 | UInt32(self[next] & 0x3f)
        }
        guard value >= smallest, value <= 0x10ffff, !(0xd800...0xdfff ~= value) else { return nil }
        return (value, length)
    }
}
