internal import Clocks
public import EventLog
public import EventModel
internal import Locks
public import ProjectionStore
internal import Timeline

/// Folds one partition of the log into its projections and serves them at the same time (DESIGN 1.5–1.8).
///
/// Two threads around a ``FoldDriver``: one reads and folds, the other commits, so that neither commits nor questions
/// delay the visibility of an acknowledged record. Create it, then ``start()`` and ``stop()`` it once each.
public final class Projector: Sendable {
    public let partition: PartitionIndex
    private let log: any EventLog
    private let store: ProjectionStore
    private let configuration: ProjectorConfiguration
    private let shared: SharedFold
    /// Used by the fold thread only.
    private let pages: StoreReader
    private let commits = CommitHandover()
    private let threads = Guarded<[BackgroundThread]>([])
    private let readers = Guarded<[StoreReader]>([])

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
        self.store = store
        self.configuration = configuration
        let fold = try store.load()
        let asked = configuration.clock.uptime
        let end = try LogIdentityCheck.run(
            log, partition, next: fold.nextOffset, fingerprint: fold.fingerprint)
        shared = SharedFold(fold, end: LogEndReading(offset: end, seenAt: asked))
        pages = try store.reader()
    }

    /// Starts both threads.
    public func start() {
        let committer = BackgroundThread.start("andon-commit") { [self] in
            Committer(store: store, commits: commits).run()
        }
        let folder = BackgroundThread.start("andon-fold") { [self] in
            let driver = FoldDriver(
                partition: partition, shared: shared, pages: pages, limits: configuration.limits, isVerified: true,
                at: configuration.clock.uptime)
            FoldThread(driver, log: log, commits: commits, configuration: configuration).run()
        }
        threads.withLock { $0 = [committer, folder] }
    }

    /// Stops folding, commits what was folded, and returns when both threads have ended.
    public func stop() {
        commits.requestStop()
        log.wakeReaders()
        for thread in threads.withLock({ $0 }) { thread.join() }
        shared.close()
        for waiter in shared.end() { waiter.body(false) }
        readers.withLock { $0.removeAll() }
    }

    /// The progress of the fold; makes no requests, so it never waits for a broker.
    public var progress: FoldProgress {
        readLogEnd()
        return shared.progress(at: configuration.clock.uptime)
    }

    private func readLogEnd() {
        if let reading = LogEndReading(log, partition, configuration.clock) { shared.note(reading) }
    }

    /// Why the fold stopped; nil while it runs.
    public var failure: String? { shared.failure?.message }

    /// Whether a new projector on the same store may succeed where this one failed.
    public var isFailureRetriable: Bool { shared.failure?.isRetriable ?? false }

    /// Sets the fold's share of the configured memory from now on; the default is all of it.
    public func share(_ share: FoldShare) { shared.setShare(share) }

    public var statistics: FoldStatistics { shared.statistics }

    /// The newest definition of every site as recorded in the log, for gateways at start and for repairing the
    /// registry.
    public func newestDefinitions() -> [PlacedDefinition] {
        shared.sites.compactMap { site in
            guard let sequence = site.definitions.indices.last else { return nil }
            let stored = site.storedDefinition(sequence)
            return PlacedDefinition(
                definition: stored.record.definition, version: UInt64(sequence + 1),
                createdAt: stored.record.createdAt,
                position: RecordPosition(partition: partition, offset: stored.offset))
        }
    }

    /// A consistent view of one site; nil for a site that no record names.
    ///
    /// - Throws: ``ProjectorError`` after ``stop()`` and when the fold failed inside a record.
    public func snapshot(of siteID: SiteID) throws -> ProjectionSnapshot? {
        readLogEnd()
        let reader = try readers.withLock({ $0.popLast() }) ?? store.reader()
        let clock = configuration.clock
        let now = clock.uptime
        let deadline = now.advanced(milliseconds: configuration.questionMilliseconds)
        guard let taken = try shared.site(siteID, at: now, begin: { try reader.begin(until: deadline, by: clock) })
        else {
            reader.end()
            giveBack(reader)
            return nil
        }
        return ProjectionSnapshot(site: taken.site, reader: reader, progress: taken.progress) { [weak self] in
            reader.end()
            self?.giveBack(reader)
        }
    }

    private func giveBack(_ reader: StoreReader) {
        readers.withLock { if $0.count < ProjectorConfiguration.idleReadersMaximum { $0.append(reader) } }
    }

    /// Calls `body` once, from any thread: true when the fold has passed `offset`, false after the timeout.
    public func whenPassed(
        _ offset: LogOffset, timeoutMilliseconds: Int, _ body: @escaping @Sendable (Bool) -> Void
    ) {
        let deadline = configuration.clock.uptime.advanced(milliseconds: timeoutMilliseconds)
        shared.wait(FoldWaiter(offset: offset, deadline: deadline, body: body))
    }
}
