internal import EventModel
internal import Foundation

/// What the admission oracle says of one event (SPEC 2.3).
public struct OracleVerdict: Equatable, Sendable {
    /// `accepted`, `duplicate` or the code of the first rule that it breaks.
    public var code: String
    /// The field that breaks it, as the answer names it; nil where it is the event as a whole.
    public var field: String?
}

/// An event that the oracle keeps.
struct OracleEvent {
    /// Microseconds since 1970.
    var time: Int64
    var worker: String
    var workstation: String
    var type: String
    var confidence: Int
    var count: Int
}

/// The rules of SPEC 2.1 and 2.3 that need the event and the request's site alone, one after the other.
enum OracleRules {
    static let types = ["working", "idle", "absent", "product_count"]

    /// The event, or the first rule that it breaks.
    static func read(_ value: OracleJSON?, envelope: OracleJSON?, site: String) -> (OracleEvent?, OracleVerdict?) {
        guard let value, case .object = value else { return (nil, OracleVerdict(code: "invalid_json", field: nil)) }
        if let broken = shape(value) { return (nil, broken) }
        let texts = ["timestamp", "worker_id", "workstation_id", "event_type"].map { value.member($0)?.text ?? "" }
        guard let time = microseconds(texts[0]) else { return broken("invalid_timestamp", "timestamp") }
        guard types.contains(texts[3]) else { return broken("invalid_event_type", "event_type") }
        guard let confidence = partsPerMillion(value.member("confidence")?.digits ?? "") else {
            return broken("invalid_confidence", "confidence")
        }
        guard let count = units(value.member("count"), texts[3]) else { return broken("invalid_count", "count") }
        for name in ["worker_id", "workstation_id", "camera_id", "model_version"] {
            if let id = value.member(name)?.text, !isID(id) { return broken("invalid_id", name) }
        }
        let named = value.member("site_id")?.text ?? envelope?.text ?? site
        guard Array(named.utf8) == Array(site.utf8) else { return broken("wrong_site", "site_id") }
        let event = OracleEvent(
            time: time, worker: texts[1], workstation: texts[2], type: texts[3], confidence: confidence, count: count)
        return (event, nil)
    }

    private static func broken(_ code: String, _ field: String) -> (OracleEvent?, OracleVerdict?) {
        (nil, OracleVerdict(code: code, field: field))
    }

    /// `missing_field`, then `invalid_type`.
    private static func shape(_ value: OracleJSON) -> OracleVerdict? {
        let required = ["timestamp", "worker_id", "workstation_id", "event_type", "confidence"]
        for name in required where value.member(name) == nil {
            return OracleVerdict(code: "missing_field", field: name)
        }
        for name in required {
            let isRight = name == "confidence" ? value.member(name)?.digits != nil : value.member(name)?.text != nil
            if !isRight { return OracleVerdict(code: "invalid_type", field: name) }
        }
        for name in ["count", "camera_id", "model_version", "site_id"] {
            guard let member = value.member(name), !member.isNull else { continue }
            let isRight = name == "count" ? member.digits != nil : member.text != nil
            if !isRight { return OracleVerdict(code: "invalid_type", field: name) }
        }
        return nil
    }

    /// RFC 3339, by a calendar.
    static func microseconds(_ text: String) -> Int64? {
        let pattern =
            /([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?([Zz]|[-+][0-9]{2}:[0-9]{2})/
        guard let match = text.wholeMatch(of: pattern) else { return nil }
        let parts = [match.1, match.2, match.3, match.4, match.5, match.6].compactMap { Int($0) }
        guard parts[3] < 24, parts[4] < 60, parts[5] < 60 else { return nil }
        var calendar = Calendar(identifier: .gregorian)
        guard let utc = TimeZone(identifier: "UTC") else { return nil }
        calendar.timeZone = utc
        let components = DateComponents(
            year: parts[0], month: parts[1], day: parts[2], hour: parts[3], minute: parts[4], second: parts[5])
        guard components.isValidDate(in: calendar), let date = calendar.date(from: components) else { return nil }
        var offset = 0
        if match.8.count > 1 {
            let hours = Int(match.8.dropFirst().prefix(2)) ?? 0
            let minutes = Int(match.8.suffix(2)) ?? 0
            guard hours < 24, minutes < 60 else { return nil }
            offset = (hours * 60 + minutes) * (match.8.hasPrefix("-") ? -60 : 60)
        }
        let seconds = Int64(date.timeIntervalSince1970.rounded()) - Int64(offset)
        guard seconds >= 0, seconds < 253_402_300_800 else { return nil }
        let fraction = (match.7 ?? "").dropFirst().prefix(6)
        return seconds * 1_000_000 + (Int64(fraction.padding(toLength: 6, withPad: "0", startingAt: 0)) ?? 0)
    }

    /// Half to even, of the decimal text.
    static func partsPerMillion(_ digits: String) -> Int? {
        guard let value = Decimal(string: digits) else { return nil }
        var scaled = value * 1_000_000
        var rounded = Decimal()
        NSDecimalRound(&rounded, &scaled, 0, .bankers)
        guard rounded >= 0, rounded <= 1_000_000 else { return nil }
        return NSDecimalNumber(decimal: rounded).intValue
    }

    /// nil where `count` is not allowed.
    private static func units(_ value: OracleJSON?, _ type: String) -> Int? {
        guard let value, !value.isNull else { return type == "product_count" ? 1 : 0 }
        guard let digits = value.digits, digits.wholeMatch(of: /[0-9]+/) != nil, let count = Int(digits) else {
            return nil
        }
        if type == "product_count" { return 1...1_000_000 ~= count ? count : nil }
        return count <= 1 ? 0 : nil
    }

    private static func isID(_ text: String) -> Bool {
        let isControl = text.unicodeScalars.contains { $0.value < 0x20 || 0x7f...0x9f ~= $0.value }
        return 1...128 ~= text.utf8.count && !isControl
    }
}
