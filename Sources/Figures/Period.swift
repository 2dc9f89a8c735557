package import EventModel

/// A named window, by the site's own days and shifts (SPEC 5.1, `period`).
package enum Period: String, CaseIterable, Sendable {
    case today
    case yesterday
    case thisWeek = "this_week"
    case lastWeek = "last_week"
    case thisMonth = "this_month"
    case lastMonth = "last_month"
    case shift
    case previousShift = "previous_shift"

    /// The window, in microseconds.
    /// - Parameter now: the clock, or what the question knows.
    /// - Returns: nil if the site has no such shift.
    package func range(at now: Timestamp, _ zone: SiteZone, _ shifts: ShiftCalendar) -> Range<Int64>? {
        let today = zone.localDay(of: now)
        let monday = today - ShiftCalendar.weekday(today)
        let date = CivilDate(daysSince1970: Int(today))
        switch self {
        case .today: return days(today, today + 1, zone)
        case .yesterday: return days(today - 1, today, zone)
        case .thisWeek: return days(monday, monday + 7, zone)
        case .lastWeek: return days(monday - 7, monday, zone)
        case .thisMonth: return days(Self.first(of: date, 0), Self.first(of: date, 1), zone)
        case .lastMonth: return days(Self.first(of: date, -1), Self.first(of: date, 0), zone)
        case .shift: return Self.newestInstances(shifts, at: now.microseconds).last?.range
        case .previousShift: return Self.newestInstances(shifts, at: now.microseconds).dropLast().last?.range
        }
    }

    private func days(_ first: Int64, _ end: Int64, _ zone: SiteZone) -> Range<Int64> {
        let start = max(zone.instant(day: first), .earliest).microseconds
        return start..<max(start, min(zone.instant(day: end), .latest).microseconds)
    }

    /// The first day of the month that is `months` after that of `date`, in days since 1970.
    static func first(of date: CivilDate, _ months: Int) -> Int64 {
        let month = date.year * 12 + date.month - 1 + months
        return Int64(CivilDate(year: month / 12, month: month % 12 + 1, day: 1).daysSince1970)
    }

    /// Instances up to the current one, by start. Current is the one that runs at `now`, else the last that ended; of
    /// several the one that started last.
    private static func newestInstances(_ shifts: ShiftCalendar, at now: Int64) -> ArraySlice<ShiftInstance> {
        let begun = shifts.instances(overlapping: now - lookback..<now + 1) ?? []
        if let running = begun.lastIndex(where: { $0.range.contains(now) }) { return begun[...running] }
        guard let end = begun.map(\.range.upperBound).max(),
            let ended = begun.lastIndex(where: { $0.range.upperBound == end })
        else { return [] }
        return begun[...ended]
    }

    /// Each shift has an instance in a week, unless a change of the clock leaves no time for it.
    private static let lookback = 60 * Microseconds.day
}
