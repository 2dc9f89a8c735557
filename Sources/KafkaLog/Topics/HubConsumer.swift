internal import CRdKafka
internal import EventLog
internal import EventModel
internal import Observability

/// A partition of one of several topics.
struct TopicPlace: Hashable, Sendable {
    var topic: String
    var partition: PartitionIndex
}

/// librdkafka's consumer of many partitions of several topics, one by one.
///
/// The simple consumer, for the reasons given at ``LogConsumer``: starting or stopping a partition affects no other.
///
/// `@unchecked Sendable`: `start`, `stop` and `poll` belong to the polling thread alone (DESIGN 4); ``open(_:)``,
/// ``client`` and ``wake()`` librdkafka allows from any thread.
final class HubConsumer: @unchecked Sendable {
    let client: KafkaClient
    private let queue: KafkaQueue
    private let main: KafkaQueue
    private let journal: Journal

    /// What may be fetched ahead of the handlers, over all partitions: they share one queue, and librdkafka counts what is
    /// in the queue to which a partition's records go.
    static let queuedKilobytesMaximum = 32 << 10
    /// Compressed bytes in one answer of a broker; one from each may be in flight when the queue is full.
    static let fetchBytesMaximum = 8 << 20
    /// The share of one partition, so that many partitions get their turn. A larger record still arrives.
    static let partitionFetchBytesMaximum = 256 << 10

    /// How long a broker holds a fetch when there is nothing new. It answers the requests of a connection in order, so a
    /// request for an end waits as long.
    static let fetchWaitMilliseconds = 100

    init(_ settings: KafkaSettings) throws(LogError) {
        let configuration = try settings.configuration()
        for (name, value) in [
            ("enable.auto.commit", "false"), ("enable.auto.offset.store", "false"), ("check.crcs", "true"),
            ("enable.partition.eof", "true"), ("isolation.level", "read_committed"),
            ("allow.auto.create.topics", "false"), ("fetch.error.backoff.ms", "100"),
            ("fetch.wait.max.ms", "\(Self.fetchWaitMilliseconds)"),
            ("queued.max.messages.kbytes", "\(Self.queuedKilobytesMaximum)"),
            ("fetch.max.bytes", "\(Self.fetchBytesMaximum)"),
            ("fetch.message.max.bytes", "\(Self.partitionFetchBytesMaximum)"),
        ] { try configuration.set(name, value) }
        configuration.setEvents(RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG)
        client = try KafkaClient(.consumer, configuration)
        queue = client.newQueue()
        main = client.mainQueue()
        journal = settings.journal
    }

    /// - Throws: ``LogError`` when it is not a topic name.
    func open(_ topic: String) throws(LogError) -> HubTopic {
        let configuration = rd_kafka_topic_conf_new()
        for (name, value) in [("auto.offset.reset", "error"), ("auto.commit.enable", "false")] {
            guard rd_kafka_topic_conf_set(configuration, name, value, nil, 0) == RD_KAFKA_CONF_OK else {
                preconditionFailure("librdkafka does not know \(name)")
            }
        }
        guard let pointer = rd_kafka_topic_new(client.pointer, topic, configuration) else {
            rd_kafka_topic_conf_destroy(configuration)
            throw LogError(.outOfRange, "'\(topic)' is not a topic name")
        }
        return HubTopic(client, pointer)
    }

    // MARK: Polling thread

    func start(_ topic: HubTopic, _ place: TopicPlace, at offset: KafkaOffset) throws(LogError) {
        guard
            rd_kafka_consume_start_queue(topic.pointer, place.partition.value, offset.rawValue, queue.pointer) == 0
        else {
            throw KafkaErrorCode(rd_kafka_last_error()).logError(
                "following partition \(place.partition.value) of \(place.topic)")
        }
    }

    /// After this, ``poll(milliseconds:_:)`` hands over nothing more of the partition.
    func stop(_ topic: HubTopic, _ partition: PartitionIndex) { rd_kafka_consume_stop(topic.pointer, partition.value) }

    /// Waits for a message or ``wake()``. One at a time, so that no batch holds messages of a stopped partition.
    func poll(milliseconds: Int32, _ body: (KafkaMessage) -> Void) {
        guard let message = rd_kafka_consume_queue(queue.pointer, milliseconds) else { return serveMain() }
        body(KafkaMessage(message))
        rd_kafka_message_destroy(message)
    }

    /// Ends a ``poll(milliseconds:_:)`` at once.
    func wake() { queue.wake() }

    /// Connection errors are only reported: reading waits until a broker answers.
    func serveMain() {
        while let event = main.poll(milliseconds: 0) { journal.record(event) }
    }
}

/// A topic as a ``HubConsumer`` knows it; freed with the last reference, before the client.
///
/// `@unchecked Sendable`: the pointer never changes, and librdkafka counts its users itself.
final class HubTopic: @unchecked Sendable {
    let pointer: OpaquePointer
    private let client: KafkaClient

    fileprivate init(_ client: KafkaClient, _ pointer: OpaquePointer) {
        self.client = client
        self.pointer = pointer
    }

    deinit { rd_kafka_topic_destroy(pointer) }
}
