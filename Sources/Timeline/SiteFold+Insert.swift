internal import EventModel

/// Inserts one event and updates the sums that it changes.
extension SiteFold {
    mutating func insert(
        _ entry: TimelineEntry, worker: UInt32, class eventClass: EventClass, _ reader: any PageReader
    ) throws {
        ledger.received += 1
        let isMarked = eventClass == .lowConfidence
        switch try timelines.insert(entry, worker, eventClass, reader) {
        case .lost:
            ledger.duplicates += 1
            if eventClass == .quarantined { quarantine.add(entry, worker, isWinner: false) }
        case .inserted(let neighbours):
            ledger.count(eventClass)
            if eventClass == .accepted { accept(entry, worker, neighbours, replacing: nil) }
            if eventClass == .quarantined {
                quarantine.add(entry, worker, isWinner: true)
            } else {
                arrivals.add(entry.time)
                healthBuckets.count(entry, isMarked: isMarked, 1, changedAt: entry.createdAt)
            }
        case .replaced(let old, let neighbours):
            ledger.duplicates += 1
            if eventClass == .accepted { accept(entry, worker, neighbours, replacing: old) }
            if eventClass == .quarantined {
                quarantine.add(entry, worker, isWinner: true)
                quarantine.displace(old)
            } else {
                arrivals.add(entry.time)
                arrivals.withdraw(old.createdAt)
                healthBuckets.count(old, isMarked: isMarked, -1, changedAt: max(old.createdAt, entry.createdAt))
                healthBuckets.count(entry, isMarked: isMarked, 1, changedAt: entry.createdAt)
            }
        }
    }

    /// Adds the intervals or units of an entry that is now on its line.
    @inline(__always)
    private mutating func accept(
        _ entry: TimelineEntry, _ worker: UInt32, _ neighbours: WorkerTimelines.Neighbours,
        replacing old: TimelineEntry?
    ) {
        if entry.isState, neighbours.next == nil, !pending.newestOpen.contains(entry.time) { noteOpen(entry.time) }
        guard rederiving.hasPassed(worker) else { return }
        if let old, old.origin != entry.origin { leaveStation(old, for: entry) }
        touchStation(entry)
        if entry.isState {
            moveIntervals(worker, neighbours, entry, replacing: old)
        } else {
            if let old { moveUnits(worker, old, -1, max(old.createdAt, entry.createdAt)) }
            moveUnits(worker, entry, 1, entry.createdAt)
        }
    }

    private mutating func noteOpen(_ time: Int64) {
        let hour = parameters.hour(of: time)
        pending.openHours.insert(hour)
        pending.newestOpen = parameters.start(of: hour)..<parameters.start(of: hour.next)
    }

    /// Applies the difference that `entry` between `previous` and `next` makes to the sums of closed intervals
    /// (SPEC 4.3).
    ///
    /// `changedAt` is the larger created_at of the two events that bound an interval. So if an hour's newest change is
    /// known, the hour contains exactly what a fold of the known events would have computed (SPEC 7.2).
    private mutating func moveIntervals(
        _ worker: UInt32, _ neighbours: WorkerTimelines.Neighbours, _ entry: TimelineEntry,
        replacing old: TimelineEntry?
    ) {
        let time = entry.time
        let next = neighbours.next
        if let old {
            guard let next else { return }
            let changedAt = max(entry.createdAt, next.createdAt)
            moveInterval(worker, old, from: time, until: next.time, sign: -1, changedAt: max(changedAt, old.createdAt))
            moveInterval(worker, entry, from: time, until: next.time, sign: 1, changedAt: changedAt)
            return
        }
        if let previous = neighbours.previous {
            let changedAt = max(previous.createdAt, entry.createdAt)
            if let next {
                moveInterval(worker, previous, from: time, until: next.time, sign: -1, changedAt: changedAt)
            } else {
                moveInterval(worker, previous, from: previous.time, until: time, sign: 1, changedAt: changedAt)
            }
        }
        if let next {
            let changedAt = max(entry.createdAt, next.createdAt)
            moveInterval(worker, entry, from: time, until: next.time, sign: 1, changedAt: changedAt)
        }
    }

    /// Adds the time that `owner` asserts in [from, until), limited by its ttl and the end of a dropped worker.
    ///
    /// From the earliest end that the worker ever had, hours count as changed by the definition that set the latest
    /// end. Questions that do not know this definition must not use them, neither for what was cut off nor for what was
    /// restored.
    mutating func moveInterval(
        _ worker: UInt32, _ owner: TimelineEntry, from: Int64, until: Int64, sign: Int64, changedAt: Int64
    ) {
        let end = min(until, owner.time + parameters.ttl)
        let clip = membership.clip(worker)
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

    mutating func moveUnits(_ worker: UInt32, _ entry: TimelineEntry, _ sign: Int64, _ changedAt: Int64) {
        hourBuckets.addUnits(
            entry.count * sign, parameters.hour(of: entry.time), worker: worker,
            station: origins[entry.origin].station, changedAt: changedAt)
    }

    /// Records activity at the entry's station in its hour (SPEC 5.3, `last_activity`).
    mutating func touchStation(_ entry: TimelineEntry) {
        hourBuckets.noteEvent(
            at: entry.time, parameters.hour(of: entry.time), station: origins[entry.origin].station,
            changedAt: entry.createdAt)
    }

    private mutating func leaveStation(_ old: TimelineEntry, for entry: TimelineEntry) {
        let station = origins[old.origin].station
        guard station != origins[entry.origin].station else { return }
        hourBuckets.noteDeparture(
            parameters.hour(of: old.time), station: station, changedAt: max(old.createdAt, entry.createdAt))
    }
}

extension Ledger {
    /// Counts a winner of a class.
    mutating func count(_ eventClass: EventClass) {
        switch eventClass {
        case .accepted: folded += 1
        case .lowConfidence: lowConfidence += 1
        case .quarantined: quarantined += 1
        }
    }
}
