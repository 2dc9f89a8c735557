public import EventModel

/// The topics in addition to the log: compacted tables of definitions, keys and workers, and published data (DESIGN 3).
/// On Kafka only; implementations: ``InMemoryTopics``, `KafkaTopics`. Callable from any thread.
public protocol Topics: AnyObject, Sendable {
    /// Queues a record for sending and returns immediately.
    ///
    /// Records with the same key keep their order.
    /// - Parameter done: called once, from any thread, with the position of the record, or with the error
    ///   (`.unavailable`: it was not and will not be sent; `.uncertain`: unknown).
    /// - Throws: ``LogError`` `.unavailable` when the queue is full or closed; then `done` is not called.
    func send(
        _ record: TopicRecord, _ done: @escaping @Sendable (Result<RecordPosition, LogError>) -> Void
    ) throws(LogError)

    /// Reads partitions of a topic from `start` on and continues as records are added, until stopped.
    ///
    /// - Parameters:
    ///   - partitions: nil for all.
    ///   - handle: called on a single thread, in the order of each partition. It owns the record.
    /// - Throws: ``LogError`` when the topic does not exist or no broker answers.
    func follow(
        _ topic: String, _ partitions: [PartitionIndex]?, from start: TopicStart,
        _ handle: @escaping @Sendable (FollowedRecord) -> Void
    ) throws(LogError) -> any TopicFollowing

    func partitionCount(_ topic: String) throws(LogError) -> Int32
}

/// An active reader of a topic; see ``Topics/follow(_:_:from:_:)``.
public protocol TopicFollowing: AnyObject, Sendable {
    /// Blocks until every record that was in the topic at the time of the call has been handled.
    /// - Returns: false on timeout, or when reading was stopped or has failed.
    func readToEnd(timeoutMilliseconds: Int) -> Bool

    /// Why no more records will come; nil while it runs or waits for a broker to come back.
    var failure: LogError? { get }

    /// Stops it; after the return, no more records are handled. Do not call it from the handler.
    func stop()
}

/// Where to start reading.
public enum TopicStart: Sendable {
    case beginning
    case end
    /// By partition; others start at the beginning. For an offset that is gone, the first existing one.
    case offsets([PartitionIndex: LogOffset])
}

/// A record to send to a topic.
public struct TopicRecord: Sendable {
    public var topic: String
    /// nil to use the key, see ``Partitioner``.
    public var partition: PartitionIndex?
    public var key: [UInt8]
    /// nil for a tombstone, which removes the key from a compacted topic.
    public var value: [UInt8]?
    public var headers: [RecordHeader]
    /// Stored in milliseconds.
    public var timestamp: Timestamp

    public init(
        topic: String, partition: PartitionIndex? = nil, key: [UInt8], value: [UInt8]?, headers: [RecordHeader] = [],
        timestamp: Timestamp
    ) {
        self.topic = topic
        self.partition = partition
        self.key = key
        self.value = value
        self.headers = headers
        self.timestamp = timestamp
    }
}

/// A record read from a topic.
public struct FollowedRecord: Sendable {
    public var position: RecordPosition
    public var key: [UInt8]
    /// nil when the key was removed.
    public var value: [UInt8]?
    public var headers: [RecordHeader]
    public var timestamp: Timestamp

    public init(
        position: RecordPosition, key: [UInt8], value: [UInt8]?, headers: [RecordHeader], timestamp: Timestamp
    ) {
        self.position = position
        self.key = key
        self.value = value
        self.headers = headers
        self.timestamp = timestamp
    }
}

/// Names of the topics and of the consumer group (DESIGN 3); several Andon installations share a cluster by prefixes.
public struct TopicNames: Sendable, Equatable {
    public let prefix: String
    public init(prefix: String = "andon") { self.prefix = prefix }

    /// Event batches and definitions: the source of truth.
    public var events: String { "\(prefix).events.v1" }
    /// Events that no figure uses, with the reason.
    public var quarantine: String { "\(prefix).quarantine.v1" }
    /// Newest full definition of each site.
    public var registry: String { "\(prefix).registry.v1" }
    /// API keys and their revocations.
    public var keys: String { "\(prefix).keys.v1" }
    /// What is wanted of rebuilds.
    public var jobs: String { "\(prefix).jobs.v1" }
    /// Which worker holds a partition, and its address.
    public var workers: String { "\(prefix).workers.v1" }
    public var workerMetrics: String { "\(prefix).metrics.worker.v1" }
    public var workstationMetrics: String { "\(prefix).metrics.workstation.v1" }
    public var factoryMetrics: String { "\(prefix).metrics.factory.v1" }
    public var modelHealthMetrics: String { "\(prefix).metrics.model-health.v1" }
    public var shiftMetrics: String { "\(prefix).metrics.shift.v1" }
    public var alerts: String { "\(prefix).alerts.v1" }
    /// Consumer group of the workers.
    public var foldGroup: String { "\(prefix).fold.v1" }
}
