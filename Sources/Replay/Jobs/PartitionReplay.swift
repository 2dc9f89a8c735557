internal import Clocks
internal import EventLog
internal import EventModel
internal import Locks
internal import Observability
internal import ProjectionStore
internal import Projector
internal import Timeline

/// The fold of one partition of a replay, with the threads of a ``Projector``.
final class PartitionReplay: Sendable {
    /// What kept it from going on when it was last heard of.
    private struct Trouble {
        /// The log cannot be read since then.
        var log: (since: MonotonicTime, message: String)?
        /// What was folded cannot be stored since then.
        var store: (since: MonotonicTime, message: String)?
        /// Commits that were written when somebody looked.
        var commits: Int64 = 0
    }

    let part: ReplayPlan.Part
    private let path: String
    private let projector: Projector
    private let orders: FoldOrders
    private let trouble: Monitor<Trouble>
    private let configuration: ReplayJob.Configuration

    /// Opens the store at a path, makes it where there is none, and folds on from where it stands.
    init(
        _ part: ReplayPlan.Part, _ plan: ReplayPlan, _ log: any EventLog, _ pace: FoldPace,
        _ configuration: ReplayJob.Configuration
    ) throws {
        self.part = part
        self.configuration = configuration
        path = configuration.storePath(part.partition)
        let store = try Self.store(path, part, plan)
        orders = FoldOrders(pace: pace, end: part.until, selection: plan.selection)
        let trouble = Monitor(Trouble())
        self.trouble = trouble
        var folding = ProjectorConfiguration()
        folding.limits = configuration.limits
        folding.clock = configuration.clock
        folding.scrubHours = 0
        folding.rebuildsDamaged = false
        folding.orders = orders
        folding.journal = Journal { event in
            Self.note(event, trouble, configuration.clock.uptime)
            configuration.journal.record(event)
        }
        do {
            projector = try Projector(log: log, partition: part.partition, store: store, configuration: folding)
        } catch let error as ProjectorError { throw Self.failure(part, error.message, hint: error.hint) }
        projector.start()
    }

    /// The store, which may be a new one.
    private static func store(_ path: String, _ part: ReplayPlan.Part, _ plan: ReplayPlan) throws -> ProjectionStore {
        let damaged = ReplayError(
            .store, "the store of partition \(part.partition.value), \(path), is damaged",
            hint: "remove it and run the same command again: it is folded anew")
        // An open would put it aside, and forget where it began.
        if try ProjectionStore.replacement(path: path, logEpoch: plan.epoch.bytes) != nil { throw damaged }
        let store = try ProjectionStore.open(path: path, logEpoch: plan.epoch.bytes)
        if store.replacement != nil { throw damaged }
        do {
            if try store.load().nextOffset < part.from { try store.begin(at: part.from) }
        } catch  where error.isStoreDamage { throw damaged }
        return store
    }

    func share(_ share: FoldShare) { projector.share(share) }

    func setPace(_ pace: FoldPace) { orders.set(pace) }

    // MARK: How far it is

    var progress: ReplayProgress {
        let now = projector.progress
        let isAtEnd = part.until.map { now.nextOffset >= $0 } ?? false
        return ReplayProgress(
            partition: part.partition, from: part.from, next: now.nextOffset,
            end: part.until ?? max(now.logEnd, now.nextOffset), events: projector.statistics.events,
            state: isAtEnd ? .finishing : .folding)
    }

    /// Whether everything is folded, hours too.
    var isDone: Bool { progress.state == .finishing && !projector.isRederiving }

    /// - Throws: ``ReplayError`` when it cannot go on.
    func check() throws(ReplayError) {
        if let failure = projector.failure { throw Self.failure(part, failure) }
        if let halt = projector.halt { throw Self.failure(part, halt.message) }
        let (now, commits) = (configuration.clock.uptime, projector.statistics.commits)
        let (log, store) = trouble.withLock { trouble in
            if commits > trouble.commits { (trouble.commits, trouble.store) = (commits, nil) }
            return (trouble.log, trouble.store)
        }
        if let log, now - log.since >= Int64(configuration.logPatienceMilliseconds) * 1000 {
            throw ReplayError(
                .log, log.message, hint: "run the same command again when the log can be read", isRetriable: true)
        }
        if let store, now - store.since >= Int64(configuration.storePatienceMilliseconds) * 1000 {
            throw ReplayError(.store, store.message, hint: "make room, and run the same command again")
        }
    }

    private static func failure(_ part: ReplayPlan.Part, _ message: String, hint: String? = nil) -> ReplayError {
        ReplayError(.fold, "partition \(part.partition.value) cannot be folded on: \(message)", hint: hint)
    }

    private static func note(_ event: JournalEvent, _ trouble: Monitor<Trouble>, _ now: MonotonicTime) {
        trouble.withLock { trouble in
            switch event.name {
            case "fold_waits_for_log": trouble.log = (trouble.log?.since ?? now, event.message)
            case "fold_reads_log_again": trouble.log = nil
            case "fold_commit_failed": trouble.store = (trouble.store?.since ?? now, event.message)
            default: break
            }
        }
    }

    /// Stops folding and stores what was folded.
    /// - Throws: ``ReplayError`` when that cannot be stored.
    func end() throws(ReplayError) {
        projector.stop()
        if let failure = projector.failure { throw Self.failure(part, failure) }
    }
}
