internal import Access
internal import Clocks
internal import Cluster
internal import EventModel
internal import HTTPServer
internal import Observability
internal import Projector
internal import Query

/// How far the folds are: looks at those of the process every second, tells it of the whole cluster at `/api/freshness`,
/// and makes the process not ready where one of its own is stuck (SPEC 7.8).
struct FreshnessPart {
    let part: ServicePart

    private static let lookMilliseconds = 1000

    /// For `andon up`: there is no other process.
    /// - Parameters:
    ///   - webhooks: what targets were told of alerts.
    ///   - held: the partitions that the process holds at the moment.
    init(
        _ access: AccessControl, _ journal: Journal, clock: any ProcessClock = .system,
        webhooks: @escaping @Sendable () -> [Freshness.Webhook] = { [] },
        held: @escaping @Sendable () -> [PartitionIndex: HeldFold]
    ) {
        let watch = FoldWatch(clock: clock, held: held)
        var parts = FreshnessService.Parts(
            partitionCount: 1, watch: watch, clock: clock, authorize: { access.sitesPermission($0) }, journal: journal)
        parts.webhooks = { _ in webhooks() }
        self.init(parts)
    }

    /// For a worker: what it holds itself, and the other processes of its cluster.
    /// - Parameters:
    ///   - warnings: what somebody should do about, one sentence each.
    ///   - webhooks: what targets were told of alerts of a partition.
    init(
        _ cluster: ClusterParts, _ forwarded: ForwardedAccess, _ journal: Journal,
        warnings: @escaping @Sendable () -> [String],
        webhooks: @escaping @Sendable (PartitionIndex) -> [Freshness.Webhook],
        held: @escaping @Sendable () -> [PartitionIndex: HeldFold]
    ) {
        self.init(cluster, journal, forwarded, warnings, webhooks, FoldWatch(held: held))
    }

    /// For a gateway, which holds nothing.
    init(_ cluster: ClusterParts, _ journal: Journal) {
        self.init(cluster, journal, nil, { [] }, { _ in [] }, FoldWatch { [:] })
    }

    private init(
        _ cluster: ClusterParts, _ journal: Journal, _ forwarded: ForwardedAccess?,
        _ warnings: @escaping @Sendable () -> [String],
        _ webhooks: @escaping @Sendable (PartitionIndex) -> [Freshness.Webhook], _ watch: FoldWatch
    ) {
        let others = ClusterFreshness(table: cluster.holders)
        let access = cluster.access
        var parts = FreshnessService.Parts(
            partitionCount: cluster.log.partitionCount, watch: watch, authorize: { access.sitesPermission($0) },
            warnings: warnings, elsewhere: { others.gather($0, sites: $1) }, journal: journal)
        parts.webhooks = webhooks
        self.init(parts, forwarded, others)
    }

    private init(
        _ parts: FreshnessService.Parts, _ forwarded: ForwardedAccess? = nil, _ others: ClusterFreshness? = nil
    ) {
        let (watch, warnings) = (parts.watch, parts.warnings)
        let service = FreshnessService(parts)
        let own = forwarded.map { FreshnessHolderRoutes(service, access: $0) }
        let ticker = Ticker(milliseconds: Self.lookMilliseconds, clock: parts.clock)
        part = ServicePart(
            routes: service.routes + (own?.routes ?? []),
            serve: { _ in ticker.start("fold-watch") { watch.note() } },
            stop: {
                ticker.stop()
                service.stop()
                own?.stop()
                others?.stop()
            },
            reasons: {
                watch.stuck.map { ReadinessReason(.failing, $0) } + warnings().map { ReadinessReason(.degraded, $0) }
            })
    }
}
