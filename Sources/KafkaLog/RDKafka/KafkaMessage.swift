internal import CRdKafka
internal import EventLog
internal import EventModel

/// A message that librdkafka holds: a fetched record, or the report on a sent one. Valid only as long as the event or
/// batch to which it belongs.
struct KafkaMessage {
    let pointer: UnsafePointer<rd_kafka_message_t>

    init(_ pointer: UnsafePointer<rd_kafka_message_t>) { self.pointer = pointer }

    var error: KafkaErrorCode { KafkaErrorCode(pointer.pointee.err) }
    var errorText: String { rd_kafka_message_errstr(pointer).map { String(cString: $0) } ?? error.text }
    var topic: String { pointer.pointee.rkt.map { String(cString: rd_kafka_topic_name($0)) } ?? "" }
    var partition: PartitionIndex { PartitionIndex(pointer.pointee.partition) }
    var offset: LogOffset { LogOffset(pointer.pointee.offset) }
    var key: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: pointer.pointee.key, count: pointer.pointee.key_len)
    }
    /// nil: a tombstone.
    var value: UnsafeRawBufferPointer? {
        pointer.pointee.payload.map { UnsafeRawBufferPointer(start: $0, count: pointer.pointee.len) }
    }
    /// What the sender passed along; for delivery reports.
    var opaque: Int { Int(bitPattern: pointer.pointee._private) }

    /// What is known about a record that was not acknowledged; for delivery reports.
    var isSurelyNotPersisted: Bool {
        rd_kafka_message_status(pointer) == RD_KAFKA_MSG_STATUS_NOT_PERSISTED
    }

    /// Milliseconds since 1970; nil: the record has none.
    var timestampMilliseconds: Int64? {
        var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        let time = rd_kafka_message_timestamp(pointer, &kind)
        return kind == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? nil : time
    }

    /// Parsed on the first call.
    var headers: [RecordHeader] {
        var list: OpaquePointer?
        guard rd_kafka_message_headers(pointer, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else { return [] }
        var headers: [RecordHeader] = []
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        while rd_kafka_header_get_all(list, headers.count, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR,
            let name
        {
            let bytes = [UInt8](UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : size))
            headers.append(RecordHeader(name: String(cString: name), value: bytes))
        }
        return headers
    }
}
