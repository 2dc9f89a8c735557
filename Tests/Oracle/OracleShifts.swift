// Layer: oracle. Shifts by the site's wall clock (SPEC 5.5), from an offset function alone: no calendar library.
public import EventModel

/// One instance of a shift (SPEC 5.5).
public struct OracleShiftInstance: Equatable, Sendable {
    public var name: String
    /// The local date on which it opens, as `2026-01-12`.
    public var date: String
    /// In microseconds.
    public var range: Range<Int64>
}

/// Instances of shifts, and the time inside their union.
public enum OracleShifts {
    private static let day: Int64 = 86_400

    /// The instances that meet the window, in no particular order (SPEC 5.5).
    /// - Parameter zone: seconds east of UTC at an instant given in UTC seconds.
    public static func instances(
        of shifts: [SiteDefinition.Shift], in window: OracleWindow, zone: (Int64) -> Int
    ) -> [Range<Int64>] {
        named(shifts, in: window, zone: zone).map(\.range)
    }

    /// The same with names and dates, by start, then name.
    public static func named(
        _ shifts: [SiteDefinition.Shift], in window: OracleWindow, zone: (Int64) -> Int
    ) -> [OracleShiftInstance] {
        guard window.from < window.end else { return [] }
        var instances: [OracleShiftInstance] = []
        // A shift lasts at most 24 hours and a zone is less than 16 hours off: two days to each side are enough.
        let dates =
            floorDiv(window.from, day * 1_000_000) - 2...floorDiv(max(window.from, window.end), day * 1_000_000) + 2
        for date in dates {
            // 1970-01-01 was a Thursday, day 3 counted from Monday.
            let weekday = ((date + 3) % 7 + 7) % 7
            for shift in shifts where shift.days & (1 << UInt8(weekday)) != 0 {
                let closing = shift.endMinute <= shift.startMinute ? date + 1 : date
                let start = instant(of: date * day + Int64(shift.startMinute) * 60, zone: zone) * 1_000_000
                let end = instant(of: closing * day + Int64(shift.endMinute) * 60, zone: zone) * 1_000_000
                if start < end, start < window.end, end > window.from {
                    instances.append(
                        OracleShiftInstance(name: shift.name, date: civil(date), range: start..<end))
                }
            }
        }
        return instances.sorted { left, right in
            let (mine, others) = (left.range.lowerBound, right.range.lowerBound)
            return mine == others
                ? Array(left.name.utf8).lexicographicallyPrecedes(Array(right.name.utf8)) : mine < others
        }
    }

    /// A date in days since 1970, counted year by year.
    private static func civil(_ day: Int64) -> String {
        var (rest, year) = (day, 1970)
        func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }
        while rest < 0 {
            year -= 1
            rest += isLeap(year) ? 366 : 365
        }
        while rest >= (isLeap(year) ? 366 : 365) {
            rest -= isLeap(year) ? 366 : 365
            year += 1
        }
        var month = 1
        for length in [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30] as [Int64] {
            guard rest >= length else { break }
            rest -= length
            month += 1
        }
        let digits = String(year)
        let padded = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        return "\(padded)-\(month < 10 ? "0" : "")\(month)-\(rest < 9 ? "0" : "")\(rest + 1)"
    }

    /// Microseconds of the window that lie inside at least one shift (SPEC 5.4, 5.5).
    public static func time(
        of shifts: [SiteDefinition.Shift], in window: OracleWindow, zone: (Int64) -> Int
    ) -> Int64 {
        window.cut(to: instances(of: shifts, in: window, zone: zone)).elapsed
    }

    /// The first UTC second at which the local clock shows `local` or more. So a local time that does not exist means
    /// the first instant after the gap, and one that exists twice the first (SPEC 5.1).
    public static func instant(of local: Int64, zone: (Int64) -> Int) -> Int64 {
        // Look at the offset every quarter of an hour; where it changes, look at every second of that quarter.
        let step: Int64 = 900
        var start = local - 30 * 3600
        while start < local + 30 * 3600 {
            let offset = Int64(zone(start))
            if zone(start + step) == Int(offset) {
                if start + offset >= local { return start }
                if start + step + offset > local { return local - offset }
            } else {
                for second in start..<start + step where second + Int64(zone(second)) >= local { return second }
            }
            start += step
        }
        preconditionFailure("no zone is 30 hours off")
    }

    private static func floorDiv(_ number: Int64, _ divisor: Int64) -> Int64 {
        let quotient = number / divisor
        return number % divisor < 0 ? quotient - 1 : quotient
    }
}
