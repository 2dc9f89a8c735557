internal import Clocks
internal import EventLog
internal import EventModel
internal import Locks
internal import Observability
internal import ProjectionStore
internal import Timeline

/// The fold of one generation on a thread of its own: the live one of a ``Projector``, or one beside it.
///
/// A store that does not hold what was written to it is put aside and built again from the log.
final class GenerationFold: Sendable {
    private struct State {
        var run: FoldRun
        var share = FoldShare.whole
        var thread: BackgroundThread?
        var isStopping = false
        /// Why no store could be built again.
        var failure: FoldFailure?
        var right: GenerationRight?
        /// What it had folded at some times, the newest last.
        var samples: [Sample] = []
    }

    private struct Sample {
        var at: MonotonicTime
        var events: Int64
    }

    let generation: Generation
    /// Whether it answers only, from a store of an older fold.
    let isOld: Bool
    let orders: FoldOrders?
    let startedAt: Timestamp
    private let partition: PartitionIndex
    private let source: SeparateLog
    private let configuration: ProjectorConfiguration
    private let state: Monitor<State>

    var id: Int64 { generation.id }

    /// Over how many samples the pace is measured.
    private static let samplesMaximum = 6

    init(
        _ opened: OpenedGeneration, _ source: SeparateLog, _ partition: PartitionIndex,
        _ configuration: ProjectorConfiguration
    ) throws {
        generation = opened.generation
        isOld = opened.isOld
        orders = configuration.orders
        startedAt = configuration.clock.now
        self.partition = partition
        self.source = source
        self.configuration = configuration
        let run = try FoldRun.open(opened.store, source.log, partition, configuration.clock, isOld: opened.isOld)
        state = Monitor(
            State(run: run, right: opened.right, samples: [Sample(at: configuration.clock.uptime, events: 0)]))
    }

    var run: FoldRun { state.withLock { $0.run } }

    // MARK: Life

    /// Starts its thread.
    func start() {
        guard !isOld else {
            let thread = BackgroundThread.start("fold-old-\(partition.value)") { [self] in answerLateWaiters() }
            return state.update { $0.thread = thread }
        }
        if let rebuild = run.rebuild { configuration.journal.record(.rebuildBegins(partition, rebuild)) }
        let thread = BackgroundThread.start("fold-\(partition.value)") { [self] in foldUntilStopped() }
        state.update { $0.thread = thread }
    }

    /// Stops folding, commits what was folded, and returns when its threads have ended and others may write the store.
    func stop() {
        let (run, thread) = state.update { state in
            state.isStopping = true
            return (state.run, state.thread)
        }
        run.requestStop()
        source.log.wakeReaders()
        thread?.join()
        self.run.close()
        source.close()
        state.update { $0.right = nil }
    }

    /// An old one passes no more offsets, but its waiters have deadlines.
    private func answerLateWaiters() {
        let clock = configuration.clock
        while true {
            let next = clock.uptime.advanced(milliseconds: FoldLimits.waitMilliseconds)
            guard clock.wait(for: state, until: next, { $0.isStopping ? () : nil }) == nil else { return }
            endWaiters(until: clock.uptime)
        }
    }

    /// Tells the waiters with a deadline up to then that nothing was passed.
    func endWaiters(until deadline: MonotonicTime) {
        for waiter in run.shared.takeExpired(at: deadline) { waiter.body(false) }
    }

    private func foldUntilStopped() {
        var rebuilds = 0
        while true {
            let run = run
            run.fold(source.log, configuration)
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
                let next = try FoldRun.open(store, source.log, partition, configuration.clock)
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

    var progress: FoldProgress {
        let run = run
        readLogEnd(run)
        return run.shared.progress(at: configuration.clock.uptime)
    }

    private func readLogEnd(_ run: FoldRun) {
        if let reading = LogEndReading(source.log, partition, configuration.clock) { run.shared.note(reading) }
    }

    /// What keeps it from answering questions; nil when it answers them.
    var rebuild: FoldRebuild? {
        let run = run
        return run.shared.isAnswering ? nil : run.rebuild
    }

    /// Why it stopped; nil while it runs. Damage is no failure: the store is rebuilt.
    var failure: FoldFailure? {
        let (run, failure) = state.withLock { ($0.run, $0.failure) }
        return failure ?? run.shared.failure.flatMap { $0.isDamage ? nil : $0 }
    }

    func share(_ share: FoldShare) {
        state.update { state in
            state.share = share
            state.run.shared.setShare(share)
        }
    }

    /// - Throws: ``ProjectorError`` after ``stop()``, when the fold failed inside a record, and while the projections are
    ///   being rebuilt; `StoreError` when the store cannot be read.
    func snapshot(of siteID: SiteID) throws -> ProjectionSnapshot? {
        let run = run
        readLogEnd(run)
        return try run.snapshot(of: siteID, configuration)
    }

    // MARK: Pace

    /// Notes how far it is now.
    func sample() {
        let sample = Sample(at: configuration.clock.uptime, events: run.shared.statistics.events)
        state.withLock { state in
            state.samples.append(sample)
            if state.samples.count > Self.samplesMaximum { state.samples.removeFirst() }
        }
    }

    /// Over the last samples.
    var eventsPerSecond: Int64 {
        let (now, events) = (configuration.clock.uptime, run.shared.statistics.events)
        guard let first = state.withLock({ $0.samples.first }), now > first.at else { return 0 }
        return max(0, events - first.events) * 1_000_000 / (now - first.at)
    }
}
