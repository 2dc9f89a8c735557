internal import EventModel

/// An exact decimal number in an answer: `scaled` / 10^`decimals`.
///
/// Sums are integers. Division comes last and rounds once, half up (towards +∞), without binary fractions (SPEC 5.1).
/// 128 bits hold every product: units × microseconds per hour, worker-time of a whole site.
package struct FixedPoint: Equatable, Sendable {
    package let scaled: Int128
    package let decimals: Int

    package init(scaled: Int128, decimals: Int) {
        self.scaled = scaled
        self.decimals = decimals
    }

    /// `numerator` / `denominator` rounded to `decimals`; nil where the denominator is 0 (SPEC 5.1).
    ///
    /// Computes digit by digit, so that no number exceeds ten times the denominator. Uses a single 64-bit division
    /// where possible: lists have tens of thousands of quotients, and a 128-bit division is ten times as expensive.
    package init?(_ numerator: Int128, over denominator: Int128, decimals: Int) {
        guard denominator > 0 else { return nil }
        if let scaled = FixedPoint.quotient(numerator, denominator, decimals) {
            self.init(scaled: Int128(scaled), decimals: decimals)
            return
        }
        var (quotient, rest) = numerator.quotientAndRemainder(dividingBy: denominator)
        if rest < 0 {
            quotient -= 1
            rest += denominator
        }
        for _ in 0..<decimals {
            let (digit, next) = (rest * 10).quotientAndRemainder(dividingBy: denominator)
            quotient = quotient * 10 + digit
            rest = next
        }
        self.init(scaled: rest * 2 >= denominator ? quotient + 1 : quotient, decimals: decimals)
    }

    /// The rounded quotient if every intermediate number fits into 64 bits; otherwise nil.
    private static func quotient(_ numerator: Int128, _ denominator: Int128, _ decimals: Int) -> Int64? {
        guard decimals < powersCount, let small = Int64(exactly: numerator), let divisor = Int64(exactly: denominator),
            divisor <= Int64.max / 2
        else { return nil }
        let (product, overflows) = small.multipliedReportingOverflow(by: powers[decimals])
        guard !overflows else { return nil }
        var (quotient, rest) = product.quotientAndRemainder(dividingBy: divisor)
        if rest < 0 {
            quotient -= 1
            rest += divisor
        }
        return rest * 2 >= divisor ? quotient + 1 : quotient
    }

    private static let powersCount = 7
    private static let powers: InlineArray<7, Int64> = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000]

    /// A ratio in percent, 2 decimals.
    package static func percentage(_ part: Int128, of whole: Int128) -> FixedPoint? {
        FixedPoint(part, over: whole, decimals: 4).map { FixedPoint(scaled: $0.scaled, decimals: 2) }
    }

    /// Units per hour, 2 decimals.
    package static func rate(_ units: Int128, inMicroseconds time: Int128) -> FixedPoint? {
        FixedPoint(units * Int128(Microseconds.hour), over: time, decimals: 2)
    }

    /// Hours, 4 decimals.
    package static func hours(_ microseconds: Int128) -> FixedPoint? {
        FixedPoint(microseconds, over: Int128(Microseconds.hour), decimals: 4)
    }

    /// Seconds, 3 decimals.
    package static func seconds(_ microseconds: Int64) -> FixedPoint? {
        FixedPoint(Int128(microseconds), over: Int128(Microseconds.second), decimals: 3)
    }

    /// - Precondition: both have the same decimals, as the values of one figure do.
    package func isLess(than other: FixedPoint) -> Bool {
        precondition(decimals == other.decimals, "values of different figures")
        return scaled < other.scaled
    }

    /// The same number without trailing zeros.
    package var shortest: FixedPoint {
        guard let small = Int64(exactly: scaled) else { return slowShortest }
        var digits = small
        var places = decimals
        while places > 0, digits % 10 == 0 {
            digits /= 10
            places -= 1
        }
        return FixedPoint(scaled: Int128(digits), decimals: places)
    }

    private var slowShortest: FixedPoint {
        guard decimals > 0, scaled % 10 == 0 else { return self }
        return FixedPoint(scaled: scaled / 10, decimals: decimals - 1).shortest
    }

    /// The shortest decimal text: `78.13`, `87.5`, `0`.
    package var text: String {
        shortest.wholeText
    }

    /// With all its decimals, for columns that people compare.
    package var wholeText: String {
        var text = String(scaled.magnitude)
        while text.utf8.count <= decimals { text = "0" + text }
        if decimals > 0 { text.insert(".", at: text.index(text.endIndex, offsetBy: -decimals)) }
        return scaled < 0 ? "-" + text : text
    }
}
