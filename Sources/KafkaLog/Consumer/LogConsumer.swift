internal import CRdKafka
import EventLog
import EventModel

/// librdkafka's consumer of one topic, partition by partition.
///
/// It uses the simple consumer: starting and stopping a partition affects no other one and needs neither group nor
/// coordinator, and nothing that was fetched before a stop arrives after it. (`assign` would need a group name, and in
/// 2.0.2 its seeks fail while a partition is still being looked up.)
///
/// `@unchecked Sendable`: `start`, `stop` and `poll` belong to the polling thread alone (DESIGN 4); the questions and
/// `wake` librdkafka allows from any thread; ``close()`` comes when all threads have ended.
final class LogConsumer: @unchecked Sendable {
    /// In the order in which they are released.
    private struct Handles {
        var topic: OpaquePointer
        var queue: KafkaQueue
        var main: KafkaQueue
        var client: KafkaClient
    }

    /// nil once closed.
    private var handles: Handles?
    let settings: KafkaSettings
    private let topicName: String
    private var batch: [UnsafeMutablePointer<rd_kafka_message_t>?]

    init(_ settings: KafkaSettings, topic topicName: String) throws(LogError) {
        let client = try KafkaClient(.consumer, Self.configuration(settings))
        let conf = rd_kafka_topic_conf_new()
        for (name, value) in [("auto.offset.reset", "error"), ("auto.commit.enable", "false")] {
            guard rd_kafka_topic_conf_set(conf, name, value, nil, 0) == RD_KAFKA_CONF_OK else {
                preconditionFailure("librdkafka does not know \(name)")
            }
        }
        guard let topic = rd_kafka_topic_new(client.pointer, topicName, conf) else {
            rd_kafka_topic_conf_destroy(conf)
            throw LogError(.outOfRange, "'\(topicName)' is not a topic name")
        }
        self.settings = settings
        self.topicName = topicName
        batch = Array(repeating: nil, count: ReaderLimits.batchMessagesMaximum)
        handles = Handles(topic: topic, queue: client.newQueue(), main: client.mainQueue(), client: client)
    }

    private static func configuration(_ settings: KafkaSettings) throws(LogError) -> KafkaConfiguration {
        let configuration = try settings.configuration()
        for (name, value) in [
            ("enable.auto.commit", "false"), ("enable.auto.offset.store", "false"), ("check.crcs", "true"),
            ("enable.partition.eof", "true"), ("isolation.level", "read_committed"),
            // Never reached, because the polling thread empties the queue at once and the buffers have limits of their own.
            // A full queue would make 2.0.2 pause for a second.
            ("queued.min.messages", "1000000"), ("queued.max.messages.kbytes", "524288"),
            ("fetch.message.max.bytes", "\(ReaderLimits.fetchBytesMaximum)"),
            ("fetch.wait.max.ms", "\(ReaderLimits.fetchWaitMilliseconds)"), ("fetch.error.backoff.ms", "100"),
            ("allow.auto.create.topics", "false"),
        ] { try configuration.set(name, value) }
        configuration.setEvents(RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG)
        return configuration
    }

    /// Frees everything. All messages must have been released and all partitions stopped.
    func close() {
        guard let handles else { return }
        rd_kafka_topic_destroy(handles.topic)
        self.handles = nil
    }

    private var open: Handles {
        guard let handles else { preconditionFailure("a consumer was used after it was closed") }
        return handles
    }

    // MARK: Polling thread

    func start(_ partition: PartitionIndex, at offset: LogOffset) throws(LogError) {
        guard rd_kafka_consume_start_queue(open.topic, partition.value, offset.value, open.queue.pointer) == 0 else {
            throw KafkaErrorCode(rd_kafka_last_error()).logError(
                "fetching partition \(partition.value) of \(topicName)")
        }
    }

    /// After this, ``poll(milliseconds:_:)`` hands over nothing more of the partition.
    func stop(_ partition: PartitionIndex) { rd_kafka_consume_stop(open.topic, partition.value) }

    /// Waits for messages or ``wake()`` and hands over what has arrived, in order.
    func poll(milliseconds: Int32, _ body: (ArraySlice<FetchedMessage>) -> Void) {
        // A batch call would wait for the batch to fill.
        guard let first = rd_kafka_consume_queue(open.queue.pointer, milliseconds) else { return serveMain() }
        let count = max(0, rd_kafka_consume_batch_queue(open.queue.pointer, 0, &batch, batch.count))
        body([FetchedMessage(pointer: first)][...])
        body(batch[..<count].map { FetchedMessage(pointer: $0.unsafelyUnwrapped) }[...])
        serveMain()
    }

    /// Ends a ``poll(milliseconds:_:)`` at once.
    func wake() { open.queue.wake() }

    /// Connection errors are only reported: reading waits until a broker answers.
    private func serveMain() {
        while let event = open.main.poll(milliseconds: 0) { settings.journal.record(event) }
    }

    // MARK: Questions

    /// First offset and end of a partition, from its leader.
    func range(_ partition: PartitionIndex) throws(LogError) -> (start: LogOffset, end: LogOffset) {
        let range = try open.client.watermarks(
            topicName, partition, timeoutMilliseconds: ReaderLimits.queryMilliseconds)
        return (range.lowerBound, range.upperBound)
    }

    /// Ends of several partitions in one request; those without an answer are missing.
    func ends(_ partitions: [PartitionIndex]) -> [PartitionIndex: LogOffset] {
        (try? offsets(partitions.map { ($0, Int64(RD_KAFKA_OFFSET_END)) })) ?? [:]
    }

    /// The first offset whose Kafka timestamp is at or after the time; nil: none.
    func offset(_ partition: PartitionIndex, atMilliseconds time: Int64) throws(LogError) -> LogOffset? {
        guard let offset = try offsets([(partition, time)])[partition] else {
            throw LogError(.unavailable, "the offset at a time cannot be requested", hint: "check the brokers' logs")
        }
        return offset.value < 0 ? nil : offset
    }

    private func offsets(_ times: [(PartitionIndex, Int64)]) throws(LogError) -> [PartitionIndex: LogOffset] {
        let list = KafkaPartitionList()
        for (partition, time) in times {
            list.add(KafkaPartition(topic: topicName, partition: partition, offset: KafkaOffset(rawValue: time)))
        }
        let code = KafkaErrorCode(
            rd_kafka_offsets_for_times(open.client.pointer, list.pointer, ReaderLimits.queryMilliseconds))
        guard code == .noError else { throw code.logError("asking for offsets of \(topicName)") }
        var offsets: [PartitionIndex: LogOffset] = [:]
        let elements = UnsafeBufferPointer(start: list.pointer.pointee.elems, count: Int(list.pointer.pointee.cnt))
        for element in elements where element.err == RD_KAFKA_RESP_ERR_NO_ERROR {
            offsets[PartitionIndex(element.partition)] = LogOffset(element.offset)
        }
        return offsets
    }

    /// How many partitions another topic has, as one broker says now; nil where it knows none of that name.
    func partitionCount(of name: String) throws(LogError) -> Int32? {
        let metadata = try open.client.metadata(of: name, timeoutMilliseconds: ReaderLimits.queryMilliseconds)
        let found = metadata.topics.first { $0.name == name }
        guard let found, !found.error.isUnknownTopic, !found.partitions.isEmpty else { return nil }
        return Int32(found.partitions.count)
    }

    /// Partitions of the topic that have no leader now.
    func leaderless() throws(LogError) -> [PartitionIndex] {
        let metadata = try open.client.metadata(of: topicName, timeoutMilliseconds: ReaderLimits.queryMilliseconds)
        guard let found = metadata.topics.first(where: { $0.name == topicName }), !found.error.isUnknownTopic else {
            throw .noTopic(topicName)
        }
        return found.partitions.filter { !$0.hasLeader }.map(\.index)
    }

    /// How many partitions the topic has.
    func partitionCount() throws(LogError) -> Int32 {
        var metadata: UnsafePointer<rd_kafka_metadata_t>?
        let code = KafkaErrorCode(
            rd_kafka_metadata(open.client.pointer, 0, open.topic, &metadata, ReaderLimits.queryMilliseconds))
        guard code == .noError, let metadata else { throw code.logError("asking for the topic \(topicName)") }
        defer { rd_kafka_metadata_destroy(metadata) }
        guard metadata.pointee.topic_cnt == 1 else { throw .noTopic(topicName) }
        let found = metadata.pointee.topics[0]
        let error = KafkaErrorCode(found.err)
        if error.isUnknownTopic { throw .noTopic(topicName) }
        guard found.partition_cnt > 0 else { throw error.logError("asking for the topic \(topicName)") }
        return found.partition_cnt
    }

    /// The cluster's own identifier.
    func clusterID() throws(LogError) -> String {
        guard let text = open.client.clusterID(timeoutMilliseconds: ReaderLimits.queryMilliseconds) else {
            throw LogError(.unavailable, "no broker answers", hint: "check --brokers and that they can be reached")
        }
        return text
    }
}

extension LogError {
    static func noTopic(_ name: String) -> LogError {
        LogError(
            .outOfRange, "the topic \(name) does not exist", hint: "create it with `andon topics create --brokers …`")
    }

    static let logClosed = LogError(.unavailable, "the log is closed")
    static func noAnswer(_ partition: PartitionIndex) -> LogError {
        LogError(
            .unavailable, "no broker answers for partition \(partition.value)",
            hint: "check that the brokers can be reached")
    }
}
