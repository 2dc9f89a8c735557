// Layer: oracle. Rounding as SPEC 5.1 words it, in 128-bit integers, with no floating point anywhere.

/// A number with a fixed count of decimals, as answers show it: `scaled` / 10^`places`.
public struct ExactDecimal: Equatable, Sendable, CustomStringConvertible {
    public let scaled: Int64
    public let places: Int

    public init(scaled: Int64, places: Int) {
        self.scaled = scaled
        self.places = places
    }

    /// `numerator` / `denominator`, rounded half up (towards +∞); nil where the denominator is 0 (SPEC 5.1).
    public init?(_ numerator: Int128, over denominator: Int128, places: Int) {
        guard denominator > 0 else { return nil }
        var power: Int128 = 1
        for _ in 0..<places { power *= 10 }
        // floor(x + 1/2) = floor((2n + d) / 2d)
        let doubled = 2 * numerator * power + denominator
        var quotient = doubled / (2 * denominator)
        if doubled % (2 * denominator) < 0 { quotient -= 1 }
        self.init(scaled: Int64(quotient), places: places)
    }

    /// A share in percent with 2 decimals (SPEC 5.1).
    public static func percentage(_ part: Int128, of whole: Int128) -> ExactDecimal? {
        ExactDecimal(part * 100, over: whole, places: 2)
    }

    /// Units in an hour with 2 decimals (SPEC 5.1).
    public static func hourlyRate(_ units: Int64, in microseconds: Int64) -> ExactDecimal? {
        ExactDecimal(Int128(units) * 3_600_000_000, over: Int128(microseconds), places: 2)
    }

    /// Hours with 4 decimals (SPEC 5.2).
    public static func hours(_ microseconds: Int64) -> ExactDecimal {
        ExactDecimal(Int128(microseconds), over: 3_600_000_000, places: 4) ?? ExactDecimal(scaled: 0, places: 4)
    }

    /// With all its decimals, e.g. `78.10`.
    public var description: String {
        var digits = String(scaled.magnitude)
        while digits.utf8.count <= places { digits = "0" + digits }
        let whole = digits.dropLast(places)
        let sign = scaled < 0 ? "-" : ""
        return places == 0 ? sign + digits : sign + whole + "." + digits.suffix(places)
    }

    /// For comparison with JSON numbers, which may drop trailing zeros.
    public var double: Double { Double(description) ?? .nan }
}
