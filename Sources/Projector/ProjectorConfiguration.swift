public import Clocks
public import EventLog
public import EventModel
internal import Glibc
public import Observability
public import ProjectionStore
public import Timeline

/// Limits and timing of a fold.
public struct FoldLimits: Sendable {
    /// Commit after this time at the latest, so that a restart has little to fold again.
    public var commitMilliseconds = 1000
    /// Commit earlier after this many events (8 MB of entries), and this many per changed page: a page costs the store
    /// some 11 µs no matter how little of it is new.
    public var commitEvents = 250_000
    public var commitEventsPerPage = 25
    /// Maximum of pages and rows that wait for a commit, and how much one read adds to them: 512 MiB of pages, which
    /// memory holds twice while they are written.
    public var dirtyPagesMaximum = 120_000
    public var dirtyRowsMaximum = 1_000_000
    /// Pages that stay in memory: the ends of 60 thousand lines, and pages that late events touched recently.
    public var memory = PartitionFold.MemoryBudget(tailBytes: 256 << 20, otherBytes: 16 << 20)
    /// Payload of one read: some 20 thousand events, so that its read transaction stays short and a full fold stops
    /// soon.
    public var readBytes = 256 << 10
    /// Pages whose hours are rebuilt between two reads: some milliseconds (DESIGN 1.7).
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

    /// Resident pages to examine under one lock: after a record, this many per event, because each event may load a
    /// page and have it committed; and between two reads.
    static let pagesExaminedPerEvent = 4
    static let pagesExaminedPerRecord = 16
    static let pagesExaminedPerStep = 1024
    /// Workers, stations and origins whose newest hours are moved to a commit under one lock.
    static let hoursGatheredPerStep = 1024
    /// Records, and entries in them, between two checks of how much is dirty: an event changes up to a hundred rows.
    static let recordsPerCheck = 64
    static let entriesPerCheck = 8192
    /// How long the fold waits for a record before it checks the clock; a waiter's timeout may be late by this much.
    static let waitMilliseconds = 100
    /// Delay before retrying a failed commit, e.g. while the disk is full.
    static let commitRetryMilliseconds = 500
    /// Delay before reading the log again after an outage.
    static let logRetryMilliseconds = 100
    /// Delay before looking again at a record that cannot be read.
    static let haltRetryMilliseconds = 1000
}

/// Limits of a projector, and what it tells the rest of the process.
public struct ProjectorConfiguration: Sendable {
    public var limits = FoldLimits()
    /// Times the fold, dates what it knows and ends waits.
    public var clock: any ProcessClock = .system
    /// How long one question may read the store, so that its write-ahead log stays short (DESIGN 1.9).
    public var questionMilliseconds = 10_000
    /// In how many hours the store is read from end to end for damage, in idle time; 0 for never.
    public var scrubHours = 24
    /// How fast it goes, how far, and which records it takes; nil for a live fold: as fast as it can, all of them.
    public var orders: FoldOrders?
    /// Whether a damaged store is put aside and built again from the log; otherwise damage is a failure.
    public var rebuildsDamaged = true
    /// Puts a snapshot at a path where no live store is, or a damaged one was; false: none fits. What it throws ends the
    /// opening. Generations that are built never begin with one.
    public var restore: (@Sendable (_ partition: PartitionIndex, _ path: String) throws -> Bool)?
    /// The versions of generations that are built; those of this program, but for tests.
    public var versions = StoreVersions.current
    /// How long a generation that is no longer live is kept, in hours.
    public var keepGenerationsHours = 24
    /// Opens a reader of the log for one fold beside the live one; nil where one log serves several readers well.
    public var separateLog: (@Sendable () throws -> SeparateLog)?
    /// Bytes that are free on the disk of a store; nil where that is unknown.
    public var freeBytes: @Sendable (_ path: String) -> Int64? = { FreeSpace.bytes(at: $0) }
    /// How often generations beside the live one are looked after.
    public var generationTickMilliseconds = 1000
    /// Called once, from a thread of the projector, when it stops permanently; ``Projector/failure`` has the reason.
    /// Must not stop the projector itself.
    public var failed: @Sendable () -> Void = {}
    /// Records what an operator may want to know.
    public var journal = Journal.silent

    public init() {}

    /// Less than this on the disk is left to the live fold: others wait until there is room again.
    static let freeBytesMinimum: Int64 = 256 << 20
    /// Folds beside the live one, those included that only follow.
    static let foldsBesideMaximum = 3
    /// A fold beside the live one has one in so many parts of the memory.
    static let besideShare = 4
    /// How long a switch waits for the other generation to catch up.
    static let switchMilliseconds = 10_000
    /// How long a comparison waits for both generations to stand at one position, and how often it begins again when
    /// the writer of one of them needs its turn.
    static let meetingMilliseconds = 30_000
    static let comparisonAttemptsMaximum = 3
    /// Idle connections for questions that stay open.
    static let idleReadersMaximum = 8
    /// Rebuilds one after the other that did not come to their end; then the disk is no good.
    static let rebuildsMaximum = 3
    /// Delay before a rebuild is tried again, e.g. while the disk is full.
    static let rebuildRetryMilliseconds = 1000
    /// Pages are compared with their checksums so often, and so many at a time: some 4 ms at most.
    static let scrubTickMilliseconds = 1000
    static let pagesScrubbedPerTick = 16...4096
}

/// A reader of the log that one fold has for itself.
public struct SeparateLog: Sendable {
    public var log: any EventLog
    /// Ends it; called once.
    public var close: @Sendable () -> Void

    public init(_ log: any EventLog, close: @escaping @Sendable () -> Void = {}) {
        self.log = log
        self.close = close
    }
}

/// Room on a disk.
public enum FreeSpace {
    /// Bytes that are free for this user where a file lies; nil where that is unknown.
    public static func bytes(at path: String) -> Int64? {
        var status = statvfs()
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        guard statvfs(folder, &status) == 0 else { return nil }
        return Int64(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize))
    }
}

/// The share of the configured memory that one fold may use when several divide it: 1 of ``count``.
///
/// The total over the partitions of a process equals that of one fold: by default 256 MiB of tails, 16 MiB of other
/// pages, and 512 MiB of pages that wait for a commit, which memory holds twice while they are written. In addition
/// each partition uses the caches of its connections: 16 MiB for the writer, 2 MiB for the fold and for each idle
/// reader.
public struct FoldShare: Sendable, Equatable {
    public var count: Int

    /// - Parameter count: number of partitions that divide the memory, at least one.
    public init(of count: Int) { self.count = max(1, count) }

    /// All of the memory.
    public static let whole = FoldShare(of: 1)

    func part(_ limit: Int) -> Int { limit == 0 ? 0 : max(1, limit / count) }
}

/// What a projector has done since it started.
public struct FoldStatistics: Sendable, Equatable {
    public var events: Int64 = 0
    public var records: Int64 = 0
    public var commits: Int64 = 0
    public var committedPages: Int64 = 0
    /// Time that the fold waited for a commit because too much was dirty.
    public var waitedMicroseconds: Int64 = 0

    public init() {}
}
