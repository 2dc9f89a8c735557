/// The result of parsing a number that must lie in a range.
public enum NumberReading<Value: Sendable & Equatable>: Sendable, Equatable {
    case valid(Value)
    /// A number of the right kind that is too small or too large.
    case outOfRange
    /// A JSON number with a fraction or an exponent where an integer literal is required.
    case notAnInteger
    /// Not a number by JSON's grammar.
    case notANumber
}

extension Confidence {
    /// Parses a JSON number as parts per million, rounded half to even; exact for any number of digits and any exponent
    /// (SPEC 2.1).
    ///
    /// The range check applies to the rounded ppm: 1.0000004 is 1 000 000 ppm and valid, as are `-0.0` and any number
    /// that rounds to 0.
    public static func read(decimal text: Span<UInt8>) -> NumberReading<Confidence> {
        guard let number = Decimal(text) else { return .notANumber }
        guard !number.isZero else { return .valid(Confidence(partsPerMillion: 0)) }
        guard let ppm = number.millionthsHalfToEven, ppm <= (number.isNegative ? 0 : one.partsPerMillion)
        else { return .outOfRange }
        return .valid(Confidence(partsPerMillion: ppm))
    }

    /// Like ``read(decimal:)-(Span<UInt8>)``, for a buffer from C.
    @unsafe
    public static func read(decimal bytes: UnsafeRawBufferPointer) -> NumberReading<Confidence> {
        let text = unsafe bytes.assumingMemoryBound(to: UInt8.self).span
        return read(decimal: text)
    }
}

/// The `count` of an event.
public enum UnitCount {
    /// Parses a JSON number as a count from 0 to ``Limits/countMaximum`` (SPEC 2.1).
    ///
    /// The caller decides whether 0 is valid: it is for states, but not for a `product_count`.
    public static func read(decimal text: Span<UInt8>) -> NumberReading<UInt32> {
        guard let number = Decimal(text) else { return .notANumber }
        guard number.isIntegerLiteral else { return .notAnInteger }
        guard !number.isZero else { return .valid(0) }
        // `leading` holds an integer literal of up to ten digits completely.
        guard !number.isNegative, number.pointPosition <= 7, number.leading <= UInt64(Limits.countMaximum)
        else { return .outOfRange }
        return .valid(UInt32(number.leading))
    }

    /// Like ``read(decimal:)-(Span<UInt8>)``, for a buffer from C.
    @unsafe
    public static func read(decimal bytes: UnsafeRawBufferPointer) -> NumberReading<UInt32> {
        let text = unsafe bytes.assumingMemoryBound(to: UInt8.self).span
        return read(decimal: text)
    }
}

/// A JSON number as 0.d₁d₂d₃… × 10^pointPosition, d₁ ≠ 0. Keeps the first ten digits and whether all others are zero:
/// enough to round to seven digits exactly.
private struct Decimal {
    private(set) var isNegative = false
    private(set) var isIntegerLiteral = true
    /// The first ``leadingCount`` significant digits.
    private(set) var leading: UInt64 = 0
    private var leadingCount = 0
    private var hasRest = false
    /// Digits before the decimal point; negative when zeros follow the point.
    private(set) var pointPosition = 0

    private static let digitsKept = 10
    /// An exponent stops growing here: no text has enough digits to compensate for it.
    private static let exponentMaximum = Int.max / 64

    var isZero: Bool { leadingCount == 0 }

    /// Parses all of `text`; nil when it is not a number by the grammar of RFC 8259.
    init?(_ text: Span<UInt8>) {
        var index = 0
        if index < text.count, text[index] == UInt8(ascii: "-") {
            isNegative = true
            index += 1
        }
        let integerStart = index
        while index < text.count, let digit = text.digit(at: index) {
            take(digit)
            if !isZero { pointPosition += 1 }
            index += 1
        }
        guard index > integerStart, text[integerStart] != UInt8(ascii: "0") || index == integerStart + 1
        else { return nil }
        if index < text.count, text[index] == UInt8(ascii: ".") {
            isIntegerLiteral = false
            index += 1
            let fractionStart = index
            while index < text.count, let digit = text.digit(at: index) {
                take(digit)
                if isZero { pointPosition -= 1 }
                index += 1
            }
            guard index > fractionStart else { return nil }
        }
        if index < text.count, text[index] | 0x20 == UInt8(ascii: "e") {
            isIntegerLiteral = false
            guard let exponent = Decimal.exponent(text, at: &index) else { return nil }
            pointPosition += exponent
        }
        guard index == text.count else { return nil }
    }

    private mutating func take(_ digit: UInt8) {
        if leadingCount == 0, digit == 0 { return }
        if leadingCount < Decimal.digitsKept {
            leading = leading * 10 + UInt64(digit)
            leadingCount += 1
        } else if digit != 0 {
            hasRest = true
        }
    }

    private static func exponent(_ text: Span<UInt8>, at index: inout Int) -> Int? {
        index += 1
        var isNegative = false
        if index < text.count, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") {
            isNegative = text[index] == UInt8(ascii: "-")
            index += 1
        }
        let start = index
        var exponent = 0
        while index < text.count, let digit = text.digit(at: index) {
            if exponent < exponentMaximum { exponent = exponent * 10 + Int(digit) }
            index += 1
        }
        guard index > start else { return nil }
        return isNegative ? -exponent : exponent
    }

    /// The absolute value × 10⁶, rounded half to even; nil when the result has more than seven digits.
    var millionthsHalfToEven: UInt32? {
        let wholeDigits = pointPosition + 6
        guard wholeDigits <= 7 else { return nil }
        guard wholeDigits >= 0 else { return 0 }
        if leadingCount <= wholeDigits {
            return UInt32(leading * Decimal.powerOfTen(wholeDigits - leadingCount))
        }
        let divisor = Decimal.powerOfTen(leadingCount - wholeDigits)
        let (whole, rest) = leading.quotientAndRemainder(dividingBy: divisor)
        let isAboveHalf = rest > divisor / 2 || (rest == divisor / 2 && hasRest)
        let isHalf = rest == divisor / 2 && !hasRest
        return UInt32(whole) + (isAboveHalf || (isHalf && whole % 2 == 1) ? 1 : 0)
    }

    private static func powerOfTen(_ exponent: Int) -> UInt64 {
        var power: UInt64 = 1
        for _ in 0..<exponent { power *= 10 }
        return power
    }
}

extension Span<UInt8> {
    fileprivate func digit(at index: Int) -> UInt8? {
        let digit = self[index] &- UInt8(ascii: "0")
        return digit <= 9 ? digit : nil
    }
}
