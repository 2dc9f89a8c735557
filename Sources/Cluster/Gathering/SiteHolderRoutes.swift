public import EventModel
public import HTTPServer
internal import Locks
public import Query

/// What a holder answers to the other processes of its cluster about the sites of its partitions. Clients ask
/// ``SitesService``.
public final class SiteHolderRoutes: Sendable {
    /// Partitions at a time.
    static let threadsMaximum = 2
    static let waitingMaximum = 256

    private let service: SitesService
    private let access: ForwardedAccess
    private let pool: ThreadPool<@Sendable () -> Void>

    public init(_ service: SitesService, access: ForwardedAccess) {
        (self.service, self.access) = (service, access)
        pool = ThreadPool(
            "holder-sites", threadsMaximum: Self.threadsMaximum, waitingMaximum: Self.waitingMaximum
        ) { { $0() } }
    }

    /// Accepts no more questions; accepted ones are still answered.
    public func stop() { pool.close() }

    public var routes: [HTTPRoute] {
        let pattern = SitesService.holderPath("{partition}")
        return [
            HTTPRoute(.get, pattern, parameters: SitesService.holderParameters) { [self] request in
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
        let query = request.query
        let isTaken = pool.submit { [service] in
            exchange.complete(service.standings(in: PartitionIndex(number), query) ?? Problem.notHeld.response)
        }
        return isTaken ? .suspended : .respond(.problem(503, "too many questions are waiting"))
    }
}

extension PartitionGatherer {
    /// For ``SitesService/Parts``: asks the holders.
    public func gatherSites(
        _ partitions: [PartitionIndex], _ local: (PartitionIndex) -> PartitionQuestion?,
        _ target: (PartitionIndex) -> String
    ) -> [PartitionIndex: PartitionAnswer] {
        let held = { (partition: PartitionIndex) -> Local? in
            guard let ask = local(partition) else { return nil }
            return {
                switch ask() {
                case .body(let body): .body(body)
                case .missing(let reason): .missing(reason)
                }
            }
        }
        return gather(partitions, local: held, target: target).mapValues { answer in
            switch answer {
            case .body(let body): .body(body)
            case .missing(let reason): .missing(reason)
            }
        }
    }
}
