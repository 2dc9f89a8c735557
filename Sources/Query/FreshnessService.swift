public import Clocks
public import EventModel
public import HTTPServer
internal import JSON
internal import Locks
public import Observability
public import Projector
internal import Timeline

/// Whether a request may ask how fresh the figures are, and of which sites (SPEC 7.8).
public enum FreshnessPermission: Sendable {
    /// The whole process.
    case everything
    /// A key that is bound to sites: nothing that tells how busy others are.
    case sites([SiteID])
    case refused(HTTPResponse)
}

/// Answers how far the folds of this process are, and how new what they have is: `GET /api/freshness` (SPEC 7.8).
///
/// A thread of its own reads the stores, because an answer looks at every site.
public final class FreshnessService: Sendable {
    public struct Parts: Sendable {
        public var partitionCount: Int32
        public var watch: FoldWatch
        public var clock: any ProcessClock
        public var authorize: @Sendable (HTTPRequest) -> FreshnessPermission
        /// What somebody should do about, one sentence each.
        public var warnings: @Sendable () -> [String]
        public var journal: Journal

        public init(
            partitionCount: Int32, watch: FoldWatch, clock: any ProcessClock = .system,
            authorize: @escaping @Sendable (HTTPRequest) -> FreshnessPermission,
            warnings: @escaping @Sendable () -> [String] = { [] }, journal: Journal = .silent
        ) {
            self.partitionCount = partitionCount
            self.watch = watch
            self.clock = clock
            self.authorize = authorize
            self.warnings = warnings
            self.journal = journal
        }
    }

    static let path = "/api/freshness"
    /// Most sites that one answer shows, by id.
    static let sitesMaximum = 1000
    /// Questions that wait: each looks at every site.
    private static let waitingMaximum = 16

    private let parts: Parts
    private let pool: ThreadPool<@Sendable () -> Void>

    public init(_ parts: Parts) {
        self.parts = parts
        pool = ThreadPool("freshness", threadsMaximum: 1, waitingMaximum: Self.waitingMaximum) { { $0() } }
    }

    /// Accepts no more questions; accepted ones are still answered.
    public func stop() { pool.close() }

    public var routes: [HTTPRoute] {
        [
            HTTPRoute(.get, Self.path, parameters: ["site_id"]) { [self] request in
                switch parts.authorize(request) {
                case .refused(let response): .refused(response)
                case .everything: .admitted { [self] _, exchange in answer(nil, exchange) }
                case .sites(let sites): .admitted { [self] _, exchange in answer(Set(sites), exchange) }
                }
            }
        ]
    }

    private func answer(_ sites: Set<SiteID>?, _ exchange: any HTTPExchange) -> HTTPOutcome {
        let isTaken = pool.submit { [self] in exchange.complete(answer(sites)) }
        guard isTaken else {
            return .respond(Problem.busy("too many questions are waiting", retryAfterSeconds: 1).response)
        }
        return .suspended
    }

    private func answer(_ sites: Set<SiteID>?) -> HTTPResponse {
        let entries = parts.watch.note()
        do {
            let seen = try newestOfSites(entries, sites)
            let freshness = Freshness(
                now: parts.clock.now, partitions: sites == nil ? entries : [:], sites: seen.shown,
                isTruncated: seen.isTruncated, notAsked: sites == nil ? notAsked(entries) : [],
                warnings: sites == nil ? parts.warnings() : [])
            var writer = JSONWriter(reservedBytes: 4096)
            writer.freshness(freshness)
            return .json(200, writer.bytes, headers: [("Cache-Control", "private, no-cache")])
        } catch {
            parts.journal.record(.freshnessFailed(error.forOperator))
            return Problem.busy("the projections cannot be read at the moment", retryAfterSeconds: 5).response
        }
    }

    /// Partitions whose holders this process does not ask.
    private func notAsked(_ entries: [PartitionIndex: FoldWatch.Entry]) -> [PartitionIndex] {
        (0..<parts.partitionCount).map { PartitionIndex($0) }.filter { entries[$0] == nil }
    }

    private func newestOfSites(
        _ entries: [PartitionIndex: FoldWatch.Entry], _ wanted: Set<SiteID>?
    ) throws -> (shown: [Freshness.Site], isTruncated: Bool) {
        let all = entries.flatMap { partition, entry in
            (entry.held.fold?.siteIDs ?? []).map { (site: $0, partition: partition, entry: entry) }
        }
        let sites = all.filter { wanted?.contains($0.site) ?? true }.sorted { $0.site < $1.site }
        let shown = try sites.prefix(Self.sitesMaximum).map { site, partition, entry in
            let newest = try arrival(site, entry)
            return Freshness.Site(
                id: site, partition: partition, course: entry.course, newestEvent: newest?.eventTime,
                newestCreatedAt: newest?.createdAt)
        }
        return (shown, sites.count > shown.count)
    }

    /// nil where the fold does not answer at the moment: then its state says why.
    private func arrival(_ site: SiteID, _ entry: FoldWatch.Entry) throws -> NewestArrival? {
        do { return try entry.held.fold?.newestArrival(of: site) } catch is ProjectorError { return nil }
    }
}
