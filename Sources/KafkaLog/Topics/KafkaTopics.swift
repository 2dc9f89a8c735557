public import EventLog
public import EventModel
internal import Locks

/// The topics beside the log, on Kafka: one producer for all, one consumer for each following of a whole topic, and one
/// consumer for all followings of single partitions.
///
/// Whole topics (registry, keys, workers) are few, and requests wait for them, so no other handler may delay them. Single
/// partitions are followed by publishers, several for every partition that a worker holds.
public final class KafkaTopics: Topics {
    private let settings: KafkaSettings
    private let producer: KafkaProducer
    private let admin: KafkaAdmin
    /// Partition counts never change while a process runs: more partitions would move the keys.
    private let counts = Guarded<[String: Int32]>([:])
    private let consumers = Guarded(Consumers())

    private struct Consumers {
        /// Created with the first following of single partitions, kept until the end.
        var hub: FollowingHub?
        var made = 0
        var isClosed = false
    }

    /// - Throws: ``LogError`` when the settings are not usable. Brokers need not be up.
    public convenience init(_ settings: KafkaSettings, deliveryTimeoutMilliseconds: Int = 10_000) throws(LogError) {
        let producer = try KafkaProducer(settings, deliveryTimeoutMilliseconds: deliveryTimeoutMilliseconds)
        try self.init(settings, producer)
    }

    /// - Parameter producer: closed by ``close(timeoutMilliseconds:)``.
    package init(_ settings: KafkaSettings, _ producer: KafkaProducer) throws(LogError) {
        self.settings = settings
        self.producer = producer
        admin = try KafkaAdmin(settings, timeoutMilliseconds: Self.timeoutMilliseconds)
    }

    /// How long requests to the brokers may take.
    private static let timeoutMilliseconds = 5000

    public func partitionCount(_ topic: String) throws(LogError) -> Int32 {
        if let count = counts.withLock({ $0[topic] }) { return count }
        let count = try admin.partitionCount(topic)
        counts.withLock { $0[topic] = count }
        return count
    }

    /// Asks a broker, only at the first record for a topic.
    public func send(
        _ record: TopicRecord, _ done: @escaping @Sendable (Result<RecordPosition, LogError>) -> Void
    ) throws(LogError) {
        let count = try partitionCount(record.topic)
        let partition = record.partition ?? Partitioner.partition(of: record.key, partitionCount: count)
        guard (0..<count).contains(partition.value) else { throw .noPartition(partition, of: count) }
        let produced = ProducerRecord(
            topic: record.topic, partition: partition, key: record.key, value: record.value, headers: record.headers,
            timestamp: record.timestamp)
        try producer.send(produced, to: DeliveryClosure(done))
    }

    /// Followings of single partitions share a thread: a slow handler delays the others.
    public func follow(
        _ topic: String, _ partitions: [PartitionIndex]?, from start: TopicStart,
        _ handle: @escaping @Sendable (FollowedRecord) -> Void
    ) throws(LogError) -> any TopicFollowing {
        // Not from memory: a deleted topic must be noticed here.
        let count = try admin.partitionCount(topic)
        let followed = partitions ?? (0..<count).map { PartitionIndex($0) }
        for partition in followed where !(0..<count).contains(partition.value) {
            throw .noPartition(partition, of: count)
        }
        // The end at this moment, so that nothing sent after this call is missed.
        var ends: [PartitionIndex: LogOffset] = [:]
        if case .end = start { ends = try admin.ends(topic, followed) }
        var places: [PartitionIndex: KafkaOffset] = [:]
        for partition in followed {
            switch start {
            case .beginning: places[partition] = .beginning
            case .end: places[partition] = ends[partition].map { .at($0) } ?? .end
            case .offsets(let offsets): places[partition] = offsets[partition].map { .at($0) } ?? .beginning
            }
        }
        if partitions != nil, let following = try hub().follow(topic, places, handle) { return following }
        let following = try KafkaFollowing(settings, topic, places, asking: admin.client, handle)
        consumers.withLock { $0.made += 1 }
        following.start()
        return following
    }

    private func hub() throws(LogError) -> FollowingHub {
        try consumers.withLock { (consumers) throws(LogError) in
            guard !consumers.isClosed else { throw .topicsClosed }
            if let hub = consumers.hub { return hub }
            let hub = try FollowingHub(settings)
            consumers.made += 1
            consumers.hub = hub
            return hub
        }
    }

    /// How many consumers were created in all; each has threads of its own.
    var consumersMadeForTest: Int { consumers.withLock { $0.made } }

    /// Sends what waits until the timeout, and accepts no more. Followings of whole topics are stopped by those who started
    /// them; those of single partitions end here at the latest.
    public func close(timeoutMilliseconds: Int = 10_000) {
        producer.close(timeoutMilliseconds: timeoutMilliseconds)
        let hub = consumers.withLock { consumers in
            consumers.isClosed = true
            defer { consumers.hub = nil }
            return consumers.hub
        }
        hub?.close(timeoutMilliseconds: timeoutMilliseconds)
    }
}
