public import EventModel
public import HTTPServer
internal import Locks

/// Whether a request may ask a question about many sites, and which it may see (SPEC 5.11, 7.8).
public enum SitesPermission: Sendable {
    case everything
    /// A key that is bound to sites, or a request that names one: nothing that tells how busy others are.
    case sites([SiteID])
    case refused(HTTPResponse)
}

/// What a partition has to say to a question that goes to many.
public enum PartitionAnswer: Sendable, Equatable {
    case body([UInt8])
    /// Nobody answered; why, for people.
    case missing(String)
}

/// A partition that is held here: what answers for it.
public typealias PartitionQuestion = @Sendable () -> PartitionAnswer

/// Answers one question about every site that a key may see: `GET /api/metrics/sites` (SPEC 5.11).
///
/// Each partition that has such sites is asked, at the same time; one that does not answer takes only its own sites out of
/// the answer. Create the service, pass ``routes`` to the server, and ``stop()`` it after the server.
public final class SitesService: Sendable {
    /// Asks partitions at the same time, those that are held here by `local`, others by a request to a holder.
    public typealias Gathering =
        @Sendable (
            _ partitions: [PartitionIndex], _ local: (PartitionIndex) -> PartitionQuestion?,
            _ target: (PartitionIndex) -> String
        ) -> [PartitionIndex: PartitionAnswer]

    /// What the service needs from its process.
    public struct Parts: Sendable {
        /// Answers for the partitions that are held here.
        public var query: QueryService
        /// All sites that the registry knows.
        public var sites: @Sendable () -> [SiteID]
        /// Checks key, role and rate of a request, and which sites it may see; runs on a thread of the server.
        public var authorize: @Sendable (HTTPRequest) -> SitesPermission
        /// Asks partitions; by default only those that are held here.
        public var gather: Gathering

        public init(
            query: QueryService, sites: @escaping @Sendable () -> [SiteID],
            authorize: @escaping @Sendable (HTTPRequest) -> SitesPermission,
            gather: @escaping Gathering = { partitions, local, _ in
                Dictionary(uniqueKeysWithValues: partitions.compactMap { part in local(part).map { (part, $0()) } })
            }
        ) {
            self.query = query
            self.sites = sites
            self.authorize = authorize
            self.gather = gather
        }
    }

    public static let path = "/api/metrics/sites"
    /// Sites of one page: at 0.7 KB each, what is read of one holder's answer holds them.
    static let sitesMaximum = 5000
    /// How long the sites of a partition may take; who gathers waits a second longer.
    static let partitionMilliseconds = 4000
    /// So many sites are named to a holder; of more it answers all that it has, because targets are limited.
    static let namedMaximum = 40
    /// Questions at a time: each waits for holders, and one that hangs takes five seconds.
    private static let threadsMaximum = 8
    private static let waitingMaximum = 64

    private let parts: Parts
    private let alerts = AlertCounts()
    private let pool: ThreadPool<@Sendable () -> Void>

    public init(_ parts: Parts) {
        self.parts = parts
        pool = ThreadPool(
            "sites", threadsMaximum: Self.threadsMaximum, waitingMaximum: Self.waitingMaximum
        ) { { $0() } }
    }

    /// Accepts no more questions; accepted ones are still answered.
    public func stop() { pool.close() }

    public var routes: [HTTPRoute] {
        [
            HTTPRoute(.get, Self.path, parameters: ["site_id"] + SitesQuestion.window + SitesPage.parameters) {
                [self] request in
                switch parts.authorize(request) {
                case .refused(let response): .refused(response)
                case .everything: .admitted { [self] request, exchange in answer(nil, request, exchange) }
                case .sites(let sites): .admitted { [self] request, exchange in answer(sites, request, exchange) }
                }
            }
        ]
    }

    private func answer(_ visible: [SiteID]?, _ request: HTTPRequest, _ exchange: any HTTPExchange) -> HTTPOutcome {
        do {
            let question = try SitesQuestion(request.query)
            let sites = try sites(visible, isNamed: request.queryValue("site_id") != nil)
            let page = try SitesPage(sites, question, request.query)
            let isTaken = pool.submit { [self] in
                exchange.complete(answer(question, page, isBound: visible != nil))
            }
            guard isTaken else { throw Problem.busy("too many questions are waiting", retryAfterSeconds: 1) }
            return .suspended
        } catch {
            return .respond((error as? Problem ?? Problem(500)).response)
        }
    }

    /// Those that are known, by id.
    private func sites(_ visible: [SiteID]?, isNamed: Bool) throws -> [SiteID] {
        let wanted = visible.map { Set($0) }
        let sites = parts.sites().filter { wanted?.contains($0) ?? true }.sorted()
        if isNamed, sites.isEmpty, let site = visible?.first { throw Problem(404, detail: "there is no site \(site)") }
        return sites
    }

    private func answer(_ question: SitesQuestion, _ page: SitesPage, isBound: Bool) -> HTTPResponse {
        let asked = Dictionary(grouping: page.sites) { parts.query.partition(of: $0) }
        let answers = parts.gather(
            asked.keys.sorted(), { local($0, asked[$0] ?? [], question) },
            { Self.target($0, asked[$0] ?? [], question, isAll: page.isWhole && !isBound) })
        do {
            let body = try SitesAnswer(asked, answers).json(question, nextCursor: page.nextCursor)
            var headers = [(name: "Cache-Control", value: "private, no-cache")]
            if let link = page.link { headers.append(("Link", link)) }
            return .json(200, body, headers: headers)
        } catch { return (error as? Problem ?? Problem(500)).response }
    }

    /// What answers for a partition that is held here; nil: another process has to be asked.
    private func local(
        _ partition: PartitionIndex, _ sites: [SiteID], _ question: SitesQuestion
    ) -> PartitionQuestion? {
        guard parts.query.holds(partition) else { return nil }
        let deadline = parts.query.uptime.advanced(milliseconds: Self.partitionMilliseconds)
        return { [self] in
            let found = parts.query.standings(of: sites, in: partition, question, alerts, until: deadline)
            return found.map { .body(PartitionStandings.encode($0)) }
                ?? .missing("it has just been given to another worker")
        }
    }

    // MARK: Holders

    /// Where a holder answers other processes for the sites of a partition.
    public static func holderPath(_ partition: String) -> String { "\(path)/partitions/\(partition)" }
    /// What its query may hold.
    public static let holderParameters: [HTTPQueryParameter] =
        [.repeatable("site_id"), "first_site", "last_site"] + SitesQuestion.window

    /// - Parameters:
    ///   - sites: by id.
    ///   - isAll: whether they are all of the partition.
    private static func target(
        _ partition: PartitionIndex, _ sites: [SiteID], _ question: SitesQuestion, isAll: Bool
    ) -> String {
        var pairs = question.parameters.pairs
        if !isAll, sites.count <= namedMaximum {
            pairs += sites.map { (name: "site_id", value: $0.text) }
        } else if !isAll, let first = sites.first, let last = sites.last {
            pairs += [("first_site", first.text), ("last_site", last.text)]
        }
        let query = pairs.map { "\($0.name)=\(NextLink.encode($0.value))" }.joined(separator: "&")
        return holderPath(String(partition.value)) + (query.isEmpty ? "" : "?\(query)")
    }

    /// Answers another process of the cluster; nil where the partition is not held here. Blocks until it is computed.
    /// - Parameter query: of the request to ``holderPath(_:)``.
    public func standings(
        in partition: PartitionIndex, _ query: [(name: String, value: String)]
    ) -> HTTPResponse? {
        func site(_ name: String) -> SiteID? { query.first { $0.name == name }.map { SiteID($0.value) } }
        let named = query.filter { $0.name == "site_id" }.map { SiteID($0.value) }
        let (first, last) = (site("first_site"), site("last_site"))
        let sites = (named.isEmpty ? parts.sites() : named).filter { site in
            first.map { $0 <= site } ?? true && last.map { site <= $0 } ?? true
                && parts.query.partition(of: site) == partition
        }
        guard sites.count <= Self.sitesMaximum else {
            return .problem(503, "the partition has more than \(Self.sitesMaximum) sites")
        }
        do {
            guard let ask = local(partition, sites.sorted(), try SitesQuestion(query)) else { return nil }
            guard case .body(let body) = ask() else { return nil }
            return .json(200, body)
        } catch { return (error as? Problem ?? Problem(500)).response }
    }
}
