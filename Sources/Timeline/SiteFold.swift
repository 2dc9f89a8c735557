public import EventModel

/// Everything that the events and definitions of one site add up to, apart from pages that are only in the store.
///
/// A value: a question copies it (a few references) and computes outside the fold's lock, while the fold goes on
/// (DESIGN 1.6). Changes that the store has not got yet are kept as differences until a ``CommitSet`` takes them.
public struct SiteFold: Sendable {
    public let siteID: SiteID
    /// Number of the site in its partition.
    public let index: UInt32

    public internal(set) var workers = Interner()
    public internal(set) var stations = Interner()
    /// Cameras and model versions.
    public internal(set) var names = Interner()
    public internal(set) var origins = OriginTable()

    /// By ``LineIndex``.
    var lines: [Line] = []
    /// Whether pages of some line are in the store alone.
    var lacksPages = false
    var workerStates: [WorkerState] = []
    var stationStates: [StationState] = []
    var factorySlots = HourSlots()
    var healthSlots: [HealthSlots] = []

    public internal(set) var definitions: [DefinitionVersion] = []
    /// What the buckets were made with.
    public internal(set) var parameters = FoldParameters()
    var rederiving = RederiveCursor.done
    /// Questions that know less than this must not use buckets: ttl or hour offset were others then.
    public internal(set) var bucketFloor = NewestTime.none

    public internal(set) var ledger = Ledger()
    public internal(set) var newestCreatedAt = NewestTime.none

    var pending = PendingChanges()
    /// Differences that a commit has taken and not finished: questions still have to add them.
    var inFlight = InFlightChanges()

    init(siteID: SiteID, index: UInt32) {
        self.siteID = siteID
        self.index = index
    }

    /// Resident pages of one worker in one class.
    struct Line: Sendable {
        /// By fence; stretches between them may be in the store only.
        var pages: [Page] = []
        /// Whether the store may hold pages of it.
        var isStored = false
    }

    struct WorkerState: Sendable {
        var slots = HourSlots()
        /// Runs of definitions that name the worker, by sequence number, half-open.
        var named: [Range<Int>] = []
        /// Where the intervals of a dropped worker end; none when the worker is not dropped (SPEC 3).
        var clip = OldestTime.none
        /// The earliest that ``clip`` ever was: from here on the hours depend on what is known of the definitions.
        var earliestClip = OldestTime.none
        /// created_at of the definition that changed ``clip`` last.
        var clipChangedAt = NewestTime.none
    }

    struct StationState: Sendable {
        var slots = HourSlots()
        /// Oldest and newest accepted event time here.
        var oldest = OldestTime.none
        var newest = NewestTime.none
        /// Whether an event ever left for another winner: then the two above are only bounds.
        var isInexact = false

        mutating func forgetActivity() {
            oldest = .none
            newest = .none
            isInexact = false
        }
    }

    /// Differences since the last commit was taken.
    struct PendingChanges: Sendable {
        var dirtyPages: [(line: LineIndex, fence: EventKey)] = []
        /// Pages that were loaded since they were last reported to ``ResidentPages``.
        var loadedPages: [(line: LineIndex, fence: EventKey)] = []
        /// Entries that were put into pages.
        var insertedEntries = 0
        var hours: [HourRow] = []
        var health: [HealthRow] = []
        /// See ``CommitSet/Site/definitionReach``.
        var definitionReach = DefinitionReach.nothing
        /// See ``CommitSet/Site/openHours``; `newestOpen` is the time in the one that was put in last, so that most
        /// events cost a comparison.
        var openHours: Set<Hour> = []
        var newestOpen: Range<Int64> = 0..<0
        var quarantined: [QuarantinedEvent] = []
        var touchedWorkers: [UInt32] = []
        var touchedStations: [UInt32] = []
        var touchedOrigins: [UInt32] = []
        /// Counts records: what "least recently used" is measured by.
        var clock: UInt64 = 0
        /// Rows of the store to forget before the differences are added.
        var clearsHours = false
        var isDirty = false
        var committed = CommittedCounts()
    }

    struct InFlightChanges: Sendable {
        var generation: UInt64 = 0
        var pages: [(line: LineIndex, fence: EventKey)] = []
        var hours: [HourRow] = []
        var health: [HealthRow] = []
        var clearsHours = false
    }

    /// How many of each the store has.
    struct CommittedCounts: Sendable {
        var workers = 0
        var stations = 0
        var names = 0
        var origins = 0
        var definitions = 0
    }

    public func origin(_ number: UInt32) -> Origin { origins[number] }

    /// Whether the hours of some workers are still being made (DESIGN 1.7); until then questions derive from events.
    public var isRederiving: Bool { rederiving != .done }
}

/// What decides how events become intervals and hours.
public struct FoldParameters: Sendable, Equatable {
    /// Microseconds.
    public var ttl: Int64 = Limits.ttlSecondsDefault * Microseconds.second
    /// Where hours begin: the zone's offset modulo one hour, in microseconds (DESIGN 1.7).
    public var hourOffset: Int64 = 0

    public init() {}

    /// For hours that begin where UTC's do.
    public static let utc = FoldParameters()

    /// The hour that holds `time`.
    @inlinable
    public func hour(of time: Int64) -> Hour {
        let shifted = time + hourOffset
        let hour = shifted / Microseconds.hour
        return Hour(shifted < hour * Microseconds.hour ? hour - 1 : hour)
    }

    /// When `hour` begins.
    @inlinable
    public func start(of hour: Hour) -> Int64 { hour.number * Microseconds.hour - hourOffset }
}

/// Whose hours a site's fold has made since a definition changed what they depend on (DESIGN 1.7).
struct RederiveCursor: Hashable, Sendable {
    private var next: Int

    /// Every worker's hours are made.
    static let done = RederiveCursor(worker: nil)

    /// - Parameter worker: the first worker whose hours are not made; nil when all are.
    init(worker: Int?) { next = worker ?? Int.max }

    /// The first worker whose hours are not made; nil when all are.
    var worker: Int? { next == Int.max ? nil : next }

    /// Whether the worker's hours are made, so that differences have to be added to them.
    @inline(__always)
    func hasPassed(_ worker: UInt32) -> Bool { Int(worker) < next }
}

/// From which event time on figures may be others because of definitions, although no row of theirs changed.
public enum DefinitionReach: Hashable, Sendable {
    case nothing
    /// In microseconds since 1970.
    case from(Int64)
    case everything

    mutating func extend(from bound: OldestTime) {
        guard let time = bound.time else { return }
        switch self {
        case .nothing: self = .from(time)
        case .from(let other): self = .from(min(time, other))
        case .everything: break
        }
    }
}

/// One definition of a site as the log has it.
public struct DefinitionVersion: Sendable {
    /// Without workers: ``SiteFold`` knows per worker which definitions name him.
    public var settings: SiteDefinition
    public var createdAt: Int64
    public var offset: LogOffset

    public init(settings: SiteDefinition, createdAt: Int64, offset: LogOffset) {
        self.settings = settings
        self.createdAt = createdAt
        self.offset = offset
    }
}

/// Counts that must add up (SPEC 7.4).
public struct Ledger: Sendable, Equatable {
    public var received: Int64 = 0
    /// Winners of the accepted class.
    public var folded: Int64 = 0
    /// Losers of every class.
    public var duplicates: Int64 = 0
    /// Winners of the low-confidence class.
    public var lowConfidence: Int64 = 0
    /// Winners of the quarantined class.
    public var quarantined: Int64 = 0
    public var definitions: Int64 = 0

    public init() {}
}
