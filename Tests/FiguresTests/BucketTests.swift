// Layer: oracle. Buckets of trends against the plain definition by the wall clock, in every zone that changes its clock.
import EventModel
import Foundation
import Oracle
import SimulationKit
import Testing
import Timeline

@testable import Figures

@Suite("Buckets of trends (SPEC 5.7)") struct BucketTests {
    private func buckets(_ length: BucketLength, _ zone: String, _ from: String, _ to: String) throws -> [String] {
        let from = try #require(Timestamp(rfc3339: from)).microseconds
        let to = try #require(Timestamp(rfc3339: to)).microseconds
        let found = length.buckets(of: from..<to, SiteZone(identifier: zone), maximum: 100)
        return try #require(found).map { String(Timestamp(microseconds: $0.lowerBound).formatted.prefix(16)) }
    }

    @Test("a day on which the clock changes has 23 or 25 hours, and one bucket of the day")
    func changes() throws {
        #expect(try buckets(.hour, "Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z").count == 23)
        #expect(try buckets(.hour, "Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z").count == 25)
        #expect(
            try buckets(.day, "Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-26T23:00:00Z")
                == ["2026-10-24T22:00", "2026-10-25T23:00"])
    }

    @Test("where the clock moves by half an hour, one hour is half as long again")
    func halfHours() throws {
        // At 02:00 Lord Howe's clocks show 02:30, so that 02:00 is never shown.
        #expect(
            try buckets(.hour, "Australia/Lord_Howe", "2026-10-03T14:30:00Z", "2026-10-03T17:00:00Z")
                == ["2026-10-03T14:30", "2026-10-03T16:00"])
    }

    @Test("the first and the last bucket are clipped, and an empty range has none")
    func clipped() throws {
        #expect(
            try buckets(.week, "UTC", "2026-01-14T12:00:00Z", "2026-01-19T00:00:01Z")
                == ["2026-01-14T12:00", "2026-01-19T00:00"])
        #expect(
            try buckets(.month, "Asia/Tokyo", "2025-12-31T00:00:00Z", "2026-02-28T15:00:00Z")
                == ["2025-12-31T00:00", "2025-12-31T15:00", "2026-01-31T15:00"])
        #expect(BucketLength.day.buckets(of: 5..<5, SiteZone.utc, maximum: 1) == [])
    }

    @Test("a date that the zone skipped is no bucket")
    func skipped() throws {
        // Samoa went from 29 to 31 December 2011.
        #expect(
            try buckets(.day, "Pacific/Apia", "2011-12-29T10:00:00Z", "2012-01-01T10:00:00Z")
                == ["2011-12-29T10:00", "2011-12-30T10:00", "2011-12-31T10:00"])
    }

    @Test("as many buckets as are allowed are given, one more is refused")
    func limit() {
        let day = Microseconds.day
        for length in [BucketLength.hour, .day] {
            let span = length == .hour ? Microseconds.hour : day
            #expect(length.buckets(of: 0..<10 * span, SiteZone.utc, maximum: 10)?.count == 10)
            #expect(length.buckets(of: 0..<10 * span + 1, SiteZone.utc, maximum: 10) == nil)
        }
        let years = 0..<Timestamp.latest.microseconds
        #expect(BucketLength.hour.buckets(of: years, SiteZone.utc, maximum: 1000) == nil)
    }

    @Test("in every zone whose clocks change, buckets are those of the wall clock")
    func zones() throws {
        #expect(ChangingZones.names.count > 50 && ChangingZones.names.contains("Africa/Casablanca"))
        for (number, name) in ChangingZones.names.enumerated() {
            var random = SeededGenerator(seed: UInt64(number))
            let foundation = try #require(TimeZone(identifier: name))
            let offset = ChangingZones.offset(foundation)
            let zone = SiteZone(identifier: name)
            // Some two days around every change of four years, and one range that spans a change and months.
            let ranges = ChangingZones.changes(of: foundation).map { change in
                change - Int64(random.pick(1...172_800_000_000))..<change + Int64(random.pick(1...172_800_000_000))
            }
            let range = try #require(ranges.randomElement(using: &random))
            for range in ranges.prefix(2) + [range] {
                for length in BucketLength.allCases where length == .hour || length == .day {
                    try compare(length, range, zone, offset, name)
                }
            }
            let months = range.lowerBound - 40 * Microseconds.day..<range.upperBound
            try compare(random.pick(0...1) == 0 ? .week : .month, months, zone, offset, name)
        }
    }

    private func compare(
        _ length: BucketLength, _ range: Range<Int64>, _ zone: SiteZone, _ offset: (Int64) -> Int, _ name: String
    ) throws {
        let found = try #require(length.buckets(of: range, zone, maximum: 1000))
        let wanted = OracleBuckets.buckets(
            try #require(OracleBucketLength(rawValue: length.rawValue)), of: range, zone: offset)
        #expect(found == wanted, "\(name), \(length), \(range)")
    }

    @Test("what counts of a window, cut into its buckets, adds up to the window", arguments: 0..<20)
    func cut(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let from = Int64(random.pick(0...1_000_000))
        let window = Window(
            from: from, end: from + 1_000_000,
            inside: (0..<random.pick(0...6)).map { _ in
                let start = Int64(random.pick(0...2_000_000))
                return start..<start + Int64(random.pick(0...300_000))
            })
        let edges = ([window.from] + (0..<5).map { _ in from + Int64(random.pick(1..<1_000_000)) } + [window.end])
            .sorted()
        let pieces = window.cut(into: zip(edges, edges.dropFirst()).filter { $0 < $1 }.map { $0..<$1 })
        #expect(pieces.reduce(0) { $0 + $1.elapsed } == window.elapsed)
        for piece in pieces {
            #expect(piece == Window(from: piece.from, end: piece.end, inside: window.parts))
        }
    }
}
