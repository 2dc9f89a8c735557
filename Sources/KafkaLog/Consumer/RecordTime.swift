import EventLog
import EventModel

/// How a record carries created_at: Kafka's own timestamp has milliseconds only, so a header has the microseconds.
enum RecordTime {
    /// Header with microseconds since 1970, 8 bytes, big endian; the last one of a record.
    static let header = "created_at"

    /// Kafka's timestamp of a record. It rises with created_at, so the first record at or after a time is at or after the
    /// one that Kafka finds. Never below 1: Kafka has no negative times, and librdkafka reads 0 as "now".
    static func milliseconds(_ time: Timestamp) -> Int64 {
        let (quotient, remainder) = time.microseconds.quotientAndRemainder(dividingBy: 1000)
        return max(1, remainder < 0 ? quotient - 1 : quotient)
    }

    static func encode(_ time: Timestamp) -> [UInt8] {
        withUnsafeBytes(of: time.microseconds.bigEndian) { Array($0) }
    }

    static func decode(_ bytes: UnsafeRawBufferPointer) -> Timestamp? {
        guard bytes.count == 8 else { return nil }
        return Timestamp(microseconds: Int64(bigEndian: bytes.loadUnaligned(as: Int64.self)))
    }
}
