public import EventModel

/// An event that no figure uses (SPEC 2.7).
public struct QuarantinedEvent: Sendable, Equatable {
    /// Number of its worker.
    public var worker: UInt32
    public var entry: TimelineEntry
    /// Whether it is the event of its key in this class; false for a duplicate (SPEC 2.6).
    public var isWinner: Bool

    public init(worker: UInt32, entry: TimelineEntry, isWinner: Bool = true) {
        self.worker = worker
        self.entry = entry
        self.isWinner = isWinner
    }
}

/// Which quarantined events a question asks for, and where it goes on. Bounds are half-open, in microseconds.
public struct QuarantineFilter: Sendable {
    public var worker: UInt32?
    public var station: UInt32?
    /// As in ``Origin/camera``: counted from 1.
    public var camera: UInt32?
    public var reason: Mark?
    public var from = Int64.min
    public var to = Int64.max
    public var createdFrom = Int64.min
    public var createdTo = Int64.max
    /// Continues after this event.
    public var after: Cursor?

    public init() {}

    /// Position of an event in the listing: newest created_at first, then position in the log.
    public struct Cursor: Sendable, Equatable {
        public var createdAt: Int64
        public var position: PackedPosition

        public init(createdAt: Int64, position: PackedPosition) {
            self.createdAt = createdAt
            self.position = position
        }

        /// Whether `entry` comes after this place.
        func precedes(_ entry: TimelineEntry) -> Bool {
            entry.createdAt != createdAt ? entry.createdAt < createdAt : entry.position > position
        }
    }
}

/// Reads the committed quarantined winners, from the store or its in-memory twin.
public protocol QuarantineReader: AnyObject {
    /// Calls `body` with the stored winners with a created_at in `range`, newest created_at first, then by position,
    /// until it returns false.
    func forEachQuarantined(
        site: UInt32, createdAt range: ClosedRange<Int64>, _ body: (QuarantinedEvent) -> Bool) throws
}

/// The quarantined events that the store does not have yet, and those in it that lost their place since.
struct QuarantineChanges: Sendable {
    /// The changes of the next commit.
    private(set) var pending = Batch()
    private var inFlight = Batch()

    struct Batch: Sendable {
        /// Losers too: the topic of quarantined events has them.
        var events: [QuarantinedEvent] = []
        /// Positions of events that were winners and are none any more.
        var displaced: [PackedPosition] = []
    }

    var pendingCount: Int { pending.events.count }

    mutating func add(_ entry: TimelineEntry, _ worker: UInt32, isWinner: Bool) {
        pending.events.append(QuarantinedEvent(worker: worker, entry: entry, isWinner: isWinner))
    }

    mutating func displace(_ entry: TimelineEntry) { pending.displaced.append(entry.position) }

    /// Puts the pending changes in flight; questions include them until ``finishCommit()``.
    mutating func beginCommit() {
        inFlight = pending
        pending = Batch()
    }

    /// The store has the changes of the commit.
    mutating func finishCommit() { inFlight = Batch() }

    /// Positions that are no winners, although the store or an earlier difference says so.
    var displaced: Set<PackedPosition> { Set(inFlight.displaced + pending.displaced) }

    /// Winners when they were folded; see ``displaced``.
    var uncommitted: [QuarantinedEvent] { (inFlight.events + pending.events).filter(\.isWinner) }
}

extension SiteFold {
    /// Calls `body` with the quarantined winners that pass the filter, newest created_at first, then by position, until
    /// it returns false.
    public func forEachQuarantined(
        _ filter: QuarantineFilter, _ reader: any QuarantineReader, _ body: (QuarantinedEvent) -> Bool
    ) throws {
        let newest = min(filter.createdTo == .max ? .max : filter.createdTo - 1, filter.after?.createdAt ?? .max)
        guard filter.createdFrom <= newest else { return }
        let displaced = quarantine.displaced
        func isListed(_ event: QuarantinedEvent) -> Bool {
            !displaced.contains(event.entry.position) && passes(event, filter)
        }
        var own = quarantine.uncommitted.filter {
            filter.createdFrom...newest ~= $0.entry.createdAt && isListed($0)
        }
        // The next one last.
        own.sort { SiteFold.precedes($1.entry, $0.entry) }
        var goesOn = true
        try reader.forEachQuarantined(site: index, createdAt: filter.createdFrom...newest) { event in
            guard isListed(event) else { return true }
            while goesOn, let next = own.last, SiteFold.precedes(next.entry, event.entry) {
                own.removeLast()
                goesOn = body(next)
            }
            if goesOn { goesOn = body(event) }
            return goesOn
        }
        while goesOn, let next = own.popLast() { goesOn = body(next) }
    }

    private static func precedes(_ left: TimelineEntry, _ right: TimelineEntry) -> Bool {
        left.createdAt != right.createdAt ? left.createdAt > right.createdAt : left.position < right.position
    }

    private func passes(_ event: QuarantinedEvent, _ filter: QuarantineFilter) -> Bool {
        let entry = event.entry
        if let after = filter.after, !after.precedes(entry) { return false }
        if let worker = filter.worker, event.worker != worker { return false }
        if let reason = filter.reason, entry.quarantineReason != reason { return false }
        guard filter.from <= entry.time, entry.time < filter.to else { return false }
        guard filter.station != nil || filter.camera != nil else { return true }
        let origin = origin(entry.origin)
        return (filter.station ?? origin.station) == origin.station && (filter.camera ?? origin.camera) == origin.camera
    }
}
