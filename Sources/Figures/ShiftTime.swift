package import EventModel

/// Time inside shifts, for targets (SPEC 5.4–5.5).
package enum ShiftTime {
    /// Microseconds of the window inside at least one shift; the whole window when there are no shifts.
    package static func inside(_ window: Window, _ shifts: [SiteDefinition.Shift], _ zone: SiteZone) -> Int64 {
        guard !shifts.isEmpty else { return window.elapsed }
        guard window.elapsed > 0 else { return 0 }
        var covered = window.from
        var sum: Int64 = 0
        for instance in instances(window, shifts, zone).sorted(by: { $0.lowerBound < $1.lowerBound }) {
            let start = max(instance.lowerBound, covered)
            let end = min(instance.upperBound, window.end)
            guard start < end else { continue }
            sum += end - start
            covered = end
        }
        return sum
    }

    /// Instances that can overlap the window; includes the day before, because its shifts may extend into the window.
    private static func instances(
        _ window: Window, _ shifts: [SiteDefinition.Shift], _ zone: SiteZone
    ) -> [Range<Int64>] {
        let first = zone.localDay(of: Timestamp(microseconds: window.from)) - 2
        let last = zone.localDay(of: Timestamp(microseconds: window.end)) + 1
        var instances: [Range<Int64>] = []
        for day in first...last {
            for shift in shifts where shift.days & (1 << weekday(day)) != 0 {
                let closingDay = shift.endMinute <= shift.startMinute ? day + 1 : day
                let start = zone.instant(day: day, minute: Int64(shift.startMinute)).microseconds
                let end = zone.instant(day: closingDay, minute: Int64(shift.endMinute)).microseconds
                if start < end { instances.append(start..<end) }
            }
        }
        return instances
    }

    /// 0 = Monday; 1970-01-01 was a Thursday.
    private static func weekday(_ day: Int64) -> UInt8 {
        let shifted = (day + 3) % 7
        return UInt8(shifted < 0 ? shifted + 7 : shifted)
    }
}
