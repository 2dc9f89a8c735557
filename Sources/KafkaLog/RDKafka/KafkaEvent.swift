internal import CRdKafka

/// One event taken from a queue, freed with this value.
struct KafkaEvent: ~Copyable {
    enum Kind: Equatable {
        case deliveryReports, message, log, error, offsetCommit, rebalance
        /// The answer to an admin request, or an event that this code does not use.
        case other(Int32)
    }

    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { self.pointer = pointer }

    deinit { rd_kafka_event_destroy(pointer) }

    var kind: Kind {
        switch rd_kafka_event_type(pointer) {
        case RD_KAFKA_EVENT_DR: .deliveryReports
        case RD_KAFKA_EVENT_FETCH: .message
        case RD_KAFKA_EVENT_LOG: .log
        case RD_KAFKA_EVENT_ERROR: .error
        case RD_KAFKA_EVENT_OFFSET_COMMIT: .offsetCommit
        case RD_KAFKA_EVENT_REBALANCE: .rebalance
        case let type: .other(type)
        }
    }

    /// What went wrong, by an error event, a commit or an answer.
    var fault: KafkaFault? {
        let code = KafkaErrorCode(rd_kafka_event_error(pointer))
        guard code != .noError else { return nil }
        let text = rd_kafka_event_error_string(pointer).map { String(cString: $0) } ?? code.text
        return KafkaFault(code: code, text: text, isFatal: rd_kafka_event_error_is_fatal(pointer) != 0)
    }

    /// Facility, text and syslog level of a log event.
    var logLine: (facility: String, text: String, level: Int32)? {
        var facility: UnsafePointer<CChar>?
        var text: UnsafePointer<CChar>?
        var level: Int32 = 0
        guard rd_kafka_event_log(pointer, &facility, &text, &level) == 0, let facility, let text else { return nil }
        return (String(cString: facility), String(cString: text), level)
    }

    /// Hands out every message: delivery reports, or the fetched one. They are valid only inside `body`.
    func forEachMessage(_ body: (KafkaMessage) -> Void) {
        while let message = rd_kafka_event_message_next(pointer) { body(KafkaMessage(message)) }
    }

    /// The partitions of a rebalance or a commit.
    var partitions: [KafkaPartition] {
        rd_kafka_event_topic_partition_list(pointer).map { KafkaPartitionList.entries(of: $0) } ?? []
    }
}
