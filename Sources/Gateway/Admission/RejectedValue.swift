internal import CSimdjson
package import EventModel

/// What stands in the field for which an event is rejected, to show it to the sender.
package enum RejectedValue: Equatable, Sendable {
    /// The field is missing, or the event as a whole breaks the rule.
    case none
    /// The beginning of a string.
    case string([UInt8])
    /// The beginning of an id that is allowed, but one more than the site may have.
    case surplus([UInt8])
    /// The beginning of another JSON value as it was sent; of a list or an object the bracket alone.
    case literal([UInt8])
    case time(Timestamp)
    case confidence(Confidence)

    /// Bytes that are shown of a longer value: enough to recognise it, and a thousand of them fit into any answer.
    static let bytesMaximum = 64
    /// What is kept, so that it shows whether there was more.
    private static let keptBytesMaximum = bytesMaximum + 4

    init(_ field: andon_json_field) {
        let bytes = Array(field.text.prefix(Self.keptBytesMaximum))
        switch Int(field.kind) {
        case ANDON_JSON_ABSENT: self = .none
        case ANDON_JSON_NULL: self = .literal(Array("null".utf8))
        case ANDON_JSON_STRING: self = .string(bytes)
        default: self = .literal(bytes)
        }
    }

    /// An id that the definition does not know.
    init(id: [UInt8]) { self = .string(Array(id.prefix(Self.keptBytesMaximum))) }

    static func surplus(id: [UInt8]) -> RejectedValue { .surplus(Array(id.prefix(keptBytesMaximum))) }

    /// At most ``bytesMaximum`` bytes of text, and an ellipsis if there is more; nil for none.
    package var text: String? {
        switch self {
        case .none: nil
        case .string(let bytes), .surplus(let bytes): Self.shown(bytes)
        case .literal(let bytes):
            switch bytes.first {
            case UInt8(ascii: "["): "[…]"
            case UInt8(ascii: "{"): "{…}"
            default: Self.shown(bytes)
            }
        case .time(let time): time.formatted
        case .confidence(let confidence): Self.decimal(confidence)
        }
    }

    /// What kind of JSON value it is, for a sentence.
    package var kind: String {
        switch self {
        case .none: "nothing"
        case .string, .surplus: "a string"
        case .time, .confidence: "a value"
        case .literal(let bytes):
            switch bytes.first {
            case UInt8(ascii: "["): "a list"
            case UInt8(ascii: "{"): "an object"
            case UInt8(ascii: "n"): "null"
            case UInt8(ascii: "t"), UInt8(ascii: "f"): "a boolean"
            default: "a number"
            }
        }
    }

    private static func shown(_ bytes: [UInt8]) -> String {
        guard bytes.count > bytesMaximum else { return String(decoding: bytes, as: UTF8.self) }
        var end = bytesMaximum
        // Not in the middle of a character.
        while end > 0, bytes[end] & 0xc0 == 0x80 { end -= 1 }
        return String(decoding: bytes[..<end], as: UTF8.self) + "…"
    }

    /// Without zeros at the end.
    private static func decimal(_ confidence: Confidence) -> String {
        let (whole, parts) = confidence.partsPerMillion.quotientAndRemainder(dividingBy: 1_000_000)
        guard parts > 0 else { return "\(whole)" }
        var digits = String(parts)
        digits = String(repeating: "0", count: 6 - digits.count) + digits
        while digits.last == "0" { digits.removeLast() }
        return "\(whole).\(digits)"
    }
}
