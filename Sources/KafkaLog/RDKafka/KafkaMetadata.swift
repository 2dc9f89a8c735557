internal import CRdKafka
internal import EventLog
internal import EventModel

/// What a broker reports about the cluster and its topics.
struct KafkaMetadata: Sendable {
    struct Topic: Sendable {
        var name: String
        var error: KafkaErrorCode
        var partitions: [Partition]
    }

    struct Partition: Sendable {
        var index: PartitionIndex
        var replicas: Int
        var inSyncReplicas: Int
        var hasLeader: Bool
    }

    var brokerCount: Int
    var topics: [Topic]

    fileprivate init(_ raw: rd_kafka_metadata) {
        brokerCount = Int(raw.broker_cnt)
        topics = (0..<Int(raw.topic_cnt)).map { index in
            let topic = raw.topics[index]
            let partitions = (0..<Int(topic.partition_cnt)).map { index in
                let partition = topic.partitions[index]
                return Partition(
                    index: PartitionIndex(partition.id), replicas: Int(partition.replica_cnt),
                    inSyncReplicas: Int(partition.isr_cnt), hasLeader: partition.leader >= 0)
            }
            return Topic(
                name: String(cString: topic.topic), error: KafkaErrorCode(topic.err),
                partitions: partitions.sorted { $0.index < $1.index })
        }
    }
}

extension KafkaClient {
    /// Asks a broker; blocks.
    /// - Parameter topic: nil: all topics. A producer may create a topic by asking for it; a consumer does not.
    func metadata(of topic: String? = nil, timeoutMilliseconds: Int32) throws(LogError) -> KafkaMetadata {
        let handle = topic.flatMap { rd_kafka_topic_new(pointer, $0, nil) }
        defer { if let handle { rd_kafka_topic_destroy(handle) } }
        var raw: UnsafePointer<rd_kafka_metadata>?
        let error = KafkaErrorCode(rd_kafka_metadata(pointer, topic == nil ? 1 : 0, handle, &raw, timeoutMilliseconds))
        guard error == .noError, let raw else { throw error.logError("asking the brokers for topics") }
        defer { rd_kafka_metadata_destroy(raw) }
        return KafkaMetadata(raw.pointee)
    }
}
