public import EventLog
internal import EventModel

/// The topics that Andon needs (DESIGN 3).
public struct TopicPlan: Sendable {
    /// What happens to old records.
    public enum Cleanup: String, Sendable {
        case delete
        case compact
    }

    /// One topic as it should be.
    public struct Topic: Sendable, Equatable {
        public var name: String
        public var partitions: Int32
        public var replication: Int32
        public var cleanup: Cleanup
        /// Properties that a new topic gets.
        public var configuration: [String: String]
    }

    /// In the order in which they are created and reported.
    public let topics: [Topic]
    private let eventsTopic: String
    /// Of the events, and of everything published from them.
    public let eventPartitions: Int32

    /// Bytes of a batch that brokers accept: more than the largest that is sent.
    public static let messageBytesMaximum = 20 << 20
    public static let eventPartitionsDefault: Int32 = 32
    /// Copies that a record should have, given enough brokers.
    public static let replicationDefault: Int32 = 3

    /// - Parameters:
    ///   - partitions: of the events, and of everything published from them.
    ///   - replication: at most as many as there are brokers.
    public init(
        names: TopicNames = TopicNames(), partitions: Int32 = eventPartitionsDefault,
        replication: Int32 = replicationDefault
    ) {
        func topic(_ name: String, _ cleanup: Cleanup, partitions: Int32, isLarge: Bool = false) -> Topic {
            var configuration = [
                "cleanup.policy": cleanup.rawValue, "message.timestamp.type": "CreateTime",
                "min.insync.replicas": replication >= 3 ? "2" : "1",
            ]
            if name == names.events || cleanup == .compact {
                configuration["retention.ms"] = "-1"
                configuration["retention.bytes"] = "-1"
            }
            if isLarge { configuration["max.message.bytes"] = String(Self.messageBytesMaximum) }
            return Topic(
                name: name, partitions: partitions, replication: replication, cleanup: cleanup,
                configuration: configuration)
        }
        let published = [
            names.workerMetrics, names.workstationMetrics, names.factoryMetrics, names.modelHealthMetrics,
            names.shiftMetrics, names.alerts,
        ]
        eventsTopic = names.events
        eventPartitions = partitions
        topics =
            [
                topic(names.events, .delete, partitions: partitions, isLarge: true),
                topic(names.quarantine, .delete, partitions: partitions),
                topic(names.registry, .compact, partitions: 1, isLarge: true),
                topic(names.keys, .compact, partitions: 1),
                topic(names.jobs, .compact, partitions: 1),
                topic(names.workers, .compact, partitions: 1),
            ] + published.map { topic($0, .compact, partitions: partitions) }
    }

    /// Whether this topic holds the truth, which nothing can restore.
    func isTruth(_ topic: Topic) -> Bool { topic.name == eventsTopic }
}

/// A topic as the brokers describe it.
public struct FoundTopic: Sendable, Equatable {
    public var partitions: Int32
    /// Copies of the partition with the fewest.
    public var replication: Int
    public var partitionsWithoutLeader: Int
    /// Effective properties; those that the broker does not report are missing.
    public var configuration: [String: String]

    public init(
        partitions: Int32, replication: Int, partitionsWithoutLeader: Int = 0, configuration: [String: String] = [:]
    ) {
        self.partitions = partitions
        self.replication = replication
        self.partitionsWithoutLeader = partitionsWithoutLeader
        self.configuration = configuration
    }
}
