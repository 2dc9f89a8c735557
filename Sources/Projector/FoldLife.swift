public import Clocks
internal import EventLog
public import EventModel
internal import Observability
internal import ProjectionStore

/// The state of the fold of one partition.
///
/// ```
/// verifying ──▶ catchingUp ◀──▶ level
///   ▲    │        │  ▲  │
///   │    ▼        │  │  ▼
///   waitingForLog ◀┘  full         any of them ──▶ finishing ──▶ stopped;  any but stopped ──▶ failed
///
/// catchingUp ◀──▶ halted
/// ```
public enum FoldLife: Sendable, Equatable {
    /// The log must be compared with the last folded record before anything else is folded.
    ///
    /// Exits: the log matches → ``catchingUp``; it cannot be read → ``waitingForLog(until:)``; it is a different log,
    /// or lacks records → ``failed(_:)``; stop → ``finishing``.
    case verifying
    /// The log may have records that are not folded yet.
    ///
    /// Exits: a read finds nothing → ``level``; too much is uncommitted → ``full(since:)``; the log cannot be read →
    /// ``waitingForLog(until:)``; its end is before the folded offset → ``verifying``; the next record cannot
    /// be decoded or is missing → ``halted(until:)``; it cannot be folded → ``failed(_:)``; stop → ``finishing``.
    case catchingUp
    /// The last read found nothing.
    ///
    /// Exits: the wait for a record is over → ``catchingUp``; too much is uncommitted → ``full(since:)``; stop →
    /// ``finishing``.
    case level
    /// Folding is suspended until the commit in flight is durable; otherwise memory would grow without a limit.
    ///
    /// Exits: committed → ``catchingUp``; the commit fails permanently → ``failed(_:)``; stop → ``finishing``.
    case full(since: MonotonicTime)
    /// The log cannot be read at the moment.
    ///
    /// Exits: it is time to retry → ``verifying``, because the log may be a different one when it is back; stop →
    /// ``finishing``.
    case waitingForLog(until: MonotonicTime)
    /// The next record is no record of Andon, or is missing. What was folded is answered.
    ///
    /// Exits: it is time to look again, because an operator may have declared the record as skipped → ``catchingUp``;
    /// stop → ``finishing``.
    case halted(until: MonotonicTime)
    /// Stop was requested: nothing more is folded, and what was folded is being committed.
    ///
    /// Exits: everything is committed → ``stopped``; a commit fails → ``failed(_:)``.
    case finishing
    /// Everything folded is durable. No exit.
    case stopped
    /// The fold cannot continue; the committed state is consistent. No exit.
    case failed(FoldFailure)

    /// Whether records are still folded, now or later.
    public var isFolding: Bool {
        switch self {
        case .verifying, .catchingUp, .level, .full, .waitingForLog, .halted: true
        case .finishing, .stopped, .failed: false
        }
    }

    /// Whether this state is final.
    public var hasEnded: Bool {
        switch self {
        case .stopped, .failed: true
        default: false
        }
    }
}

/// Why a fold failed permanently.
public struct FoldFailure: Sendable, Equatable {
    public var message: String
    /// Whether a new fold on the same store may succeed where this one failed.
    public var isRetriable: Bool
    /// Whether the store is damaged: a fold on a new store will succeed.
    public var isDamage: Bool
    /// What the log has lost; see ``ProjectorError/lost``.
    public var lost: Range<LogOffset>?

    public init(message: String, isRetriable: Bool, isDamage: Bool = false) {
        self.message = message
        self.isRetriable = isRetriable
        self.isDamage = isDamage
    }

    /// - Parameter context: what failed, as the beginning of a sentence; nil when the error says it.
    init(_ error: any Error, _ context: String? = nil) {
        let cause = error.forOperator
        self.init(
            message: context.map { "\($0): \(cause)" } ?? "\(cause)", isRetriable: error.mayPassByReopening,
            isDamage: error.isStoreDamage)
        lost = (error as? ProjectorError)?.lost
    }
}

extension Error {
    /// Whether opening the projections again may succeed: it compares log and store anew, so it also says whether a
    /// broker that denied an offset, or named an end before it, only lagged behind.
    package var mayPassByReopening: Bool {
        forOperator.isRetriable || (self as? LogError)?.code == .outOfRange
            || (self as? ProjectorError)?.code == .logIsShorter
    }
}
