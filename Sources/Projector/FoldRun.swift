internal import Clocks
internal import EventLog
public import EventModel
internal import Locks
public import ProjectionStore
internal import Timeline

/// One fold of one store, from opening to the end: what a ``GenerationFold`` replaces when its store is damaged.
///
/// Its two threads are the one that calls ``fold(_:_:)`` and the committer that this starts.
final class FoldRun: Sendable {
    let store: ProjectionStore
    let shared: SharedFold
    /// Why questions have to wait for the fold; nil when they need not.
    let rebuild: FoldRebuild?
    /// The position of the newest commit.
    let committed: Monitor<LogOffset>
    private let partition: PartitionIndex
    /// Used by the fold thread only.
    private let pages: StoreReader
    private let commits = CommitHandover()
    private let readers = Guarded<[StoreReader]>([])

    /// Continues from where `store` stands; a store that turns out to be damaged is replaced by an empty one.
    ///
    /// - Parameter isOld: whether it only answers, from a store of an older fold.
    /// - Throws: ``ProjectorError`` when the log is not the one that the store was folded from, or lacks the next
    ///   records; `LogError` and `StoreError` when one of them cannot be read.
    static func open(
        _ store: ProjectionStore, _ log: any EventLog, _ partition: PartitionIndex, _ clock: any ProcessClock,
        isOld: Bool = false
    ) throws -> FoldRun {
        do {
            return try FoldRun(store, log, partition, clock, isOld: isOld)
        } catch  where error.isStoreDamage && !isOld {
            return try FoldRun(try store.replaced(because: error), log, partition, clock, isOld: false)
        }
    }

    private init(
        _ store: ProjectionStore, _ log: any EventLog, _ partition: PartitionIndex, _ clock: any ProcessClock,
        isOld: Bool
    ) throws {
        self.store = store
        self.partition = partition
        let fold = try store.load()
        let asked = clock.uptime
        let end = try LogIdentityCheck.run(log, partition, next: fold.nextOffset, fingerprint: fold.fingerprint)
        // Until then the fold knows less than the store that was there, and answers would be wrong.
        if store.replacement != nil { try store.answer(from: end) }
        let goal = try store.answersFrom()
        // Of damage is told, also where a snapshot makes up for all of it.
        let isToBeTold = fold.nextOffset < goal || store.replacement?.isDamage == true
        rebuild =
            isToBeTold ? FoldRebuild(replacement: store.replacement, begin: fold.nextOffset, goal: goal) : nil
        shared = SharedFold(
            fold, end: LogEndReading(offset: end, seenAt: asked), answersFrom: goal, isOldGeneration: isOld)
        committed = Monitor(fold.nextOffset)
        pages = try store.reader()
    }

    /// Folds and commits until a stop is requested or the fold fails.
    func fold(_ log: any EventLog, _ configuration: ProjectorConfiguration) {
        let committer = BackgroundThread.start("commit-\(partition.value)") { [self] in
            Committer(store: store, commits: commits) { [committed] next in committed.update { $0 = next } }.run()
        }
        let driver = FoldDriver(
            partition: partition, shared: shared, pages: pages, limits: configuration.limits, isVerified: true,
            at: configuration.clock.uptime)
        FoldThread(driver, log: log, store: store, commits: commits, configuration: configuration).run()
        committer.join()
    }

    func requestStop() { commits.requestStop() }

    /// Answers nothing more: the store is another's now.
    func close() {
        shared.close()
        for waiter in shared.end() { waiter.body(false) }
        readers.withLock { $0.removeAll() }
    }

    /// A consistent view of one site; nil for a site that no record names.
    func snapshot(of siteID: SiteID, _ configuration: ProjectorConfiguration) throws -> ProjectionSnapshot? {
        // Before the file is opened, which may be another store's by now.
        try shared.checkAccess()
        let reader = try readers.withLock({ $0.popLast() }) ?? store.reader()
        do {
            return try snapshot(of: siteID, reader, configuration)
        } catch {
            reader.end()
            if (error as? StoreError)?.code == .busy { throw ProjectorError.isBusy }
            throw error
        }
    }

    private func snapshot(
        of siteID: SiteID, _ reader: StoreReader, _ configuration: ProjectorConfiguration
    ) throws -> ProjectionSnapshot? {
        let clock = configuration.clock
        // Not under the fold's lock: the turn may be the writer's.
        try reader.takeTurn(until: clock.uptime.advanced(milliseconds: configuration.questionMilliseconds), by: clock)
        guard let taken = try shared.site(siteID, at: clock.uptime, begin: { try reader.begin() }) else {
            reader.end()
            giveBack(reader)
            return nil
        }
        let site = taken.site
        return ProjectionSnapshot(
            site: site, reader: reader, progress: taken.progress, clockDisputes: taken.clockDisputes, fold: shared
        ) { [weak self] in
            reader.end()
            self?.giveBack(reader)
        } lasting: { knownAt in
            reader.goesOn(knownAt: knownAt) { site.storeHasHours(knownAt: KnowledgeLimit(knownAt.microseconds)) }
        }
    }

    private func giveBack(_ reader: StoreReader) {
        readers.withLock { if $0.count < ProjectorConfiguration.idleReadersMaximum { $0.append(reader) } }
    }
}

/// Projections that are being built from the log because the store that was there could not be used.
public struct FoldRebuild: Sendable, Equatable {
    /// What was wrong with the store; nil when a rebuild goes on that an earlier process began.
    public var replacement: StoreReplacement?
    /// Where it began: at the beginning of the log, or where a snapshot stood.
    public var begin: LogOffset
    /// Where the log ended when it began: before it has passed this offset, the fold answers nothing.
    public var goal: LogOffset

    /// For readiness and operators.
    public func text(next: LogOffset) -> String {
        let why =
            switch replacement {
            case .damaged(let reason): "were damaged (\(reason)) and"
            case .otherVersion: "were of another version or log and"
            case nil: "cannot be used yet and"
            }
        let isRestored = replacement?.isDamage == true && begin > .zero
        let what = isRestored ? "a snapshot that stands at offset \(begin.value) and the log" : "the log"
        return
            "the projections \(why) are being rebuilt from \(what): offset \(max(next, begin).value) of \(goal.value)"
    }
}
