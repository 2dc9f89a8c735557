public import EventModel

/// Identifies the subject of a metric record: site, entity and hour.
///
/// Its text is the key of the record: `site/entity/hour_start`. Each part is percent-encoded (RFC 3986's unreserved
/// characters stay), so that keys are unambiguous. The factory has no entity. Model health has three parts: station,
/// camera and model version, each empty if there is none. So has an alert: kind, scope and id. A shift has its name, and
/// the start of its instance for the hour.
public struct MetricKey: Hashable, Sendable {
    public var site: SiteID
    /// Ids; empty: none.
    public var entity: [[UInt8]]
    /// Microseconds.
    public var hourStart: Int64

    public init(site: SiteID, entity: [[UInt8]], hourStart: Int64) {
        self.site = site
        self.entity = entity
        self.hourStart = hourStart
    }

    /// The record's key.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        MetricKey.encode(site.bytes, into: &bytes)
        for part in entity {
            bytes.append(UInt8(ascii: "/"))
            MetricKey.encode(part, into: &bytes)
        }
        bytes.append(UInt8(ascii: "/"))
        Timestamp(microseconds: hourStart).appendFormatted(to: &bytes)
        return bytes
    }

    /// Parses a key; nil if the text is not one of this kind.
    public init?(_ bytes: [UInt8], kind: MetricKind) {
        var parts: [[UInt8]] = []
        let texts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        for text in texts.dropLast() {
            guard let part = MetricKey.decode(text) else { return nil }
            parts.append(part)
        }
        guard parts.count == 1 + kind.entityParts, let last = texts.last,
            let time = Timestamp(rfc3339: String(decoding: last, as: UTF8.self))
        else { return nil }
        site = SiteID(bytes: parts[0])
        entity = Array(parts[1...])
        hourStart = time.microseconds
        // Compaction would treat another spelling as another record.
        guard self.bytes == bytes else { return nil }
    }

    /// The entity as one text: its name in the publisher's table.
    static func entityBytes(_ entity: [[UInt8]]) -> [UInt8] {
        var bytes: [UInt8] = []
        for (index, part) in entity.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: "/")) }
            encode(part, into: &bytes)
        }
        return bytes
    }

    /// The inverse of ``entityBytes(_:)``.
    static func entity(_ bytes: [UInt8], of kind: MetricKind) -> [[UInt8]] {
        guard kind.entityParts > 0 else { return [] }
        return bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { decode($0) ?? [] }
    }

    private static func encode(_ bytes: some Sequence<UInt8>, into text: inout [UInt8]) {
        for byte in bytes {
            if isUnreserved(byte) {
                text.append(byte)
            } else {
                text.append(UInt8(ascii: "%"))
                text.append(digits[Int(byte >> 4)])
                text.append(digits[Int(byte & 15)])
            }
        }
    }

    private static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = text.makeIterator()
        while let byte = rest.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.next().flatMap(digit), let low = rest.next().flatMap(digit) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static let digits = Array("0123456789ABCDEF".utf8)

    private static func digit(_ byte: UInt8) -> UInt8? { digits.firstIndex(of: byte).map { UInt8($0) } }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }
}

extension MetricKind {
    /// The number of ids in an entity's name.
    var entityParts: Int {
        switch self {
        case .worker, .workstation, .shift: 1
        case .factory: 0
        case .modelHealth, .alert: 3
        }
    }
}
