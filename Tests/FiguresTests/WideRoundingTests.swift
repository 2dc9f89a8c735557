// Layer: oracle. Quotients that 64 bits do not hold, against long division digit by digit.
import EventModel
import SimulationKit
import Testing

@testable import Figures

@Suite("Exact rounding beyond 64 bits (SPEC 5.1)") struct WideRoundingTests {
    /// Long division as on paper: the numerator's digits one after the other, rounded half up towards +∞.
    private func longDivision(_ numerator: Int128, _ denominator: UInt128, decimals: Int) -> String {
        var quotient: [UInt8] = []
        var rest: UInt128 = 0
        let digits = Array(String(numerator.magnitude).utf8) + Array(repeating: UInt8(ascii: "0"), count: decimals)
        for digit in digits {
            rest = rest * 10 + UInt128(digit - UInt8(ascii: "0"))
            var times: UInt8 = 0
            while rest >= denominator {
                rest -= denominator
                times += 1
            }
            quotient.append(times)
        }
        // Half goes up: of a positive number away from zero, of a negative one towards it.
        if numerator < 0 ? rest > denominator - rest : rest >= denominator - rest { quotient = incremented(quotient) }
        return text(quotient, isNegative: numerator < 0, decimals: decimals)
    }

    private func incremented(_ digits: [UInt8]) -> [UInt8] {
        var digits = digits
        for index in digits.indices.reversed() {
            if digits[index] < 9 {
                digits[index] += 1
                return digits
            }
            digits[index] = 0
        }
        return [1] + digits
    }

    /// Without zeros where they say nothing.
    private func text(_ digits: [UInt8], isNegative: Bool, decimals: Int) -> String {
        var whole = String(digits.dropLast(decimals).map { Character(Unicode.Scalar($0 + 48)) })
        while whole.hasPrefix("0") { whole.removeFirst() }
        var fraction = String(digits.suffix(decimals).map { Character(Unicode.Scalar($0 + 48)) })
        while fraction.hasSuffix("0") { fraction.removeLast() }
        let number = (whole.isEmpty ? "0" : whole) + (fraction.isEmpty ? "" : "." + fraction)
        return isNegative && number != "0" ? "-" + number : number
    }

    private func expect(_ numerator: Int128, over denominator: Int128, decimals: Int, _ text: String) {
        let found = FixedPoint(numerator, over: denominator, decimals: decimals)?.text
        #expect(found == text, "\(numerator)/\(denominator) to \(decimals) decimals")
        let expected = longDivision(numerator, denominator.magnitude, decimals: decimals)
        #expect(expected == text, "\(numerator)/\(denominator) to \(decimals) decimals on paper")
    }

    @Test("32,000,001 units in 200 hours are 160,000.01 an hour")
    func unitsAnHour() {
        let time = Int128(200 * Microseconds.hour)
        #expect(FixedPoint.rate(32_000_001, inMicroseconds: time)?.text == "160000.01")
        #expect(FixedPoint.rate(32_000_000, inMicroseconds: time)?.text == "160000")
        #expect(FixedPoint.rate(-32_000_001, inMicroseconds: time)?.text == "-160000")
    }

    @Test("a tie goes up, towards +∞, on either side of zero")
    func ties() {
        let eighth = Int128(1) << 70
        expect(eighth, over: 8 * eighth, decimals: 2, "0.13")
        expect(-eighth, over: 8 * eighth, decimals: 2, "-0.12")
        expect(eighth - 1, over: 8 * eighth, decimals: 2, "0.12")
        expect(-eighth - 1, over: 8 * eighth, decimals: 2, "-0.13")
        expect(3 * eighth, over: 2 * eighth, decimals: 0, "2")
        expect(-3 * eighth, over: 2 * eighth, decimals: 0, "-1")
        expect(eighth, over: 2 * eighth, decimals: 0, "1")
        expect(-eighth, over: 2 * eighth, decimals: 0, "0")
        expect(199 * eighth, over: 200 * eighth, decimals: 2, "1")
        expect(19_999 * eighth, over: 20_000 * eighth, decimals: 4, "1")
    }

    @Test("negative quotients that are no tie are rounded to the nearest")
    func negatives() {
        let unit = Int128(1) << 80
        expect(-2 * unit, over: 3 * unit, decimals: 4, "-0.6667")
        expect(-unit, over: 3 * unit, decimals: 4, "-0.3333")
        expect(-7 * unit, over: unit, decimals: 2, "-7")
        expect(-1, over: unit, decimals: 4, "0")
    }

    @Test("text of a number beyond 64 bits drops zeros at the end and nothing else")
    func text() {
        let wide = Int128(Int64.max) * 1000
        #expect(FixedPoint(scaled: wide * 100, decimals: 2).text == String(wide))
        #expect(FixedPoint(scaled: wide * 10 + 5, decimals: 1).text == "\(wide).5")
        #expect(FixedPoint(scaled: -(wide * 100 + 50), decimals: 2).text == "-\(wide).5")
        #expect(FixedPoint(scaled: wide * 100 + 5, decimals: 2).text == "\(wide).05")
    }

    @Test("random quotients agree with long division", arguments: 1...4)
    func random(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            // The rest times ten and the quotient with its decimals have to fit into 127 bits.
            let bits = Int128(Int.random(in: 33...120, using: &generator))
            let denominator = Int128.random(in: 1...(Int128(1) << bits), using: &generator)
            let largest = min(denominator, Int128(1) << 100) << 10
            let numerator = Int128.random(in: -largest...largest, using: &generator)
            let decimals = Int.random(in: 0...4, using: &generator)
            let expected = longDivision(numerator, denominator.magnitude, decimals: decimals)
            let found = FixedPoint(numerator, over: denominator, decimals: decimals)?.text
            #expect(found == expected, "seed \(seed): \(numerator)/\(denominator) to \(decimals) decimals")
        }
    }

    @Test("random ties beyond 64 bits go up", arguments: 1...4)
    func randomTies(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let decimals = Int.random(in: 0...4, using: &generator)
            let scale = (0..<decimals).reduce(Int128(2)) { power, _ in power * 10 }
            // An odd number of halves of the last decimal.
            let halves = Int128.random(in: -500_000...500_000, using: &generator) * 2 + 1
            let factor = Int128.random(in: (Int128(1) << 63)...(Int128(1) << 90), using: &generator)
            let expected = longDivision(halves * factor, (scale * factor).magnitude, decimals: decimals)
            let found = FixedPoint(halves * factor, over: scale * factor, decimals: decimals)?.text
            #expect(found == expected, "seed \(seed): \(halves)/\(scale) times \(factor)")
            #expect(found == FixedPoint(halves, over: scale, decimals: decimals)?.text, "the same in 64 bits")
        }
    }
}
