public import EventModel

/// An event that no figure uses (SPEC 2.7), with its ids.
///
/// The ids have no numbers: nobody may ever use them again, and a camera that counts up would fill the memory with them.
public struct QuarantinedEvent: Sendable, Equatable {
    public var worker: [UInt8]
    public var workstation: [UInt8]
    public var camera: [UInt8]?
    public var modelVersion: [UInt8]?
    /// Its origin means nothing.
    public var entry: TimelineEntry
    /// Whether it is the event of its key in this class; false for a duplicate (SPEC 2.6).
    public var isWinner: Bool

    public init(
        worker: [UInt8], workstation: [UInt8], camera: [UInt8]?, modelVersion: [UInt8]?, entry: TimelineEntry,
        isWinner: Bool = true
    ) {
        self.worker = worker
        self.workstation = workstation
        self.camera = camera
        self.modelVersion = modelVersion
        self.entry = entry
        self.isWinner = isWinner
    }

    public var key: QuarantineKey { QuarantineKey(worker: worker, key: entry.key) }

    func precedes(_ other: QuarantinedEvent) -> Bool { key.precedes(other.key) }
}

/// What makes two quarantined events of a site the same (SPEC 2.6).
public struct QuarantineKey: Hashable, Sendable {
    public var worker: [UInt8]
    public var key: EventKey

    public init(worker: [UInt8], key: EventKey) {
        self.worker = worker
        self.key = key
    }

    /// By id of the worker, then by key, as the digest has them.
    func precedes(_ other: QuarantineKey) -> Bool {
        worker == other.worker ? key < other.key : worker.lexicographicallyPrecedes(other.worker)
    }
}

/// When and where the winner of a key was admitted.
public struct QuarantinedPlace: Sendable, Equatable {
    /// Microseconds since 1970.
    public var createdAt: Int64
    public var position: PackedPosition

    public init(createdAt: Int64, position: PackedPosition) {
        self.createdAt = createdAt
        self.position = position
    }
}

/// Which quarantined events a question asks for, and where it goes on. Bounds are half-open, in microseconds.
public struct QuarantineFilter: Sendable {
    public var worker: [UInt8]?
    public var workstation: [UInt8]?
    public var camera: [UInt8]?
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

    /// The first stored winners after a key, by id of the worker, then by key.
    ///
    /// - Parameter key: nil for the first ones of all.
    func quarantined(site: UInt32, after key: QuarantineKey?, limit: Int) throws -> [QuarantinedEvent]
}

/// The quarantined events that the store does not have yet, and those in it that lost their place since.
struct QuarantineChanges: Sendable {
    /// The changes of the next commit.
    private(set) var pending = Batch()
    private var inFlight = Batch()
    /// Latest event time of all quarantined events, committed or not: what is later repeats none of them.
    private(set) var newestTime: NewestTime

    struct Batch: Sendable {
        /// Losers too: the topic of quarantined events has them.
        var events: [QuarantinedEvent] = []
        /// Positions of events that were winners and are none any more.
        var displaced: [PackedPosition] = []
        fileprivate var winners: [QuarantineKey: QuarantinedPlace] = [:]
    }

    init(newestTime: NewestTime = .none) { self.newestTime = newestTime }

    var pendingCount: Int { pending.events.count }

    mutating func addWinner(_ event: QuarantinedEvent) {
        newestTime.note(event.entry.time)
        pending.winners[event.key] = QuarantinedPlace(
            createdAt: event.entry.createdAt, position: event.entry.position)
        pending.events.append(event)
    }

    mutating func addLoser(_ event: QuarantinedEvent) {
        var event = event
        event.isWinner = false
        pending.events.append(event)
    }

    /// A new winner has taken the place of this one.
    mutating func displace(_ place: QuarantinedPlace) { pending.displaced.append(place.position) }

    /// The winner of a key that no durable commit has.
    func winner(of key: QuarantineKey) -> QuarantinedPlace? { pending.winners[key] ?? inFlight.winners[key] }

    /// Whether only the store can tell if there is a winner of the key.
    func needsStore(_ key: QuarantineKey) -> Bool { newestTime.reaches(key.key.time) && winner(of: key) == nil }

    /// Drops from a copy for questions what only the fold needs, so that it never has to be copied.
    mutating func leaveWinners() { (pending.winners, inFlight.winners) = ([:], [:]) }

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
