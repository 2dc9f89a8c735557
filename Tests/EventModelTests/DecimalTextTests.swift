import EventModel
import Testing

struct DecimalTextTests {
    private func ppm(_ text: String) -> NumberReading<UInt32> {
        switch Confidence.read(decimal: Array(text.utf8).span) {
        case .valid(let confidence): .valid(confidence.partsPerMillion)
        case .outOfRange: .outOfRange
        case .notAnInteger: .notAnInteger
        case .notANumber: .notANumber
        }
    }

    @Test(
        "a confidence is the ppm of its decimal text, half to even (SPEC 2.1)",
        arguments: [
            ("0", 0), ("1", 1_000_000), ("1.0", 1_000_000), ("0.93", 930_000), ("7E-1", 700_000), ("7e-01", 700_000),
            ("0.995616", 995_616), ("0.6999995", 700_000), ("0.6999985", 699_998), ("0.69999850000000000001", 699_999),
            ("0.6999994999999999999999999999", 699_999), ("0.0000005", 0), ("0.0000015", 2), ("0.00000050000000001", 1),
            ("0.00000049", 0), ("1e-400", 0), ("1e-99999999999999999999999999", 0), ("0e999999999999999999999", 0),
            ("-0", 0), ("-0.0", 0), ("-0e5", 0), ("-0.0000001", 0), ("-5e-7", 0), ("-1e-400", 0),
            ("1000e-3", 1_000_000), ("0.00001e5", 1_000_000), ("5e-7", 0),
            ("1.0000005", 1_000_000), ("1.00000050", 1_000_000), ("0.9999995", 1_000_000), ("15e-7", 2), ("25e-7", 2),
        ] as [(String, UInt32)])
    func validConfidence(text: String, expected: UInt32) {
        #expect(ppm(text) == .valid(expected))
    }

    @Test(
        "a confidence outside 0…1 000 000 ppm is out of range (SPEC 2.1)",
        arguments: [
            "1.0000006", "1.00000051", "1.000001", "2", "1e308", "1e400", "1e99999999999999999999999999", "-0.1",
            "-0.00000051", "-1e-6", "10", "1E1", "-1", "123456789012345678901234567890",
        ])
    func confidenceOutOfRange(text: String) {
        #expect(ppm(text) == .outOfRange)
    }

    @Test(
        "a confidence that is no number by JSON's grammar is none",
        arguments: [
            "", "-", ".5", "5.", "0.5e", "0.5e+", "+1", "01", "00", "-01", "0x1", "NaN", "Infinity", "1 ", " 1", "0,5",
            "0.5.5",
            "1e5.5", "e5", "\"0.5\"", "null", "0.5f",
        ])
    func notANumber(text: String) {
        #expect(ppm(text) == .notANumber)
        #expect(UnitCount.read(decimal: Array(text.utf8).span) == .notANumber)
    }

    @Test("digits without end are read exactly (SPEC 2.1)")
    func longDigits() {
        let zeros = String(repeating: "0", count: 100_000)
        #expect(ppm("0.6999995" + zeros) == .valid(700_000))
        #expect(ppm("0.6999985" + zeros) == .valid(699_998))
        #expect(ppm("0.6999985" + zeros + "1") == .valid(699_999))
        #expect(ppm("0." + zeros + "7e100000") == .valid(700_000))
        #expect(ppm("7" + zeros + "e-100001") == .valid(700_000))
        #expect(ppm("7" + zeros) == .outOfRange)
    }

    @Test("any number of up to nine fraction digits rounds as integers do (SPEC 2.1)")
    func randomConfidences() {
        var random = SeededRandom(seed: 2)
        for _ in 0..<20_000 {
            let billionths = UInt64.random(in: 0...1_000_000_000, using: &random)
            let (whole, rest) = billionths.quotientAndRemainder(dividingBy: 1000)
            let expected = UInt32(whole) + (rest > 500 || (rest == 500 && whole % 2 == 1) ? 1 : 0)
            #expect(ppm("\(billionths)e-9") == .valid(expected), "seed \(random.seed)")
            let digits = String(String(billionths + 1_000_000_000).dropFirst())
            if billionths < 1_000_000_000 {
                #expect(ppm("0.\(digits)") == .valid(expected), "seed \(random.seed)")
            }
        }
    }

    @Test("a count is an integer literal without fraction or exponent, up to 1 000 000 (SPEC 2.1)")
    func counts() {
        func count(_ text: String) -> NumberReading<UInt32> { UnitCount.read(decimal: Array(text.utf8).span) }
        #expect(count("0") == .valid(0))
        #expect(count("-0") == .valid(0))
        #expect(count("1") == .valid(1))
        #expect(count("31") == .valid(31))
        #expect(count("1000000") == .valid(1_000_000))
        #expect(count("1000001") == .outOfRange)
        #expect(count("10000000") == .outOfRange)
        #expect(count("18446744073709551617") == .outOfRange)
        #expect(count("1" + String(repeating: "0", count: 1000)) == .outOfRange)
        #expect(count("-1") == .outOfRange)
        for text in ["1.0", "1e0", "1E2", "0.5", "0e0", "100e-2"] { #expect(count(text) == .notAnInteger) }
    }
}
