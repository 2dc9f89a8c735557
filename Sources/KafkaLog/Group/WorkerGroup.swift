internal import CRdKafka
public import EventLog
public import EventModel
internal import Locks
internal import Synchronization

/// Membership in the group that shares the partitions of the events topic out among the workers (DESIGN 5).
///
/// It only decides who folds what. Whatever the group assigns, it confirms an empty assignment to librdkafka, which the
/// library accepts, so this client never fetches anything: ``KafkaLog`` reads the records, from the position in the
/// store. Rebalances arrive as events on the same queue as everything else, so that the handler runs on the one polling
/// thread and never inside the library.
public final class WorkerGroup: Sendable {
    /// Runs on the polling thread. When it returns from `.revoked`, the partitions must have been stopped. Until then no
    /// other member gets them and the group waits, at most for the poll interval of 5 minutes.
    public typealias Handler = @Sendable (GroupChange) -> Void

    private struct State {
        var machine = MembershipMachine()
        var isLeaving = false
    }

    private let shell: GroupShell
    private let state = Monitor(State())
    private let ended = Latch()
    private let polledAt = Atomic<Int64>(BrokerTime.microseconds)
    private let topic: String
    private let sessionMicroseconds: Int64
    private let handler: Handler

    /// How long a member that is leaving waits for the brokers.
    private static let leaveMillisecondsMaximum = 10_000
    private static let pollMilliseconds: Int32 = 100

    /// Joins the group; the handler gets the first assignment.
    /// - Throws: ``LogError`` `.unavailable` when the settings are refused.
    public static func join(
        _ settings: KafkaSettings, _ options: GroupOptions = GroupOptions(), handler: @escaping Handler
    ) throws(LogError) -> WorkerGroup {
        let shell = try GroupShell(settings, options)
        let group = WorkerGroup(
            shell, topic: settings.names.events, sessionMilliseconds: options.sessionTimeoutMilliseconds,
            handler: handler)
        group.start()
        return group
    }

    private init(_ shell: GroupShell, topic: String, sessionMilliseconds: Int, handler: @escaping Handler) {
        self.shell = shell
        self.topic = topic
        sessionMicroseconds = Int64(sessionMilliseconds) * 1000
        self.handler = handler
    }

    /// Microseconds since the group was last polled, by the monotonic clock.
    public var lastPollAgeMicroseconds: Int64 {
        max(0, BrokerTime.microseconds - polledAt.load(ordering: .relaxed))
    }

    /// Whether the last poll is so recent that no other member can hold these partitions; if not, publish nothing
    /// (DESIGN 5). A process that was suspended and resumes finds it false before anything else.
    public var hasPolledRecently: Bool { lastPollAgeMicroseconds < sessionMicroseconds / 2 }

    /// What is held now.
    public var partitions: [PartitionIndex] { state.withLock { $0.machine.held.sorted() } }

    /// Notes how far the fold is, for tools that show the lag; Andon never reads it back (DESIGN 1.5). Best effort.
    /// - Parameter positions: The next offset to fold.
    public func commit(_ positions: [PartitionIndex: LogOffset]) {
        guard !positions.isEmpty else { return }
        state.withLock { if !$0.isLeaving { shell.commit(topic, positions) } }
    }

    /// Leaves the group after the handler has given up all partitions. Must not be called from the handler.
    public func leave() {
        state.withLock { $0.isLeaving = true }
        ended.wait()
    }

    // MARK: Polling thread

    private func start() {
        BackgroundThread.start("kafka-group") { [self] in
            poll()
            shell.destroy()
            ended.open()
        }
    }

    private func poll() {
        while !state.withLock({ $0.isLeaving }) { step() }
        perform(state.withLock { $0.machine.leave() })
        let deadline = BrokerTime.deadline(milliseconds: Self.leaveMillisecondsMaximum)
        while !shell.hasClosed, BrokerTime.now < deadline { step() }
        perform(state.withLock { $0.machine.left() })
    }

    private func step() {
        let event = shell.next(milliseconds: Self.pollMilliseconds)
        polledAt.store(BrokerTime.microseconds, ordering: .relaxed)
        guard let event else { return }
        perform(
            state.withLock { state in
                switch event {
                case .assign(let partitions): state.machine.assigned(partitions)
                case .revoke(let isLost): state.machine.revoked(isLost: isLost)
                case .failed(let error): state.machine.failed(error)
                }
            })
        polledAt.store(BrokerTime.microseconds, ordering: .relaxed)
    }

    private func perform(_ actions: [MembershipMachine.Action]) {
        for action in actions {
            switch action {
            case .notify(let change): handler(change)
            case .confirmAssignment: shell.confirmAssignment()
            case .confirmRevocation: shell.confirmRevocation()
            case .close: shell.close()
            }
        }
    }
}
