internal import EventModel
internal import Locks
internal import Projector

/// Knows up to which instant the log has been folded whole: what `settled` rests on (SPEC 5.8).
///
/// Compares with the log's end as it was seen at some time, not as it is now: under a steady load the fold is never
/// level with the end of this moment.
final class SettlementWatch: Sendable {
    /// A later append can carry a created_at this much before its own time: 30 s of SPEC 2.8, and room for clocks.
    static let delayMicroseconds: Int64 = 40 * Microseconds.second

    private struct Sight {
        var time: Timestamp
        var end: LogOffset
    }

    private struct State {
        /// The newest sight whose end has been folded.
        var reached: Sight?
        /// One whose end has not been folded yet.
        var awaited: Sight?
    }

    private let state = Guarded(State())

    /// Notes where log and fold stand.
    /// - Parameter time: the clock, read before the standing was.
    func note(_ standing: FoldProgress, at time: Timestamp) {
        state.withLock { state in
            if let awaited = state.awaited, standing.nextOffset >= awaited.end {
                state.reached = awaited
                state.awaited = nil
            }
            let sight = Sight(time: time, end: standing.logEnd)
            if standing.nextOffset >= standing.logEnd {
                if state.reached.map({ $0.time < time }) ?? true { state.reached = sight }
            } else if state.awaited == nil {
                state.awaited = sight
            }
        }
    }

    /// Whether no later append can change an answer from this standing about this knowledge.
    func isSettled(knownAt: Timestamp, _ standing: FoldProgress) -> Bool {
        state.withLock { state in
            guard let reached = state.reached, standing.nextOffset >= reached.end else { return false }
            return reached.time - knownAt > SettlementWatch.delayMicroseconds
        }
    }
}
