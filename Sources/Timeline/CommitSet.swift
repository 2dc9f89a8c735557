public import EventModel

/// What one transaction must write to bring the store to ``nextOffset`` (DESIGN 1.5).
public struct CommitSet: Sendable {
    /// The next offset to fold: state and position are committed together.
    public var nextOffset: LogOffset
    public var pageCount: Int64
    public var sites: [Site]
    /// Commit counter; the store saves it, so a reader knows whether its snapshot includes this commit.
    public var generation: UInt64
    /// The record before ``nextOffset``; nil when unknown.
    public var fingerprint: RecordFingerprint?
    /// All of them; nil when the store has them.
    public var clockDisputes: ClockDisputes?

    /// The changes in one site.
    public struct Site: Sendable {
        public var index: UInt32
        public var siteID: SiteID
        /// New ids; their numbers start at `first…`.
        public var workers: [[UInt8]]
        public var firstWorker: Int
        public var stations: [[UInt8]]
        public var firstStation: Int
        public var names: [[UInt8]]
        public var firstName: Int
        public var origins: [Origin]
        public var firstOrigin: Int
        /// New definitions, with the workers that they name.
        public var definitions: [StoredDefinition]
        public var firstDefinition: Int
        public var pages: [DirtyPage]
        /// Whether to delete the site's hour rows and stays before adding ``hours`` and ``stays``.
        public var clearsHours: Bool
        /// Differences to add; a key may occur more than once.
        public var hours: [HourRow]
        /// In order: of one stay the last change holds.
        public var stays: [StayChange]
        public var health: [HealthRow]
        /// Hours in which the last interval of some worker starts, or started before. It extends into later hours, up
        /// to the ttl, without a row there.
        public var openHours: Set<Hour>
        /// Figures that definitions may have changed.
        public var definitionReach: DefinitionReach
        /// Differences to add; a created_at may occur more than once.
        public var arrivals: [ArrivalRow]
        /// Every new quarantined event, including the losers of SPEC 2.6.
        public var quarantined: [QuarantinedEvent]
        /// Quarantined events that lost their place as winners; some of them are in ``quarantined``.
        public var displaced: [PackedPosition]
        public var state: SiteState
    }

    public struct DirtyPage: Sendable {
        public var line: LineID
        public var page: Page
        /// Whether the store has no row for it yet.
        public var isNew: Bool
    }
}

/// The one commit that may be in flight: taken from its fold but not yet durable.
///
/// ``PartitionFold/beginCommit(_:)`` returns it, ``PartitionFold/finishCommit(_:)`` consumes it. While it exists, no other
/// commit is taken and none of its pages leaves memory. Dropping it means discarding the fold.
public struct CommitInFlight: ~Copyable, Sendable {
    /// Where the set is: the optimizer of Swift 6.3 copies a large value that must not be copied when it is returned, and
    /// the copy traps.
    private final class Content: Sendable {
        let set: CommitSet
        init(_ set: CommitSet) { self.set = set }
    }

    private let content: Content

    init(set: CommitSet) { content = Content(set) }

    public var set: CommitSet { content.set }
}

/// A definition in the form that the store keeps.
public struct StoredDefinition: Sendable {
    /// Without personal data, workers included.
    public var record: DefinitionRecord
    public var offset: LogOffset

    public init(record: DefinitionRecord, offset: LogOffset) {
        self.record = record
        self.offset = offset
    }
}

/// The scalar values of a site.
public struct SiteState: Sendable, Equatable {
    public var ledger = Ledger()
    public var parameters = FoldParameters()
    /// The first worker whose hours are not built yet; nil when all are.
    public var rederiveCursor: Int?
    public var bucketFloor = NewestTime.none
    /// See ``SiteFold/nextOffset``.
    public var nextOffset = LogOffset.zero
    /// Latest event time of the accepted and the low-confidence class.
    public var newestEvent = NewestTime.none
    /// Latest event time of the quarantined class.
    public var newestQuarantined = NewestTime.none

    public init() {}
}

/// The size of the next commit.
public struct CommitBacklog: Sendable, Equatable {
    /// New entries and quarantined events.
    public var events = 0
    /// Pages that contain the entries.
    public var pages = 0
    /// Rows of hours, except those of the newest hours, and of model health; arrivals, and what definitions list.
    public var rows = 0

    public init() {}
}
