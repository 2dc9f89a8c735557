public import EventModel

/// The whole hours that one long interval of a worker covers: one row, however long it is (DESIGN 1.7).
///
/// The time before and after them is in ``HourBuckets``, as are whole intervals that are not long. A worker is in one
/// place, so no two stays of a worker share an hour, and the hour in which one begins identifies it.
public struct Stay: Sendable, Equatable {
    public var worker: UInt32
    public var hours: Range<Hour>
    /// nil where a definition cut the interval off: such hours only tell when they changed.
    public var state: EventType?
    /// Unused without a state.
    public var station: UInt32
    /// See ``HourSums/changedAt``.
    public var changedAt: NewestTime

    public init(worker: UInt32, hours: Range<Hour>, state: EventType?, station: UInt32, changedAt: NewestTime) {
        self.worker = worker
        self.hours = hours
        self.state = state
        self.station = station
        self.changedAt = changedAt
    }

    /// Fewer whole hours are in buckets. More than the default ttl has, so that only sites with a longer one have stays.
    public static let hoursMinimum: Int64 = 12
    /// Shorter intervals have no stay, in microseconds.
    static let intervalMinimum = hoursMinimum * Microseconds.hour

    /// Number of hours.
    public var length: Int64 { hours.lowerBound.distance(to: hours.upperBound) }

    /// The power of two that the length reaches: stores keep stays of one scale together, so that a reader finds those
    /// that begin long before its hours without passing over short ones.
    public var scale: Int { Int64.bitWidth - 1 - length.leadingZeroBitCount }

    /// From 8 hours to over 366 days.
    public static let scales = 3...13

    /// Hours before `hours` in which a stay of a scale may begin and still reach into them.
    public static func firstStart(ofScale scale: Int, reaching hours: Range<Hour>) -> Hour {
        hours.lowerBound.advanced(by: 1 - (2 << Int64(scale)))
    }
}

/// A stay that was added, or taken away exactly as it was added.
public struct StayChange: Sendable, Equatable {
    public var stay: Stay
    public var isRemoval: Bool

    public init(_ stay: Stay, isRemoval: Bool = false) {
        self.stay = stay
        self.isRemoval = isRemoval
    }
}

/// The changes to a site's stays that the store does not have yet, in order: of one stay the last one holds.
struct StayChanges: Sendable {
    private(set) var pending: [StayChange] = []
    private var inFlight: [StayChange] = []

    mutating func add(_ stay: Stay) { pending.append(StayChange(stay)) }

    mutating func remove(_ stay: Stay) { pending.append(StayChange(stay, isRemoval: true)) }

    /// All stays are gone, including the stored ones.
    mutating func clear() { pending.removeAll() }

    /// See ``HourBuckets/leavePending()``.
    mutating func leavePending() { pending = [] }

    /// See ``HourBuckets/movePending(before:)``.
    mutating func movePending(before other: inout StayChanges) {
        var changes: [StayChange] = []
        swap(&changes, &pending)
        changes += other.pending
        swap(&changes, &other.pending)
    }

    /// Puts the pending changes in flight; questions include them until ``finishCommit()``.
    mutating func beginCommit() { (inFlight, pending) = (pending, []) }

    /// The store has the changes of the commit.
    mutating func finishCommit() { inFlight = [] }

    /// The uncommitted changes of stays that have any of `hours`, the last one of each.
    ///
    /// - Parameter isCleared: whether only the pending ones count.
    func uncommitted(in hours: Range<Hour>, isCleared: Bool) -> [Key: StayChange] {
        var changes: [Key: StayChange] = [:]
        // Removals name the hours that the stay had, so that they overlap whenever the stored row does.
        func note(_ change: StayChange) {
            if change.stay.hours.overlaps(hours) { changes[Key(change.stay)] = change }
        }
        if !isCleared { inFlight.forEach(note) }
        pending.forEach(note)
        return changes
    }

    struct Key: Hashable {
        var worker: UInt32
        var hours: Range<Hour>

        init(_ stay: Stay) { (worker, hours) = (stay.worker, stay.hours) }
    }
}

extension SiteFold {
    /// Calls `body` with every stay that has any of `hours`, committed or not, limited to these hours.
    package func forEachStay(in hours: Range<Hour>, _ reader: any HourReader, _ body: (Stay) -> Void) throws {
        guard parameters.ttl >= Stay.intervalMinimum, !hours.isEmpty else { return }
        let changes = hourBuckets.uncommittedStays(in: hours)
        func take(_ stay: Stay) {
            var stay = stay
            stay.hours = stay.hours.clamped(to: hours)
            body(stay)
        }
        if !storedHoursAreVoid {
            var isForeign = false
            try reader.forEachStay(site: index, hours) { stay in
                guard stay.worker < workers.count, stay.station < max(1, stations.count) else {
                    isForeign = true
                    return
                }
                if changes.isEmpty || changes[StayChanges.Key(stay)] == nil { take(stay) }
            }
            if isForeign { throw TimelineError.foreignRow(siteID) }
        }
        for change in changes.values where !change.isRemoval { take(change.stay) }
    }
}
