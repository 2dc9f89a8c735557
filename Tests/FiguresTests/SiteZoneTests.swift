import EventModel
import Foundation
import Oracle
import Testing
import Timeline

@testable import Figures

@Suite("Site-local days and shifts (SPEC 5.1, 5.5)") struct SiteZoneTests {
    private func time(_ text: String) throws -> Timestamp { try #require(Timestamp(rfc3339: text)) }

    /// The local day of an instant, as the two instants that bound it.
    private func day(_ zone: String, of instant: String) throws -> [String] {
        let zone = SiteZone(identifier: zone)
        let day = zone.localDay(of: try time(instant))
        return [zone.instant(day: day), zone.instant(day: day + 1)].map { String($0.formatted.prefix(16)) }
    }

    @Test(
        "a day runs from local midnight to local midnight, 23 to 25 hours",
        arguments: [
            ("UTC", "2026-01-12T00:00:00Z", "2026-01-12T00:00", "2026-01-13T00:00"),
            ("Asia/Kolkata", "2026-01-12T18:29:59.999999Z", "2026-01-11T18:30", "2026-01-12T18:30"),
            ("Asia/Kolkata", "2026-01-12T18:30:00Z", "2026-01-12T18:30", "2026-01-13T18:30"),
            ("Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T23:00", "2026-03-29T22:00"),
            ("Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-24T22:00", "2026-10-25T23:00"),
            ("Australia/Lord_Howe", "2026-04-05T00:00:00Z", "2026-04-04T13:00", "2026-04-05T13:30"),
            ("Australia/Lord_Howe", "2026-10-04T00:00:00Z", "2026-10-03T13:30", "2026-10-04T13:00"),
            ("Nowhere/Nothing", "2026-01-12T23:00:00Z", "2026-01-12T00:00", "2026-01-13T00:00"),
        ])
    func days(_ zone: String, _ instant: String, _ from: String, _ to: String) throws {
        #expect(try day(zone, of: instant) == [from, to])
    }

    @Test("a midnight that does not exist is the first instant after the gap; one that exists twice, the first")
    func midnights() throws {
        // Beirut: 00:00 becomes 01:00 on 29 March 2026. Havana: 01:00 becomes 00:00 on 1 November 2026.
        #expect(try day("Asia/Beirut", of: "2026-03-29T12:00:00Z") == ["2026-03-28T22:00", "2026-03-29T21:00"])
        #expect(try day("America/Havana", of: "2026-11-01T12:00:00Z") == ["2026-11-01T04:00", "2026-11-02T05:00"])
        // Samoa had no 30 December 2011: its day begins and ends where the clock jumped.
        let apia = SiteZone(identifier: "Pacific/Apia")
        let missing = CivilDate(year: 2011, month: 12, day: 30).daysSince1970
        #expect(apia.instant(day: Int64(missing)) == apia.instant(day: Int64(missing) + 1))
    }

    @Test(
        "every minute of the wall clock agrees with the plain definition",
        arguments: ["Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns", "Africa/Casablanca"])
    func againstOracle(_ name: String) throws {
        let zone = SiteZone(identifier: name)
        let foundation = try #require(TimeZone(identifier: name))
        for day in stride(from: 20_454 as Int64, to: 20_454 + 366, by: 1) {
            for minute in [0, 30, 90, 121, 150, 180] as [Int64] {
                let expected = OracleShifts.instant(of: day * 86_400 + minute * 60) {
                    foundation.secondsFromGMT(for: Date(timeIntervalSince1970: Double($0)))
                }
                let found = zone.instant(day: day, minute: minute).microseconds
                #expect(found == expected * Microseconds.second, "\(name), day \(day), minute \(minute)")
                if found != expected * Microseconds.second { return }
            }
        }
    }

    private func shift(_ start: Int, _ end: Int, _ days: UInt8 = 0x7f) -> SiteDefinition.Shift {
        SiteDefinition.Shift(name: "", startMinute: start, endMinute: end, days: days)
    }

    private func hours(_ shifts: [SiteDefinition.Shift], _ from: String, _ to: String) throws -> Double {
        let window = Window(from: try time(from).microseconds, end: try time(to).microseconds)
        let inside = ShiftCalendar(shifts, SiteZone(identifier: "Europe/Berlin")).microseconds(inside: window)
        return Double(inside) / Double(Microseconds.hour)
    }

    @Test("shifts over midnight belong to the date on which they open, follow summer time, and count once")
    func shifts() throws {
        let night = shift(1320, 360)
        #expect(try hours([], "2026-01-12T00:00:00Z", "2026-01-12T05:00:00Z") == 5)
        #expect(try hours([night], "2026-03-28T12:00:00+01:00", "2026-03-29T12:00:00+02:00") == 7)
        #expect(try hours([night], "2026-10-24T12:00:00+02:00", "2026-10-25T12:00:00+01:00") == 9)
        let sunday = shift(1320, 360, 1 << 6)
        #expect(try hours([sunday], "2026-01-12T00:00:00+01:00", "2026-01-13T00:00:00+01:00") == 6)
        #expect(try hours([sunday], "2026-01-11T00:00:00+01:00", "2026-01-12T00:00:00+01:00") == 2)
        let two = [shift(360, 840), shift(780, 1320)]
        #expect(try hours(two, "2026-01-12T00:00:00+01:00", "2026-01-13T00:00:00+01:00") == 16)
        #expect(try hours([shift(360, 360)], "2026-01-12T00:00:00+01:00", "2026-01-13T00:00:00+01:00") == 24)
        #expect(try hours([night], "2026-01-12T12:00:00Z", "2026-01-12T12:00:00Z") == 0)
    }

    @Test("time inside shifts agrees with the plain definition over years with all their changes of the clock")
    func shiftsAgainstOracle() throws {
        let monday: Int64 = 20_465 * Microseconds.day
        let shifts = [shift(1320, 360, 0b011_1111), shift(90, 150), shift(840, 1320, 0b101_0101), shift(0, 1)]
        for name in ["Europe/Berlin", "Australia/Lord_Howe"] {
            let foundation = try #require(TimeZone(identifier: name))
            let zone = SiteZone(identifier: name)
            for (days, offset) in [(1, 0), (3, 87), (40, 60), (400, 290)] as [(Int64, Int64)] {
                let from = monday + offset * Microseconds.day + 12_345_678
                let window = Window(from: from, end: from + days * Microseconds.day + 777)
                let expected = OracleShifts.time(of: shifts, in: OracleWindow(from: from, to: window.end)) {
                    foundation.secondsFromGMT(for: Date(timeIntervalSince1970: Double($0)))
                }
                #expect(
                    ShiftCalendar(shifts, zone).microseconds(inside: window) == expected,
                    "\(name), \(days) days from \(offset)")
            }
        }
    }
}
