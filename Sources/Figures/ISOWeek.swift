internal import EventModel

/// A week of ISO 8601: from Monday on; the first of a year is the one with its first Thursday (SPEC 6.5).
package struct ISOWeek: Equatable, Sendable, CustomStringConvertible {
    package let year: Int
    /// 1…53.
    package let week: Int

    package static let expectation = "must be an ISO week like 2026-W03; a year has 52 of them, some have 53"

    /// Reads `2026-W03`; nil for anything else, also for a week 53 of a year that has none.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        let digits = [0, 1, 2, 3, 6, 7].filter { $0 < bytes.count }.map { bytes[$0] }
        guard bytes.count == 8, bytes[4] == UInt8(ascii: "-"), bytes[5] == UInt8(ascii: "W"),
            digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
            let year = Int(text.prefix(4)), let week = Int(text.suffix(2)), 1970...9999 ~= year
        else { return nil }
        (self.year, self.week) = (year, week)
        guard week > 0, ISOWeek(holding: monday) == self else { return nil }
    }

    /// The week of a date, in days since 1970.
    package init(holding day: Int64) {
        let thursday = day - ShiftCalendar.weekday(day) + 3
        year = CivilDate(daysSince1970: Int(thursday)).year
        let first = CivilDate(year: year, month: 1, day: 1).daysSince1970
        week = (Int(thursday) - first) / 7 + 1
    }

    /// Its first date, in days since 1970.
    package var monday: Int64 {
        // The first week is that of the 4th of January.
        let fourth = Int64(CivilDate(year: year, month: 1, day: 4).daysSince1970)
        return fourth - ShiftCalendar.weekday(fourth) + Int64(week - 1) * 7
    }

    package var description: String { "\(year)-W\(week < 10 ? "0" : "")\(week)" }

    /// The last week that was over on a date.
    package static func before(_ day: Int64) -> ISOWeek { ISOWeek(holding: day - 7) }

    /// Its days in a zone, each as [begin, begin of the next); without dates that the zone skipped.
    package func days(_ zone: SiteZone) -> [(day: Int64, range: Range<Int64>)] {
        (monday..<monday + 7).compactMap { day in
            let start = min(max(zone.instant(day: day), .earliest), .latest).microseconds
            let end = min(max(zone.instant(day: day + 1), .earliest), .latest).microseconds
            return start < end ? (day, start..<end) : nil
        }
    }

    /// The week before.
    package var previous: ISOWeek { ISOWeek(holding: monday - 7) }
}
