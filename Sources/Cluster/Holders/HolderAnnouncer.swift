public import Clocks
public import EventLog
public import EventModel
internal import Locks
public import Observability

/// Announces to the cluster which partitions this process holds and where it answers questions about them (DESIGN 5).
///
/// One thread of its own sends all records, so that none overtakes another: changes at once, and every ten seconds
/// everything again, as the heartbeat by which ``HolderTable`` recognises processes that are alive.
public final class HolderAnnouncer: Sendable {
    /// Who announces.
    public struct Identity: Sendable {
        /// Unique in the cluster: two processes of one name overwrite each other's records.
        public var workerID: String
        /// Where the others reach this process, e.g. `http://10.0.0.12:8080`; see ``HolderURL/checked(_:)``.
        public var url: String
        /// Hand the same to ``ForwardedAccess``.
        public var token: ForwardingToken

        public init(workerID: String, url: String, token: ForwardingToken) {
            self.workerID = workerID
            self.url = url
            self.token = token
        }
    }

    /// A holder that misses four in a row counts as dead.
    public static let heartbeatMilliseconds = 10_000
    /// How long ``stop()`` waits until its withdrawals are delivered.
    static let farewellMilliseconds = 3000

    private struct State {
        var machine = AnnouncerMachine()
        var isStopping = false
        var thread: BackgroundThread?
    }

    private let topics: any Topics
    private let topic: String
    private let identity: Identity
    private let clock: any ProcessClock
    private let journal: Journal
    private let state = Monitor(State())

    /// - Parameters:
    ///   - topic: ``TopicNames/workers``.
    ///   - journal: records why something could not be announced.
    public init(
        topics: any Topics, topic: String, identity: Identity, clock: any ProcessClock = .system,
        journal: Journal = .silent
    ) {
        precondition(HolderKey.isWorkerID(Array(identity.workerID.utf8)), "a worker id has 1 to 128 bytes and no slash")
        self.topics = topics
        self.topic = topic
        self.identity = identity
        self.clock = clock
        self.journal = journal
    }

    /// Starts the thread; what was announced before is sent now.
    public func start() {
        state.update { state in
            guard state.thread == nil, !state.isStopping else { return }
            state.thread = .start("announcer") { [self] in run() }
        }
    }

    /// This process answers questions about a partition from now on. Returns at once; repeating it changes nothing.
    public func announce(_ partition: PartitionIndex, _ role: HolderRole) {
        let now = clock.now
        state.update { state in
            if !state.isStopping { state.machine.announce(partition, role, at: now) }
        }
    }

    /// This process answers no more questions about a partition. Returns at once; harmless where it did not.
    public func withdraw(_ partition: PartitionIndex) { state.update { $0.machine.withdraw(partition) } }

    /// Withdraws everything, waits some seconds for the delivery, and ends the thread. Harmless when repeated.
    public func stop() {
        let thread = state.update { state in
            state.isStopping = true
            state.machine.withdrawAll()
            return state.thread
        }
        guard let thread else { return }
        thread.join()
        let deadline = clock.uptime.advanced(milliseconds: Self.farewellMilliseconds)
        let delivered: Void? = clock.wait(for: state, until: deadline) {
            $0.machine.pendingWithdrawals == 0 ? () : nil
        }
        if delivered == nil { journal.record(.withdrawalUnconfirmed) }
    }

    // MARK: The thread

    private func run() {
        var beatAt = clock.uptime.advanced(milliseconds: Self.heartbeatMilliseconds)
        while true {
            let woken: (messages: [AnnouncerMachine.Message], isLast: Bool)? = clock.wait(
                for: state, until: beatAt
            ) { state in
                guard state.machine.hasMessages || state.isStopping else { return nil }
                return (state.machine.messages(), state.isStopping)
            }
            if clock.uptime >= beatAt {
                beatAt = clock.uptime.advanced(milliseconds: Self.heartbeatMilliseconds)
                state.update { $0.machine.beat() }
            }
            guard let woken else { continue }
            for message in woken.messages { send(message) }
            if woken.isLast { break }
        }
    }

    private func send(_ message: AnnouncerMachine.Message) {
        let key = HolderKey(partition: message.partition, workerID: identity.workerID).bytes
        let value = message.holding.map { holding in
            HolderRecord(
                partition: message.partition, workerID: identity.workerID, role: holding.role, url: identity.url,
                token: identity.token, since: holding.since
            ).json
        }
        do throws(LogError) {
            try topics.send(TopicRecord(topic: topic, key: key, value: value, timestamp: clock.now)) {
                [weak self] result in
                self?.sent(message, result)
            }
        } catch {
            journal.record(.announcementFailed(message.partition, error))
        }
    }

    private func sent(_ message: AnnouncerMachine.Message, _ result: Result<RecordPosition, LogError>) {
        switch result {
        case .success:
            guard message.holding == nil else { return }
            state.update { $0.machine.arrived(message) }
        case .failure(let error):
            journal.record(.announcementFailed(message.partition, error))
        }
    }
}
