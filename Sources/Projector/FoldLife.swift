public import Clocks

/// Where the fold of one partition is in its life.
///
/// ```
/// verifying ──▶ catchingUp ◀──▶ level
///   ▲    │        │  ▲  │
///   │    ▼        │  │  ▼
///   waitingForLog ◀┘  full         any of them ──▶ finishing ──▶ stopped;  any but stopped ──▶ failed
/// ```
public enum FoldLife: Sendable, Equatable {
    /// The log has to be compared with the last record that was folded before anything more is.
    ///
    /// Exits: the log is the same → ``catchingUp``; it cannot be read → ``waitingForLog(until:)``; it is another one, or
    /// lacks records → ``failed(_:)``; stop → ``finishing``.
    case verifying
    /// Records may stand in the log that are not folded yet.
    ///
    /// Exits: a read finds nothing → ``level``; too much waits for a commit → ``full(since:)``; the log cannot be read →
    /// ``waitingForLog(until:)``; its end lies before what was folded → ``verifying``; a record cannot be folded →
    /// ``failed(_:)``; stop → ``finishing``.
    case catchingUp
    /// The last read found nothing.
    ///
    /// Exits: the wait for a record is over → ``catchingUp``; too much waits for a commit → ``full(since:)``; stop →
    /// ``finishing``.
    case level
    /// Nothing more is folded until the commit in flight is durable: memory would grow without a limit.
    ///
    /// Exits: committed → ``catchingUp``; the commit fails for good → ``failed(_:)``; stop → ``finishing``.
    case full(since: MonotonicTime)
    /// The log cannot be read at the moment.
    ///
    /// Exits: the time has come → ``verifying``, because it may be another log when it is back; stop → ``finishing``.
    case waitingForLog(until: MonotonicTime)
    /// Stop was asked for: what was folded becomes durable, and nothing more is folded.
    ///
    /// Exits: everything is committed → ``stopped``; a commit fails → ``failed(_:)``.
    case finishing
    /// Everything folded is durable. No exit.
    case stopped
    /// The fold cannot go on; what was committed is whole. No exit.
    case failed(FoldFailure)

    /// Whether records are still folded, now or later.
    public var isFolding: Bool {
        switch self {
        case .verifying, .catchingUp, .level, .full, .waitingForLog: true
        case .finishing, .stopped, .failed: false
        }
    }

    /// Whether nothing can happen any more.
    public var hasEnded: Bool {
        switch self {
        case .stopped, .failed: true
        default: false
        }
    }
}

/// Why a fold stopped for good.
public struct FoldFailure: Sendable, Equatable {
    public var message: String
    /// Whether a new fold on the same store may succeed where this one failed.
    public var isRetriable: Bool

    public init(message: String, isRetriable: Bool) {
        self.message = message
        self.isRetriable = isRetriable
    }
}
