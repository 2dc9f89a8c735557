public import EventModel

/// The folded state of one site: the result of its events and definitions, except for pages that only the store has.
///
/// It consists of parts with their own invariants: time lines, hour buckets, health buckets and membership. Its own
/// invariant: the hours contain the closed intervals and counts of exactly those workers that ``rederiving`` has
/// passed.
///
/// A value type: a question copies it (a few references) and computes outside the fold's lock while the fold continues
/// (DESIGN 1.6). Changes that the store does not have yet are kept as differences until a ``CommitSet`` takes them.
public struct SiteFold: Sendable {
    public let siteID: SiteID
    /// Number of the site in its partition.
    public let index: UInt32

    public internal(set) var workers = Interner()
    public internal(set) var stations = Interner()
    /// Cameras and model versions.
    public internal(set) var names = Interner()
    public internal(set) var origins = OriginTable()

    var timelines: WorkerTimelines
    var hourBuckets = HourBuckets()
    var healthBuckets = HealthBuckets()
    var membership = Membership()

    public internal(set) var definitions: [DefinitionVersion] = []
    /// The largest created_at of a definition.
    var definitionsKnownAt = NewestTime.none
    var settings = DefinitionSettings()
    /// The parameters of the buckets.
    public internal(set) var parameters = FoldParameters()
    /// Which workers' hours are built with ``parameters``.
    var rederiving = RederiveCursor.done
    /// Questions that know less than this must not use buckets: ttl or hour offset was different then.
    public internal(set) var bucketFloor = NewestTime.none

    public internal(set) var ledger = Ledger()
    /// The offset after the site's last record. Unlike the partition's it tells nothing about other sites.
    public internal(set) var nextOffset = LogOffset.zero
    var arrivals = Arrivals()
    public internal(set) var recentWinners = RecentWinners()
    var quarantine = QuarantineChanges()

    var pending = PendingChanges()
    /// The commit whose differences are in flight; 0 for none.
    var generationInFlight: UInt64 = 0

    init(siteID: SiteID, index: UInt32) {
        self.siteID = siteID
        self.index = index
        timelines = WorkerTimelines(siteID: siteID, site: index)
    }

    /// Changes since the last commit was taken, other than pages and buckets.
    struct PendingChanges: Sendable {
        /// See ``CommitSet/Site/definitionReach``.
        var definitionReach = DefinitionReach.nothing
        /// See ``CommitSet/Site/openHours``. `newestOpen` is the time range of the hour added last, so that most
        /// events need one comparison.
        var openHours: Set<Hour> = []
        var newestOpen: Range<Int64> = 0..<0
        var isDirty = false
        var committed = CommittedCounts()
    }

    /// How many of each are in the store.
    struct CommittedCounts: Sendable {
        var workers = 0
        var stations = 0
        var names = 0
        var origins = 0
        var definitions = 0
    }

    public func origin(_ number: UInt32) -> Origin { origins[number] }

    /// The ids of an origin.
    public func source(_ number: UInt32) -> SourceIDs {
        let origin = origins[number]
        return SourceIDs(
            workstation: stations[origin.station], camera: origin.camera == 0 ? nil : names[origin.camera - 1],
            modelVersion: origin.modelVersion == 0 ? nil : names[origin.modelVersion - 1])
    }

    /// Whether some workers' hours are still being rebuilt (DESIGN 1.7); until then, questions derive from events.
    public var isRederiving: Bool { rederiving != .done }
}

/// The parameters that determine how events become intervals and hours.
public struct FoldParameters: Sendable, Equatable {
    /// Microseconds.
    public var ttl: Int64 = Limits.ttlSecondsDefault * Microseconds.second
    /// Where hours start: the zone's offset modulo one hour, in microseconds (DESIGN 1.7).
    public var hourOffset: Int64 = 0

    public init() {}

    /// Hours start where those of UTC do.
    public static let utc = FoldParameters()

    /// The hour that contains `time`.
    @inlinable
    public func hour(of time: Int64) -> Hour {
        let shifted = time + hourOffset
        let hour = shifted / Microseconds.hour
        return Hour(shifted < hour * Microseconds.hour ? hour - 1 : hour)
    }

    /// When `hour` starts.
    @inlinable
    public func start(of hour: Hour) -> Int64 { hour.number * Microseconds.hour - hourOffset }
}

/// Which workers' hours a fold has rebuilt since a definition changed their parameters (DESIGN 1.7).
struct RederiveCursor: Hashable, Sendable {
    private var next: Int

    /// All workers' hours are built.
    static let done = RederiveCursor(worker: nil)

    /// - Parameter worker: the first worker whose hours are not built yet; nil when all are.
    init(worker: Int?) { next = worker ?? Int.max }

    /// The first worker whose hours are not built yet; nil when all are.
    var worker: Int? { next == Int.max ? nil : next }

    /// Whether the worker's hours are built, so that differences must be added to them.
    @inline(__always)
    func hasPassed(_ worker: UInt32) -> Bool { Int(worker) < next }
}

/// The event time from which definitions may have changed figures, although none of their rows changed.
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
