internal import Crypto
public import EventModel
public import Projector

/// What people want of a rebuild: the durable part of it, which every holder of a partition carries out for its
/// partitions, also after a restart or when it is given one later (DESIGN 7).
public struct RebuildJob: Sendable, Equatable {
    /// What the holders have to bring about.
    public enum Wanted: String, Sendable, CaseIterable {
        case running
        case paused
        case cancelled
        case promoted
        case rolledBack = "rolled_back"
    }

    public let id: JobID
    public let createdAt: Timestamp
    /// The name of the key that started it, or its id where it has none.
    public let by: String
    /// Why it was started; may be empty.
    public let reason: String
    public let pace: RebuildPace
    /// The newest job when this one was started; nil for the first. Of two that follow the same one, one counts.
    public internal(set) var follows: JobID?
    public internal(set) var wanted = Wanted.running
    /// How many differences the operator accepted when it was promoted.
    public internal(set) var acceptedDifferences: Int64?
    /// Why it was promoted whatever differed.
    public internal(set) var forcedReason: String?
    /// When and by whom ``wanted`` was set.
    public internal(set) var changedAt: Timestamp
    public internal(set) var changedBy: String
    /// Counts what was stored of it, from 1.
    public internal(set) var revision: Int64 = 1

    /// A job that nobody has stored yet.
    /// - Parameter newest: the newest one that there is. Whatever the clocks say, this one is newer.
    public init(
        id: JobID = .random(), by: String, reason: String = "", pace: RebuildPace = .auto, after newest: RebuildJob?,
        at now: Timestamp
    ) {
        let time = max(now, (newest?.createdAt).map { $0 + 1 } ?? now)
        self.init(id: id, by: by, reason: reason, pace: pace, follows: newest?.id, createdAt: time)
    }

    init(id: JobID, by: String, reason: String, pace: RebuildPace, follows: JobID?, createdAt: Timestamp) {
        (self.id, self.by, self.reason, self.pace, self.follows) = (id, by, reason, pace, follows)
        (self.createdAt, changedAt, changedBy) = (createdAt, createdAt, by)
    }

    /// Whether it builds, or will again: there is one such job at a time.
    public var isActive: Bool { wanted == .running || wanted == .paused }

    /// Longest reason in bytes, and longest name of who acts in characters: a record stays small.
    static let reasonBytesMaximum = 1000
    static let nameMaximum = 200
}

/// How fast a rebuild folds.
public enum RebuildPace: Sendable, Hashable {
    /// As fast as it can while the live fold is level.
    case auto
    case eventsPerSecond(Int)

    /// What a fold is given.
    public var foldPace: FoldPace {
        switch self {
        case .auto: .auto
        case .eventsPerSecond(let rate): .eventsPerSecond(rate)
        }
    }

    /// Rates that make sense: one event a second to more than any machine folds.
    public static let rates = 1...100_000_000

    /// Reads `auto` or a number of events a second; nil for anything else.
    public init?(_ text: String) {
        if text == "auto" {
            self = .auto
        } else if let rate = Int(text), Self.rates.contains(rate), text.utf8.allSatisfy({ (48...57).contains($0) }) {
            self = .eventsPerSecond(rate)
        } else {
            return nil
        }
    }

    public var text: String {
        switch self {
        case .auto: "auto"
        case .eventsPerSecond(let rate): String(rate)
        }
    }
}

extension JobID {
    /// Short enough to type. One that is taken already is refused by the board.
    public static func random() -> JobID {
        guard let id = JobID(Hex.encode(SecureRandom.bytes(4))) else { preconditionFailure("digits make an id") }
        return id
    }
}
