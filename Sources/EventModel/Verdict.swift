/// The verdict of admission on one event, in the order in which the rules are checked (SPEC 2.3).
public enum Verdict: UInt8, Sendable, CaseIterable, Comparable {
    case invalidJSON
    case missingField
    case invalidType
    case invalidTimestamp
    case invalidEventType
    case invalidConfidence
    case invalidCount
    case invalidID
    case wrongSite
    case unknownWorker
    case unknownWorkstation
    case timestampInFuture
    case lowConfidence
    case duplicate
    case accepted

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// The `code` in answers and reports.
    public var code: String {
        switch self {
        case .invalidJSON: "invalid_json"
        case .missingField: "missing_field"
        case .invalidType: "invalid_type"
        case .invalidTimestamp: "invalid_timestamp"
        case .invalidEventType: "invalid_event_type"
        case .invalidConfidence: "invalid_confidence"
        case .invalidCount: "invalid_count"
        case .invalidID: "invalid_id"
        case .wrongSite: "wrong_site"
        case .unknownWorker: "unknown_worker"
        case .unknownWorkstation: "unknown_workstation"
        case .timestampInFuture: "timestamp_in_future"
        case .lowConfidence: "low_confidence"
        case .duplicate: "duplicate"
        case .accepted: "accepted"
        }
    }

    /// How the log keeps an event with this verdict; nil when it is not kept (SPEC 2.7).
    public var mark: Mark? {
        switch self {
        case .accepted: .accepted
        case .lowConfidence: .lowConfidence
        case .unknownWorker: .unknownWorker
        case .unknownWorkstation: .unknownWorkstation
        case .timestampInFuture: .timestampInFuture
        default: nil
        }
    }
}
