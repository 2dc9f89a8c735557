public import Clocks
public import EventModel
internal import Locks
public import Timeline

/// Where a fold stands.
public struct FoldStanding: Sendable, Equatable {
    public var progress: FoldProgress
    public var statistics: FoldStatistics
    /// created_at of the last folded record; nil without one.
    public var newestCreatedAt: Timestamp?
    /// Why it does not go on, or answers nothing yet; nil while all is well.
    public var trouble: String?

    public init(
        progress: FoldProgress, statistics: FoldStatistics = FoldStatistics(), newestCreatedAt: Timestamp? = nil,
        trouble: String? = nil
    ) {
        self.progress = progress
        self.statistics = statistics
        self.newestCreatedAt = newestCreatedAt
        self.trouble = trouble
    }
}

/// A fold whose progress is watched. A protocol, so that tests can put any progress in its place (DESIGN 1.10).
public protocol WatchedFold: AnyObject, Sendable {
    var standing: FoldStanding { get }
    /// The sites that folded records name, by the order of their first record.
    var siteIDs: [SiteID] { get }
    /// The newest event of a site; nil for a site that no record names.
    func newestArrival(of site: SiteID) throws -> NewestArrival?
}

extension Projector: WatchedFold {
    public var standing: FoldStanding {
        let progress = progress
        return FoldStanding(
            progress: progress, statistics: statistics, newestCreatedAt: fingerprint?.createdAt,
            trouble: failure ?? halt?.message ?? rebuild?.text(next: progress.nextOffset) ?? upgrade?.text)
    }

    public func newestArrival(of site: SiteID) throws -> NewestArrival? {
        guard let snapshot = try snapshot(of: site) else { return nil }
        defer { snapshot.close() }
        return try snapshot.site.newestArrival(snapshot.site.view(knownAt: nil), snapshot.reader)
    }
}

/// A partition that this process holds.
public struct HeldFold: Sendable {
    /// nil: it is not open.
    public var fold: (any WatchedFold)?
    /// Why it is not open; nil where it is.
    public var trouble: String?
    /// Whether it stays as it is until an operator acts.
    public var hasFailed: Bool

    public init(_ fold: (any WatchedFold)?, trouble: String? = nil, hasFailed: Bool = false) {
        self.fold = fold
        self.trouble = trouble
        self.hasFailed = hasFailed
    }
}

/// Watches all folds of a process (SPEC 7.8): call ``note()`` every second.
public final class FoldWatch: Sendable {
    /// One partition's state and progress.
    public struct Entry: Sendable {
        public var held: HeldFold
        /// nil: it is not open.
        public var standing: FoldStanding?
        public var report: FoldReport?

        /// How it comes along. One that is not open is slow as long as somebody tries, else stuck.
        public var course: FoldCourse { report?.course ?? (held.hasFailed ? .stuck : .slow) }
        /// Why it does not go on; nil while it does.
        public var trouble: String? { held.trouble ?? standing?.trouble }
    }

    private let clock: any ProcessClock
    private let held: @Sendable () -> [PartitionIndex: HeldFold]
    private let watches = Guarded<[PartitionIndex: ProgressWatch]>([:])

    public init(clock: any ProcessClock = .system, held: @escaping @Sendable () -> [PartitionIndex: HeldFold]) {
        self.clock = clock
        self.held = held
    }

    /// Looks at every fold.
    @discardableResult
    public func note() -> [PartitionIndex: Entry] {
        let found = held().mapValues { Entry(held: $0, standing: $0.fold?.standing) }
        // Before the lock, because standing takes that of a fold.
        let (at, now) = (clock.uptime, clock.now)
        return watches.withLock { watches in
            // A partition that comes back begins anew.
            watches = watches.filter { found[$0.key]?.standing != nil }
            return found.reduce(into: [:]) { entries, found in
                entries[found.key] = Self.note(found.value, at, now, &watches[found.key])
            }
        }
    }

    /// Looks at one fold; nil where the process does not hold the partition.
    public func note(_ partition: PartitionIndex) -> Entry? {
        guard let held = held()[partition] else { return nil }
        let found = Entry(held: held, standing: held.fold?.standing)
        let (at, now) = (clock.uptime, clock.now)
        return watches.withLock { Self.note(found, at, now, &$0[partition]) }
    }

    private static func note(
        _ found: Entry, _ at: MonotonicTime, _ now: Timestamp, _ watch: inout ProgressWatch?
    ) -> Entry {
        guard let standing = found.standing else {
            watch = nil
            return found
        }
        let reading = ProgressWatch.Reading(
            at: at, next: standing.progress.nextOffset, logEnd: standing.progress.logEnd,
            events: standing.statistics.events)
        var noted = watch ?? ProgressWatch(reading)
        noted.note(reading)
        watch = noted
        var entry = found
        entry.report = noted.report(quiet: standing.newestCreatedAt.map { max(0, now - $0) })
        // Projections of an older version stand still until new ones take their place: it is those that move.
        if standing.progress.isOldGeneration, entry.report?.course == .stuck { entry.report?.course = .slow }
        return entry
    }

    /// What is stuck, one sentence each, for readiness. A fold that says itself why it stands still is left out.
    public var stuck: [String] {
        note().sorted { $0.key < $1.key }.compactMap { partition, entry in
            guard entry.trouble == nil, let report = entry.report, report.course == .stuck else { return nil }
            return "partition \(partition.value) is stuck: \(report.lagRecords) records wait, and none was folded for "
                + "\(report.standingMicroseconds / Microseconds.second) s; look at its log for what the fold waits for"
        }
    }
}
