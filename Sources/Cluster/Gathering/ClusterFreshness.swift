public import Clocks
public import EventModel
internal import JSON
public import Query

/// How fresh the figures of a cluster's partitions are, asked from any of its processes (SPEC 7.8).
public final class ClusterFreshness: Sendable {
    /// More sites do not fit into a request: then all of a partition are asked for.
    static let sitesNamedMaximum = 50

    private let gatherer: PartitionGatherer

    public convenience init(table: HolderTable, clock: any ProcessClock = .system) {
        // Boards ask every few seconds; what is missing stands in the answer.
        self.init(PartitionGatherer(table: table, clock: clock))
    }

    init(_ gatherer: PartitionGatherer) { self.gatherer = gatherer }

    /// Ends the threads; what is asked afterwards is missing.
    public func stop() { gatherer.stop() }

    /// Asks the holders of partitions that are not held here; blocks for 5 seconds at most.
    /// - Parameter sites: those that are asked for; nil: all.
    public func gather(_ partitions: [PartitionIndex], sites: [SiteID]?) -> Freshness {
        let query = Self.query(sites)
        let answers = gatherer.gather(
            partitions, local: { _ in nil }, target: { FreshnessHolderRoutes.path($0) + query })
        return partitions.reduce(into: Freshness()) { all, partition in
            switch answers[partition] {
            case .body(let body):
                let read = JSONValue(body).flatMap { Freshness($0) }
                all.merge(read ?? .missing(partition, "its holder is of another version"))
            case .missing(let reason): all.merge(.missing(partition, reason))
            case nil: break
            }
        }
    }

    private static func query(_ sites: [SiteID]?) -> String {
        guard let sites, sites.count <= sitesNamedMaximum else { return "" }
        return "?" + sites.map { "site_id=\($0)" }.joined(separator: "&")
    }
}

extension Freshness {
    fileprivate static func missing(_ partition: PartitionIndex, _ reason: String) -> Freshness {
        Freshness(missing: [Missing(partition, reason)])
    }
}
