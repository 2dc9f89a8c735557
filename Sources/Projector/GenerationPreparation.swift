internal import Clocks
public import EventLog
public import EventModel
internal import Locks
public import ProjectionStore

/// Folds a partition into a generation of this program's versions, beside an older program that goes on answering: so
/// that this one has little to do when it takes over (DESIGN 7).
///
/// Nobody is answered from it. What ends it costs nothing: the next one goes on where it stood, and so does the program
/// that takes over. Create it, then ``start()`` and ``stop()`` it once each.
public final class GenerationPreparation: Sendable {
    private let fold: GenerationFold
    private let partition: PartitionIndex
    private let generations: GenerationDirectory
    private let configuration: ProjectorConfiguration
    /// Opens once it has all of the log.
    private let isLevel = Latch()

    /// Makes the generation, or goes on with the one that is there.
    ///
    /// - Throws: `GenerationError` when somebody folds it already, or it is live; ``ProjectorError`` when the log is not
    ///   the one that was folded; `LogError` and `StoreError` when one of them cannot be used.
    public init(
        log: any EventLog, partition: PartitionIndex = PartitionIndex(0), generations: GenerationDirectory,
        keepsFeed: Bool = false, configuration: ProjectorConfiguration = ProjectorConfiguration()
    ) throws {
        self.partition = partition
        self.generations = generations
        self.configuration = configuration
        let needs = StoreHead.Needs(versions: configuration.versions, logEpoch: log.epoch.bytes, feed: keepsFeed)
        let opened = try generations.build(Generation.upgradeJob, needs, at: configuration.clock.now)
        fold = try GenerationFold(opened, SeparateLog(log), partition, configuration)
    }

    public func start() { fold.start() }

    /// Commits what was folded, and notes whether it is all of the log. Returns when others may fold on.
    public func stop() {
        _ = progress
        fold.stop()
        guard isLevel.isOpen else { return }
        // Otherwise it counts as one that is being built: nothing but its state is lost.
        try? generations.markLevel(fold.id, at: configuration.clock.now)
    }

    public var progress: GenerationProgress {
        fold.sample()
        let progress = fold.progress
        if progress.isLevel { isLevel.open() }
        return GenerationProgress(
            generation: fold.id, state: isLevel.isOpen ? .level : .building, next: progress.nextOffset,
            end: progress.logEnd, events: fold.run.shared.statistics.events, startedAt: fold.startedAt,
            eventsPerSecond: fold.eventsPerSecond, isLevel: isLevel.isOpen, failure: fold.failure?.message,
            hindrance: fold.run.shared.hindrance)
    }

    /// Calls `body` once, from any thread: true when the record at `offset` has been folded, false after the timeout.
    public func whenPassed(
        _ offset: LogOffset, timeoutMilliseconds: Int, _ body: @escaping @Sendable (Bool) -> Void
    ) {
        let deadline = configuration.clock.uptime.advanced(milliseconds: timeoutMilliseconds)
        fold.run.shared.wait(FoldWaiter(offset: offset, deadline: deadline, body: body))
    }
}
