public import EventModel
public import HTTPServer
public import Query

/// What a holder answers to the other processes of its cluster about the sites of its partitions. Clients ask
/// ``SitesService``.
public final class SiteHolderRoutes: Sendable {
    /// Partitions at a time.
    static let threadsMaximum = 2
    static let waitingMaximum = 256

    private let route: HolderRoute

    public init(_ service: SitesService, access: ForwardedAccess) {
        route = HolderRoute(
            "holder-sites", SitesService.holderPath("{partition}"), parameters: SitesService.holderParameters,
            access: access, threadsMaximum: Self.threadsMaximum, waitingMaximum: Self.waitingMaximum
        ) { service.standings(in: $0, $1) }
    }

    /// Accepts no more questions; accepted ones are still answered.
    public func stop() { route.stop() }

    public var routes: [HTTPRoute] { [route.route] }
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
