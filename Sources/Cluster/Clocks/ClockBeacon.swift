public import EventModel
internal import Foundation
internal import JSON

/// A record of the workers topic: what time it is for a gateway, and what it has stamped (SPEC 2.9).
///
/// The key is `clock/gateway-id`; the timestamp of the record is the gateway's clock; a tombstone says that it has ended.
/// For example, under the key `clock/5f0c9a41d2b37e66`:
///
///     {"gateway_id":"5f0c9a41d2b37e66","stamps":{"7":"2026-02-03T06:00:00.000000Z"}}
///
/// Readers of holders take the key for none of theirs; members that a reader does not know are ignored.
public struct ClockBeacon: Sendable, Equatable {
    /// 16 hexadecimal digits, new with every start.
    public var gatewayID: String
    /// The newest created_at that it has stamped or found, since time was last set back, by partition.
    public var stamps: [PartitionIndex: Timestamp]

    /// 256 partitions take 10 KiB; longer records are not of Andon.
    static let bytesMaximum = 64 * 1024
    private static let prefix = Array("clock/".utf8)

    public init(gatewayID: String, stamps: [PartitionIndex: Timestamp]) {
        self.gatewayID = gatewayID
        self.stamps = stamps
    }

    /// Reads a record; nil when it is none.
    public init?(key: [UInt8], value: [UInt8]) {
        guard value.count <= Self.bytesMaximum, let name = Self.gatewayID(ofKey: key),
            let read = try? JSONDecoder().decode(Stored.self, from: Data(value)), read.gatewayID == name
        else { return nil }
        self.init(gatewayID: name, stamps: [:])
        for (partition, time) in read.stamps {
            guard let partition = Int32(partition), partition >= 0, let time = Timestamp(rfc3339: time) else {
                return nil
            }
            stamps[PartitionIndex(partition)] = time
        }
    }

    /// The gateway that a key names; nil for the key of another kind of record.
    static func gatewayID(ofKey key: [UInt8]) -> String? {
        guard key.starts(with: prefix) else { return nil }
        let name = key.dropFirst(prefix.count)
        guard name.count == 16, name.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else {
            return nil
        }
        return String(decoding: name, as: UTF8.self)
    }

    /// Key of the record in the topic.
    public var key: [UInt8] { Self.prefix + Array(gatewayID.utf8) }

    /// Value of the record in the topic.
    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("gateway_id", gatewayID)
            writer.key("stamps")
            writer.object { writer in
                for (partition, time) in stamps.sorted(by: { $0.key < $1.key }) {
                    writer.key("\(partition.value)")
                    writer.string(time.formatted)
                }
            }
        }
        return writer.bytes
    }

    private struct Stored: Decodable {
        let gatewayID: String
        let stamps: [String: String]

        enum CodingKeys: String, CodingKey {
            case stamps
            case gatewayID = "gateway_id"
        }
    }
}
