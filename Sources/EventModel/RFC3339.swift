/// Parses and formats RFC 3339 without Foundation and without allocation (SPEC 1, 2.1).
extension Timestamp {
    /// Parses `2026-01-12T06:00:00.25+05:30`; nil is SPEC 2.3's `invalid_timestamp`.
    ///
    /// `Z` or an offset is required (`-00:00` is UTC). Fraction digits after the sixth are truncated. Rejects dates and
    /// times that do not exist, second 60, and instants outside ``earliest``…``latest``. `t` and `z` may be lower case.
    public init?(rfc3339 text: Span<UInt8>) {
        guard text.count >= 20, text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"),
            text[10] | 0x20 == UInt8(ascii: "t"), text[13] == UInt8(ascii: ":"), text[16] == UInt8(ascii: ":")
        else { return nil }
        let century = text.twoDigits(at: 0)
        let yearOfCentury = text.twoDigits(at: 2)
        let date = CivilDate(
            year: century * 100 + yearOfCentury, month: text.twoDigits(at: 5), day: text.twoDigits(at: 8))
        let hour = text.twoDigits(at: 11)
        let minute = text.twoDigits(at: 14)
        let second = text.twoDigits(at: 17)
        guard century >= 0, yearOfCentury >= 0, date.exists, 0...23 ~= hour, 0...59 ~= minute, 0...59 ~= second
        else { return nil }
        guard let (fraction, offsetStart) = text.fraction(at: 19), let offset = text.offsetMinutes(at: offsetStart)
        else { return nil }
        let minutes = (date.daysSince1970 * 24 + hour) * 60 + minute - offset
        let microseconds = Int64(minutes * 60 + second) * Microseconds.second + Int64(fraction)
        guard Timestamp.earliest.microseconds...Timestamp.latest.microseconds ~= microseconds else { return nil }
        self.init(microseconds: microseconds)
    }

    /// Like ``init(rfc3339:)-(Span<UInt8>)``, for a buffer from C.
    @unsafe
    public init?(rfc3339 bytes: UnsafeRawBufferPointer) {
        let text = unsafe bytes.assumingMemoryBound(to: UInt8.self).span
        self.init(rfc3339: text)
    }

    /// Like ``init(rfc3339:)-(Span<UInt8>)``, for queries, definitions and tests.
    public init?(rfc3339 text: some StringProtocol) {
        let bytes = Array(text.utf8)
        self.init(rfc3339: bytes.span)
    }

    /// `2026-01-12T06:00:00.000000Z`: always UTC with six fraction digits (SPEC 1).
    ///
    /// Defined for ``earliest``…``latest``; other instants are clamped to this range.
    public var formatted: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(27)
        appendFormatted(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the 27 bytes of ``formatted``; for JSON writers.
    public func appendFormatted(to bytes: inout [UInt8]) {
        let clamped = min(max(self, .earliest), .latest).microseconds
        let date = CivilDate(daysSince1970: Int(clamped / Microseconds.day))
        let rest = Int(clamped % Microseconds.day)
        let (seconds, fraction) = rest.quotientAndRemainder(dividingBy: Int(Microseconds.second))
        bytes.append(atMost: 27) { writer in
            writer.putTwoDigits(date.year / 100)
            writer.putTwoDigits(date.year % 100)
            writer.put(UInt8(ascii: "-"))
            writer.putTwoDigits(date.month)
            writer.put(UInt8(ascii: "-"))
            writer.putTwoDigits(date.day)
            writer.put(UInt8(ascii: "T"))
            writer.putTwoDigits(seconds / 3600)
            writer.put(UInt8(ascii: ":"))
            writer.putTwoDigits(seconds / 60 % 60)
            writer.put(UInt8(ascii: ":"))
            writer.putTwoDigits(seconds % 60)
            writer.put(UInt8(ascii: "."))
            writer.putTwoDigits(fraction / 10_000)
            writer.putTwoDigits(fraction / 100 % 100)
            writer.putTwoDigits(fraction % 100)
            writer.put(UInt8(ascii: "Z"))
        }
    }
}

extension Timestamp: CustomStringConvertible {
    public var description: String { formatted }
}

extension Span<UInt8> {
    /// Two decimal digits; negative for anything else.
    fileprivate func twoDigits(at index: Int) -> Int {
        let tens = self[index] &- UInt8(ascii: "0")
        let ones = self[index + 1] &- UInt8(ascii: "0")
        return tens <= 9 && ones <= 9 ? Int(tens) * 10 + Int(ones) : -1
    }

    /// The microseconds of an optional `.digits` and the index after it; nil when no digit follows the point.
    fileprivate func fraction(at start: Int) -> (microseconds: Int, end: Int)? {
        guard self[start] == UInt8(ascii: ".") else { return (0, start) }
        var index = start + 1
        var microseconds = 0
        while index < count {
            let digit = self[index] &- UInt8(ascii: "0")
            guard digit <= 9 else { break }
            if index - start <= 6 { microseconds = microseconds * 10 + Int(digit) }
            index += 1
        }
        guard index > start + 1 else { return nil }
        for _ in min(index - start - 1, 6)..<6 { microseconds *= 10 }
        return (microseconds, index)
    }

    /// Minutes that local time is ahead of UTC; nil unless the rest of the text is `Z` or `±hh:mm`.
    fileprivate func offsetMinutes(at start: Int) -> Int? {
        guard start < count else { return nil }
        let sign = self[start]
        if sign | 0x20 == UInt8(ascii: "z") { return start + 1 == count ? 0 : nil }
        guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), start + 6 == count,
            self[start + 3] == UInt8(ascii: ":")
        else { return nil }
        let hours = twoDigits(at: start + 1)
        let minutes = twoDigits(at: start + 4)
        guard 0...23 ~= hours, 0...59 ~= minutes else { return nil }
        return sign == UInt8(ascii: "+") ? hours * 60 + minutes : -(hours * 60 + minutes)
    }
}

extension UncheckedWriter {
    /// Writes a number below 100 as two digits.
    @inline(__always)
    fileprivate mutating func putTwoDigits(_ value: Int) {
        put(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value / 10))
        put(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value % 10))
    }
}
