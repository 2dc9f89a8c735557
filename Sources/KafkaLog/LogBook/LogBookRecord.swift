import EventLog
import EventModel
internal import Foundation
internal import JSON

/// What is recorded about the log in the topic of keys, under keys that no API key has (DESIGN 3).
///
/// Readers ignore what they do not know, so that later versions can record more.
enum LogBookRecord: Equatable {
    /// `log/partitions`: with how many partitions the topic of events was made.
    case partitionCount(Int32)
    /// `log/skip/PARTITION/FIRST`: offsets that are passed over.
    case skip(PartitionIndex, KafkaSkip)

    /// Longer ones are not of Andon.
    private static let bytesMaximum = 64 << 10

    var key: [UInt8] {
        switch self {
        case .partitionCount: LogBookKey.partitions.bytes
        case .skip(let partition, let skip): LogBookKey.skip(partition, skip.skip.first).bytes
        }
    }

    /// Reads a record; nil when it is none, or says something else than its key.
    init?(key: LogBookKey, value: [UInt8]) {
        guard value.count <= Self.bytesMaximum else { return nil }
        let data = Data(value)
        switch key {
        case .partitions:
            guard let stored = try? JSONDecoder().decode(StoredCount.self, from: data), stored.partitions > 0 else {
                return nil
            }
            self = .partitionCount(stored.partitions)
        case .skip(let partition, let first):
            guard let stored = try? JSONDecoder().decode(StoredSkip.self, from: data),
                stored.partition == partition.value, stored.first == first.value,
                stored.next > stored.first,
                stored.found.isEmpty || stored.found.count == Int(stored.next - stored.first),
                let at = Timestamp(rfc3339: stored.at)
            else { return nil }
            let skip = LogSkip(
                first: first, next: LogOffset(stored.next), reason: stored.reason, by: stored.by, at: at)
            self = .skip(partition, KafkaSkip(skip: skip, found: stored.found))
        }
    }

    var json: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            switch self {
            case .partitionCount(let count): json.member("partitions", Int64(count))
            case .skip(let partition, let skip):
                json.member("partition", Int64(partition.value))
                json.member("first", skip.skip.first.value)
                json.member("next", skip.skip.next.value)
                json.member("reason", skip.skip.reason)
                json.member("by", skip.skip.by)
                json.member("at", skip.skip.at.formatted)
                json.key("found")
                json.array { json in
                    for checksum in skip.found { json.integer(orNull: checksum.map { Int64($0) }) }
                }
            }
        }
        return json.bytes
    }

    private struct StoredCount: Decodable { let partitions: Int32 }

    private struct StoredSkip: Decodable {
        let partition: Int32
        let first, next: Int64
        let reason, by, at: String
        let found: [UInt32?]
    }
}

/// The key of a record about the log.
enum LogBookKey: Hashable {
    case partitions
    case skip(PartitionIndex, first: LogOffset)

    static func skip(_ partition: PartitionIndex, _ first: LogOffset) -> LogBookKey { .skip(partition, first: first) }

    /// nil for the id of an API key, and for what a later version records.
    init?(_ bytes: [UInt8]) {
        let parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        guard parts.first == "log" else { return nil }
        if parts == ["log", "partitions"] {
            self = .partitions
        } else if parts.count == 4, parts[1] == "skip", let partition = Int32(parts[2]), partition >= 0,
            let first = Int64(parts[3]), first >= 0
        {
            self = .skip(PartitionIndex(partition), first: LogOffset(first))
        } else {
            return nil
        }
    }

    var bytes: [UInt8] {
        switch self {
        case .partitions: Array("log/partitions".utf8)
        case .skip(let partition, let first): Array("log/skip/\(partition.value)/\(first.value)".utf8)
        }
    }
}

/// Offsets that are passed over, and what was seen there when they were declared.
///
/// Where something else stands now, the topic was made again under its name: then it is not passed over.
struct KafkaSkip: Equatable, Sendable {
    var skip: LogSkip
    /// For each offset the checksum of the record; nil where there was none. Empty where all of them were gone from the
    /// beginning of the log: those may be millions.
    var found: [UInt32?]

    /// Whether the log had lost all of it already.
    var isGone: Bool { found.isEmpty }

    /// Whether this record is the one that was given up.
    func isMeant(_ offset: LogOffset, checksum: () -> UInt32) -> Bool {
        let index = offset.value - skip.first.value
        guard found.indices.contains(Int(index)), let expected = found[Int(index)] else { return false }
        return expected == checksum()
    }

    /// Of a record's key and payload.
    static func checksum(key: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer) -> UInt32 {
        CRC32C.checksum(key) &* 31 &+ CRC32C.checksum(payload)
    }
}
