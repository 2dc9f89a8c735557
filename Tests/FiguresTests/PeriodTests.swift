import EventModel
import Testing

@testable import Figures

@Suite("Named windows and local times (SPEC 5.1)") struct PeriodTests {
    private func time(_ text: String) throws -> Timestamp { try #require(Timestamp(rfc3339: text)) }

    private func range(
        _ period: Period, _ now: String, _ zone: String = "Europe/Berlin", _ shifts: [SiteDefinition.Shift] = []
    ) throws -> [String]? {
        let zone = SiteZone(identifier: zone)
        let range = period.range(at: try time(now), zone, ShiftCalendar(shifts, zone))
        return range.map {
            [$0.lowerBound, $0.upperBound].map { String(Timestamp(microseconds: $0).formatted.prefix(16)) }
        }
    }

    @Test(
        "days, ISO weeks and months are those of the site's calendar",
        arguments: [
            // A Sunday evening in Berlin, and already Monday in Auckland.
            (Period.today, "2026-03-01T20:00:00Z", "Europe/Berlin", "2026-02-28T23:00", "2026-03-01T23:00"),
            (.yesterday, "2026-03-01T20:00:00Z", "Europe/Berlin", "2026-02-27T23:00", "2026-02-28T23:00"),
            (.thisWeek, "2026-03-01T20:00:00Z", "Europe/Berlin", "2026-02-22T23:00", "2026-03-01T23:00"),
            (.lastWeek, "2026-03-01T20:00:00Z", "Europe/Berlin", "2026-02-15T23:00", "2026-02-22T23:00"),
            (.thisWeek, "2026-03-01T20:00:00Z", "Pacific/Auckland", "2026-03-01T11:00", "2026-03-08T11:00"),
            (.thisMonth, "2026-03-01T20:00:00Z", "Europe/Berlin", "2026-02-28T23:00", "2026-03-31T22:00"),
            (.lastMonth, "2026-03-01T20:00:00Z", "Europe/Berlin", "2026-01-31T23:00", "2026-02-28T23:00"),
            (.lastMonth, "2026-01-01T12:00:00Z", "Europe/Berlin", "2025-11-30T23:00", "2025-12-31T23:00"),
            (.thisMonth, "2025-12-31T12:00:00Z", "UTC", "2025-12-01T00:00", "2026-01-01T00:00"),
            // The day on which summer time begins has 23 hours.
            (.today, "2026-03-29T10:00:00Z", "Europe/Berlin", "2026-03-28T23:00", "2026-03-29T22:00"),
            (.yesterday, "1970-01-01T12:00:00Z", "UTC", "1970-01-01T00:00", "1970-01-01T00:00"),
        ])
    func calendar(_ period: Period, _ now: String, _ zone: String, _ from: String, _ to: String) throws {
        #expect(try range(period, now, zone) == [from, to])
    }

    private static let rota: [SiteDefinition.Shift] = [
        .init(name: "early", startMinute: 360, endMinute: 840, days: 0b001_1111),
        .init(name: "late", startMinute: 825, endMinute: 1320, days: 0b001_1111),
    ]

    @Test(
        "a shift is the one that runs, else the last that ended; of several the one that started last",
        arguments: [
            // Monday, 12 January 2026, in Berlin: UTC + 1.
            (Period.shift, "2026-01-12T08:00:00Z", "2026-01-12T05:00", "2026-01-12T13:00"),
            (.previousShift, "2026-01-12T08:00:00Z", "2026-01-09T12:45", "2026-01-09T21:00"),
            // Both run.
            (.shift, "2026-01-12T12:50:00Z", "2026-01-12T12:45", "2026-01-12T21:00"),
            (.previousShift, "2026-01-12T12:50:00Z", "2026-01-12T05:00", "2026-01-12T13:00"),
            // At its end a shift runs no more; at its start it does.
            (.shift, "2026-01-12T21:00:00Z", "2026-01-12T12:45", "2026-01-12T21:00"),
            (.shift, "2026-01-13T04:59:59Z", "2026-01-12T12:45", "2026-01-12T21:00"),
            (.shift, "2026-01-13T05:00:00Z", "2026-01-13T05:00", "2026-01-13T13:00"),
            // Over the weekend it is Friday's late shift.
            (.shift, "2026-01-18T12:00:00Z", "2026-01-16T12:45", "2026-01-16T21:00"),
        ])
    func shifts(_ period: Period, _ now: String, _ from: String, _ to: String) throws {
        #expect(try range(period, now, "Europe/Berlin", Self.rota) == [from, to])
    }

    @Test("without shifts, or before the first one, there is no such window")
    func none() throws {
        #expect(try range(.shift, "2026-01-12T08:00:00Z") == nil)
        let never = [SiteDefinition.Shift(name: "never", startMinute: 0, endMinute: 60, days: 0)]
        #expect(try range(.shift, "2026-01-12T08:00:00Z", "UTC", never) == nil)
    }

    @Test("a night shift that the change of the clock swallows is none (SPEC 5.5)")
    func swallowed() throws {
        let gap = [SiteDefinition.Shift(name: "gap", startMinute: 125, endMinute: 155, days: 1 << 6)]
        #expect(
            try range(.shift, "2026-03-29T12:00:00Z", "Europe/Berlin", gap) == ["2026-03-22T01:05", "2026-03-22T01:35"])
    }

    @Test(
        "a local time in a gap is the first instant after it, one that exists twice the first",
        arguments: [
            ("2026-03-29T02:30:15.5Z", "2026-03-29T01:00:00.000000Z"),
            ("2026-03-29T03:00:00Z", "2026-03-29T01:00:00.000000Z"),
            ("2026-03-29T01:59:59.999999Z", "2026-03-29T00:59:59.999999Z"),
            ("2026-10-25T02:30:00.25Z", "2026-10-25T00:30:00.250000Z"),
            ("2026-10-25T03:00:00Z", "2026-10-25T02:00:00.000000Z"),
        ])
    func local(_ clock: String, _ instant: String) throws {
        let zone = SiteZone(identifier: "Europe/Berlin")
        #expect(zone.instant(local: try time(clock).microseconds).formatted == instant)
    }
}
