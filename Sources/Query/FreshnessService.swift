public import Clocks
internal import EventLog
public import EventModel
public import HTTPServer
internal import JSON
internal import Locks
public import Observability
public import Projector
internal import Timeline

/// Answers how far the folds are, and how new what they have is: `GET /api/freshness` (SPEC 7.8).
///
/// What this process holds it looks up itself; about other partitions it asks who holds them. A thread of its own does
/// so, because an answer looks at every site and may wait for other processes.
public final class FreshnessService: Sendable {
    /// Finds out about partitions that other processes hold; blocks for some seconds at most. What nobody says is
    /// ``Freshness/missing``.
    /// - Parameter sites: those that are asked for; nil: all.
    public typealias Elsewhere = @Sendable (_ partitions: [PartitionIndex], _ sites: [SiteID]?) -> Freshness

    public struct Parts: Sendable {
        public var partitionCount: Int32
        public var watch: FoldWatch
        public var clock: any ProcessClock
        public var authorize: @Sendable (HTTPRequest) -> SitesPermission
        /// What somebody should do about, one sentence each.
        public var warnings: @Sendable () -> [String]
        /// What the publisher of a partition that is held here has told targets of alerts.
        public var webhooks: @Sendable (PartitionIndex) -> [Freshness.Webhook] = { _ in [] }
        public var elsewhere: Elsewhere
        public var journal: Journal

        public init(
            partitionCount: Int32, watch: FoldWatch, clock: any ProcessClock = .system,
            authorize: @escaping @Sendable (HTTPRequest) -> SitesPermission,
            warnings: @escaping @Sendable () -> [String] = { [] }, elsewhere: @escaping Elsewhere = nobody,
            journal: Journal = .silent
        ) {
            self.partitionCount = partitionCount
            self.watch = watch
            self.clock = clock
            self.authorize = authorize
            self.warnings = warnings
            self.elsewhere = elsewhere
            self.journal = journal
        }

        /// For a process beside which there is no other.
        public static let nobody: Elsewhere = { partitions, _ in
            Freshness(missing: partitions.map { Freshness.Missing($0, "no process holds it") })
        }
    }

    static let path = "/api/freshness"
    /// Questions at a time: one that waits for a process that does not answer should not keep the others waiting.
    private static let threadsMaximum = 2
    /// Questions that wait: each looks at every site.
    private static let waitingMaximum = 16

    private let parts: Parts
    private let pool: ThreadPool<@Sendable () -> Void>

    public init(_ parts: Parts) {
        self.parts = parts
        pool = ThreadPool("freshness", threadsMaximum: Self.threadsMaximum, waitingMaximum: Self.waitingMaximum) {
            { $0() }
        }
    }

    /// Accepts no more questions; accepted ones are still answered.
    public func stop() { pool.close() }

    public var routes: [HTTPRoute] {
        [
            HTTPRoute(.get, Self.path, parameters: ["site_id"]) { [self] request in
                switch parts.authorize(request) {
                case .refused(let response): .refused(response)
                case .everything: .admitted { [self] _, exchange in answer(nil, exchange) }
                case .sites(let sites): .admitted { [self] _, exchange in answer(sites, exchange) }
                }
            }
        ]
    }

    private func answer(_ sites: [SiteID]?, _ exchange: any HTTPExchange) -> HTTPOutcome {
        let isTaken = pool.submit { [self] in exchange.complete(answer(sites)) }
        guard isTaken else {
            return .respond(Problem.busy("too many questions are waiting", retryAfterSeconds: 1).response)
        }
        return .suspended
    }

    private func answer(_ sites: [SiteID]?) -> HTTPResponse {
        let all = (0..<parts.partitionCount).map { PartitionIndex($0) }
        let wanted = sites.map { sites in
            Set(sites.map { Partitioner.partition(of: $0.bytes, partitionCount: parts.partitionCount) })
        }
        let asked = all.filter { wanted?.contains($0) ?? true }
        let entries = parts.watch.note()
        var freshness = Freshness()
        for partition in asked {
            if let entry = entries[partition] { freshness.merge(look(partition, entry, sites)) }
        }
        let others = asked.filter { entries[$0] == nil }
        if !others.isEmpty { freshness.merge(parts.elsewhere(others, sites)) }
        if let sites { freshness.restrict(to: Set(sites)) }
        return .json(200, json(freshness), headers: [("Cache-Control", "private, no-cache")])
    }

    private func json(_ freshness: Freshness) -> [UInt8] {
        var writer = JSONWriter(reservedBytes: 4096)
        writer.freshness(freshness, at: parts.clock.now)
        return writer.bytes
    }

    // MARK: One partition

    /// What this process knows of one partition, for another one that gathers; nil where it does not hold it. Reads the
    /// store, so it may take a while.
    public func held(_ partition: PartitionIndex, sites: [SiteID]?) -> [UInt8]? {
        parts.watch.note(partition).map { json(look(partition, $0, sites)) }
    }

    private func look(_ partition: PartitionIndex, _ entry: FoldWatch.Entry, _ sites: [SiteID]?) -> Freshness {
        var found = Freshness()
        do {
            found.sites = try newest(partition, entry, sites, &found.isTruncated)
        } catch {
            parts.journal.record(.freshnessFailed(partition, error.forOperator))
            return Freshness(missing: [
                Freshness.Missing(partition, "its projections cannot be read at the moment")
            ])
        }
        found.partitions = [Freshness.Partition(partition, entry, at: parts.clock.now)]
        found.warnings = parts.warnings()
        found.webhooks = parts.webhooks(partition)
        return found
    }

    private func newest(
        _ partition: PartitionIndex, _ entry: FoldWatch.Entry, _ wanted: [SiteID]?, _ isTruncated: inout Bool
    ) throws -> [Freshness.Site] {
        let wanted = wanted.map { Set($0) }
        let sites = (entry.held.fold?.siteIDs ?? []).filter { wanted?.contains($0) ?? true }.sorted()
        isTruncated = sites.count > Freshness.sitesMaximum
        return try sites.prefix(Freshness.sitesMaximum).map { site in
            let newest = try arrival(site, entry)
            return Freshness.Site(
                id: site, partition: partition, course: entry.course,
                newestEvent: newest?.eventTime.map { Timestamp(microseconds: $0) },
                newestCreatedAt: newest?.createdAt.map { Timestamp(microseconds: $0) })
        }
    }

    /// nil where the fold does not answer at the moment: then its state says why.
    private func arrival(_ site: SiteID, _ entry: FoldWatch.Entry) throws -> NewestArrival? {
        do { return try entry.held.fold?.newestArrival(of: site) } catch is ProjectorError { return nil }
    }
}

extension Freshness {
    /// Leaves what somebody may see who may see these sites alone.
    fileprivate mutating func restrict(to wanted: Set<SiteID>) {
        sites.removeAll { !wanted.contains($0.id) }
        (partitions, warnings, webhooks) = ([], [], [])
    }
}
