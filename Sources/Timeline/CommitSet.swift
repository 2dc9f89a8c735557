public import EventModel

/// What one transaction of the store has to write so that it stands at ``nextOffset`` (DESIGN 1.5).
public struct CommitSet: Sendable {
    /// The next offset to fold: state and position move together.
    public var nextOffset: LogOffset
    public var pageCount: Int64
    public var sites: [Site]
    /// Counts commits; the store keeps it, so that a reader can tell whether this one is in what it sees.
    public var generation: UInt64
    /// The record before ``nextOffset``; nil where nobody said.
    public var fingerprint: RecordFingerprint?

    /// What changed in one site.
    public struct Site: Sendable {
        public var index: UInt32
        public var siteID: SiteID
        /// New ids, numbered on from `first…`.
        public var workers: [[UInt8]]
        public var firstWorker: Int
        public var stations: [[UInt8]]
        public var firstStation: Int
        public var names: [[UInt8]]
        public var firstName: Int
        public var origins: [Origin]
        public var firstOrigin: Int
        /// Definitions that came, with the workers that they name.
        public var definitions: [StoredDefinition]
        public var firstDefinition: Int
        public var pages: [DirtyPage]
        /// When true the site's hour rows are deleted before ``hours`` is added.
        public var clearsHours: Bool
        /// Differences to add; a key can come more than once.
        public var hours: [HourRow]
        public var health: [HealthRow]
        /// Hours in which the last interval of some worker begins now, or began: it reaches into later hours, as far as
        /// the ttl goes, without a row there.
        public var openHours: Set<Hour>
        /// Figures that may be others because of definitions.
        public var definitionReach: DefinitionReach
        /// Every quarantined event that came, the losers of SPEC 2.6 too.
        public var quarantined: [QuarantinedEvent]
        public var state: SiteState
    }

    public struct DirtyPage: Sendable {
        public var line: LineID
        public var page: Page
        /// Whether the store has no row of it yet.
        public var isNew: Bool
    }
}

/// The one commit that may be in flight: taken from its fold and not yet durable.
///
/// ``PartitionFold/takeCommit()`` gives it, ``PartitionFold/finishCommit(_:)`` takes it back. Whoever has it knows that
/// no other commit is taken meanwhile and that none of its pages leaves memory. To drop it is to drop the fold.
public struct CommitInFlight: ~Copyable, Sendable {
    public let set: CommitSet
}

/// An event that no figure uses, for those who are notified of it (SPEC 2.7).
public struct QuarantinedEvent: Sendable, Equatable {
    /// Number of the worker that it names.
    public var worker: UInt32
    public var entry: TimelineEntry

    public init(worker: UInt32, entry: TimelineEntry) {
        self.worker = worker
        self.entry = entry
    }
}

/// A definition as the store keeps it.
public struct StoredDefinition: Sendable {
    /// Without personal data, workers included.
    public var record: DefinitionRecord
    public var offset: LogOffset

    public init(record: DefinitionRecord, offset: LogOffset) {
        self.record = record
        self.offset = offset
    }
}

/// The scalars of a site.
public struct SiteState: Sendable, Equatable {
    public var ledger = Ledger()
    public var parameters = FoldParameters()
    /// The first worker whose hours are not made; nil when all are.
    public var rederiveCursor: Int?
    public var bucketFloor = NewestTime.none
    public var newestCreatedAt = NewestTime.none

    public init() {}
}

/// What a commit would have to write.
public struct CommitBacklog: Sendable, Equatable {
    /// Entries that are new.
    public var events = 0
    /// Pages that they are in.
    public var pages = 0
    /// Rows of hours and of model health, not counting those of the newest hours.
    public var rows = 0

    public init() {}
}
