internal import CRdKafka
package import EventLog
package import EventModel

/// One producing client and its topics; replaced after a fatal error.
///
/// `@unchecked Sendable`: the topics are reached only under the lock of the ``KafkaProducer``.
final class ProducerHandle: @unchecked Sendable {
    private let client: KafkaClient
    let queue: KafkaQueue
    private var topics: [String: OpaquePointer] = [:]

    /// Topics that one producer may send to; Andon has twelve.
    private static let topicsMaximum = 1000

    init(_ configuration: borrowing KafkaConfiguration) throws(LogError) {
        client = try KafkaClient(.producer, configuration.duplicate())
        queue = client.mainQueue()
    }

    deinit {
        for topic in topics.values { rd_kafka_topic_destroy(topic) }
    }

    var fatalError: KafkaFault? { client.fatalError }

    /// Hands a record to librdkafka, which copies it. Never blocks.
    func produce(_ record: ProducerRecord, opaque: Int) -> KafkaErrorCode {
        guard let topic = topic(record.topic) else { return .invalidTopic }
        let headers = Self.headers(record.headers)
        let error = record.key.withUnsafeBytes { key in
            (record.value ?? []).withUnsafeBytes { value in
                andon_kafka_produce(
                    client.pointer, topic, record.partition.value, key.baseAddress, key.count,
                    // An empty value is not a tombstone, so it needs an address.
                    record.value == nil ? nil : value.baseAddress ?? UnsafeRawPointer(topic), value.count,
                    record.timestamp.floorMilliseconds, headers, UnsafeMutableRawPointer(bitPattern: opaque))
            }
        }
        if error != RD_KAFKA_RESP_ERR_NO_ERROR, let headers { rd_kafka_headers_destroy(headers) }
        return KafkaErrorCode(error)
    }

    /// Discards what was not sent and gives up on what was; each record is reported.
    func purge() { rd_kafka_purge(client.pointer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT) }

    /// Ends the client like a fatal error.
    func failForTest(_ code: KafkaErrorCode) {
        rd_kafka_test_fatal_error(client.pointer, code.raw, "asked for by a test")
    }

    private func topic(_ name: String) -> OpaquePointer? {
        if let topic = topics[name] { return topic }
        guard topics.count < Self.topicsMaximum, let topic = rd_kafka_topic_new(client.pointer, name, nil) else {
            return nil
        }
        topics[name] = topic
        return topic
    }

    private static func headers(_ headers: [RecordHeader]) -> OpaquePointer? {
        if headers.isEmpty { return nil }
        let list = rd_kafka_headers_new(headers.count)
        for header in headers {
            header.value.withUnsafeBytes { value in
                _ = rd_kafka_header_add(list, header.name, -1, value.baseAddress, value.count)
            }
        }
        return list
    }
}

/// A record as the producer takes it.
package struct ProducerRecord: Sendable {
    package var topic: String
    package var partition: PartitionIndex
    package var key: [UInt8]
    /// nil: a tombstone.
    package var value: [UInt8]?
    package var headers: [RecordHeader]
    package var timestamp: Timestamp

    package init(
        topic: String, partition: PartitionIndex, key: [UInt8], value: [UInt8]?, headers: [RecordHeader] = [],
        timestamp: Timestamp
    ) {
        self.topic = topic
        self.partition = partition
        self.key = key
        self.value = value
        self.headers = headers
        self.timestamp = timestamp
    }

    /// Bytes that count against the limits.
    var byteCount: Int {
        key.count + (value?.count ?? 0) + headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.count }
    }
}

extension Timestamp {
    /// Whole milliseconds, rounded down: Kafka's unit.
    var floorMilliseconds: Int64 { (microseconds >= 0 ? microseconds : microseconds - 999) / 1000 }
}
