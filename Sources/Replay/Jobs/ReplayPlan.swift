public import EventLog
public import EventModel
internal import ProjectionStore
internal import Projector

/// A replay as it was planned: what was asked for, and what that is in the log. It stays the same until the replay is
/// through, however often it is stopped.
public struct ReplayPlan: Sendable, Equatable {
    /// What is folded of one partition.
    public struct Part: Sendable, Equatable {
        public var partition: PartitionIndex
        public var from: LogOffset
        /// The first offset that is not read; nil for a replay that follows the log.
        public var until: LogOffset?
        /// The snapshot that it begins with, which ends at `from`; nil for none.
        public var snapshot: String?

        public init(partition: PartitionIndex, from: LogOffset, until: LogOffset?, snapshot: String? = nil) {
            self.partition = partition
            self.from = from
            self.until = until
            self.snapshot = snapshot
        }
    }

    public var request: ReplayRequest
    public var epoch: LogEpoch
    public var partitionCount: Int32
    /// Whether the log is the one of a data directory.
    public var isEmbedded: Bool
    public var parts: [Part]
    /// Versions of what folds: stores of others cannot be gone on with (DESIGN 1.11).
    public var foldVersion: Int64
    public var formatVersion: Int64
    /// When it was made.
    public var plannedAt: Timestamp
    /// The options that name the log, for the command that goes on.
    public var source: [String]

    /// Finds the newest snapshot of a partition that is wanted; see ``SnapshotChoice``.
    public typealias Nearest = (PartitionIndex, (SnapshotManifest) -> Bool) throws -> SnapshotManifest?

    /// Makes the plan for what a log holds now.
    ///
    /// - Parameters:
    ///   - snapshot: the one that the request begins with.
    ///   - nearest: finds those of a request that begins with the nearest ones.
    ///   - now: nobody knows yet what will be known later.
    ///   - source: the options that name the log.
    /// - Throws: ``ReplayError`` for what the log does not have; `LogError` when it cannot be read.
    public init(
        _ request: ReplayRequest, _ log: any EventLog, snapshot: SnapshotManifest? = nil,
        nearest: Nearest = { _, _ in nil }, isEmbedded: Bool, source: [String], now: Timestamp
    ) throws {
        self.request = request
        self.isEmbedded = isEmbedded
        self.source = source
        epoch = log.epoch
        partitionCount = log.partitionCount
        plannedAt = now
        foldVersion = ProjectionStore.foldVersion
        formatVersion = ProjectionStore.formatVersion
        try ReplayPlan.check(request, now)
        if case .snapshot(let id) = request.start {
            guard let snapshot else { throw ReplayError(.request, "there is no snapshot '\(id)'") }
            try ReplayPlan.check(snapshot, request, log)
        }
        parts = []
        for partition in try ReplayPlan.partitions(request, log, snapshot) {
            parts.append(try ReplayPlan.part(partition, request, log, snapshot, nearest))
        }
    }

    /// The name of a partition's store in the directory of the replay.
    public func storeName(of partition: PartitionIndex) -> String {
        isEmbedded ? "projections.sqlite" : "partition-\(partition.value).sqlite"
    }

    /// Which records are folded; the others are passed over.
    var selection: RecordSelection {
        RecordSelection(sites: request.sites.isEmpty ? nil : request.sites, createdAt: request.createdAt)
    }

    // MARK: What is in the log

    private static func check(_ request: ReplayRequest, _ now: Timestamp) throws(ReplayError) {
        switch request.start {
        case .snapshot, .nearestSnapshot:
            guard request.sites.isEmpty else {
                throw ReplayError(
                    .request, "--site does not go with a snapshot, which holds all sites of its partition",
                    hint: "leave out --site, or begin at earliest")
            }
        case .earliest, .offset, .time: break
        }
        if request.follows, request.end != .end {
            throw ReplayError(.request, "a replay that follows the log has no end", hint: "leave out --until")
        }
        if case .time(let end) = request.end {
            guard end <= now else {
                throw ReplayError(
                    .request, "--until \(end.formatted) lies after this machine's clock, \(now.formatted)",
                    hint: "nobody knows yet what will be known then: --follow folds what comes in")
            }
            if case .time(let start) = request.start, end < start {
                throw ReplayError(.request, "--until lies before --from")
            }
        }
    }

    /// What a snapshot holds cannot be left out any more.
    private static func check(
        _ snapshot: SnapshotManifest, _ request: ReplayRequest, _ log: any EventLog
    ) throws(ReplayError) {
        do throws(ReplayError) { try SnapshotRestore.checkFit(snapshot, log.epoch, needsFeed: false) } catch {
            throw ReplayError(
                .request, "snapshot \(snapshot.id) cannot be gone on with: \(error.message)",
                hint: "andon snapshot list shows the others")
        }
    }

    private static func partitions(
        _ request: ReplayRequest, _ log: any EventLog, _ snapshot: SnapshotManifest?
    ) throws(ReplayError) -> [PartitionIndex] {
        let all = Set((0..<log.partitionCount).map { PartitionIndex($0) })
        var chosen = all
        func keep(_ some: Set<PartitionIndex>, _ option: String) throws(ReplayError) {
            if let stranger = some.subtracting(all).min() {
                throw ReplayError(
                    .request, "\(option) names partition \(stranger.value), but the log has \(log.partitionCount)",
                    hint: "partitions are numbered from 0; andon log stat lists them")
            }
            chosen.formIntersection(some)
        }
        if !request.partitions.isEmpty { try keep(request.partitions, "--partition") }
        if case .snapshot = request.start, let snapshot { try keep([snapshot.partition], "--from") }
        if case .offset(let partition, _) = request.start { try keep([named(partition, log, "--from")], "--from") }
        if case .offset(let partition, _) = request.end { try keep([named(partition, log, "--until")], "--until") }
        if !request.sites.isEmpty {
            let homes = request.sites.map { Partitioner.partition(of: $0.bytes, partitionCount: log.partitionCount) }
            try keep(Set(homes), "--site")
        }
        guard !chosen.isEmpty else {
            throw ReplayError(
                .request, "--from, --until, --partition and --site leave no partition to replay",
                hint: "an offset is one of a single partition, and a site is in one partition")
        }
        return chosen.sorted()
    }

    /// The partition that an offset is of.
    private static func named(
        _ partition: PartitionIndex?, _ log: any EventLog, _ option: String
    ) throws(ReplayError) -> PartitionIndex {
        if let partition { return partition }
        guard log.partitionCount == 1 else {
            throw ReplayError(
                .request, "\(option) does not say which partition the offset is of", hint: "write PARTITION:OFFSET")
        }
        return PartitionIndex(0)
    }

    private static func part(
        _ partition: PartitionIndex, _ request: ReplayRequest, _ log: any EventLog, _ named: SnapshotManifest?,
        _ nearest: Nearest
    ) throws -> Part {
        let (start, end) = (try log.startOffset(partition), try log.endOffset(partition))
        func inside(_ offset: LogOffset, _ option: String) throws(ReplayError) -> LogOffset {
            guard offset >= start, offset <= end else {
                throw ReplayError(
                    .request, "\(option) \(partition.value):\(offset.value) is not in the log",
                    hint: "partition \(partition.value) holds offsets \(start.value) to \(end.value - 1)")
            }
            return offset
        }
        var until = request.follows ? nil : Optional(end)
        if case .offset(_, let offset) = request.end { until = try inside(offset, "--until") }
        // created_at does not rise with the offset: what was known then may stand anywhere before this one.
        if case .time(let time) = request.end { until = max(start, try log.endOffset(partition, upTo: time)) }
        let snapshot = try snapshot(partition, request, log, named, start...(until ?? end), nearest)
        let from =
            switch request.start {
            case .earliest: start
            case .nearestSnapshot: snapshot?.nextOffset ?? start
            case .snapshot: try inside(snapshot?.nextOffset ?? start, "--from")
            case .offset(_, let offset): try inside(offset, "--from")
            case .time(let time): try log.offset(partition, at: time)
            }
        if case .time = request.end { until = max(from, until ?? from) }
        if let until, until < from { throw ReplayError(.request, "--until lies before --from") }
        return Part(partition: partition, from: from, until: until, snapshot: snapshot?.id.text)
    }

    /// The snapshot that a partition begins with; nil for none.
    /// - Parameter offsets: where it may end.
    private static func snapshot(
        _ partition: PartitionIndex, _ request: ReplayRequest, _ log: any EventLog, _ named: SnapshotManifest?,
        _ offsets: ClosedRange<LogOffset>, _ nearest: Nearest
    ) throws -> SnapshotManifest? {
        var limit = offsets.upperBound
        if case .time(let time) = request.end {
            // The first record that was not known then: not even a duplicate may be in it.
            limit = min(limit, max(offsets.lowerBound, try log.offset(partition, at: time + 1)))
            if let named, named.nextOffset > limit {
                throw ReplayError(
                    .request,
                    "snapshot \(named.id) has the record at \(partition.value):\(limit.value), created after --until",
                    hint: "--from snapshot begins with the newest that has none")
            }
        }
        guard case .nearestSnapshot = request.start else { return named }
        return try nearest(partition) { (offsets.lowerBound...limit).contains($0.nextOffset) }
    }

    // MARK: Another plan

    /// What keeps a replay of this plan from going on as it is asked for now, each in one clause; empty when it may.
    public func differences(from asked: ReplayRequest, of log: any EventLog) -> [String] {
        var found: [String] = []
        func compare(_ name: String, _ one: String, _ two: String) {
            if one != two { found.append("\(name) was \(one) and is now \(two)") }
        }
        compare("the log", epoch.description, log.epoch.description)
        compare("--from", request.start.text, asked.start.text)
        compare("--until", request.end.text, asked.end.text)
        compare("--site", Self.text(request.sites.map(\.text)), Self.text(asked.sites.map(\.text)))
        compare(
            "--partition", Self.text(request.partitions.map { "\($0.value)" }),
            Self.text(asked.partitions.map { "\($0.value)" }))
        compare("--follow", request.follows ? "set" : "not set", asked.follows ? "set" : "not set")
        compare("the version of the fold", "\(foldVersion)", "\(ProjectionStore.foldVersion)")
        compare("the format of stores", "\(formatVersion)", "\(ProjectionStore.formatVersion)")
        return found
    }

    private static func text(_ names: [String]) -> String {
        names.isEmpty
            ? "all" : names.sorted { $0.count == $1.count ? $0 < $1 : $0.count < $1.count }.joined(separator: ",")
    }
}
