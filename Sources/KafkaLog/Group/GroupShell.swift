internal import CRdKafka
import EventLog
import EventModel

/// librdkafka's consumer behind a ``WorkerGroup``.
///
/// `@unchecked Sendable`: everything but `commit`, which librdkafka allows from any thread, belongs to the group's polling
/// thread; `commit` is no longer called when that thread destroys the client.
final class GroupShell: @unchecked Sendable {
    enum Event {
        case assign([PartitionIndex])
        case revoke(isLost: Bool)
        /// A new consumer may join again.
        case expelled(LogError)
        /// No consumer may join with these settings.
        case refused(LogError)
    }

    private var client: KafkaClient?
    private var queue: KafkaQueue?

    init(_ settings: KafkaSettings, _ options: GroupOptions) throws(LogError) {
        let client = try KafkaClient(.consumer, Self.configuration(settings, options))
        guard let queue = client.consumerQueue() else { preconditionFailure("a consumer with a group has a queue") }
        rd_kafka_poll_set_consumer(client.pointer)
        let topics = KafkaPartitionList([
            KafkaPartition(topic: settings.names.events, partition: PartitionIndex(RD_KAFKA_PARTITION_UA))
        ])
        let code = KafkaErrorCode(rd_kafka_subscribe(client.pointer, topics.pointer))
        guard code == .noError else { throw code.logError("joining the group \(settings.names.foldGroup)") }
        self.client = client
        self.queue = queue
    }

    private static func configuration(
        _ settings: KafkaSettings, _ options: GroupOptions
    ) throws(LogError) -> KafkaConfiguration {
        let configuration = try settings.configuration()
        for (name, value) in [
            ("group.id", settings.names.foldGroup), ("partition.assignment.strategy", "range"),
            ("session.timeout.ms", "\(options.sessionTimeoutMilliseconds)"),
            ("heartbeat.interval.ms", "\(min(3000, max(1, options.sessionTimeoutMilliseconds / 3)))"),
            ("enable.auto.commit", "false"), ("enable.auto.offset.store", "false"),
            ("allow.auto.create.topics", "false"),
        ] { try configuration.set(name, value) }
        if let instanceID = options.instanceID { try configuration.set("group.instance.id", instanceID) }
        configuration.setEvents(
            RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_OFFSET_COMMIT | RD_KAFKA_EVENT_LOG)
        return configuration
    }

    /// Waits for an event about the membership; all other events are dropped.
    func next(milliseconds: Int32) -> Event? {
        guard let client, let event = queue?.poll(milliseconds: milliseconds) else { return nil }
        switch event.kind {
        case .rebalance:
            let code = event.fault?.code
            if code == .assignPartitions { return .assign(event.partitions.map(\.partition)) }
            return .revoke(isLost: rd_kafka_assignment_lost(client.pointer) != 0)
        case .error: return failure(of: event.fault)
        default: return nil
        }
    }

    /// Outages pass by themselves; fatal errors do not.
    private func failure(of fault: KafkaFault?) -> Event? {
        guard let client, let fault, fault.isFatal || fault.code == .fatal || fault.code.isRefusal else { return nil }
        let cause = client.fatalError ?? fault
        guard !cause.code.isRefusal else {
            return .refused(
                LogError(.inUse, "the group of workers refuses this member: \(cause)", hint: cause.code.hint))
        }
        return .expelled(LogError(.unavailable, "the group of workers has dropped this member: \(cause)"))
    }

    /// Empty: see ``WorkerGroup``.
    func confirmAssignment() {
        guard let client else { return }
        let none = KafkaPartitionList()
        rd_kafka_assign(client.pointer, none.pointer)
    }

    func confirmRevocation() {
        guard let client else { return }
        rd_kafka_assign(client.pointer, nil)
    }

    func commit(_ topic: String, _ positions: [PartitionIndex: LogOffset]) {
        guard let client else { return }
        let list = KafkaPartitionList(
            positions.map { KafkaPartition(topic: topic, partition: $0.key, offset: .at($0.value)) })
        rd_kafka_commit(client.pointer, list.pointer, 1)
    }

    /// Begins to leave; revocations still come as events.
    func close() {
        guard let client, let queue else { return }
        if let error = rd_kafka_consumer_close_queue(client.pointer, queue.pointer) { rd_kafka_error_destroy(error) }
    }

    var hasClosed: Bool { client.map { rd_kafka_consumer_closed($0.pointer) != 0 } ?? true }

    func destroy() {
        queue = nil
        client = nil
    }
}
