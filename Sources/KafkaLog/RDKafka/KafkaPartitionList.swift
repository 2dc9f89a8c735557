internal import CRdKafka
internal import EventLog
internal import EventModel

/// One entry of a ``KafkaPartitionList``.
struct KafkaPartition: Sendable, Equatable {
    var topic: String
    var partition: PartitionIndex
    var offset: KafkaOffset = .invalid
    var error: KafkaErrorCode = .noError
}

/// A list of partitions with offsets, for assigning, asking and committing; freed with this value.
struct KafkaPartitionList: ~Copyable {
    let pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    init(_ partitions: [KafkaPartition] = []) {
        pointer = rd_kafka_topic_partition_list_new(Int32(partitions.count))
        for partition in partitions { add(partition) }
    }

    /// Takes ownership of a list from librdkafka.
    init(owning pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) { self.pointer = pointer }

    deinit { rd_kafka_topic_partition_list_destroy(pointer) }

    func add(_ partition: KafkaPartition) {
        let entry = rd_kafka_topic_partition_list_add(pointer, partition.topic, partition.partition.value)
        entry?.pointee.offset = partition.offset.rawValue
    }

    var entries: [KafkaPartition] { Self.entries(of: pointer) }

    /// The content of a borrowed list, as in a rebalance callback.
    static func entries(of pointer: UnsafePointer<rd_kafka_topic_partition_list_t>) -> [KafkaPartition] {
        (0..<Int(pointer.pointee.cnt)).map { index in
            let entry = pointer.pointee.elems[index]
            return KafkaPartition(
                topic: String(cString: entry.topic), partition: PartitionIndex(entry.partition),
                offset: KafkaOffset(rawValue: entry.offset), error: KafkaErrorCode(entry.err))
        }
    }
}
