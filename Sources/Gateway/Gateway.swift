internal import Crypto
public import EventLog
public import EventModel
internal import Foundation
public import HTTPServer
internal import Locks

/// What a gateway tells the rest of the process.
public struct GatewayHooks: Sendable {
    /// Every admin act, whether it was allowed or not (DESIGN 6).
    public var audit: @Sendable (AuditRecord) -> Void
    /// Failures that an operator should see.
    public var report: @Sendable (String) -> Void
    /// What is still missing before requests can be served; empty: `/readyz` answers 200.
    public var notReady: @Sendable () -> [String]

    public init(
        audit: @escaping @Sendable (AuditRecord) -> Void = { _ in },
        report: @escaping @Sendable (String) -> Void = { _ in }, notReady: @escaping @Sendable () -> [String] = { [] }
    ) {
        self.audit = audit
        self.report = report
        self.notReady = notReady
    }
}

/// An admin act, for the audit log.
public struct AuditRecord: Sendable, Equatable {
    /// What was asked for, e.g. `put_site`.
    public var action: String
    /// The key's id; empty for a loopback client of an open demonstration.
    public var keyID: String
    public var clientAddress: String
    public var siteID: String
    /// What became of it, e.g. `submitted` or `refused: …`.
    public var result: String
}

/// Admission: checks, judges and appends what edges send, and keeps the sites' definitions (SPEC 2, 3).
///
/// HTTP threads parse and judge what needs only the event and the definition; one log thread for each partition does the
/// rest (DESIGN 2, "Threads"), so that a partition that stands still holds up no other. Made once per process and log, by
/// `init`; then ``start()``, and ``stop()`` after the HTTP server has stopped.
public final class Gateway: Sendable {
    /// What a gateway is made of.
    public struct Parts: Sendable {
        public var log: any EventLog
        public var registry: any DefinitionRegistry
        public var access: AccessControl
        /// The newest definition of each site that a fold of this log in this process knows.
        public var known: [KnownDefinition] = []
        /// Longest time for reading the log's newest records at the start.
        public var tailMilliseconds: Int64 = 10_000
        /// The wall clock; created_at comes from it.
        public var clock: @Sendable () -> Timestamp = { Timestamp.now }
        /// Milliseconds of a monotonic clock; tests pass their own.
        public var uptime: @Sendable () -> Int64 = { Uptime.milliseconds }
        public var hooks = GatewayHooks()

        public init(log: any EventLog, registry: any DefinitionRegistry, access: AccessControl) {
            self.log = log
            self.registry = registry
            self.access = access
        }
    }

    let access: AccessControl
    let log: any EventLog
    let clock: @Sendable () -> Timestamp
    let hooks: GatewayHooks
    let directory: SiteDirectory
    let idempotency = IdempotencyTable()
    let pool = IngestPool()
    let refresh: RegistryRefresh
    private let registry: any DefinitionRegistry
    private let shards: [LogThread]
    private let starting: [StartingSequencer]

    /// A definition that appeared in the log so shortly before the start is still on its way to the registry: the gateway
    /// that appended it writes it, with the names.
    private static let writingMicrosecondsMaximum = Microseconds.minute

    /// Reads the registry and the log's tail, and repairs the registry where it lags behind the log. Blocks meanwhile.
    ///
    /// When it returns, registry and keys have been read to their ends.
    /// - Throws: ``LogError``, `SQLiteError`, `CodecError`, or an error of a registry that cannot be read.
    public init(_ parts: Parts) throws {
        (log, access, registry) = (parts.log, parts.access, parts.registry)
        (clock, hooks) = (parts.clock, parts.hooks)
        refresh = RegistryRefresh(parts.registry, uptime: parts.uptime)
        let count = parts.log.partitionCount
        let windows = WindowBudget(keysMaximum: DuplicateWindow.keysMaximum, partitionCount: Int(count))
        let now = parts.clock()
        let tail = try LogTail(
            parts.log, now: now, bounds: LogTail.Bounds(milliseconds: parts.tailMilliseconds), budget: windows,
            uptime: parts.uptime, into: idempotency, report: parts.hooks.report)
        let directory = SiteDirectory()
        self.directory = directory
        let queues = Self.queues(count)
        // After the tail, so that what is appended in between is not missed; from here on others' definitions come in.
        let registered = try parts.registry.load { Self.adopt($0, directory, queues) }
        let recovery = try SiteRecovery(registry: registered, known: parts.known, tail: tail, log: parts.log)
        try Self.repair(parts.registry, recovery, before: now - Self.writingMicrosecondsMaximum)
        let snapshots = recovery.sites.values.map { SiteSnapshot($0) }
        for snapshot in snapshots { directory.publish(snapshot, again: false) }
        let surroundings = LogThread.Surroundings(
            log: parts.log, clock: parts.clock, directory: directory, idempotency: idempotency, pool: pool,
            registry: parts.registry, report: parts.hooks.report)
        let gatewayID = SecureRandom.bytes(8)
        shards = queues.enumerated().map { number, queue in
            LogThread(surroundings, partition: PartitionIndex(Int32(number)), queue: queue)
        }
        let byPartition = Dictionary(grouping: snapshots) { Self.shard(of: $0.definition.siteID, of: count) }
        starting = tail.partitions.enumerated().map { number, newest in
            StartingSequencer(
                partition: PartitionIndex(Int32(number)), definitions: byPartition[number] ?? [],
                window: newest.window, newestStamp: newest.newestStamp, gatewayID: gatewayID)
        }
    }

    /// For a process that is alone with its log: definitions in a file.
    ///
    /// - Parameters:
    ///   - registryPath: The file `registry.sqlite`; made where it is missing. This process is its only writer.
    ///   - known: The newest definition of each site that the fold of this log knows.
    ///   - clock: The wall clock; created_at comes from it.
    public convenience init(
        log: any EventLog, registryPath: String, access: AccessControl, known: [KnownDefinition] = [],
        clock: @escaping @Sendable () -> Timestamp = { Timestamp.now }, hooks: GatewayHooks = GatewayHooks()
    ) throws {
        var parts = Parts(
            log: log, registry: try RegistryStore(path: registryPath, epoch: log.epoch), access: access)
        (parts.known, parts.clock, parts.hooks) = (known, clock, hooks)
        try self.init(parts)
    }

    /// Starts the log threads; once.
    public func start() { for (shard, starting) in zip(shards, starting) { shard.start(starting.make()) } }

    /// Ends admission: what waits is still appended and answered, later requests get 503.
    public func stop() {
        for shard in shards { shard.queue.close() }
        for shard in shards { shard.stop() }
    }

    /// What is served: ingest, definitions, registry lists and health. Each route checks keys itself.
    public var routes: [HTTPRoute] {
        ingestRoutes + siteRoutes + HealthRoutes.routes { [self] in notReady }
    }

    /// The definition under which this gateway admits events, names included; nil for an unknown site.
    public func site(_ site: SiteID) -> RegisteredDefinition? { directory[site]?.registered }

    /// All sites, by id.
    public var siteIDs: [SiteID] { directory.all.map(\.definition.siteID).sorted() }

    /// What keeps the gateway from being ready: it admits by what it knows, and that must not become old unnoticed.
    var notReady: [String] { [registry.failure, access.failure].compactMap { $0 } + hooks.notReady() }

    /// Where the requests of a site wait.
    func queue(of site: SiteID) -> WorkQueue { shards[Self.shard(of: site, of: Int32(shards.count))].queue }

    /// Runs a handler that may refuse.
    func answer(_ body: () throws(Problem) -> HTTPOutcome) -> HTTPOutcome {
        do throws(Problem) {
            return try body()
        } catch {
            return .respond(error.response)
        }
    }

    private static func shard(of site: SiteID, of count: Int32) -> Int {
        count == 1 ? 0 : Int(Partitioner.partition(of: site.bytes, partitionCount: count).value)
    }

    private static func queues(_ count: Int32) -> [WorkQueue] {
        let budget = count == 1 ? nil : QueueBudget()
        return (0..<count).map { _ in WorkQueue(budget: budget) }
    }

    /// Admits by a definition that another gateway has put: requests that come from now on are parsed by it, and it goes
    /// before them into the queue of their partition.
    private static func adopt(
        _ registered: RegisteredDefinition, _ directory: SiteDirectory, _ queues: [WorkQueue]
    ) {
        let site = registered.definition.siteID
        // Nearly always one of this gateway's own.
        if let known = directory[site] {
            let isKnown = known.position == registered.position && known.version == registered.version
            if isKnown, known.definition == registered.definition { return }
        }
        let snapshot = SiteSnapshot(registered)
        directory.publish(snapshot, again: true)
        queues[shard(of: site, of: Int32(queues.count))].adopt(snapshot)
    }

    private static func repair(
        _ registry: any DefinitionRegistry, _ recovery: SiteRecovery, before time: Timestamp
    ) throws {
        for site in recovery.repaired {
            guard let registered = recovery.sites[site] else { continue }
            if registry.isShared {
                // Best effort: the workers repair what stays wrong.
                if registered.createdAt < time { registry.store(registered) { _ in } }
            } else {
                let stored = Monitor<Result<Void, any Error>?>(nil)
                registry.store(registered) { error in stored.update { $0 = error.map { .failure($0) } ?? .success(()) }
                }
                try stored.wait { $0 }.get()
            }
        }
    }
}

/// What a sequencer starts with, until the thread that owns it does.
private struct StartingSequencer: Sendable {
    var partition: PartitionIndex
    var definitions: [SiteSnapshot]
    // Safe: nothing touches the window between `init` and the start of the log thread.
    nonisolated(unsafe) var window: DuplicateWindow
    var newestStamp: Timestamp
    var gatewayID: [UInt8]

    func make() -> sending Sequencer {
        Sequencer(
            partition: partition, definitions: definitions, window: window, newestStamp: newestStamp,
            gatewayID: gatewayID)
    }
}

extension Timestamp {
    /// The machine's wall clock.
    public static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * Microseconds.second + Int64(time.tv_nsec) / 1000)
    }
}
