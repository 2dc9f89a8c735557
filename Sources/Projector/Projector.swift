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
public final class Projector: Sendable {
    private struct State {
        var run: FoldRun
        var share = FoldShare.whole
        var thread: BackgroundThread?
        var scrub: StoreScrubber?
        var isStopping = false
        /// Why no store could be built again.
        var failure: FoldFailure?
    }

    public let partition: PartitionIndex
    private let log: any EventLog
    private let configuration: ProjectorConfiguration
    private let state: Monitor<State>

    /// Opens the fold at the store's position.
    ///
    /// - Throws: ``ProjectorError`` when the log is not the one that the store was folded from, or lacks the next
    ///   records; `LogError` and `StoreError` when one of them cannot be read.
    public init(
        log: any EventLog, partition: PartitionIndex = PartitionIndex(0), store: ProjectionStore,
        configuration: ProjectorConfiguration = ProjectorConfiguration()
    ) throws {
        self.log = log
        self.partition = partition
        self.configuration = configuration
        let run = try FoldRun.open(store, log, partition, configuration.clock)
        state = Monitor(State(run: run))
    }

    private var run: FoldRun { state.withLock { $0.run } }

    // MARK: Life

    /// Starts its threads.
    public func start() {
        if let rebuild = run.rebuild { configuration.journal.record(.rebuildBegins(partition, rebuild)) }
        let thread = BackgroundThread.start("andon-fold") { [self] in foldUntilStopped() }
        let scrub = StoreScrubber(configuration) { [weak self] in
            guard let run = self?.run, run.shared.isLevel else { return nil }
            return run.store
        }
        scrub.start()
        state.update { state in
            state.thread = thread
            state.scrub = scrub
        }
    }

    /// Stops folding, commits what was folded, and returns when its threads have ended.
    public func stop() {
        let (run, thread, scrub) = state.update { state in
            state.isStopping = true
            return (state.run, state.thread, state.scrub)
        }
        run.requestStop()
        log.wakeReaders()
        scrub?.stop()
        thread?.join()
        self.run.close()
    }

    private func foldUntilStopped() {
        var rebuilds = 0
        while true {
            let run = run
            run.fold(log, configuration)
            guard let failure = run.shared.failure, failure.isDamage else { return }
            guard configuration.rebuildsDamaged else { return fail(failure) }
            // One that reached its goal may be damaged again; one after the other, the disk is no good.
            rebuilds = run.shared.nextOffset >= run.rebuild?.goal ?? .zero ? 1 : rebuilds + 1
            run.close()
            configuration.journal.record(.storeDamaged(partition, failure))
            guard rebuilds <= ProjectorConfiguration.rebuildsMaximum else { return fail(failure) }
            guard replace(run, failure) else { return }
        }
    }

    /// Puts a run on an empty store in the place of a run whose store is damaged. Tries again while the log is away or
    /// the disk full.
    /// - Returns: whether there is a run to go on with.
    private func replace(_ damaged: FoldRun, _ failure: FoldFailure) -> Bool {
        while !state.withLock({ $0.isStopping }) {
            do {
                let store = try damaged.store.replaced(
                    because: damaged.store.condition.damage ?? StoreError(.damaged, failure.message))
                let next = try FoldRun.open(store, log, partition, configuration.clock)
                let isWanted = state.update { state in
                    guard !state.isStopping else { return false }
                    next.shared.setShare(state.share)
                    state.run = next
                    return true
                }
                if let rebuild = next.rebuild { configuration.journal.record(.rebuildBegins(partition, rebuild)) }
                return isWanted
            } catch {
                let error = error.forOperator
                let message = "partition \(partition.value) cannot be rebuilt: \(error)"
                let failure = FoldFailure(message: message, isRetriable: error.isRetriable)
                guard error.isRetriable else {
                    fail(failure)
                    return false
                }
                configuration.journal.record(.foldFailed(partition, failure))
                let clock = configuration.clock
                let retry = clock.uptime.advanced(milliseconds: ProjectorConfiguration.rebuildRetryMilliseconds)
                _ = clock.wait(for: state, until: retry) { $0.isStopping ? () : nil }
            }
        }
        return false
    }

    private func fail(_ failure: FoldFailure) {
        state.update { $0.failure = failure }
        configuration.journal.record(.foldFailed(partition, failure))
        configuration.failed()
    }

    // MARK: For everybody

    /// The store that is folded into now.
    public var store: ProjectionStore { run.store }

    /// The progress of the fold; makes no requests, so it never waits for a broker.
    public var progress: FoldProgress {
        let run = run
        readLogEnd(run)
        return run.shared.progress(at: configuration.clock.uptime)
    }

    private func readLogEnd(_ run: FoldRun) {
        if let reading = LogEndReading(log, partition, configuration.clock) { run.shared.note(reading) }
    }

    /// What keeps it from answering questions; nil when it answers them.
    public var rebuild: FoldRebuild? {
        let run = run
        return run.shared.isAnswering ? nil : run.rebuild
    }

    /// Whether hours are still being rebuilt for a definition; questions derive them from events until then.
    public var isRederiving: Bool { run.shared.isRederiving }

    /// Why the fold stopped; nil while it runs.
    public var failure: String? { lastFailure?.message }

    /// Why the fold stands still at a record that cannot be read, until an operator acts; nil while it goes on. What was
    /// folded is answered.
    public var halt: FoldFailure? { run.shared.halt }

    /// Whether a new projector on the same store may succeed where this one failed.
    public var isFailureRetriable: Bool { lastFailure?.isRetriable ?? false }

    /// Damage is no failure: the store is rebuilt.
    private var lastFailure: FoldFailure? {
        let (run, failure) = state.withLock { ($0.run, $0.failure) }
        return failure ?? run.shared.failure.flatMap { $0.isDamage ? nil : $0 }
    }

    /// Sets the fold's share of the configured memory from now on; the default is all of it.
    public func share(_ share: FoldShare) {
        state.update { state in
            state.share = share
            state.run.shared.setShare(share)
        }
    }

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

    /// A consistent view of one site; nil for a site that no record names.
    ///
    /// - Throws: ``ProjectorError`` after ``stop()``, when the fold failed inside a record, and while the projections
    ///   are being rebuilt; `StoreError` when the store cannot be read.
    public func snapshot(of siteID: SiteID) throws -> ProjectionSnapshot? {
        let run = run
        readLogEnd(run)
        return try run.snapshot(of: siteID, configuration)
    }

    /// Calls `body` once, from any thread: true when the fold has passed `offset`, false after the timeout.
    public func whenPassed(
        _ offset: LogOffset, timeoutMilliseconds: Int, _ body: @escaping @Sendable (Bool) -> Void
    ) {
        let deadline = configuration.clock.uptime.advanced(milliseconds: timeoutMilliseconds)
        run.shared.wait(FoldWaiter(offset: offset, deadline: deadline, body: body))
    }
}
