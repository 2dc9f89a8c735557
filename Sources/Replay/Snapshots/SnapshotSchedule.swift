public import EventModel

/// When a snapshot is due.
public enum SnapshotSchedule: Equatable, Sendable {
    /// After so many records.
    case records(Int64)
    /// After so many microseconds, if records have come since.
    case microseconds(Int64)

    /// Whether one is due at a position.
    /// - Parameter last: position and time of the newest snapshot; nil when there is none.
    public func isDue(
        at next: LogOffset, _ now: Timestamp, last: (nextOffset: LogOffset, createdAt: Timestamp)?
    ) -> Bool {
        let done = last?.nextOffset ?? .zero
        guard next > done else { return false }
        switch self {
        case .records(let count): return next.value - done.value >= count
        case .microseconds(let interval):
            guard let last else { return true }
            let age = now - last.createdAt
            // A clock that was set back must not stop it.
            return age >= interval || age < 0
        }
    }
}
