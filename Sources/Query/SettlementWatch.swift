internal import EventModel
internal import Locks
internal import Projector

/// Knows up to which instant the log of a partition has been folded whole: what `settled` rests on (SPEC 5.8).
///
/// Compares with the log's end as it was seen at some time, not as it is now: under a steady load the fold is never
/// level with the end of this moment, and on Kafka the end is known only from a while ago.
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

        mutating func reach(_ sight: Sight) {
            if reached.map({ $0.time < sight.time }) ?? true { reached = sight }
        }
    }

    private let state = Guarded(State())

    /// Notes where log and fold stand.
    ///
    /// The end holds for the time at which it was read: the log can have grown since, and what was appended then
    /// can carry a created_at of up to ``delayMicroseconds`` before.
    /// - Parameter time: the clock, read before the progress was.
    func note(_ progress: FoldProgress, at time: Timestamp) {
        let sight = Sight(time: time - max(0, progress.endAgeMicroseconds), end: progress.logEnd)
        state.withLock { state in
            if let awaited = state.awaited, progress.nextOffset >= awaited.end {
                state.reach(awaited)
                state.awaited = nil
            }
            if progress.nextOffset >= sight.end {
                state.reach(sight)
            } else if state.awaited == nil {
                state.awaited = sight
            }
        }
    }

    /// Whether no later append can change an answer at this progress about this knowledge.
    func isSettled(knownAt: Timestamp, _ progress: FoldProgress) -> Bool {
        state.withLock { state in
            guard let reached = state.reached, progress.nextOffset >= reached.end else { return false }
            return reached.time - knownAt > SettlementWatch.delayMicroseconds
        }
    }
}
