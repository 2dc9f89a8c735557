internal import Dispatch
public import EventLog
public import EventModel
internal import Foundation
internal import Locks

/// Tells the cluster which partitions this process holds and where it answers questions about them (DESIGN 5).
///
/// One thread of its own sends all records, so that none overtakes another: first what changed, at once, and every ten
/// seconds all of it again, as the sign of life by which ``HolderTable`` tells the living from the dead.
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

    /// A holder that missed four in a row is taken for dead.
    public static let heartbeatMilliseconds = 10_000
    /// How long ``stop()`` waits for the last words to arrive.
    static let farewellMilliseconds = 3000

    private struct State {
        var machine = AnnouncerMachine()
        var isStopping = false
        var hasEnded = false
        var hasStarted = false
    }

    private let topics: any Topics
    private let topic: String
    private let identity: Identity
    private let clock: @Sendable () -> Timestamp
    private let heartbeatMilliseconds: Int
    private let report: @Sendable (String) -> Void
    private let state = Monitor(State())

    /// - Parameters:
    ///   - topic: ``TopicNames/workers``.
    ///   - heartbeatMilliseconds: tests choose a long time and call ``beat()``.
    ///   - report: is told why a record could not be sent, for the log.
    public init(
        topics: any Topics, topic: String, identity: Identity, clock: @escaping @Sendable () -> Timestamp,
        heartbeatMilliseconds: Int = HolderAnnouncer.heartbeatMilliseconds,
        report: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        precondition(HolderKey.isWorkerID(Array(identity.workerID.utf8)), "a worker id has 1 to 128 bytes and no slash")
        self.topics = topics
        self.topic = topic
        self.identity = identity
        self.clock = clock
        self.heartbeatMilliseconds = heartbeatMilliseconds
        self.report = report
    }

    /// Starts the thread; what was announced before is said now.
    public func start() {
        let isFirst = state.update { state in
            defer { state.hasStarted = true }
            return !state.hasStarted && !state.isStopping
        }
        guard isFirst else { return }
        let thread = Thread { [self] in run() }
        thread.name = "holder-announcer"
        thread.start()
    }

    /// This process answers questions about a partition from now on. Returns at once; saying it twice changes nothing.
    public func announce(_ partition: PartitionIndex, _ role: HolderRole) {
        let now = clock()
        state.update { state in
            if !state.isStopping { state.machine.announce(partition, role, at: now) }
        }
    }

    /// This process answers no more questions about a partition. Returns at once; harmless where it did not.
    public func withdraw(_ partition: PartitionIndex) { state.update { $0.machine.withdraw(partition) } }

    /// Says everything again now, as the heartbeat does.
    public func beat() { state.update { $0.machine.beat() } }

    /// Withdraws everything, waits some seconds until that has arrived, and ends the thread. Harmless when repeated.
    public func stop() {
        let isRunning = state.update { state in
            state.isStopping = true
            state.machine.withdrawAll()
            return state.hasStarted
        }
        guard isRunning else { return }
        state.wait { $0.hasEnded ? () : nil }
        let arrived: Void? = state.wait(milliseconds: Self.farewellMilliseconds) {
            $0.machine.pendingWithdrawals == 0 ? () : nil
        }
        if arrived == nil { report("not known whether the cluster has heard that this process holds nothing any more") }
    }

    // MARK: The thread

    private func run() {
        var beatAt = Self.uptimeMilliseconds + heartbeatMilliseconds
        while true {
            let woken: (messages: [AnnouncerMachine.Message], isLast: Bool)? = state.wait(
                milliseconds: beatAt - Self.uptimeMilliseconds
            ) { state in
                guard state.machine.hasMessages || state.isStopping else { return nil }
                return (state.machine.messages(), state.isStopping)
            }
            if Self.uptimeMilliseconds >= beatAt {
                beatAt = Self.uptimeMilliseconds + heartbeatMilliseconds
                beat()
            }
            guard let woken else { continue }
            for message in woken.messages { send(message) }
            if woken.isLast { break }
        }
        state.update { $0.hasEnded = true }
    }

    private static var uptimeMilliseconds: Int { Int(DispatchTime.now().uptimeNanoseconds / 1_000_000) }

    private func send(_ message: AnnouncerMachine.Message) {
        let key = HolderKey(partition: message.partition, workerID: identity.workerID).bytes
        let value = message.holding.map { holding in
            HolderRecord(
                partition: message.partition, workerID: identity.workerID, role: holding.role, url: identity.url,
                token: identity.token, since: holding.since
            ).json
        }
        do throws(LogError) {
            try topics.send(TopicRecord(topic: topic, key: key, value: value, timestamp: clock())) {
                [weak self] result in
                self?.sent(message, result)
            }
        } catch {
            report("partition \(message.partition.value) could not be announced: \(error)")
        }
    }

    private func sent(_ message: AnnouncerMachine.Message, _ result: Result<RecordPosition, LogError>) {
        switch result {
        case .success:
            guard message.holding == nil else { return }
            state.update { $0.machine.arrived(message) }
        case .failure(let error):
            report("partition \(message.partition.value) could not be announced: \(error)")
        }
    }
}
