public import EventLog
public import EventModel
internal import Foundation
internal import Locks
public import ProjectionStore
public import Projector

/// Publishes the figures of one partition to the metric topics, and its quarantined events (DESIGN 3).
///
/// One thread, which does what ``PublishingMachine`` says. It runs only while the partition is held: make one when the
/// fold runs, ``start()`` it, ``stop()`` it before the projector stops. Records go to the topics' partition of the same
/// number.
public final class MetricPublisher: Sendable {
    private let mailbox: PublisherMailbox
    private let clock: @Sendable () -> Timestamp
    private let state = Monitor(State())
    /// Given to the thread; nil from then on.
    private let core: Guarded<CoreBox?>

    private struct State {
        var isStarted = false
        var isEnded = false
        var statistics = PublisherStatistics()
    }

    /// The core is made by one thread and used by another, one after the other.
    private struct CoreBox: @unchecked Sendable {
        let core: PublishingCore
    }

    /// - Parameters:
    ///   - projector: the fold of the partition, running.
    ///   - store: its projections, opened with `keepsFeed`.
    ///   - epoch: of the log that it folds.
    ///   - path: a file for what was published, beside the projections; made when it is missing. One publisher a file.
    ///   - clock: the wall clock, which decides when an hour is over.
    ///   - isStillOwner: asked before records are sent, from the publishing thread; must be quick. While it says no
    ///     nothing is sent (DESIGN 5); when it says yes again, the topics are read to their ends first.
    /// - Throws: when a file cannot be opened.
    public init(
        projector: Projector, store: ProjectionStore, epoch: LogEpoch, topics: any Topics, names: TopicNames,
        path: String, configuration: PublisherConfiguration = PublisherConfiguration(),
        clock: @escaping @Sendable () -> Timestamp, isStillOwner: @escaping @Sendable () -> Bool = { true }
    ) throws {
        let core = try PublishingCore(
            source: try ProjectorFigures(projector, store, epoch: epoch), topics: topics, names: names, path: path,
            configuration: configuration, clock: clock, isStillOwner: isStillOwner)
        mailbox = core.mailbox
        self.clock = clock
        self.core = Guarded(CoreBox(core: core))
    }

    /// Starts the thread; once.
    public func start() {
        guard let box = core.withLock({ $0.take() }) else { return }
        state.withLock { $0.isStarted = true }
        let thread = Thread { [self] in
            run(box.core)
            state.update { $0.isEnded = true }
        }
        thread.name = "andon-publish"
        thread.stackSize = 1 << 20
        thread.start()
    }

    private func run(_ core: PublishingCore) {
        while let wake = core.advance() {
            state.withLock { $0.statistics = core.statistics }
            let wait = max(0, wake - clock().microseconds)
            // Rounded up, so that it does not spin during the last millisecond.
            mailbox.wait(milliseconds: Int(wait / 1000) + 1)
        }
        state.withLock { $0.statistics = core.statistics }
    }

    /// Ends it at once, without a last word, and returns when its thread has ended.
    ///
    /// What is on its way may still arrive; whoever holds the partition next publishes over it.
    public func stop() {
        mailbox.stop()
        state.wait { !$0.isStarted || $0.isEnded ? () : nil }
    }

    /// Whether its thread has ended.
    public var isEnded: Bool { state.withLock { $0.isEnded } }

    public var statistics: PublisherStatistics { state.withLock { $0.statistics } }
}

/// What a publisher has done since it started.
public struct PublisherStatistics: Sendable, Equatable {
    /// Records handed to the topics.
    public var sent: Int64 = 0
    public var delivered: Int64 = 0
    public var failed: Int64 = 0
    /// Records read from its own partitions.
    public var followed: Int64 = 0

    public init() {}
}
