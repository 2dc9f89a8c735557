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
    public internal(set) var sources = SourceTable()

    /// Line `worker * 3 + class`.
    var lines: [Line] = []
    var workerStates: [WorkerState] = []
    var stationStates: [StationState] = []
    var factorySlots = HourSlots()
    var healthSlots: [HealthSlots] = []

    public internal(set) var definitions: [DefinitionVersion] = []
    /// What the buckets were made with.
    public internal(set) var parameters = FoldParameters()
    /// Buckets of workers from this number on are not made yet; `Int.max` when all are (DESIGN 1.7).
    public internal(set) var rederiveCursor = Int.max
    /// Questions that know less than this must not use buckets: ttl or anchor were others then.
    public internal(set) var bucketFloor = Int64.min

    public internal(set) var ledger = Ledger()
    public internal(set) var newestCreatedAt = Int64.min

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
        /// Where the intervals of a dropped worker end; `Int64.max` when he is not dropped (SPEC 3).
        var clip = Int64.max
        /// The earliest that ``clip`` ever was: from here on the hours depend on what is known of the definitions.
        var earliestClip = Int64.max
        /// created_at of the definition that changed ``clip`` last.
        var clipMark = Int64.min
    }

    struct StationState: Sendable {
        var slots = HourSlots()
        /// Newest and oldest accepted event time here; the first above the second when there is none.
        var oldest = Int64.max
        var newest = Int64.min
        /// Whether an event ever left for another winner: then the two above are only bounds.
        var isInexact = false

        mutating func forgetActivity() {
            oldest = Int64.max
            newest = Int64.min
            isInexact = false
        }
    }

    /// Differences since the last commit was taken.
    struct PendingChanges: Sendable {
        var dirtyPages: [(line: Int, fence: Int64)] = []
        /// Entries that were put into pages.
        var insertedEntries = 0
        var hours: [HourRow] = []
        var health: [HealthRow] = []
        /// See ``CommitSet/Site/openFrom``.
        var openFrom = Int64.max
        /// See ``CommitSet/Site/openHours``; `newestOpen` is the time in the one that was put in last, so that most
        /// events cost a comparison.
        var openHours: Set<Int64> = []
        var newestOpen: Range<Int64> = 0..<0
        var quarantined: [QuarantinedEvent] = []
        var touchedWorkers: [UInt32] = []
        var touchedStations: [UInt32] = []
        var touchedSources: [UInt32] = []
        /// Counts records: what "least recently used" is measured by.
        var clock: UInt64 = 0
        /// Rows of the store to forget before the differences are added.
        var clearsHours = false
        var isDirty = false
        var committed = CommittedCounts()
    }

    struct InFlightChanges: Sendable {
        var generation: UInt64 = 0
        var hours: [HourRow] = []
        var health: [HealthRow] = []
        var clearsHours = false
    }

    /// How many of each the store has.
    struct CommittedCounts: Sendable {
        var workers = 0
        var stations = 0
        var names = 0
        var sources = 0
        var definitions = 0
    }

    public func source(_ number: UInt32) -> SourceTable.Source { sources[number] }

    var isRederiving: Bool { rederiveCursor != Int.max }
}

/// What decides how events become intervals and hours.
public struct FoldParameters: Sendable, Equatable {
    /// Microseconds.
    public var ttl: Int64 = Limits.ttlSecondsDefault * Microseconds.second
    /// Where hours begin: the zone's offset modulo one hour, in microseconds (DESIGN 1.7).
    public var anchor: Int64 = 0

    public init() {}

    /// The hour that holds `time`.
    @inlinable
    public func hour(of time: Int64) -> Int64 {
        let shifted = time + anchor
        let hour = shifted / Microseconds.hour
        return shifted < hour * Microseconds.hour ? hour - 1 : hour
    }

    /// When `hour` begins.
    @inlinable
    public func start(of hour: Int64) -> Int64 { hour * Microseconds.hour - anchor }
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
