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
        /// nil while the group has dropped this member.
        var shell: GroupShell?
    }

    private let settings: KafkaSettings
    private let options: GroupOptions
    private let state: Monitor<State>
    private let ended = Latch()
    private let polledAt = Atomic<Int64>(BrokerTime.microseconds)
    private let topic: String
    private let sessionMicroseconds: Int64
    private let handler: Handler
    private let isDisplaced: @Sendable () -> Bool

    /// How long a member that is leaving waits for the brokers.
    private static let leaveMillisecondsMaximum = 10_000
    private static let pollMilliseconds: Int32 = 100

    /// Joins the group; the handler gets the first assignment.
    ///
    /// A member that the group drops joins again with a new consumer, after a while: a broker's restart can make the group
    /// forget whom it has, and answer as though another process had the same instance id.
    /// - Parameter isDisplaced: whether another process with this instance id has been seen alive since the group dropped
    ///   this member; then the membership has failed. Asked by the polling thread while it waits to join again.
    /// - Throws: ``LogError`` `.unavailable` when the settings are refused.
    public static func join(
        _ settings: KafkaSettings, _ options: GroupOptions = GroupOptions(),
        isDisplaced: @escaping @Sendable () -> Bool = { false }, handler: @escaping Handler
    ) throws(LogError) -> WorkerGroup {
        let group = WorkerGroup(
            try GroupShell(settings, options), settings, options, isDisplaced: isDisplaced, handler: handler)
        group.start()
        return group
    }

    private init(
        _ shell: GroupShell, _ settings: KafkaSettings, _ options: GroupOptions,
        isDisplaced: @escaping @Sendable () -> Bool, handler: @escaping Handler
    ) {
        self.settings = settings
        self.options = options
        state = Monitor(State(shell: shell))
        topic = settings.names.events
        sessionMicroseconds = Int64(options.sessionTimeoutMilliseconds) * 1000
        self.isDisplaced = isDisplaced
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
        state.withLock { if !$0.isLeaving { $0.shell?.commit(topic, positions) } }
    }

    /// Leaves the group after the handler has given up all partitions. Must not be called from the handler.
    public func leave() {
        state.update { $0.isLeaving = true }
        ended.wait()
    }

    // MARK: Polling thread

    private func start() {
        BackgroundThread.start("kafka-group") { [self] in
            poll()
            discard()
            ended.open()
        }
    }

    private var shell: GroupShell? { state.withLock { $0.shell } }

    private func poll() {
        var backoff = RejoinBackoff(at: BrokerTime.microseconds)
        while !state.withLock({ $0.isLeaving }) {
            if let shell { step(shell) } else { awaitRejoin(&backoff) }
        }
        perform(state.withLock { $0.machine.leave() })
        let deadline = BrokerTime.deadline(milliseconds: Self.leaveMillisecondsMaximum)
        while let shell, !shell.hasClosed, BrokerTime.now < deadline { step(shell) }
        perform(state.withLock { $0.machine.left() })
    }

    private func step(_ shell: GroupShell) {
        let event = shell.next(milliseconds: Self.pollMilliseconds)
        polledAt.store(BrokerTime.microseconds, ordering: .relaxed)
        guard let event else { return }
        perform(
            state.withLock { state in
                switch event {
                case .assign(let partitions): state.machine.assigned(partitions)
                case .revoke(let isLost): state.machine.revoked(isLost: isLost)
                case .expelled(let error): state.machine.expelled(error)
                case .refused(let error): state.machine.failed(error)
                }
            })
        polledAt.store(BrokerTime.microseconds, ordering: .relaxed)
    }

    /// Joins again when it is time, unless another process proves that it has this member's place.
    private func awaitRejoin(_ backoff: inout RejoinBackoff) {
        let due = backoff.next(at: BrokerTime.microseconds)
        while BrokerTime.microseconds < due || state.withLock({ $0.machine.state == .failed }) {
            if state.wait(milliseconds: Int(Self.pollMilliseconds), until: { $0.isLeaving ? () : nil }) != nil {
                return
            }
            guard isDisplaced() else { continue }
            perform(
                state.withLock { state in
                    state.machine.failed(
                        LogError(
                            .inUse, "another worker runs with the same --instance-id",
                            hint: "give every worker an --instance-id of its own"))
                })
        }
        do throws(LogError) {
            let shell = try GroupShell(settings, options)
            backoff.joined(at: BrokerTime.microseconds)
            state.withLock { state in
                state.shell = shell
                state.machine.rejoined()
            }
        } catch {
            settings.journal.record(.notRejoined(settings.names.foldGroup, error))
        }
    }

    private func perform(_ actions: [MembershipMachine.Action]) {
        for action in actions {
            switch action {
            case .notify(let change): handler(change)
            case .confirmAssignment: shell?.confirmAssignment()
            case .confirmRevocation: shell?.confirmRevocation()
            case .close: shell?.close()
            case .discard: discard()
            }
        }
    }

    /// Not inside the lock, because destroying a consumer blocks.
    private func discard() {
        let shell = state.withLock { state in
            defer { state.shell = nil }
            return state.shell
        }
        shell?.destroy()
    }
}
