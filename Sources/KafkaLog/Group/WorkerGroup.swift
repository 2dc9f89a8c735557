internal import CRdKafka
public import EventLog
public import EventModel
internal import Foundation
internal import Locks
internal import Synchronization

/// Membership in the group that shares the partitions of the events topic out among the workers (DESIGN 5).
///
/// It only decides who folds what. It confirms an empty assignment to librdkafka whatever the group gives it, which the
/// library takes as valid, so this client never fetches anything: records are read by ``KafkaLog``, from the position in
/// the store. Rebalances come as events on the same queue as all else, so that the handler runs on the one polling thread
/// and never inside the library.
public final class WorkerGroup: Sendable {
    /// Runs on the polling thread. When it returns from `.revoked` the partitions must have been stopped; until then
    /// nobody else gets them, and the group waits, at most for the poll interval of 5 minutes.
    public typealias Handler = @Sendable (GroupChange) -> Void

    private struct State {
        var machine = MembershipMachine()
        var isLeaving = false
        var hasEnded = false
    }

    private let shell: GroupShell
    private let state = Monitor(State())
    private let polledAt = Atomic<Int64>(Monotonic.microseconds())
    private let topic: String
    private let sessionMicroseconds: Int64
    private let handler: Handler

    /// How long a member that is leaving waits for the brokers.
    private static let leaveMicrosecondsMaximum: Int64 = 10_000_000
    private static let pollMilliseconds: Int32 = 100

    /// Joins the group; the first assignment comes to the handler.
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

    /// Microseconds since the group was last polled, by a clock that nobody sets.
    public var lastPollAgeMicroseconds: Int64 {
        max(0, Monotonic.microseconds() - polledAt.load(ordering: .relaxed))
    }

    /// Whether the last poll is so recent that nobody else can hold these partitions; where not, publish nothing
    /// (DESIGN 5). A process that was stopped and goes on finds it false before anything else.
    public var isHeardOf: Bool { lastPollAgeMicroseconds < sessionMicroseconds / 2 }

    /// What is held now.
    public var partitions: [PartitionIndex] { state.withLock { $0.machine.held.sorted() } }

    /// Writes down how far was folded, for tools that show the lag; nothing reads it back (DESIGN 1.5). Best effort.
    /// - Parameter positions: The next offset to fold.
    public func commit(_ positions: [PartitionIndex: LogOffset]) {
        guard !positions.isEmpty else { return }
        state.withLock { if !$0.isLeaving { shell.commit(topic, positions) } }
    }

    /// Leaves the group; the handler is told to give up what is held. Returns when that is through. Not from the handler.
    public func leave() {
        state.withLock { $0.isLeaving = true }
        state.wait { $0.hasEnded ? () : nil }
    }

    // MARK: Polling thread

    private func start() {
        let thread = Thread { [self] in
            poll()
            shell.destroy()
            state.update { $0.hasEnded = true }
        }
        thread.name = "kafka-group"
        thread.start()
    }

    private func poll() {
        while !state.withLock({ $0.isLeaving }) { step() }
        perform(state.withLock { $0.machine.leave() })
        let deadline = Monotonic.microseconds() + Self.leaveMicrosecondsMaximum
        while !shell.hasClosed, Monotonic.microseconds() < deadline { step() }
        perform(state.withLock { $0.machine.left() })
    }

    private func step() {
        let event = shell.next(milliseconds: Self.pollMilliseconds)
        polledAt.store(Monotonic.microseconds(), ordering: .relaxed)
        guard let event else { return }
        perform(
            state.withLock { state in
                switch event {
                case .assign(let partitions): state.machine.assigned(partitions)
                case .revoke(let isLost): state.machine.revoked(isLost: isLost)
                case .failed(let error): state.machine.failed(error)
                }
            })
        polledAt.store(Monotonic.microseconds(), ordering: .relaxed)
    }

    private func perform(_ actions: [MembershipMachine.Action]) {
        for action in actions {
            switch action {
            case .tell(let change): handler(change)
            case .confirmAssignment: shell.confirmAssignment()
            case .confirmRevocation: shell.confirmRevocation()
            case .close: shell.close()
            }
        }
    }
}
