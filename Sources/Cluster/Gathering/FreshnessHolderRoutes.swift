internal import EventModel
public import HTTPServer
internal import Locks
public import Query

/// What a holder answers to the other processes of its cluster about the freshness of its partitions. Clients ask
/// ``FreshnessService``.
public final class FreshnessHolderRoutes: Sendable {
    /// One, because a look reads the newest event of every site, and folding goes first. Apart from the threads that
    /// answer clients: those wait for other processes, which may be waiting for this one.
    static let threadsMaximum = 1
    /// As many as several processes ask at the same time, of all partitions of a log.
    static let waitingMaximum = 1024

    private let service: FreshnessService
    private let access: ForwardedAccess
    private let pool: ThreadPool<@Sendable () -> Void>

    public init(_ service: FreshnessService, access: ForwardedAccess) {
        (self.service, self.access) = (service, access)
        pool = ThreadPool(
            "freshness-held", threadsMaximum: Self.threadsMaximum, waitingMaximum: Self.waitingMaximum
        ) { { $0() } }
    }

    /// Looks no more; what was asked before is still answered.
    public func stop() { pool.close() }

    private static let pattern = "/api/freshness/partitions/"

    static func path(_ partition: PartitionIndex) -> String { pattern + "\(partition.value)" }

    public var routes: [HTTPRoute] {
        [
            HTTPRoute(
                .get, Self.pattern + "{partition}", parameters: [.repeatable("site_id")]
            ) { [self] request in
                // Only processes of the cluster know the token.
                guard access.isOfCluster(request) else {
                    return .refused(.problem(401, "this is for other processes of the cluster"))
                }
                return .admitted { [self] request, exchange in answer(request, exchange) }
            }
        ]
    }

    private func answer(_ request: HTTPRequest, _ exchange: any HTTPExchange) -> HTTPOutcome {
        guard let number = request.pathParameters.first.flatMap({ Int32($0) }) else {
            return .respond(.problem(404, "no such partition"))
        }
        let named = request.query.filter { $0.name == "site_id" }.map { SiteID($0.value) }
        let isTaken = pool.submit { [service] in
            let found = service.held(PartitionIndex(number), sites: named.isEmpty ? nil : named)
            exchange.complete(found.map { .json(200, $0) } ?? Problem.notHeld.response)
        }
        guard isTaken else { return .respond(.problem(503, "too many questions are waiting")) }
        return .suspended
    }
}
