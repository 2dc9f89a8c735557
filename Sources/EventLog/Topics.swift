public import EventModel

/// The topics beside the log: compacted tables of definitions, keys and workers, and what is published for others
/// (DESIGN 3). On Kafka only; implementations: ``InMemoryTopics``, `KafkaTopics`. Calls may come from any thread.
public protocol Topics: AnyObject, Sendable {
    /// Hands a record over to be sent, and returns at once.
    ///
    /// Records of one key stay in the order in which they were handed over.
    /// - Parameter done: Called once, from any thread: where the record stands, or why it is not there
    ///   (`.unavailable`: it never will be; `.uncertain`: not known).
    /// - Throws: ``LogError`` `.unavailable` when the queue is full or closed; then `done` is not called.
    func send(
        _ record: TopicRecord, _ done: @escaping @Sendable (Result<RecordPosition, LogError>) -> Void
    ) throws(LogError)

    /// Reads partitions of a topic from a place on, and goes on as records are added, until stopped.
    ///
    /// - Parameters:
    ///   - partitions: nil: all.
    ///   - handle: Called on one thread of the following, in the order of each partition. What it is handed is its own.
    /// - Throws: ``LogError`` when there is no such topic or no broker answers.
    func follow(
        _ topic: String, _ partitions: [PartitionIndex]?, from start: TopicStart,
        _ handle: @escaping @Sendable (FollowedRecord) -> Void
    ) throws(LogError) -> any TopicFollowing

    func partitionCount(_ topic: String) throws(LogError) -> Int32
}

/// A topic being read; see ``Topics/follow(_:_:from:_:)``.
public protocol TopicFollowing: AnyObject, Sendable {
    /// Blocks until everything that stood in the topic when this was called has been handled.
    /// - Returns: false when the time was up, the following was stopped or has failed.
    func readToEnd(timeoutMilliseconds: Int) -> Bool

    /// Why nothing more comes; nil while it runs or waits for a broker to come back.
    var failure: LogError? { get }

    /// Ends it; when it returns, nothing is handled any more. Not from inside the handler.
    func stop()
}

/// Where following begins.
public enum TopicStart: Sendable {
    case beginning
    case end
    /// By partition; those not named begin at the beginning. An offset that is gone means the first that is there.
    case offsets([PartitionIndex: LogOffset])
}

/// A record to send to a topic.
public struct TopicRecord: Sendable {
    public var topic: String
    /// nil: by the key, as ``Partitioner`` says.
    public var partition: PartitionIndex?
    public var key: [UInt8]
    /// nil: a tombstone, which removes the key from a compacted topic.
    public var value: [UInt8]?
    public var headers: [RecordHeader]
    /// Kept in milliseconds.
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

/// A record as a following hands it out.
public struct FollowedRecord: Sendable {
    public var position: RecordPosition
    public var key: [UInt8]
    /// nil: the key was removed.
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

/// Names of the topics and of the group that folds (DESIGN 3); several Andons share a cluster by prefixes.
public struct TopicNames: Sendable, Equatable {
    public let prefix: String
    public init(prefix: String = "andon") { self.prefix = prefix }

    /// Event batches and definitions: the truth.
    public var events: String { "\(prefix).events.v1" }
    /// Events that no figure uses, with the reason.
    public var quarantine: String { "\(prefix).quarantine.v1" }
    /// Newest full definition of each site.
    public var registry: String { "\(prefix).registry.v1" }
    /// API keys or their revocation.
    public var keys: String { "\(prefix).keys.v1" }
    /// Who holds a partition, and where it answers.
    public var workers: String { "\(prefix).workers.v1" }
    public var workerMetrics: String { "\(prefix).metrics.worker.v1" }
    public var workstationMetrics: String { "\(prefix).metrics.workstation.v1" }
    public var factoryMetrics: String { "\(prefix).metrics.factory.v1" }
    public var modelHealthMetrics: String { "\(prefix).metrics.model-health.v1" }
    public var alerts: String { "\(prefix).alerts.v1" }
    /// Consumer group of the workers.
    public var foldGroup: String { "\(prefix).fold.v1" }
}
