public import Clocks
internal import EventLog
internal import EventModel
public import Timeline

/// Limits and pace of a fold.
public struct FoldLimits: Sendable {
    /// Commit at the latest after this time, so that a restart has little to fold again.
    public var commitMilliseconds = 1000
    /// Commit earlier when so many events have gathered (8 MB of entries), and so many for each page that they are in:
    /// a page costs the store some 11 µs however little is new in it.
    public var commitEvents = 250_000
    public var commitEventsPerPage = 25
    /// Pages and rows that wait for a commit at most, and what one read adds to them: 512 MiB of pages, which memory
    /// holds twice while they are written.
    public var dirtyPagesMaximum = 120_000
    public var dirtyRowsMaximum = 1_000_000
    /// Pages that stay in memory: the ends of 60 thousand lines, and what late events touched lately.
    public var memory = PartitionFold.MemoryBudget(tailBytes: 256 << 20, otherBytes: 16 << 20)
    /// Payload that one read brings: some 20 thousand events, so that its read transaction stays short and a fold that
    /// is full stops soon.
    public var readBytes = 256 << 10
    /// Pages whose hours are made again between two reads: some milliseconds (DESIGN 1.7).
    public var rederivePages = 256

    public init() {}

    func isFull(_ backlog: CommitBacklog, _ share: FoldShare) -> Bool {
        if backlog.pages >= share.part(dirtyPagesMaximum) || backlog.rows >= share.part(dirtyRowsMaximum) {
            return true
        }
        return backlog.events >= commitEvents && backlog.events >= commitEventsPerPage * backlog.pages
    }

    func memory(_ share: FoldShare) -> PartitionFold.MemoryBudget {
        PartitionFold.MemoryBudget(
            tailBytes: share.part(memory.tailBytes), otherBytes: share.part(memory.otherBytes))
    }

    /// Resident pages that are examined under one lock: after a record, so many for each of its events, each of which may
    /// load a page and have it committed; and between two reads.
    static let pagesExaminedPerEvent = 4
    static let pagesExaminedPerRecord = 16
    static let pagesExaminedPerStep = 1024
    /// Records between two looks at how much is dirty.
    static let recordsPerCheck = 64
    /// How long the fold waits for a record before it looks at the clock, and so how late a waiter's timeout may be.
    static let waitMilliseconds = 100
    /// Between two tries of a commit that failed, e.g. while the disk is full.
    static let commitRetryMilliseconds = 500
    /// Between two tries to read a log that is not there at the moment.
    static let logRetryMilliseconds = 100
}

/// Limits of a projector, and whom it notifies.
public struct ProjectorConfiguration: Sendable {
    public var limits = FoldLimits()
    /// Paces the fold, dates what it knows and ends waits.
    public var clock: any ProcessClock = .system
    /// How long one question may read the store, so that its write-ahead log stays short (DESIGN 1.9).
    public var questionMilliseconds = 10_000
    /// Called once, from a thread of the projector, when it stops for good; what it says is in ``Projector/failure``.
    /// Must not stop the projector itself.
    public var failed: @Sendable () -> Void = {}
    /// Called with every line worth an operator's attention.
    public var report: @Sendable (String) -> Void = { _ in }

    public init() {}

    /// Connections for questions that are kept open while nobody asks.
    static let idleReadersMaximum = 8
}

/// Which part of a configuration's memory one fold may take, where several share it: 1 of ``count``.
///
/// The sum over the partitions of a process stays that of one: with the defaults 256 MiB of tails, 16 MiB of other
/// pages, and 512 MiB of pages that wait for a commit, which are held twice while they are written. Beside that each
/// partition takes the caches of its connections: 16 MiB of the writer, 2 MiB of the fold and of each idle reader.
public struct FoldShare: Sendable, Equatable {
    public var count: Int

    /// - Parameter count: partitions among which the memory is divided, at least one.
    public init(of count: Int) { self.count = max(1, count) }

    /// The whole.
    public static let whole = FoldShare(of: 1)

    func part(_ limit: Int) -> Int { limit == 0 ? 0 : max(1, limit / count) }
}

/// What a projector has done since it started.
public struct FoldStatistics: Sendable, Equatable {
    public var events: Int64 = 0
    public var records: Int64 = 0
    public var commits: Int64 = 0
    public var committedPages: Int64 = 0
    /// Time the fold waited for a commit because too much was dirty.
    public var waitedMicroseconds: Int64 = 0

    public init() {}
}
