public import EventModel
internal import Foundation
internal import JSON

/// What a process does with a partition that it holds.
public enum HolderRole: String, Sendable, Hashable {
    /// The consumer group gave it the partition; it publishes what it folds.
    case owner
    /// It folds a fixed set of partitions and publishes nothing.
    case replica
}

/// A record of the workers topic: who holds a partition, and where it answers questions (DESIGN 3, 5).
///
/// The key is `partition/worker-id`; the timestamp of the record is the heartbeat; a tombstone says that the partition is
/// held no more. For example, under the key `7/press-shop-2`:
///
///     {"partition":7,"worker_id":"press-shop-2","role":"owner","url":"http://10.0.0.12:8080",
///      "token":"5f0c…64 hexadecimal digits…","since":"2026-02-03T06:00:00.000000Z"}
///
/// Members that a reader does not know are ignored.
public struct HolderRecord: Sendable, Equatable {
    public var partition: PartitionIndex
    /// 1–128 bytes as ids have them (SPEC 2.1), without a slash.
    public var workerID: String
    public var role: HolderRole
    /// `http://host:port` or `https://host:port`, without a slash at its end; a path may stand before those of the API.
    public var url: String
    public var token: ForwardingToken
    /// When it began to hold the partition.
    public var since: Timestamp

    /// Longer records are not of Andon.
    static let bytesMaximum = 8 * 1024
    static let urlBytesMaximum = 2048

    public init(
        partition: PartitionIndex, workerID: String, role: HolderRole, url: String, token: ForwardingToken,
        since: Timestamp
    ) {
        self.partition = partition
        self.workerID = workerID
        self.role = role
        self.url = url
        self.token = token
        self.since = since
    }

    /// Reads a record; nil when it is none, or says something else than its key.
    public init?(key: [UInt8], value: [UInt8]) {
        guard value.count <= Self.bytesMaximum, let name = HolderKey(key),
            let read = try? JSONDecoder().decode(Stored.self, from: Data(value)),
            read.partition == name.partition.value, read.workerID.utf8.elementsEqual(name.workerID.utf8),
            let role = HolderRole(rawValue: read.role), let url = HolderURL.checked(read.url),
            let token = ForwardingToken(hex: read.token), let since = Timestamp(rfc3339: read.since)
        else { return nil }
        self.init(
            partition: name.partition, workerID: name.workerID, role: role, url: url, token: token, since: since)
    }

    /// Key of the record in the topic.
    public var key: [UInt8] { HolderKey(partition: partition, workerID: workerID).bytes }

    /// Value of the record in the topic.
    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("partition", Int64(partition.value))
            writer.member("worker_id", workerID)
            writer.member("role", role.rawValue)
            writer.member("url", url)
            writer.member("token", token.hex)
            writer.member("since", since.formatted)
        }
        return writer.bytes
    }

    private struct Stored: Decodable {
        let partition: Int32
        let workerID: String
        let role: String
        let url: String
        let token: String
        let since: String

        enum CodingKeys: String, CodingKey {
            case partition, role, url, token, since
            case workerID = "worker_id"
        }
    }
}

/// The key of a record: `partition/worker-id`.
struct HolderKey: Hashable {
    var partition: PartitionIndex
    var workerID: String

    init(partition: PartitionIndex, workerID: String) {
        self.partition = partition
        self.workerID = workerID
    }

    init?(_ bytes: [UInt8]) {
        guard let slash = bytes.firstIndex(of: UInt8(ascii: "/")), slash > 0,
            bytes[..<slash].allSatisfy({ (48...57).contains($0) }),
            let partition = Int32(String(decoding: bytes[..<slash], as: UTF8.self))
        else { return nil }
        let name = Array(bytes[(slash + 1)...])
        guard Self.isWorkerID(name) else { return nil }
        self.init(partition: PartitionIndex(partition), workerID: String(decoding: name, as: UTF8.self))
    }

    var bytes: [UInt8] { Array("\(partition.value)/\(workerID)".utf8) }

    static func isWorkerID(_ bytes: [UInt8]) -> Bool {
        IdentifierRules.isIdentifier(bytes.span) && !bytes.contains(UInt8(ascii: "/"))
    }
}

/// Where a holder answers.
public enum HolderURL {
    /// The URL as a record carries it: without a slash at its end.
    /// - Returns: nil for another scheme than http or https, without a host, with a user, query or fragment, and for more
    ///   than 2048 bytes.
    public static func checked(_ text: String) -> String? {
        guard text.utf8.count <= HolderRecord.urlBytesMaximum, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
            scheme == "http" || scheme == "https", parts.host?.isEmpty == false, parts.user == nil,
            parts.query == nil, parts.fragment == nil
        else { return nil }
        var end = Substring(text)
        while end.hasSuffix("/") { end = end.dropLast() }
        return String(end)
    }
}
