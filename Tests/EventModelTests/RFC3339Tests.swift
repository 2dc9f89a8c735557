import EventModel
import Testing

struct RFC3339Tests {
    @Test(
        "RFC 3339 with offset or Z is read to microseconds; more than six fraction digits are cut off (SPEC 2.1)",
        arguments: [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-01-12T06:00:00.000Z", 1_768_197_600_000_000),
            ("2026-01-12T06:00:00.000001Z", 1_768_197_600_000_001),
            ("2026-01-12T06:00:00.0000019999Z", 1_768_197_600_000_001),
            ("2026-01-12T06:00:00.5Z", 1_768_197_600_500_000),
            ("2026-01-12T11:30:00+05:30", 1_768_197_600_000_000),
            ("2026-01-11T22:00:00-08:00", 1_768_197_600_000_000),
            ("2026-01-12T06:00:00-00:00", 1_768_197_600_000_000),
            ("2026-01-12t06:00:00z", 1_768_197_600_000_000),
            ("1969-12-31T23:59:59.999999-00:01", 59_999_999),
            ("2000-02-29T00:00:00Z", 951_782_400_000_000),
            ("9999-12-31T23:59:59.999999999Z", 253_402_300_799_999_999),
            ("9999-12-31T23:59:59.999999+00:00", 253_402_300_799_999_999),
        ] as [(String, Int64)])
    func reads(text: String, microseconds: Int64) {
        #expect(Timestamp(rfc3339: text)?.microseconds == microseconds)
    }

    @Test(
        "no offset, impossible dates and times, second 60, years outside 1970…9999 are invalid_timestamp (SPEC 2.3)",
        arguments: [
            "", "Z", "2026-01-12", "2026-01-12T06:00:00", "2026-01-12T06:00:00.5", "2026-01-12T06:00:00.",
            "2026-01-12T06:00:00.Z", "2026-01-12 06:00:00Z", "2026-01-12T06:00Z", "2026-1-12T06:00:00Z",
            "2026-01-12T06:00:60Z", "2026-12-31T23:59:60Z", "2026-01-12T24:00:00Z", "2026-01-12T06:60:00Z",
            "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-00-01T00:00:00Z", "2026-13-01T00:00:00Z",
            "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z", "2026-04-31T00:00:00Z", "1969-12-31T23:59:59.999999Z",
            "1970-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "0000-01-01T00:00:00Z",
            "2026-01-12T06:00:00+24:00",
            "2026-01-12T06:00:00+05:60", "2026-01-12T06:00:00+0530", "2026-01-12T06:00:00+05",
            "2026-01-12T06:00:00+05:30x",
            "2026-01-12T06:00:00Zx", " 2026-01-12T06:00:00Z", "2026-01-12T06:00:00Z ", "+2026-01-12T06:00:00Z",
            "202６-01-12T06:00:00Z", "2026/01/12T06:00:00Z", "2026-01-12T06-00-00Z", "2026-01-12T06:00:00,5Z",
            "2026-01-12T-6:00:00Z", "2026-01-12T06:00:00\u{0}Z",
        ])
    func refuses(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test("times are written with Z and always six fraction digits (SPEC 1)")
    func writes() {
        #expect(Timestamp(microseconds: 1_768_197_600_000_000).formatted == "2026-01-12T06:00:00.000000Z")
        #expect(Timestamp.earliest.formatted == "1970-01-01T00:00:00.000000Z")
        #expect(Timestamp.latest.formatted == "9999-12-31T23:59:59.999999Z")
        var bytes = Array("x".utf8)
        Timestamp(microseconds: 1).appendFormatted(to: &bytes)
        #expect(bytes == Array("x1970-01-01T00:00:00.000001Z".utf8))
    }

    @Test("what is written is read back, at any instant and offset (SPEC 1)")
    func roundTrips() {
        var random = SeededRandom(seed: 1)
        for _ in 0..<20_000 {
            let time = Timestamp(microseconds: .random(in: 0...Timestamp.latest.microseconds, using: &random))
            #expect(Timestamp(rfc3339: time.formatted) == time, "seed \(random.seed)")
        }
    }

    @Test("every day from 1970 to 9999 follows the one before it, and its number leads back to it")
    func calendar() {
        var expected = CivilDate(year: 1970, month: 1, day: 1)
        var number = 0
        while expected.year < 10_000 {
            let isRight = CivilDate(daysSince1970: number) == expected && expected.daysSince1970 == number
            #expect(isRight, "day \(number), \(expected)")
            guard isRight else { return }
            number += 1
            expected.day += 1
            if !expected.exists { expected = CivilDate(year: expected.year, month: expected.month + 1, day: 1) }
            if !expected.exists { expected = CivilDate(year: expected.year + 1, month: 1, day: 1) }
        }
        #expect(number == 2_932_897)
        #expect(CivilDate(daysSince1970: -1) == CivilDate(year: 1969, month: 12, day: 31))
        #expect(CivilDate(year: 0, month: 2, day: 29).daysSince1970 == -719_469)
    }

    @Test("a UTC month reaches from its first microsecond to the first one of the next month")
    func months() throws {
        func bounds(_ text: String) throws -> (start: Int64, end: Int64) {
            Timestamp.utcMonthBounds(ofMicroseconds: try #require(Timestamp(rfc3339: text)).microseconds)
        }
        let start = try #require(Timestamp(rfc3339: "2024-02-01T00:00:00Z")).microseconds
        let end = try #require(Timestamp(rfc3339: "2024-03-01T00:00:00Z")).microseconds
        for text in ["2024-02-01T00:00:00Z", "2024-02-15T12:00:00Z", "2024-02-29T23:59:59.999999Z"] {
            #expect(try bounds(text) == (start, end))
        }
        #expect(try bounds("2024-03-01T00:00:00Z").start == end)
        #expect(try bounds("2025-12-31T23:59:59Z").end == bounds("2026-01-01T00:00:00Z").start)
        #expect(Timestamp.utcMonthBounds(ofMicroseconds: -1) == (-31 * Microseconds.day, 0))
    }
}
