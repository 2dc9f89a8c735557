internal import CRdKafka
internal import EventLog
internal import EventModel
internal import Foundation
internal import Glibc
internal import Synchronization

/// A client of librdkafka: a producer or a consumer. Destroyed with the last reference, which blocks until its threads
/// have ended: never drop that inside a lock (DESIGN 4). A consumer must have been closed before.
///
/// `@unchecked Sendable`: librdkafka's calls on a client are thread safe; the pointer never changes.
final class KafkaClient: @unchecked Sendable {
    enum Role { case producer, consumer }

    let pointer: OpaquePointer
    private let role: Role
    private let hasLostTopic = Atomic(false)

    /// Starts the client's threads; connects in the background.
    ///
    /// Errors and logs come as events on ``mainQueue()``, which must be polled.
    /// - Throws: ``LogError`` when the properties do not fit together.
    init(_ role: Role, _ configuration: consuming KafkaConfiguration) throws(LogError) {
        try configuration.set("log.queue", "true")
        var text = [CChar](repeating: 0, count: 512)
        let properties = configuration.take()
        let type = role == .producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER
        guard let client = rd_kafka_new(type, properties, &text, text.count) else {
            // Only a client that was made frees the properties.
            rd_kafka_conf_destroy(properties)
            throw LogError(
                .unavailable, "no Kafka client with these properties: \(text.cText)",
                hint: "check --brokers and the Kafka properties file")
        }
        rd_kafka_set_log_queue(client, nil)
        self.role = role
        pointer = client
    }

    deinit {
        // A consumer's close would wait for callbacks of a queue that is no longer polled.
        let flags = role == .consumer ? RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE : 0
        guard hasLostTopic.load(ordering: .relaxed) else {
            rd_kafka_destroy_flags(pointer, flags)
            return
        }
        // The address, because a pointer cannot be passed to another thread; nothing else has it any more.
        let address = UInt(bitPattern: pointer)
        Thread.detachNewThread { rd_kafka_destroy_flags(OpaquePointer(bitPattern: address), flags) }
    }

    /// An assigned partition no longer exists. librdkafka 2.0.2 never returns from destroying a consumer of a deleted
    /// topic; from now on a separate thread does that.
    func loseTopic() { hasLostTopic.store(true, ordering: .relaxed) }

    var name: String { String(cString: rd_kafka_name(pointer)) }

    /// Delivery reports of a producer, errors and logs of any client.
    func mainQueue() -> KafkaQueue { KafkaQueue(self, rd_kafka_queue_get_main(pointer)) }

    /// Messages and rebalances of a consumer. nil: it has no group.
    func consumerQueue() -> KafkaQueue? { rd_kafka_queue_get_consumer(pointer).map { KafkaQueue(self, $0) } }

    /// A queue for answers to requests.
    func newQueue() -> KafkaQueue { KafkaQueue(self, rd_kafka_queue_new(pointer)) }

    /// The error that ended the client for good, if there was one.
    var fatalError: KafkaFault? {
        var text = [CChar](repeating: 0, count: 512)
        let code = rd_kafka_fatal_error(pointer, &text, text.count)
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        return KafkaFault(code: KafkaErrorCode(code), text: text.cText, isFatal: true)
    }

    /// Identity of the cluster; blocks until it is known.
    /// - Returns: nil: no broker answered in time.
    func clusterID(timeoutMilliseconds: Int32) -> String? {
        guard let text = rd_kafka_clusterid(pointer, timeoutMilliseconds) else { return nil }
        defer { rd_kafka_mem_free(pointer, text) }
        return String(cString: text)
    }

    /// Where partitions begin or end, requested from their leaders in one call. The end is that of what this client may read:
    /// with `read_committed`, before the first open transaction.
    ///
    /// Not `rd_kafka_query_watermark_offsets`, which ignores its timeout while a broker is away. A leader that has just
    /// moved or is being elected is asked until the time is up: librdkafka learns of it but does not repeat the request.
    /// - Parameter place: `.beginning` or `.end`.
    func offsets(
        of topic: String, _ partitions: [PartitionIndex], at place: KafkaOffset, timeoutMilliseconds: Int32
    ) throws(LogError) -> [PartitionIndex: LogOffset] {
        let deadline = BrokerTime.deadline(milliseconds: Int(timeoutMilliseconds))
        while true {
            let left = max(1, BrokerTime.milliseconds(until: deadline))
            let list = KafkaPartitionList(
                partitions.map { KafkaPartition(topic: topic, partition: $0, offset: place) })
            var error = KafkaErrorCode(rd_kafka_offsets_for_times(pointer, list.pointer, Int32(left)))
            let entries = list.entries
            if error == .noError { error = entries.first { $0.error != .noError }?.error ?? .noError }
            if error == .noError {
                // Where nobody answered, librdkafka leaves the requested constant.
                let offsets = entries.compactMap { entry -> (PartitionIndex, LogOffset)? in
                    if case .at(let offset) = entry.offset { (entry.partition, offset) } else { nil }
                }
                if offsets.count == entries.count { return Dictionary(uniqueKeysWithValues: offsets) }
                error = .timedOut
            }
            let isPassing = error == .notLeader || error == .leaderNotAvailable
            guard isPassing, BrokerTime.now < deadline else {
                throw error.logError("asking for the ends of \(topic)")
            }
            Patience.pause()
        }
    }

    /// First offset of a partition, and the one that the next record gets.
    func watermarks(
        _ topic: String, _ partition: PartitionIndex, timeoutMilliseconds: Int32
    ) throws(LogError) -> Range<LogOffset> {
        // Two questions: retention can move the beginning past the end that was answered before.
        let end = try offsets(of: topic, [partition], at: .end, timeoutMilliseconds: timeoutMilliseconds)
        let start = try offsets(of: topic, [partition], at: .beginning, timeoutMilliseconds: timeoutMilliseconds)
        let first = start[partition] ?? .zero
        return first..<max(first, end[partition] ?? first)
    }
}

/// An error as a client reports it.
struct KafkaFault: Error, Sendable, CustomStringConvertible {
    var code: KafkaErrorCode
    var text: String
    /// The client cannot be used any more.
    var isFatal: Bool

    var description: String { "\(text) (\(code.name))" }
}
