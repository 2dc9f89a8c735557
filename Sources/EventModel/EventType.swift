/// What a camera saw. The raw value of a state is its rank: of several states at one instant the highest one holds
/// (SPEC 4.2).
public enum EventType: UInt8, Sendable, CaseIterable {
    case absent = 0
    case idle = 1
    case working = 2
    /// Never a state (SPEC 4.1).
    case productCount = 3

    /// The JSON name.
    public var name: StaticString {
        switch self {
        case .absent: "absent"
        case .idle: "idle"
        case .working: "working"
        case .productCount: "product_count"
        }
    }

    @inlinable
    public var isState: Bool { self != .productCount }
}

/// How admission marked a stored event; later definitions never change the mark (SPEC 2.7).
public enum Mark: UInt8, Sendable, CaseIterable {
    case accepted = 0
    case lowConfidence = 1
    case unknownWorker = 2
    case unknownWorkstation = 3
    case timestampInFuture = 4

    /// The class within which uniqueness holds (SPEC 2.6).
    @inlinable
    public var eventClass: EventClass {
        switch self {
        case .accepted: .accepted
        case .lowConfidence: .lowConfidence
        case .unknownWorker, .unknownWorkstation, .timestampInFuture: .quarantined
        }
    }

    /// The verdict of admission; its code is the reason shown for quarantined events.
    public var verdict: Verdict {
        switch self {
        case .accepted: .accepted
        case .lowConfidence: .lowConfidence
        case .unknownWorker: .unknownWorker
        case .unknownWorkstation: .unknownWorkstation
        case .timestampInFuture: .timestampInFuture
        }
    }
}

/// The three classes of SPEC 2.6: one never displaces another.
public enum EventClass: UInt8, Sendable, CaseIterable {
    case accepted = 0
    case lowConfidence = 1
    case quarantined = 2
}
