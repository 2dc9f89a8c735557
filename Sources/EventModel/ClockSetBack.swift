/// A record that says: from here on the gateways of this partition go on with an earlier time than some records before it
/// carry (SPEC 2.9).
///
/// It concerns the whole partition, not a site. Records before it may have a created_at up to ``newestCreatedAt``; those
/// after it begin at ``createdAt`` again. Figures never depend on it.
public struct ClockSetBack: Sendable, Equatable {
    /// Why the earlier time is taken for the true one.
    public enum Reason: UInt8, Sendable, CaseIterable {
        /// The kernel calls the gateway's clock synchronised.
        case synchronised = 1
        /// An operator has confirmed it.
        case confirmed = 2

        /// As log lines and `andon log tail` show it.
        public var name: String {
            switch self {
            case .synchronised: "synchronised"
            case .confirmed: "confirmed"
            }
        }
    }

    /// The time with which the partition goes on.
    public var createdAt: Timestamp
    /// The newest created_at of the partition before.
    public var newestCreatedAt: Timestamp
    public var gatewayID: [UInt8]
    public var reason: Reason
    /// Who confirmed the time: the public id of an API key, or empty.
    public var confirmedBy: [UInt8]

    public init(
        createdAt: Timestamp, newestCreatedAt: Timestamp, gatewayID: [UInt8] = [], reason: Reason,
        confirmedBy: [UInt8] = []
    ) {
        self.createdAt = createdAt
        self.newestCreatedAt = newestCreatedAt
        self.gatewayID = gatewayID
        self.reason = reason
        self.confirmedBy = confirmedBy
    }

    /// How keys of these records start; no site id does. See `EventLog`'s partitioner for the rest of the key.
    public static let keyPrefix = Array("#clock-".utf8)
}

/// Field numbers of `ClockSetBack`.
private enum ClockField {
    static let formatVersion = 1
    static let createdAt = 2
    static let newestCreatedAt = 3
    static let gatewayID = 4
    static let reason = 5
    static let confirmedBy = 6
}

extension RecordCodec {
    static func encodeContent(of record: ClockSetBack, into bytes: inout [UInt8]) {
        bytes.appendField(ClockField.formatVersion, varint: formatVersion)
        bytes.appendField(ClockField.createdAt, int64: record.createdAt.microseconds)
        bytes.appendField(ClockField.newestCreatedAt, int64: record.newestCreatedAt.microseconds)
        bytes.appendField(ClockField.gatewayID, bytes: record.gatewayID)
        bytes.appendField(ClockField.reason, varint: UInt64(record.reason.rawValue))
        bytes.appendField(ClockField.confirmedBy, bytes: record.confirmedBy)
    }

    static func decodeClockSetBack(_ content: WireReader) throws(CodecError) -> ClockSetBack {
        var reader = content
        var seen = SeenFields()
        var version: UInt64 = 0
        var record = ClockSetBack(createdAt: .earliest, newestCreatedAt: .earliest, reason: .synchronised)
        while let field = try reader.field() {
            guard field.number <= ClockField.confirmedBy else {
                try reader.skip(field)
                continue
            }
            try seen.insert(field)
            switch field.number {
            case ClockField.formatVersion: version = try reader.varint(of: field)
            case ClockField.createdAt: record.createdAt = try reader.time(of: field)
            case ClockField.newestCreatedAt: record.newestCreatedAt = try reader.time(of: field)
            case ClockField.gatewayID: record.gatewayID = reader.copy(try reader.bytes(of: field))
            case ClockField.reason:
                let number = try reader.integer(of: field, maximum: UInt64(UInt8.max))
                guard let reason = ClockSetBack.Reason(rawValue: UInt8(number)) else {
                    throw CodecError(.valueOutOfRange, at: field.offset)
                }
                record.reason = reason
            default: record.confirmedBy = reader.copy(try reader.bytes(of: field))
            }
        }
        try seen.require(ClockField.formatVersion, at: content.offset)
        guard version == formatVersion else { throw CodecError(.unknownFormat, at: content.offset) }
        try seen.require(ClockField.reason, at: content.offset)
        guard record.createdAt < record.newestCreatedAt else { throw CodecError(.valueOutOfRange, at: content.offset) }
        return record
    }
}

extension WireReader {
    fileprivate mutating func time(of field: WireField) throws(CodecError) -> Timestamp {
        Timestamp(microseconds: Int64(try integer(of: field, maximum: Timestamp.latestBits)))
    }
}
