internal import EventModel
internal import Figures
internal import Projector
internal import Timeline

/// The newest definition, as far as shifts depend on it.
struct ShiftRules {
    let settings: SiteDefinition?
    let zone: SiteZone
    let calendar: ShiftCalendar

    init(_ settings: SiteDefinition?, _ zone: SiteZone) {
        (self.settings, self.zone) = (settings, zone)
        calendar = ShiftCalendar(settings, zone)
    }

    /// From the start of a shift to the end of what its handover is compared with (SPEC 5.6).
    private var handoverReach: Int64 {
        Int64(settings?.handoverMinutes ?? 0) * Microseconds.minute + Microseconds.hour
    }

    /// Starts of the instances whose figures, or those of their handover, depend on a range.
    func starts(dependingOn range: Range<Int64>) -> [Int64] {
        guard !calendar.isEmpty else { return [] }
        let near = range.lowerBound - handoverReach..<range.upperBound + Microseconds.hour
        let instances = calendar.instances(overlapping: near) ?? []
        let starts = instances.filter {
            ($0.range.lowerBound - Microseconds.hour..<end(of: $0)).overlaps(range)
        }.map(\.range.lowerBound)
        return Array(Set(starts))
    }

    func instances(startingAt start: Int64) -> [ShiftInstance] {
        (calendar.instances(overlapping: start..<start + 1) ?? []).filter { $0.range.lowerBound == start }
    }

    /// The end of everything that an instance's record tells of.
    func end(of instance: ShiftInstance) -> Int64 {
        max(instance.range.upperBound, instance.range.lowerBound + handoverReach)
    }
}

extension HourSheet {
    func rules(of site: SiteFold) -> ShiftRules {
        let settings = site.newestSettings
        return ShiftRules(settings, zones.zone(settings?.timeZone ?? "UTC"))
    }

    /// The records of the instances of shifts that start at one instant (SPEC 5.5).
    func shifts(
        _ due: DueHour, _ snapshot: ProjectionSnapshot, origin: @autoclosure () -> ProjectionsOrigin, now: Int64
    ) throws -> Outcome {
        guard due.start < now else { return Outcome(isComplete: false) }
        let rules = rules(of: snapshot.site)
        let end = rules.instances(startingAt: due.start).map(rules.end).max() ?? due.start + 1
        let window = Window(from: due.start, end: min(end, now))
        var sheet = Sheet(self, due, snapshot, window, isFinal: now >= end + configuration.grace, now: now)
        sheet.cause = RestatementCause(due.causes, origin())
        try sheet.addShifts(rules, now: now)
        return sheet.outcome
    }
}

extension Sheet {
    mutating func addShifts(_ rules: ShiftRules, now: Int64) throws {
        var states = try parts.published.states(hour.site, hour.start, .shift)
        let wasPublished = !states.isEmpty
        let found =
            try site.shifts(
                window, at: Timestamp(microseconds: now), view, rules.settings, rules.zone, snapshot.reader) ?? []
        var names: Set<[UInt8]> = []
        for shift in found where shift.instance.range.lowerBound == hour.start {
            let name = Array(shift.instance.name.utf8)
            // A definition may give two shifts one name and one start: then the first one listed is published.
            if names.insert(name).inserted { add(.shift, [name], .shift(shift), &states) }
        }
        remove(.shift, states)
        // Nothing else makes it due when it ends.
        if !situation.isFinal, wasPublished || !outcome.records.isEmpty { outcome.isComplete = false }
    }
}
