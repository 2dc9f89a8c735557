// Layer: oracle. Shifts by the site's wall clock (SPEC 5.5), from an offset function alone: no calendar library.
public import EventModel

/// Instances of shifts, and the time inside their union.
public enum OracleShifts {
    private static let day: Int64 = 86_400

    /// The instances that meet the window, in no particular order (SPEC 5.5).
    /// - Parameter zone: seconds east of UTC at an instant given in UTC seconds.
    public static func instances(
        of shifts: [SiteDefinition.Shift], in window: OracleWindow, zone: (Int64) -> Int
    ) -> [Range<Int64>] {
        var instances: [Range<Int64>] = []
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
                if start < end, start < window.end, end > window.from { instances.append(start..<end) }
            }
        }
        return instances
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
