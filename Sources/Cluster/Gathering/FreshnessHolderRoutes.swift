internal import EventModel
public import HTTPServer
public import Query

/// What a holder answers to the other processes of its cluster about the freshness of its partitions. Clients ask
/// ``FreshnessService``.
public final class FreshnessHolderRoutes: Sendable {
    /// One, because a look reads the newest event of every site, and folding goes first.
    static let threadsMaximum = 1
    /// As many as several processes ask at the same time, of all partitions of a log.
    static let waitingMaximum = 1024

    private static let pattern = "/api/freshness/partitions/"

    private let route: HolderRoute

    public init(_ service: FreshnessService, access: ForwardedAccess) {
        route = HolderRoute(
            "freshness-held", Self.pattern + "{partition}", parameters: [.repeatable("site_id")], access: access,
            threadsMaximum: Self.threadsMaximum, waitingMaximum: Self.waitingMaximum
        ) { partition, query in
            let named = query.filter { $0.name == "site_id" }.map { SiteID($0.value) }
            return service.held(partition, sites: named.isEmpty ? nil : named).map { .json(200, $0) }
        }
    }

    /// Looks no more; what was asked before is still answered.
    public func stop() { route.stop() }

    static func path(_ partition: PartitionIndex) -> String { pattern + "\(partition.value)" }

    public var routes: [HTTPRoute] { [route.route] }
}
