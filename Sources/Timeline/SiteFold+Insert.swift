internal import EventModel

/// Inserts one event and updates the sums that it changes.
extension SiteFold {
    /// - Parameter eventClass: accepted or low confidence; see ``insertQuarantined(_:_:)`` for the other class.
    mutating func insert(
        _ entry: TimelineEntry, worker: UInt32, class eventClass: EventClass, _ reader: any PageReader
    ) throws {
        ledger.received += 1
        let isMarked = eventClass == .lowConfidence
        switch try timelines.insert(entry, worker, eventClass, reader) {
        case .lost: ledger.duplicates += 1
        case .inserted(let neighbours):
            ledger.count(eventClass)
            if eventClass == .accepted { accept(entry, worker, neighbours, replacing: nil) }
            arrivals.add(entry.time)
            recentWinners.add(entry, worker, isMarked: isMarked)
            healthBuckets.count(entry, isMarked: isMarked, 1, changedAt: entry.createdAt)
        case .replaced(let old, let neighbours):
            ledger.duplicates += 1
            if eventClass == .accepted { accept(entry, worker, neighbours, replacing: old) }
            arrivals.add(entry.time)
            recentWinners.add(entry, worker, isMarked: isMarked)
            arrivals.withdraw(old.createdAt)
            healthBuckets.count(old, isMarked: isMarked, -1, changedAt: max(old.createdAt, entry.createdAt))
            healthBuckets.count(entry, isMarked: isMarked, 1, changedAt: entry.createdAt)
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
    private mutating func moveIntervals(
        _ worker: UInt32, _ neighbours: WorkerTimelines.Neighbours, _ entry: TimelineEntry,
        replacing old: TimelineEntry?
    ) {
        let time = entry.time
        let next = neighbours.next
        if let old {
            guard let next else { return }
            let changedAt = max(entry.createdAt, next.createdAt)
            moveEnd(of: old, worker, from: next.time, to: time, changedAt: max(changedAt, old.createdAt))
            moveEnd(of: entry, worker, from: time, to: next.time, changedAt: changedAt)
            return
        }
        if let previous = neighbours.previous {
            let changedAt = max(previous.createdAt, entry.createdAt)
            if let next {
                moveEnd(
                    of: previous, worker, from: next.time, to: time, changedAt: changedAt,
                    before: max(previous.createdAt, next.createdAt))
            } else {
                moveEnd(of: previous, worker, from: previous.time, to: time, changedAt: changedAt)
            }
        }
        if let next {
            let changedAt = max(entry.createdAt, next.createdAt)
            moveEnd(of: entry, worker, from: time, to: next.time, changedAt: changedAt)
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
        case .quarantined: preconditionFailure("quarantined events have no line")
        }
    }
}
