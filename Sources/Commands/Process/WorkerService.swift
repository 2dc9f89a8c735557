internal import Cluster
internal import Crypto
internal import EventLog
internal import EventModel
internal import Foundation
internal import Gateway
internal import HTTPServer
internal import KafkaLog
internal import Locks
internal import Projector
internal import Query

/// Folds the partitions that the group gives it, or a fixed set, answers questions about them, and publishes what
/// changes (DESIGN 5).
final class WorkerService: RunnableService, Sendable {
    struct Options: Sendable {
        var kafka: KafkaOptions
        var directory: DataDirectory
        /// Static membership, and the worker's name; nil: a new member each time.
        var instanceID: String?
        /// A fixed set in place of the group's; nil: the group decides.
        var partitions: [PartitionIndex]?
        /// Publishes nothing.
        var isReplica = false
        var sessionSeconds = 45
        /// Where the other processes reach this one; nil: where it listens.
        var advertisedURL: String?
    }

    private static let commitMilliseconds = 5000
    private static let repairMilliseconds = 10_000

    private let options: Options
    private let configuration: ServerConfiguration
    private let journal: StructuredLog
    private let parts: ClusterParts
    private let workerID: String
    private let token = ForwardingToken.random()
    private let membership: Membership
    private let partitions: WorkerPartitions
    private let query: QueryService
    private let server: HTTPServer
    private let readiness: WorkerReadiness
    private let commits = Ticker(milliseconds: commitMilliseconds)
    private let repairs = Ticker(milliseconds: repairMilliseconds)

    /// Opens everything; nothing runs yet.
    /// - Throws: ``CommandFailure``
    init(_ options: Options, _ configuration: ServerConfiguration, _ journal: StructuredLog) throws {
        (self.options, self.configuration, self.journal) = (options, configuration, journal)
        try options.directory.create()
        workerID = options.instanceID ?? "worker-" + Hex.encode(SecureRandom.bytes(6))
        let parts = try ClusterParts(options.kafka, role: "worker", workerID: workerID, configuration, journal)
        self.parts = parts
        let membership = Membership(options, parts, journal)
        self.membership = membership
        do throws(PartitionsError) {
            partitions = try WorkerPartitions(log: parts.log, membership.folding)
        } catch {
            parts.stop()
            throw CommandFailure(.failure, error.message, next: error.hint)
        }
        let readiness = WorkerReadiness(partitions)
        self.readiness = readiness
        let forwarded = ForwardedAccess(token: token)
        query = QueryService(
            QueryService.Parts(
                partitioned: partitions, clock: { Timestamp.now },
                authorize: { forwarded.permission($0) { parts.authorize($0) } },
                registry: { parts.registry.directory.site($0) }, failed: { journal.write(.error, $0) },
                elsewhere: { parts.forward($0) }),
            threadCount: max(2, ProcessInfo.processInfo.activeProcessorCount))
        let registry = RegistryRoutes(access: parts.access, partitionCount: parts.log.partitionCount) { site in
            parts.registry.directory.registered(site)
        }
        server = HTTPServer(
            configuration: configuration.http,
            routes: query.routes + registry.routes
                + HealthRoutes.routes { parts.notReady + membership.notReady + readiness.missing })
    }

    /// Serves first, because the others are told the address with the first partition.
    func start() throws -> String {
        let url: String
        do {
            url = try configuration.start(server)
            let announcer = HolderAnnouncer(
                topics: parts.topics, topic: parts.names.workers,
                identity: HolderAnnouncer.Identity(
                    workerID: workerID, url: options.advertisedURL ?? url, token: token),
                clock: { Timestamp.now }, report: { [journal] in journal.write(.warning, $0) })
            announcer.start()
            try membership.begin(partitions, announcer)
        } catch {
            stop()
            throw error
        }
        commits.start("andon-commit-offsets") { [membership, partitions] in
            membership.commit(partitions.progress.mapValues(\.nextOffset))
        }
        if !options.isReplica {
            let repair = RegistryRepair(parts.registry)
            repairs.start("andon-registry-repair") { [partitions, journal] in
                do throws(LogError) {
                    try repair.repair(partitions.newestDefinitions().map { KnownDefinition($0) })
                } catch {
                    journal.write(.warning, "the registry cannot be compared with the log: \(error)")
                }
            }
        }
        return url
    }

    func waitUntilReady(_ signals: StopSignals) -> Bool {
        while failure == nil {
            if membership.notReady.isEmpty, readiness.missing.isEmpty { return true }
            if signals.wait(milliseconds: 20) { return false }
        }
        return false
    }

    var failure: CommandFailure? { membership.failure }

    /// The fold of a partition that this worker holds.
    func projector(of partition: PartitionIndex) -> Projector? { partitions.projector(of: partition) }

    func greet() throws {
        let held = partitions.standings.keys.sorted().map { String($0.value) }
        journal.write(
            .info,
            "worker \(workerID) holds \(held.isEmpty ? "no partition" : "partitions " + held.joined(separator: " "))")
    }

    func stop() {
        server.stop()
        query.stop()
        commits.stop()
        repairs.stop()
        membership.end()
        partitions.stop()
        membership.farewell()
        parts.stop()
    }
}

extension KnownDefinition {
    fileprivate init(_ folded: FoldedDefinition) {
        self.init(
            definition: folded.definition, version: folded.version, offset: folded.position.offset,
            createdAt: folded.createdAt)
    }
}

/// Whether a worker's folds have caught up with what the log held when each was given to it.
private final class WorkerReadiness: Sendable {
    /// Records that a fold may be behind while the worker still calls itself ready: some seconds of its work.
    private static let lagRecordsMaximum: Int64 = 100_000

    private let partitions: WorkerPartitions
    /// Where each partition's log ended when it was first seen to fold; what is here no more was reached.
    private let goals = Guarded<[PartitionIndex: LogOffset]>([:])

    init(_ partitions: WorkerPartitions) { self.partitions = partitions }

    /// What is still missing; empty: ready.
    var missing: [String] {
        let standings = partitions.standings
        return goals.withLock { goals in
            goals = goals.filter { standings[$0.key] != nil }
            return standings.sorted { $0.key < $1.key }.compactMap { Self.missing($0.key, $0.value, &goals) }
        }
    }

    private static func missing(
        _ partition: PartitionIndex, _ standing: PartitionStanding, _ goals: inout [PartitionIndex: LogOffset]
    ) -> String? {
        let name = "partition \(partition.value)"
        if let failure = standing.failure { return "\(name): \(failure.message)" }
        guard let progress = standing.progress else { return "\(name) is \(standing.phase.rawValue)" }
        let goal = goals[partition] ?? progress.logEnd
        goals[partition] = goal
        guard progress.nextOffset >= goal else {
            return "\(name) has \(goal.value - progress.nextOffset.value) records to catch up with"
        }
        let lag = progress.logEnd.value - progress.nextOffset.value
        return lag > lagRecordsMaximum ? "\(name) is \(lag) records behind" : nil
    }
}
