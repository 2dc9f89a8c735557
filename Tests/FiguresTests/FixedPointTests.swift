import EventModel
import Oracle
import SimulationKit
import Testing

@testable import Figures

@Suite("Exact rounding (SPEC 5.1)") struct FixedPointTests {
    @Test(
        "quotients are rounded half up, towards +∞",
        arguments: [
            (1, 8, 2, "0.13"), (-1, 8, 2, "-0.12"), (5, 1000, 2, "0.01"), (4999, 1_000_000, 2, "0"),
            (-5, 1000, 2, "0"), (-5001, 1_000_000, 2, "-0.01"), (-15, 1000, 2, "-0.01"), (2, 3, 4, "0.6667"),
            (-2, 3, 4, "-0.6667"), (7, 1, 2, "7"), (0, 5, 4, "0"), (199, 200, 2, "1"), (-3, 2, 0, "-1"), (3, 2, 0, "2"),
        ] as [(Int128, Int128, Int, String)])
    func rounding(_ numerator: Int128, _ denominator: Int128, _ decimals: Int, _ text: String) {
        #expect(FixedPoint(numerator, over: denominator, decimals: decimals)?.text == text)
    }

    @Test("a ratio with denominator 0 is none, whatever the numerator")
    func zero() {
        #expect(FixedPoint(0, over: 0, decimals: 2) == nil)
        #expect(FixedPoint(5, over: 0, decimals: 2) == nil)
        #expect(FixedPoint.percentage(1, of: 0) == nil)
        #expect(FixedPoint.rate(1, inMicroseconds: 0) == nil)
    }

    @Test("percentages, rates, hours and seconds have 2, 2, 4 and 3 decimals")
    func kinds() {
        #expect(FixedPoint.percentage(625, of: 800)?.text == "78.13")
        #expect(FixedPoint.percentage(7, of: 8)?.text == "87.5")
        #expect(FixedPoint.percentage(12_345_678, of: 10_000_000)?.text == "123.46")
        #expect(FixedPoint.rate(5, inMicroseconds: Int128(Microseconds.hour * 25 / 4))?.text == "0.8")
        #expect(FixedPoint.hours(Int128(Microseconds.hour) / 3)?.text == "0.3333")
        #expect(FixedPoint.seconds(1_234_500)?.text == "1.235")
        #expect(FixedPoint.seconds(-1_234_500)?.text == "-1.234")
    }

    @Test("text drops zeros at the end and nothing else")
    func text() {
        #expect(FixedPoint(scaled: 100, decimals: 2).text == "1")
        #expect(FixedPoint(scaled: 1000, decimals: 0).text == "1000")
        #expect(FixedPoint(scaled: 5, decimals: 2).text == "0.05")
        #expect(FixedPoint(scaled: -50, decimals: 2).text == "-0.5")
        #expect(FixedPoint(scaled: 100_100, decimals: 4).text == "10.01")
        #expect(FixedPoint(scaled: 0, decimals: 4).text == "0")
        #expect(FixedPoint(scaled: 950_000, decimals: 6).text == "0.95")
    }

    @Test("what 64 bits do not hold is exact too")
    func large() {
        // 2^63 units in one microsecond, in units an hour.
        let units = Int128(Int64.max)
        #expect(FixedPoint.rate(units, inMicroseconds: 1)?.text == String(units * 3_600_000_000))
        let big = Int128(1) << 120
        #expect(FixedPoint(big + 1, over: big, decimals: 4)?.text == "1")
        #expect(FixedPoint(big / 2, over: big, decimals: 4)?.text == "0.5")
        #expect(FixedPoint.percentage(big / 2 - 1, of: big)?.text == "50")
    }

    @Test("rounding is the same on both sides of where 64 bits end")
    func edges() {
        for limit in [Int64.max / 10_000, Int64.min / 10_000, Int64.max, Int64.min] {
            for numerator in [Int128(limit) - 1, Int128(limit), Int128(limit) + 1] {
                for denominator in [Int128(7), Int128(Int64.max / 2), Int128(Int64.max / 2) + 1, Int128(Int64.max) + 1]
                {
                    // Larger results than the oracle can hold are not asked.
                    guard numerator.magnitude * 100 / denominator.magnitude < UInt128(Int64.max) else { continue }
                    let expected = ExactDecimal(numerator, over: denominator, places: 2)
                    let found = FixedPoint(numerator, over: denominator, decimals: 2)
                    #expect(found?.scaled == expected.map { Int128($0.scaled) }, "\(numerator)/\(denominator)")
                }
            }
        }
    }

    @Test("rounding agrees with its definition on random quotients", arguments: 1...4)
    func random(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<2000 {
            let bits = Int.random(in: 1...62, using: &generator)
            let numerator = Int64.random(in: -(1 << Int64(bits))...(1 << Int64(bits)), using: &generator)
            let denominator = Int64.random(in: 1...(1 << Int64(bits)), using: &generator)
            let expected = ExactDecimal(Int128(numerator), over: Int128(denominator), places: 4)
            let found = FixedPoint(Int128(numerator), over: Int128(denominator), decimals: 4)
            #expect(found?.scaled == expected.map { Int128($0.scaled) }, "seed \(seed): \(numerator)/\(denominator)")
        }
    }
}
