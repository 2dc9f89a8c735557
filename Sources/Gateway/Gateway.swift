public import Access
public import Clocks
internal import Crypto
public import EventLog
public import EventModel
public import HTTPServer
public import Observability
public import Sites

/// What a gateway reports to the rest of the process.
public struct GatewayHooks: Sendable {
    /// Every admin act, whether it was allowed or not (DESIGN 6).
    public var audit: @Sendable (AuditRecord) -> Void
    /// Where failures that an operator should see are recorded.
    public var journal: Journal

    public init(audit: @escaping @Sendable (AuditRecord) -> Void = { _ in }, journal: Journal = .silent) {
        self.audit = audit
        self.journal = journal
    }
}

/// Checks, judges and appends what edges send, and keeps the sites' definitions (SPEC 2, 3). Adds HTTP and threads to
/// ``Admission`` and ``Sequencer``.
///
/// HTTP threads parse and judge what needs only the event and the definition; one log thread per partition does the
/// rest (DESIGN 2, "Threads"), so that a stalled partition delays no other. Create it once per process and log, call
/// ``start()``, and call ``stop()`` after the HTTP server has stopped.
public final class Gateway: Sendable {
    /// The parts that a gateway needs.
    public struct Parts: Sendable {
        public var log: any EventLog
        public var registry: any DefinitionRegistry
        public var access: AccessControl
        /// The newest definition of each site known to a fold of this log in this process.
        public var folded: [PlacedDefinition] = []
        /// How far that fold is.
        public var foldedTo: [PartitionIndex: LogOffset] = [:]
        /// Calls its argument with every source that this fold knows: a site has only so many (SPEC 2.3).
        public var foldedSources: @Sendable (_ body: (SiteID, SourceIDs) -> Void) -> Void = { _ in }
        /// Longest time for reading the log's newest records at the start.
        public var tailMilliseconds = 10_000
        /// The file that keeps answers to Idempotency-Keys over a restart; nil: they are read from the log's newest
        /// records, as far as there is time.
        public var answersPath: String?
        /// Its wall clock is the source of created_at.
        public var clock: any ProcessClock = .system
        /// Finds definitions of before the newest one; the registry does not have them.
        public var olderDefinitions: @Sendable (OlderDefinitionQuestion) throws -> OlderDefinition = { _ in .behind }
        public var hooks = GatewayHooks()

        public init(log: any EventLog, registry: any DefinitionRegistry, access: AccessControl) {
            self.log = log
            self.registry = registry
            self.access = access
        }
    }

    let access: AccessControl
    let log: any EventLog
    let clock: any ProcessClock
    let hooks: GatewayHooks
    let olderDefinitions: @Sendable (OlderDefinitionQuestion) throws -> OlderDefinition
    let admission: Admission
    let refresh: RegistryRefresh
    /// The clock of created_at.
    public let watchedClock: WatchedClock
    private let ticker: Ticker
    private let health: AppendHealth
    private let registry: any DefinitionRegistry
    private let shards: [LogThread]
    private let starting: [StartingSequencer]

    /// Reads the registry and the log's tail, and repairs the registry where it lags behind the log. Blocks until done.
    ///
    /// When it returns, registry and keys have been read to their ends.
    /// - Throws: ``LogError``, `SQLiteError`, or an error of a registry that cannot be read.
    public init(_ parts: Parts) throws {
        (log, access, registry) = (parts.log, parts.access, parts.registry)
        (clock, hooks, olderDefinitions) = (parts.clock, parts.hooks, parts.olderDefinitions)
        refresh = RegistryRefresh(parts.registry, clock: parts.clock)
        let queues = Self.queues(parts.log.partitionCount)
        var sources = AdmissionStart.Sources(log: parts.log, registry: parts.registry, clock: parts.clock)
        (sources.folded, sources.foldedTo) = (parts.folded, parts.foldedTo)
        sources.foldedSources = parts.foldedSources
        sources.tailMilliseconds = parts.tailMilliseconds
        sources.answersPath = parts.answersPath
        sources.journal = parts.hooks.journal
        let start = try AdmissionStart(sources, gatewayID: SecureRandom.bytes(8)) { roster in
            queues[Self.shard(of: roster.siteID, of: queues.count)].adopt(roster)
        }
        (admission, starting) = (start.admission, start.sequencers)
        let watched = WatchedClock(parts.clock, partitionCount: parts.log.partitionCount, journal: parts.hooks.journal)
        watchedClock = watched
        ticker = Ticker(milliseconds: WatchedClock.tickMilliseconds, clock: parts.clock)
        let health = AppendHealth(parts.log, parts.clock)
        self.health = health
        let environment = LogThread.Environment(
            log: parts.log, clock: watched, admission: start.admission, registry: parts.registry, health: health,
            journal: parts.hooks.journal)
        shards = queues.enumerated().map { number, queue in
            LogThread(environment, partition: PartitionIndex(Int32(number)), queue: queue)
        }
    }

    /// Starts the threads; once.
    public func start() {
        admission.answers.start()
        for (shard, starting) in zip(shards, starting) {
            shard.start(starting.make(), refusal: starting.refusal, isSetBack: starting.isSetBack)
        }
        health.start()
        seeToClock()
        ticker.start("clock") { [weak self] in self?.seeToClock() }
    }

    /// Time is set back where it has to be, also without a request.
    private func seeToClock() {
        for partition in watchedClock.tick() { shards[Int(partition.value)].queue.nudge() }
    }

    /// An operator says that the clock is right.
    func acceptClock(by keyID: String) -> ClockStatus {
        defer { seeToClock() }
        return watchedClock.accept(by: keyID)
    }

    /// Ends admission: waiting requests are still appended and answered, later requests get 503.
    public func stop() {
        ticker.stop()
        health.stop()
        for shard in shards { shard.queue.close() }
        for shard in shards { shard.stop() }
        admission.answers.stop()
    }

    /// The routes for ingest, definitions, registry lists and the clock. Each route checks keys itself.
    public var routes: [HTTPRoute] { ingestRoutes + siteRoutes + clockRoutes }

    /// The definition under which this gateway admits events, names included; nil for an unknown site.
    public func site(_ site: SiteID) -> PlacedDefinition? { admission.directory[site]?.placed }

    /// All sites that have a definition, in no order.
    public var sites: [SiteID] { admission.directory.all.map(\.placed.siteID) }

    /// How many events of a site this gateway has refused and not stored since it started, by the code of their verdict
    /// (SPEC 7.4).
    public func rejected(of site: SiteID) -> [(String, Int)] {
        admission.rejected(of: site).map { ($0.verdict.code, $0.count) }
    }

    /// What keeps the gateway from being ready: what it admits by must not become stale unnoticed.
    public var notReady: [String] { [registry.failure, access.failure].compactMap { $0 } }

    /// What is wrong with admission at the moment: the clock, a log that takes nothing, partitions to which nothing may be
    /// admitted.
    public var reasons: [ReadinessReason] {
        watchedClock.reasons + health.reasons
            + starting.compactMap { starting in
                starting.refusal.map {
                    ReadinessReason(.failing, "nothing is admitted to partition \(starting.partition.value): \($0)")
                }
            }
    }

    /// Passes a request to the log thread of its site's partition.
    /// - Returns: false if there is no room; then nothing happened.
    func submit(_ request: AdmissionRequest, _ exchange: any HTTPExchange) -> Bool {
        let shard = shards[Self.shard(of: request.siteID, of: shards.count)]
        return shard.queue.submit(Work(request: request, exchange: exchange))
    }

    private static func shard(of site: SiteID, of count: Int) -> Int {
        count == 1 ? 0 : Int(Partitioner.partition(of: site.bytes, partitionCount: Int32(count)).value)
    }

    private static func queues(_ count: Int32) -> [WorkQueue] {
        let budget = count == 1 ? nil : QueueBudget()
        return (0..<count).map { _ in WorkQueue(budget: budget) }
    }
}
