package import EventModel

/// One instance of a shift (SPEC 5.5).
package struct ShiftInstance: Equatable, Sendable {
    /// Name of the shift.
    package var name: String
    /// The local date on which it opens, in days since 1970.
    package var day: Int64
    /// Microseconds since 1970; never empty.
    package var range: Range<Int64>

    /// Order of instances: by start, then name.
    static func precedes(_ left: ShiftInstance, _ right: ShiftInstance) -> Bool {
        left.range.lowerBound != right.range.lowerBound
            ? left.range.lowerBound < right.range.lowerBound
            : left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
    }
}

/// The instances of a site's shifts (SPEC 5.5).
package struct ShiftCalendar: Sendable {
    private let shifts: [SiteDefinition.Shift]
    private let zone: SiteZone

    package init(_ shifts: [SiteDefinition.Shift], _ zone: SiteZone) {
        self.shifts = shifts
        self.zone = zone
    }

    /// - Parameter settings: the newest visible definition; without one there are no shifts.
    package init(_ settings: SiteDefinition?, _ zone: SiteZone) { self.init(settings?.shifts ?? [], zone) }

    package var isEmpty: Bool { shifts.isEmpty }

    /// Distinct names of shifts, in the order of the definition.
    package var names: [String] {
        var seen: Set<String> = []
        return shifts.map(\.name).filter { seen.insert($0).inserted }
    }

    /// The shifts of this name only; there may be several, e.g. other hours on Saturdays.
    package func named(_ name: String) -> ShiftCalendar {
        ShiftCalendar(shifts.filter { $0.name.utf8.elementsEqual(name.utf8) }, zone)
    }

    /// The instances that overlap `range`, by start, then name.
    /// - Returns: nil if there are more than `maximum`.
    package func instances(overlapping range: Range<Int64>, maximum: Int = .max) -> [ShiftInstance]? {
        guard !shifts.isEmpty, !range.isEmpty else { return [] }
        var instances: [ShiftInstance] = []
        // A shift that opened the day before may run into the range.
        let first = zone.localDay(of: Timestamp(microseconds: range.lowerBound)) - 2
        let last = zone.localDay(of: Timestamp(microseconds: range.upperBound)) + 1
        for day in first...last {
            let weekday = ShiftCalendar.weekday(day)
            for shift in shifts where shift.days & (1 << UInt8(weekday)) != 0 {
                guard let instance = instance(of: shift, day), instance.range.overlaps(range) else { continue }
                guard instances.count < maximum else { return nil }
                instances.append(instance)
            }
        }
        return instances.sorted(by: ShiftInstance.precedes)
    }

    /// nil where a change of the clock leaves no time.
    private func instance(of shift: SiteDefinition.Shift, _ day: Int64) -> ShiftInstance? {
        let closingDay = shift.endMinute <= shift.startMinute ? day + 1 : day
        let start = zone.instant(day: day, minute: Int64(shift.startMinute)).microseconds
        let end = zone.instant(day: closingDay, minute: Int64(shift.endMinute)).microseconds
        return start < end ? ShiftInstance(name: shift.name, day: day, range: start..<end) : nil
    }

    /// Microseconds of what counts of the window that lie inside at least one shift; all of it where there are no
    /// shifts (SPEC 5.4).
    package func microseconds(inside window: Window) -> Int64 {
        guard !shifts.isEmpty else { return window.elapsed }
        let inside = (instances(overlapping: window.range) ?? []).map(\.range)
        return window.overlap(with: Window(from: window.from, end: window.end, inside: inside))
    }

    /// 0 = Monday; 1970-01-01 was a Thursday.
    static func weekday(_ day: Int64) -> Int64 { ((day + 3) % 7 + 7) % 7 }
}
