public import Clocks
public import EventLog
internal import EventModel
internal import Locks
public import Projector

/// Publishes the figures of one partition to the metric topics, and its quarantined events (DESIGN 3).
///
/// One thread, which does what ``PublishingMachine`` says. It runs only while the partition is held: create it once the
/// fold runs, ``start()`` it, and ``stop()`` it before the projector stops. Records go to the partition of the same
/// number in each topic.
public final class MetricPublisher: Sendable {
    private let mailbox: PublisherMailbox
    private let clock: any ProcessClock
    private let state = Guarded(State())
    /// Passed to the thread; nil from then on.
    private let core: Guarded<CoreBox?>

    private struct State {
        var thread: BackgroundThread?
        var isEnded = false
        var statistics = PublisherStatistics()
    }

    /// One thread creates the core, and another one uses it afterwards.
    private struct CoreBox: @unchecked Sendable {
        let core: PublishingCore
    }

    /// - Parameters:
    ///   - projector: the running fold of the partition; its store was opened with `keepsFeed`.
    ///   - epoch: the log that it folds.
    ///   - path: a file for what was published, next to the projections; created if missing. One publisher per file.
    ///   - clock: its wall time decides when an hour is over.
    ///   - isStillOwner: asked before records are sent, from the publishing thread; must be fast. While it returns
    ///     false, nothing is sent (DESIGN 5). When it returns true again, the topics are first read to their ends.
    /// - Throws: when a file cannot be opened.
    public init(
        projector: Projector, epoch: LogEpoch, topics: any Topics, names: TopicNames,
        path: String, configuration: PublisherConfiguration = PublisherConfiguration(),
        clock: any ProcessClock = .system, isStillOwner: @escaping @Sendable () -> Bool = { true }
    ) throws {
        let core = try PublishingCore(
            source: try ProjectorFigures(projector, epoch: epoch), topics: topics, names: names, path: path,
            configuration: configuration, clock: clock, isStillOwner: isStillOwner)
        mailbox = core.mailbox
        self.clock = clock
        self.core = Guarded(CoreBox(core: core))
    }

    /// Starts the thread; once.
    public func start() {
        guard let box = core.withLock({ $0.take() }) else { return }
        let thread = BackgroundThread.start("publish-\(box.core.source.partition.value)") { [self] in
            run(box.core)
            state.withLock { $0.isEnded = true }
        }
        state.withLock { $0.thread = thread }
    }

    private func run(_ core: PublishingCore) {
        while let wake = core.advance() {
            state.withLock { $0.statistics = core.statistics }
            let wait = max(0, wake - clock.now.microseconds)
            // Rounded up, so that it does not spin during the last millisecond.
            mailbox.wait(until: clock.uptime.advanced(milliseconds: Int(wait / 1000) + 1), by: clock)
        }
        state.withLock { $0.statistics = core.statistics }
    }

    /// Ends it at once, without sending anything more, and returns when its thread has ended.
    ///
    /// Records in flight may still arrive; the next owner of the partition publishes over them.
    public func stop() {
        mailbox.stop()
        state.withLock { $0.thread }?.join()
    }

    /// Whether its thread has ended.
    public var isEnded: Bool { state.withLock { $0.isEnded } }

    public var statistics: PublisherStatistics { state.withLock { $0.statistics } }
}

/// What a publisher has done since it started.
public struct PublisherStatistics: Sendable, Equatable {
    /// Records passed to the topics.
    public var sent: Int64 = 0
    public var delivered: Int64 = 0
    public var failed: Int64 = 0
    /// Records read from its own partitions.
    public var followed: Int64 = 0
    /// What targets were told of alerts, in their order.
    public var webhooks: [WebhookStanding] = []

    public init() {}
}
