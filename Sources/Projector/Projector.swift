internal import Clocks
public import EventLog
public import EventModel
internal import Locks
internal import Observability
public import ProjectionStore
internal import Timeline

/// Folds one partition of the log into its projections and serves them at the same time (DESIGN 1.5–1.8).
///
/// Two threads around a ``FoldDriver``: one reads and folds, the other commits, so that neither commits nor questions
/// delay the visibility of an acknowledged record. A third one reads the store for damage in idle time. Create it, then
/// ``start()`` and ``stop()`` it once each.
///
/// A store that does not hold what was written to it is put aside and built again from the log, whoever finds that out:
/// the fold, a commit, a question, or the pass in idle time (``ProjectorConfiguration/scrubHours``).
/// Until the new one knows what the old one did, questions are answered with ``ProjectorError``, which is retriable.
///
/// Beside the live generation it builds others from the same log and keeps those that were live before; questions move
/// from one to another at once (DESIGN 7).
public final class Projector: Sendable {
    struct State {
        /// Answers questions.
        var live: GenerationFold
        /// Built, or kept for going back to.
        var beside: [GenerationFold] = []
        /// The one that takes the place of an old live one.
        var successor: GenerationFold?
        var share = FoldShare.whole
        var scrub: StoreScrubber?
        var isStopping = false
    }

    public let partition: PartitionIndex
    let log: any EventLog
    let configuration: ProjectorConfiguration
    let generations: GenerationDirectory
    let needs: StoreHead.Needs
    let state: Monitor<State>
    /// One change of generations at a time.
    let changes = Guarded(())
    /// Of an old live generation: the one that is there already and is to be folded on.
    let successorID: Int64?
    /// The live generation, for folds that end: only its end concerns the process.
    let liveID: LiveID
    /// The next offset of generations that nobody folds at the moment.
    let waitingAt = Guarded<[Int64: LogOffset]>([:])
    private let care: Ticker

    /// Opens the fold at the position of the live generation.
    ///
    /// - Parameters:
    ///   - keepsFeed: whether commits record their changes for a publisher (DESIGN 3).
    ///   - beginsFeed: whether a store that has recorded none so far may begin with it; otherwise it is built anew.
    /// - Throws: ``ProjectorError`` when the log is not the one that the store was folded from, or lacks the next
    ///   records; `LogError`, `StoreError` and `GenerationError` when one of them cannot be read.
    public convenience init(
        log: any EventLog, partition: PartitionIndex = PartitionIndex(0), generations: GenerationDirectory,
        keepsFeed: Bool = false, beginsFeed: Bool = false,
        configuration: ProjectorConfiguration = ProjectorConfiguration()
    ) throws {
        let needs = StoreHead.Needs(
            versions: configuration.versions, logEpoch: log.epoch.bytes, feed: keepsFeed, beginsFeed: beginsFeed)
        let now = configuration.clock.now
        let restoring = configuration.restore.map { restore -> ProjectionStore.Restoring in
            { try restore(partition, $0) }
        }
        do {
            let opened = try generations.open(needs, restoring: restoring, at: now)
            try self.init(log, partition, opened, generations, needs, configuration)
        } catch  where error.isStoreDamage {
            // Of an older generation, which is then of no more use.
            let opened = try generations.open(needs, restoring: restoring, answersFromOld: false, at: now)
            try self.init(log, partition, opened, generations, needs, configuration)
        }
    }

    /// Opens the fold at the store's position, where there are no other generations yet.
    ///
    /// - Throws: ``ProjectorError`` when the log is not the one that the store was folded from, or lacks the next
    ///   records; `LogError` and `StoreError` when one of them cannot be read.
    public convenience init(
        log: any EventLog, partition: PartitionIndex = PartitionIndex(0), store: ProjectionStore,
        configuration: ProjectorConfiguration = ProjectorConfiguration()
    ) throws {
        let only = Generation(
            id: 1, state: .live, versions: store.needs.versions, logEpoch: store.needs.logEpoch,
            createdAt: configuration.clock.now)
        try self.init(
            log, partition, OpenedGeneration(generation: only, store: store, right: nil),
            GenerationDirectory(path: store.path), store.needs, configuration)
    }

    private init(
        _ log: any EventLog, _ partition: PartitionIndex, _ opened: OpenedGeneration,
        _ generations: GenerationDirectory, _ needs: StoreHead.Needs, _ configuration: ProjectorConfiguration
    ) throws {
        self.log = log
        self.partition = partition
        self.generations = generations
        self.needs = needs
        self.configuration = configuration
        successorID = opened.successor
        liveID = LiveID(opened.generation.id)
        let live = try GenerationFold(
            opened, SeparateLog(log), partition, configuration.reporting(opened.generation.id, to: liveID))
        state = Monitor(State(live: live))
        care = Ticker(milliseconds: configuration.generationTickMilliseconds, clock: configuration.clock)
    }

    var live: GenerationFold { state.withLock { $0.live } }
    private var run: FoldRun { live.run }

    // MARK: Life

    /// Starts its threads.
    public func start() {
        let live = live
        live.start()
        if live.isOld { configuration.journal.record(.answersFromOldGeneration(partition, live.id)) }
        let scrub = StoreScrubber(configuration) { [weak self] in
            guard let live = self?.live, !live.isOld, case let run = live.run, run.shared.isLevel else {
                return nil
            }
            return run.store
        }
        scrub.start(partition)
        state.update { $0.scrub = scrub }
        care.start("generations-\(partition.value)") { [weak self] in self?.lookAfterGenerations() }
    }

    /// Stops folding, commits what was folded, and returns when its threads have ended.
    public func stop() {
        let scrub = state.update { state in
            state.isStopping = true
            return state.scrub
        }
        care.stop()
        scrub?.stop()
        // Whoever changes generations at the moment stops waiting.
        changes.withLock { _ in }
        let (live, beside) = state.withLock { ($0.live, $0.beside) }
        for fold in beside { fold.stop() }
        live.stop()
    }

    // MARK: For everybody

    /// The store that is folded into now.
    public var store: ProjectionStore { run.store }

    /// The progress of the fold; makes no requests, so it never waits for a broker.
    public var progress: FoldProgress { ofLive { $0.progress } }

    /// What keeps it from answering questions; nil when it answers them.
    public var rebuild: FoldRebuild? { live.rebuild }

    /// Whether hours are still being rebuilt for a definition; questions derive them from events until then.
    public var isRederiving: Bool { run.shared.isRederiving }

    /// Why the fold stopped; nil while it runs.
    public var failure: String? { live.failure?.message }

    /// Why the fold stands still at a record that cannot be read, until an operator acts; nil while it goes on. What was
    /// folded is answered.
    public var halt: FoldFailure? { run.shared.halt }

    /// Whether a new projector on the same store may succeed where this one failed.
    public var isFailureRetriable: Bool { live.failure?.isRetriable ?? false }

    /// Sets the fold's share of the configured memory from now on; the default is all of it.
    public func share(_ share: FoldShare) {
        state.update { state in
            state.share = share
            state.divideMemory()
        }
    }

    /// What the log has lost, where that is why the fold stopped: once it is declared as skipped, a new projector goes on.
    public var lost: Range<LogOffset>? { live.failure?.lost }

    public var statistics: FoldStatistics { run.shared.statistics }

    /// The sites that folded records name.
    public var siteIDs: [SiteID] { run.shared.sites.map(\.siteID) }

    /// Identifies the last folded record; nil without one.
    var fingerprint: RecordFingerprint? { run.shared.fingerprint }

    /// The newest definition of every site as recorded in the log, for gateways at start and for repairing the
    /// registry.
    public func newestDefinitions() -> [PlacedDefinition] {
        run.shared.sites.compactMap { site in
            guard let stored = site.newestDefinition else { return nil }
            return PlacedDefinition(
                definition: stored.record.definition, version: UInt64(site.definitions.count),
                createdAt: stored.record.createdAt,
                position: RecordPosition(partition: partition, offset: stored.offset))
        }
    }

    /// Calls `body` with every source that the folded events have named, for gateways at start: they limit how many a
    /// site may have (SPEC 2.3).
    public func forEachSource(_ body: (SiteID, SourceIDs) -> Void) {
        for site in run.shared.sites {
            for number in 0..<site.origins.count { body(site.siteID, site.source(UInt32(number))) }
        }
    }

    /// A consistent view of one site; nil for a site that no record names. Never older than an earlier one, whichever
    /// generation answered that.
    ///
    /// - Throws: ``ProjectorError`` after ``stop()``, when the fold failed inside a record, and while the projections
    ///   are being rebuilt; `StoreError` when the store cannot be read.
    public func snapshot(of siteID: SiteID) throws -> ProjectionSnapshot? {
        try ofLive { try $0.snapshot(of: siteID) }
    }

    /// The offset after the last folded record of a site, for whoever follows it: costs no copy and no reading.
    public func nextOffset(of siteID: SiteID) -> LogOffset? {
        ofLive { $0.run.shared.read { $0.nextOffset(of: siteID) } }
    }

    /// What the live fold says, asked again where another one has become live meanwhile: what the one before says then may
    /// be of a later position, and nobody may see an earlier one after it.
    private func ofLive<Result>(_ body: (GenerationFold) throws -> Result) rethrows -> Result {
        while true {
            let fold = live
            do {
                let result = try body(fold)
                if live === fold { return result }
            } catch {
                if live === fold { throw error }
            }
        }
    }

    /// Calls `body` once, from any thread: true when the fold has passed `offset`, false after the timeout.
    public func whenPassed(
        _ offset: LogOffset, timeoutMilliseconds: Int, _ body: @escaping @Sendable (Bool) -> Void
    ) {
        wait(
            FoldWaiter(
                offset: offset, deadline: configuration.clock.uptime.advanced(milliseconds: timeoutMilliseconds),
                body: body))
    }

    private func wait(_ waiter: FoldWaiter) {
        let fold = live
        var asked = waiter
        asked.body = { [weak self] isPassed in
            // Another one may have become live, and that one is asked.
            guard let self, live !== fold else { return waiter.body(isPassed) }
            wait(waiter)
        }
        fold.run.shared.wait(asked)
        if fold.isOld, live !== fold { fold.endWaiters(until: .distantFuture) }
    }
}

/// The id of the generation that answers.
final class LiveID: Sendable {
    private let id: Guarded<Int64>
    init(_ id: Int64) { self.id = Guarded(id) }
    var value: Int64 { id.withLock { $0 } }
    func set(_ new: Int64) { id.withLock { $0 = new } }
}

extension ProjectorConfiguration {
    /// The end of the fold of a generation is reported while that one is live.
    func reporting(_ id: Int64, to live: LiveID) -> ProjectorConfiguration {
        var configuration = self
        configuration.failed = { [failed] in if live.value == id { failed() } }
        return configuration
    }
}

extension Projector.State {
    /// A fold beside the live one gets a part of what that one has.
    func divideMemory() {
        live.share(share)
        for fold in beside { fold.share(FoldShare(of: share.count * ProjectorConfiguration.besideShare)) }
    }
}
