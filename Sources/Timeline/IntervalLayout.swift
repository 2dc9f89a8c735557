internal import EventModel

/// How hours keep a closed interval: the whole hours of a long one as stays, the rest in buckets.
///
/// From the earliest end that a worker's intervals ever had, hours count as changed by the definition that set the latest
/// end. Questions that do not know this definition must not use them, neither for what was cut off nor for what was
/// restored.
struct IntervalLayout {
    /// Time in buckets.
    struct Part {
        var range: Range<Int64>
        var changedAt: Int64
    }

    private(set) var parts: [Part] = []
    /// In buckets, too, but cut off: these hours only tell when they changed.
    private(set) var cutOff: [Part] = []
    private(set) var stays: [Stay] = []

    /// What is the same for every part of an interval.
    struct Place {
        var worker: UInt32
        var owner: TimelineEntry
        var station: UInt32
        var parameters: FoldParameters
    }

    /// - Parameters:
    ///   - end: of the interval, within the ttl of its owner.
    ///   - changedAt: the largest created_at on which the interval depends.
    ///   - staysChangedAt: the same for its whole hours.
    init(_ place: Place, end: Int64, _ clip: Membership.Clip, changedAt: Int64, staysChangedAt: Int64) {
        let start = place.owner.time
        let known = min(end, clip.earliest.limiting(end))
        add(start, known, place, changedAt, staysChangedAt)
        guard known < end else { return }
        let clipped = clip.end.limiting(end)
        let late = max(clip.changedAt.stored, changedAt)
        let lateStays = max(clip.changedAt.stored, staysChangedAt)
        add(max(start, known), clipped, place, late, lateStays)
        add(max(start, clipped), end, place, late, lateStays, isCutOff: true)
    }

    private mutating func add(
        _ from: Int64, _ to: Int64, _ place: Place, _ changedAt: Int64, _ staysChangedAt: Int64, isCutOff: Bool = false
    ) {
        guard from < to else { return }
        let first = place.parameters.hour(of: from + Microseconds.hour - 1)
        let last = place.parameters.hour(of: to)
        guard first.distance(to: last) >= Stay.hoursMinimum else {
            return addPart(from, to, changedAt, isCutOff: isCutOff)
        }
        addPart(from, place.parameters.start(of: first), changedAt, isCutOff: isCutOff)
        addPart(place.parameters.start(of: last), to, changedAt, isCutOff: isCutOff)
        stays.append(
            Stay(
                worker: place.worker, hours: first..<last, state: isCutOff ? nil : place.owner.type,
                station: isCutOff ? 0 : place.station, changedAt: NewestTime(staysChangedAt)))
    }

    private mutating func addPart(_ from: Int64, _ to: Int64, _ changedAt: Int64, isCutOff: Bool) {
        guard from < to else { return }
        let part = Part(range: from..<to, changedAt: changedAt)
        if isCutOff { cutOff.append(part) } else { parts.append(part) }
    }

    /// The parts in buckets that `other` does not have there; at most a few hours each.
    func parts(without other: IntervalLayout) -> [Part] {
        parts.flatMap { part in
            var rest: [Part] = []
            var start = part.range.lowerBound
            for taken in other.parts where taken.range.overlaps(part.range) {
                if start < taken.range.lowerBound {
                    rest.append(Part(range: start..<taken.range.lowerBound, changedAt: part.changedAt))
                }
                start = max(start, taken.range.upperBound)
            }
            if start < part.range.upperBound {
                rest.append(Part(range: start..<part.range.upperBound, changedAt: part.changedAt))
            }
            return rest
        }
    }

    /// The stays that `other` does not have.
    func stays(without other: IntervalLayout) -> [Stay] {
        stays.filter { stay in
            !other.stays.contains { $0.hours == stay.hours && $0.state == stay.state && $0.station == stay.station }
        }
    }
}

/// Moves closed intervals in the hours of worker, station and factory.
extension SiteFold {
    /// Moves the end of the interval of `owner` from `old` to `new`; both are limited by its ttl. Without an interval the
    /// end is where it begins.
    ///
    /// - Parameters:
    ///   - changedAt: the larger created_at of the two events that bound what is moved. So if an hour's newest change is
    ///     known, the hour contains exactly what a fold of the known events would have computed (SPEC 7.2).
    ///   - before: the larger created_at of the two events that bounded the whole interval. What it keeps is known
    ///     as soon as either is.
    mutating func moveEnd(
        of owner: TimelineEntry, _ worker: UInt32, from old: Int64, to new: Int64, changedAt: Int64,
        before: Int64 = .max
    ) {
        let reach = owner.time + parameters.ttl
        let old = min(old, reach)
        let new = min(new, reach)
        let clip = membership.clip(worker)
        guard max(old, new) - owner.time >= Stay.intervalMinimum else {
            return moveInBuckets(worker, owner, from: old, to: new, clip, changedAt)
        }
        let place = place(owner, worker)
        rearrange(
            place,
            from: IntervalLayout(place, end: old, clip, changedAt: changedAt, staysChangedAt: changedAt),
            to: IntervalLayout(place, end: new, clip, changedAt: changedAt, staysChangedAt: min(changedAt, before)))
    }

    /// Like ``moveEnd(of:_:from:to:changedAt:before:)``, for intervals without stays.
    private mutating func moveInBuckets(
        _ worker: UInt32, _ owner: TimelineEntry, from old: Int64, to new: Int64, _ clip: Membership.Clip,
        _ changedAt: Int64
    ) {
        let sign: Int64 = old < new ? 1 : -1
        let from = min(old, new)
        let end = max(old, new)
        guard let earliest = clip.earliest.time, earliest < end else {
            move(worker, owner, from: from, to: end, sign: sign, changedAt: changedAt)
            return
        }
        var late = clip.changedAt
        late.note(changedAt)
        move(worker, owner, from: from, to: earliest, sign: sign, changedAt: changedAt)
        let clipped = clip.end.limiting(end)
        move(worker, owner, from: max(from, earliest), to: clipped, sign: sign, changedAt: late.stored)
        move(worker, owner, from: max(from, clipped), to: end, sign: 0, changedAt: late.stored)
    }

    /// Replaces how a closed interval is kept when the end of a worker's intervals moves.
    ///
    /// - Parameter changedAt: the larger created_at of the two events that bound the interval.
    mutating func moveClip(
        of owner: TimelineEntry, _ worker: UInt32, end: Int64, from old: Membership.Clip, to new: Membership.Clip,
        changedAt: Int64
    ) {
        let place = place(owner, worker)
        rearrange(
            place, from: IntervalLayout(place, end: end, old, changedAt: changedAt, staysChangedAt: changedAt),
            to: IntervalLayout(place, end: end, new, changedAt: changedAt, staysChangedAt: changedAt))
    }

    private func place(_ owner: TimelineEntry, _ worker: UInt32) -> IntervalLayout.Place {
        IntervalLayout.Place(
            worker: worker, owner: owner, station: origins[owner.origin].station, parameters: parameters)
    }

    private mutating func rearrange(_ place: IntervalLayout.Place, from old: IntervalLayout, to new: IntervalLayout) {
        func move(_ parts: [IntervalLayout.Part], _ sign: Int64) {
            for part in parts {
                self.move(
                    place.worker, place.owner, from: part.range.lowerBound, to: part.range.upperBound, sign: sign,
                    changedAt: part.changedAt)
            }
        }
        move(old.parts(without: new), -1)
        move(new.parts(without: old), 1)
        move(old.cutOff, 0)
        move(new.cutOff, 0)
        for stay in old.stays(without: new) { hourBuckets.removeStay(stay) }
        for stay in new.stays(without: old) { hourBuckets.addStay(stay) }
    }

    /// Adds [from, to), in the state and at the station of `owner`, to the hours of worker, station and factory.
    mutating func move(
        _ worker: UInt32, _ owner: TimelineEntry, from: Int64, to: Int64, sign: Int64, changedAt: Int64
    ) {
        guard from < to else { return }
        let station = origins[owner.origin].station
        var hour = parameters.hour(of: from)
        var start = from
        while start < to {
            let end = min(to, parameters.start(of: hour.next))
            hourBuckets.addTime(
                (end - start) * sign, owner.type, hour, worker: worker, station: station, changedAt: changedAt)
            start = end
            hour = hour.next
        }
    }
}
