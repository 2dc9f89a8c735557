internal import Access
internal import Clocks
internal import Cluster
internal import Crypto
internal import EventLog
internal import EventModel
internal import Foundation
internal import Gateway
internal import HTTPServer
internal import KafkaLog
internal import Observability
internal import Projector
internal import Publisher
internal import Query
internal import Sites

/// Folds the partitions that the group assigns to it, or a fixed set, answers questions about them, and publishes
/// changes (DESIGN 5). The composition root of `andon worker`.
struct WorkerService {
    struct Options: Sendable {
        var kafka: KafkaOptions
        var directory: DataDirectory
        /// Static membership, and the worker's name; nil: a new member each time.
        var instanceID: String?
        /// A fixed set instead of the group's assignment; nil: the group decides.
        var partitions: [PartitionIndex]?
        /// Publishes nothing.
        var isReplica = false
        var sessionSeconds = 45
        /// See ``ScrubOption``.
        var scrubHours = ScrubOption.hoursDefault
        /// nil: none are restored, and none taken.
        var snapshots: SnapshotSettings?
        /// See ``KeepGenerationsOption``.
        var keepGenerationsHours = KeepGenerationsOption.hoursDefault
        /// The address at which other processes reach this one; nil: the one where it listens.
        var advertisedURL: String?
        /// Who is told of alerts.
        var webhooks = WebhookConfiguration()
    }

    private static let commitMilliseconds = 5000
    private static let repairMilliseconds = 10_000

    let runtime: ServiceRuntime
    private let partitions: WorkerPartitions

    /// Opens everything; nothing runs yet.
    /// - Throws: ``CommandFailure``
    init(_ options: Options, _ configuration: ServerConfiguration, _ journal: StructuredLog) throws {
        try options.directory.create()
        let workerID = options.instanceID ?? "worker-" + Hex.encode(SecureRandom.bytes(6))
        let token = ForwardingToken.random()
        let cluster = try ClusterParts(
            options.kafka, role: "worker", workerID: workerID, token: token, configuration, journal)
        let membership = Membership(options, cluster, journal)
        let partitions: WorkerPartitions
        do throws(PartitionsError) {
            partitions = try WorkerPartitions(log: cluster.log, membership.folding)
        } catch {
            cluster.stop()
            throw CommandFailure(.failure, error.message, next: error.hint)
        }
        self.partitions = partitions
        let forwarded = ForwardedAccess(token: token)
        let clock = ClusterClock(cluster, journal.journal)
        var queryParts = QueryService.Parts(
            partitioned: partitions,
            authorize: { request, role in forwarded.permission(request) { cluster.authorize($0, role) } },
            registry: { cluster.registry.directory.site($0) }, journal: journal.journal,
            elsewhere: { cluster.forward($0) })
        queryParts.answerClock = { clock.answerClock }
        let query = QueryService(queryParts, threadCount: max(2, ProcessInfo.processInfo.activeProcessorCount))
        let live = LivePart(cluster, query, forwarded)
        let definitions = Self.definitions(cluster, partitions, forwarded)
        let retention = try Self.retention(cluster, partitions, options, journal)
        let freshness = Self.freshness(cluster, forwarded, partitions, membership, retention, journal)
        let rebuilds = RebuildParts(cluster, partitions, forwarded, journal)
        let sites = SitesPart(cluster, query, journal, forwarded: forwarded)
        // The others learn the address with the first partition, so the worker serves before it gets any.
        let announcing: @Sendable (String) throws -> Void = { url in
            let announcer = HolderAnnouncer(
                topics: cluster.topics, topic: cluster.names.workers,
                identity: HolderAnnouncer.Identity(
                    workerID: workerID, url: options.advertisedURL ?? url, token: token),
                journal: journal.journal)
            announcer.start()
            try membership.begin(partitions, announcer)
        }
        runtime = ServiceRuntime(
            configuration, log: cluster.log.epoch, keyOptions: "--brokers HOST:PORT",
            parts: [
                cluster.part, clock.part, ServicePart(routes: definitions.routes, stop: { membership.farewell() }),
                Self.part(partitions), freshness.part, Self.part(retention), rebuilds.part, sites.part,
                ServicePart(
                    serve: announcing, stop: { membership.end() }, missing: { membership.notReady },
                    failure: { _ in membership.failure }),
                Self.commits(membership, partitions), live.part,
            ] + (options.isReplica ? [] : [Self.repairs(cluster, partitions, journal)])
                + (options.snapshots?.parts(cluster.log.epoch, journal.journal) { partitions.projectors } ?? []),
            query: query,
            facts: cluster.facts + [
                JournalEvent.Field("data_directory", options.directory.path), JournalEvent.Field("worker", workerID),
            ]
        ) { [partitions] in
            journal.write(.partitionsHeld(by: workerID, partitions.statuses.keys.sorted()))
        }
    }

    /// The fold of a partition that this worker holds.
    func projector(of partition: PartitionIndex) -> Projector? { partitions.projector(of: partition) }

    private static func retention(
        _ cluster: ClusterParts, _ partitions: WorkerPartitions, _ options: Options, _ journal: StructuredLog
    ) throws -> RetentionWatch {
        let log = cluster.log.epoch
        return try explaining("cannot watch the retention of \(cluster.names.events)") {
            try RetentionWatch(cluster.settings, cluster.log, journal: journal.journal) {
                let projectors = partitions.projectors.sorted { $0.partition < $1.partition }
                let snapshots = options.snapshots?.needed(
                    of: log, in: Set(projectors.map(\.partition)), needsFeed: !options.isReplica)
                return projectors.flatMap(\.needed) + (snapshots ?? [])
            }
        }
    }

    private static func part(_ retention: RetentionWatch) -> ServicePart {
        let rounds = RetentionRounds(retention)
        return ServicePart(serve: { _ in rounds.start() }, stop: { rounds.stop() })
    }

    private static func freshness(
        _ cluster: ClusterParts, _ forwarded: ForwardedAccess, _ partitions: WorkerPartitions,
        _ membership: Membership, _ retention: RetentionWatch, _ journal: StructuredLog
    ) -> FreshnessPart {
        FreshnessPart(
            cluster, forwarded, journal.journal, warnings: { retention.findings },
            webhooks: { membership.webhooks(of: $0) }, held: { held(partitions) })
    }

    private static func held(_ partitions: WorkerPartitions) -> [PartitionIndex: HeldFold] {
        var held: [PartitionIndex: HeldFold] = [:]
        for (partition, status) in partitions.statuses {
            let fold = partitions.projector(of: partition)
            let trouble = status.failure?.message ?? (fold == nil ? "it is \(status.phase.rawValue)" : nil)
            held[partition] = HeldFold(fold, trouble: trouble, hasFailed: status.phase == .failed)
        }
        return held
    }

    private static func definitions(
        _ cluster: ClusterParts, _ partitions: WorkerPartitions, _ forwarded: ForwardedAccess
    ) -> DefinitionRoutes {
        var parts = DefinitionRoutes.Parts(
            access: cluster.access, partitionCount: cluster.log.partitionCount,
            all: { cluster.registry.directory.sites }, find: { cluster.registry.directory.site($0) },
            older: { question in
                let partition = partitions.partition(of: question.newest.siteID)
                return try partitions.projections(of: partition)?.older(question) ?? cluster.forward(question)
            })
        let ordinary = parts.permit
        parts.permit = { request in
            switch forwarded.check(request) {
            case .absent: ordinary(request)
            case .granted(let site): .granted(site)
            case .refused(let response): .refused(response)
            }
        }
        return DefinitionRoutes(parts)
    }

    private static func part(_ partitions: WorkerPartitions) -> ServicePart {
        let readiness = FoldReadiness()
        return ServicePart(
            stop: { partitions.stop() },
            missing: {
                let statuses = partitions.statuses
                readiness.keep(only: Set(statuses.keys))
                return statuses.sorted { $0.key < $1.key }.compactMap { missing($0.key, $0.value, readiness) }
            },
            reasons: { partitions.statuses.sorted { $0.key < $1.key }.compactMap { reason($0.key, $0.value) } })
    }

    /// What waits for an operator does not keep the worker from serving the rest. A fold that stands still answers what it
    /// has; one that has failed answers nothing.
    private static func reason(_ partition: PartitionIndex, _ status: PartitionStatus) -> ReadinessReason? {
        if let upgrade = status.upgrade {
            return ReadinessReason(.degraded, "partition \(partition.value): \(upgrade.text)")
        }
        guard let failure = status.failure, isLeftToOperator(status) else { return nil }
        return ReadinessReason(
            status.phase == .failed ? .failing : .degraded, "partition \(partition.value): \(failure.message)")
    }

    private static func isLeftToOperator(_ status: PartitionStatus) -> Bool {
        status.phase == .failed || status.progress?.isHalted == true
    }

    private static func missing(
        _ partition: PartitionIndex, _ status: PartitionStatus, _ readiness: FoldReadiness
    ) -> String? {
        let name = "partition \(partition.value)"
        if isLeftToOperator(status) { return nil }
        if let failure = status.failure { return "\(name): \(failure.message)" }
        guard let progress = status.progress else { return "\(name) is \(status.phase.rawValue)" }
        if let rebuild = status.rebuild { return "\(name): \(rebuild.text(next: progress.nextOffset))" }
        if progress.isOldGeneration { return nil }
        return readiness.missing(partition, next: progress.nextOffset, end: progress.logEnd, of: name)
    }

    /// Commits the fold's progress to the group.
    private static func commits(_ membership: Membership, _ partitions: WorkerPartitions) -> ServicePart {
        let ticker = Ticker(milliseconds: commitMilliseconds)
        return ServicePart(
            serve: { _ in
                ticker.start("commit-offsets") {
                    membership.commit(partitions.progress.mapValues(\.nextOffset))
                }
            }, stop: { ticker.stop() })
    }

    /// Writes what the registry lacks.
    private static func repairs(
        _ cluster: ClusterParts, _ partitions: WorkerPartitions, _ journal: StructuredLog
    ) -> ServicePart {
        let ticker = Ticker(milliseconds: repairMilliseconds)
        let repair = RegistryRepair(cluster.registry)
        return ServicePart(
            serve: { _ in
                ticker.start("registry-repair") {
                    do throws(LogError) {
                        try repair.repair(partitions.newestDefinitions())
                    } catch {
                        journal.write(.registryNotCompared(error))
                    }
                }
            }, stop: { ticker.stop() })
    }
}
