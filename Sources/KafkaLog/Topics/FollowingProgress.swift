internal import CRdKafka
internal import Clocks
internal import EventLog
internal import EventModel
internal import Locks

/// What a following has handled, shared by the reading thread and those that wait for it or stop it.
final class FollowingProgress: Sendable {
    private struct State {
        var machine: FollowingMachine
        var isStopping = false
        /// Whether the reading thread is inside the handler.
        var isHandling = false
    }

    let topic: String
    private let handle: @Sendable (FollowedRecord) -> Void
    private let state: Monitor<State>

    /// - Parameter places: where each partition that is followed begins.
    init(
        topic: String, _ places: [PartitionIndex: KafkaOffset], _ handle: @escaping @Sendable (FollowedRecord) -> Void
    ) {
        self.topic = topic
        self.handle = handle
        state = Monitor(State(machine: FollowingMachine(topic: topic, places)))
    }

    var failure: LogError? { state.withLock { $0.machine.failure } }

    /// Whether nothing more is to be read.
    var isOver: Bool { state.withLock { $0.isStopping || $0.machine.failure != nil } }

    /// Where to continue in every partition.
    var places: [PartitionIndex: KafkaOffset] { state.withLock { $0.machine.places } }

    // MARK: Reading thread

    /// Handles a record, or notes what else a message reports.
    /// - Returns: what the reading thread has to do.
    func take(_ message: KafkaMessage) -> FollowingMachine.Action {
        switch message.error {
        case .noError:
            take(message.followedRecord)
            return .proceed
        case .partitionEnd:
            state.update { $0.machine.reachedEnd(message.partition, message.offset) }
            return .proceed
        case let code:
            return failed(code, message.errorText, message.partition)
        }
    }

    private func take(_ record: FollowedRecord) {
        let isWanted = state.withLock { state in
            guard !state.isStopping, state.machine.wants(record.position) else { return false }
            state.isHandling = true
            return true
        }
        guard isWanted else { return }
        handle(record)
        state.update { state in
            state.machine.handled(record.position)
            state.isHandling = false
        }
    }

    /// - Parameter partition: nil: it concerns the client as a whole.
    func failed(_ code: KafkaErrorCode, _ text: String, _ partition: PartitionIndex?) -> FollowingMachine.Action {
        state.update { $0.machine.failed(code, text, partition) }
    }

    /// A broker was asked whether the topic exists.
    func checked(_ error: KafkaErrorCode) -> FollowingMachine.Action { state.update { $0.machine.checked(error) } }

    /// Asks a broker whether the topic exists. A broker that has just started can deny an existing topic, so only the newest
    /// metadata counts. Blocks for seconds.
    /// - Parameter denial: the earlier answer, which holds where a broker says nothing about the topic now.
    /// - Throws: ``LogError`` when no broker answers.
    static func check(
        _ client: KafkaClient, _ topic: String, _ denial: KafkaErrorCode
    ) throws(LogError) -> KafkaErrorCode {
        let metadata = try client.metadata(of: topic, timeoutMilliseconds: 5000)
        return metadata.topics.first { $0.name == topic }?.error ?? denial
    }

    // MARK: Stopping

    /// Handles nothing more, apart from the record being handled.
    func beginStop() { state.update { $0.isStopping = true } }

    /// Waits for the running handler, of this following only.
    func waitUntilIdle() { state.wait { $0.isHandling ? nil : () } }

    // MARK: Waiting

    /// As ``TopicFollowing/readToEnd(timeoutMilliseconds:)``.
    func readToEnd(_ client: KafkaClient, timeoutMilliseconds: Int) -> Bool {
        let deadline = BrokerTime.deadline(milliseconds: timeoutMilliseconds)
        guard let ends = ends(client, before: deadline) else { return false }
        return state.wait(milliseconds: BrokerTime.milliseconds(until: deadline)) { state -> Bool? in
            if state.machine.hasReached(ends) { return true }
            return state.isStopping || state.machine.failure != nil ? false : nil
        } ?? false
    }

    /// Where the partitions end now; nil when no broker answers in time.
    private func ends(
        _ client: KafkaClient, before deadline: MonotonicTime
    ) -> [PartitionIndex: LogOffset]? {
        let partitions = state.withLock { $0.machine.partitions }
        while true {
            let milliseconds = BrokerTime.milliseconds(until: deadline)
            if isOver || milliseconds <= 0 { return nil }
            do {
                return try client.offsets(
                    of: topic, partitions, at: .end, timeoutMilliseconds: Int32(clamping: min(milliseconds, 1000)))
            } catch {
                // A leader that is being elected: ask again a moment later.
                _ = state.wait(milliseconds: min(milliseconds, 50)) { $0.isStopping ? () : nil }
            }
        }
    }
}

extension KafkaMessage {
    /// A copy that outlives the message.
    fileprivate var followedRecord: FollowedRecord {
        FollowedRecord(
            position: RecordPosition(partition: partition, offset: offset), key: [UInt8](key),
            value: value.map { [UInt8]($0) }, headers: headers,
            timestamp: Timestamp(microseconds: max(0, timestampMilliseconds ?? 0).multipliedClamped(by: 1000)))
    }
}
