internal import CRdKafka
internal import EventLog
internal import EventModel

/// A message that librdkafka holds: a record fetched, or the report on one sent. Valid only as long as the event or the
/// batch that it belongs to.
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
    /// What the sender gave along; of delivery reports.
    var opaque: Int { Int(bitPattern: pointer.pointee._private) }

    /// What is known of a record that was not acknowledged; of delivery reports.
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

    /// The last value of a header, without the others being copied; valid as long as the message.
    func lastHeader(_ name: StaticString) -> UnsafeRawBufferPointer? {
        var list: OpaquePointer?
        guard rd_kafka_message_headers(pointer, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else { return nil }
        var value: UnsafeRawPointer?
        var size = 0
        let name = UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
        guard rd_kafka_header_get_last(list, name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        return UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : size)
    }
}

/// Messages taken from a consumer's queue in one go; those still held are freed with this value.
///
/// Rebalance callbacks run inside ``fill(from:milliseconds:)``.
struct KafkaMessageBatch: ~Copyable {
    private let messages: UnsafeMutablePointer<UnsafeMutablePointer<rd_kafka_message_t>?>
    private let capacity: Int
    private(set) var count = 0

    init(capacity: Int) {
        self.capacity = capacity
        messages = .allocate(capacity: capacity)
        messages.initialize(repeating: nil, count: capacity)
    }

    deinit {
        for index in 0..<count { rd_kafka_message_destroy(messages[index]) }
        messages.deallocate()
    }

    /// Frees what it holds and takes up to `capacity` messages; waits until there are so many or the time is up.
    mutating func fill(from queue: KafkaQueue, milliseconds: Int32) {
        clear()
        count = max(0, rd_kafka_consume_batch_queue(queue.pointer, milliseconds, messages, capacity))
    }

    mutating func clear() {
        for index in 0..<count { rd_kafka_message_destroy(messages[index]) }
        count = 0
    }

    subscript(index: Int) -> KafkaMessage {
        precondition(index < count, "no such message in the batch")
        // The library fills every place below the count.
        return KafkaMessage(messages[index].unsafelyUnwrapped)
    }
}
