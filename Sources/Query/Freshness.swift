public import EventModel
public import Projector

/// How fresh figures are: of the partitions of one process, or of all that were gathered (SPEC 7.8).
public struct Freshness: Sendable, Equatable {
    /// How one partition comes along. Members are nil where it is not open.
    public struct Partition: Sendable, Equatable {
        public var partition: PartitionIndex
        public var course: FoldCourse
        /// Why it is not as it should be.
        public var reason: String?
        public var next: LogOffset?
        public var logEnd: LogOffset?
        /// How long ago that end was seen, in microseconds.
        public var logEndAge: Int64?
        public var lagRecords: Int64?
        public var lagEvents: Int64?
        public var recordsPerSecond: Int64?
        public var eventsPerSecond: Int64?
        /// Until the records that wait are folded, in microseconds.
        public var backlog: Int64?
        /// created_at of the last folded record.
        public var newestCreatedAt: Timestamp?
    }

    /// How new what is known of one site is.
    public struct Site: Sendable, Equatable {
        public var id: SiteID
        public var partition: PartitionIndex
        public var course: FoldCourse
        /// nil without events.
        public var newestEvent: Timestamp?
        /// Like ``newestEvent``.
        public var newestCreatedAt: Timestamp?
    }

    /// A partition of which nothing is known, and why.
    public struct Missing: Sendable, Equatable {
        public var partition: PartitionIndex
        public var reason: String

        public init(_ partition: PartitionIndex, _ reason: String) {
            self.partition = partition
            self.reason = reason
        }
    }

    /// How it goes with one target of alerts (SPEC 6.4), of all partitions together since their publishers started.
    public struct Webhook: Sendable, Equatable {
        /// Its place among the targets that the processes name, from 1.
        public var number: Int
        /// Without what may be secret in it.
        public var target: String
        /// Changes of alerts that it has.
        public var told: Int64
        /// Requests that came to nothing and are made again.
        public var failedRequests: Int64
        /// Changes that it will never be told of.
        public var dropped: Int64
        /// Changes that wait for it.
        public var waiting: Int64
        /// When it last took something.
        public var toldAt: Timestamp?
        /// Why it cannot be told at the moment.
        public var reason: String?

        public init(
            number: Int, target: String, told: Int64, failedRequests: Int64, dropped: Int64, waiting: Int64,
            toldAt: Timestamp?, reason: String?
        ) {
            (self.number, self.target) = (number, target)
            (self.told, self.failedRequests, self.dropped, self.waiting) = (told, failedRequests, dropped, waiting)
            (self.toldAt, self.reason) = (toldAt, reason)
        }

        /// Takes in what another partition has told the same target.
        mutating func add(_ other: Webhook) {
            told += other.told
            failedRequests += other.failedRequests
            dropped += other.dropped
            waiting += other.waiting
            toldAt = [toldAt, other.toldAt].compactMap { $0 }.max()
            reason = reason ?? other.reason
        }
    }

    /// Most sites that one answer shows, by id.
    static let sitesMaximum = 1000

    /// By number.
    public internal(set) var partitions: [Partition] = []
    /// By id.
    public internal(set) var sites: [Site] = []
    /// Whether there are more sites than are shown.
    public internal(set) var isTruncated = false
    /// By number.
    public internal(set) var missing: [Missing] = []
    /// What somebody should do about, one sentence each.
    public internal(set) var warnings: [String] = []
    /// By number.
    public internal(set) var webhooks: [Webhook] = []

    public init(missing: [Missing] = []) { self.missing = missing }

    /// Takes in what another process, or a look at another partition, has found.
    public mutating func merge(_ other: Freshness) {
        partitions = (partitions + other.partitions).sorted { $0.partition < $1.partition }
        missing = (missing + other.missing).sorted { $0.partition < $1.partition }
        // A process has the same warnings for each of its partitions.
        for warning in other.warnings where !warnings.contains(warning) { warnings.append(warning) }
        for webhook in other.webhooks {
            let known = webhooks.firstIndex { $0.number == webhook.number && $0.target == webhook.target }
            if let known { webhooks[known].add(webhook) } else { webhooks.append(webhook) }
        }
        webhooks.sort { ($0.number, $0.target) < ($1.number, $1.target) }
        let all = (sites + other.sites).sorted { $0.id < $1.id }
        sites = Array(all.prefix(Self.sitesMaximum))
        isTruncated = isTruncated || other.isTruncated || all.count > Self.sitesMaximum
    }
}

extension Freshness.Partition {
    init(_ partition: PartitionIndex, _ entry: FoldWatch.Entry, at now: Timestamp) {
        let (progress, report) = (entry.standing?.progress, entry.report)
        self.partition = partition
        course = entry.course
        reason = entry.trouble ?? Self.reason(entry, now)
        (next, logEnd) = (progress?.nextOffset, progress?.logEnd)
        logEndAge = progress?.endAgeMicroseconds
        (lagRecords, lagEvents) = (report?.lagRecords, entry.lagEvents)
        (recordsPerSecond, eventsPerSecond) = (report?.recordsPerSecond, report?.eventsPerSecond)
        backlog = report?.backlogMicroseconds
        newestCreatedAt = entry.standing?.newestCreatedAt
    }

    /// What else than trouble makes the state one that somebody should look at.
    private static func reason(_ entry: FoldWatch.Entry, _ now: Timestamp) -> String? {
        switch entry.course {
        case .level, .slow: return nil
        case .noInput:
            guard let newest = entry.standing?.newestCreatedAt else { return "nothing has come in yet" }
            return "nothing has come in for \((now - newest) / Microseconds.minute) minutes"
        case .stuck:
            let standing = entry.report?.standingMicroseconds ?? 0
            return "records wait, and none was folded for \(standing / Microseconds.second) s"
        }
    }

    /// How old what the fold has is while records wait, in microseconds; 0 while none do.
    func lag(at now: Timestamp) -> Int64? {
        guard let lagRecords else { return nil }
        return lagRecords == 0 ? 0 : newestCreatedAt.map { max(0, now - $0) }
    }
}

extension FoldWatch.Entry {
    /// The records that wait, times the events of a record as folded so far: how many there are only folding tells.
    fileprivate var lagEvents: Int64? {
        guard let standing, let report else { return nil }
        guard report.lagRecords > 0 else { return 0 }
        let (events, records) = (standing.statistics.events, standing.statistics.records)
        guard records > 0 else { return nil }
        return Int64(exactly: Int128(report.lagRecords) * Int128(events) / Int128(records))
    }
}
