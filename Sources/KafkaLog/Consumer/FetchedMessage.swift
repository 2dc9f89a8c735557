internal import CRdKafka
import EventLog
import EventModel
internal import Glibc

/// A message from librdkafka, whose bytes stay where the fetch put them until ``release()``.
///
/// `@unchecked Sendable`: it has one owner at a time, the polling thread, then the buffer, then the reader;
/// librdkafka allows any thread to read a message and to destroy it.
struct FetchedMessage: BufferedRecord, @unchecked Sendable {
    let pointer: UnsafeMutablePointer<rd_kafka_message_t>

    /// librdkafka's own overhead for a message, so that many small ones count with the memory they take.
    private static let overheadBytes = 512

    var offset: LogOffset { LogOffset(pointer.pointee.offset) }
    var partition: Int32 { pointer.pointee.partition }
    var error: rd_kafka_resp_err_t { pointer.pointee.err }
    var payloadByteCount: Int { pointer.pointee.len }
    var heldByteCount: Int { pointer.pointee.len + pointer.pointee.key_len + Self.overheadBytes }

    var payload: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: pointer.pointee.payload, count: pointer.pointee.len)
    }
    var key: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: pointer.pointee.key, count: pointer.pointee.key_len)
    }

    /// What an error message says.
    var text: String { String(cString: rd_kafka_message_errstr(pointer)) }

    /// From the header, which has microseconds; for records that others wrote, Kafka's own time.
    var createdAt: Timestamp {
        var value: UnsafeRawPointer?
        var count = 0
        if let list = headerList,
            rd_kafka_header_get_last(list, RecordTime.header, &value, &count) == RD_KAFKA_RESP_ERR_NO_ERROR,
            let value, let time = RecordTime.decode(UnsafeRawBufferPointer(start: value, count: count))
        {
            return time
        }
        return Timestamp(microseconds: max(0, rd_kafka_message_timestamp(pointer, nil)).multipliedClamped(by: 1000))
    }

    /// All but the one that carries created_at, which was added last.
    var headers: [RecordHeader] {
        guard let list = headerList else { return [] }
        var headers: [RecordHeader] = []
        var index = 0
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var count = 0
        while rd_kafka_header_get_all(list, index, &name, &value, &count) == RD_KAFKA_RESP_ERR_NO_ERROR {
            let bytes = UnsafeRawBufferPointer(start: value, count: count)
            headers.append(RecordHeader(name: name.map { String(cString: $0) } ?? "", value: Array(bytes)))
            index += 1
        }
        if let own = headers.lastIndex(where: { $0.name == RecordTime.header }) { headers.remove(at: own) }
        return headers
    }

    private var headerList: OpaquePointer? {
        var list: OpaquePointer?
        return rd_kafka_message_headers(pointer, &list) == RD_KAFKA_RESP_ERR_NO_ERROR ? list : nil
    }

    /// Releases the bytes; nothing of the message may be read after that.
    func release() { rd_kafka_message_destroy(pointer) }
}

extension Int64 {
    /// The product, or the largest number where it does not fit: others may write any time to a topic.
    func multipliedClamped(by factor: Int64) -> Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }
}
