internal import Clocks
internal import EventModel
internal import Locks
internal import Projector

/// Knows up to which instant the log of a partition is folded completely: the basis of `settled` (SPEC 5.8).
///
/// Compares with the log's end as read at some earlier time, not with the current end. Under a steady load the fold
/// never reaches the current end, and on Kafka only an earlier end is known.
final class SettlementWatch: Sendable {
    /// A later append can have a created_at this much before its own time: 30 s of SPEC 2.8, plus a margin for clocks.
    static let delayMicroseconds: Int64 = 40 * Microseconds.second

    private struct EndReading {
        var time: Timestamp
        var end: LogOffset
    }

    private struct State {
        /// What was observed in an earlier one is forgotten: the clock was ahead then (SPEC 2.9).
        var era: UInt64 = 0
        /// The newest observation whose end has been folded.
        var reached: EndReading?
        /// One whose end has not been folded yet.
        var awaited: EndReading?

        mutating func reach(_ reading: EndReading) {
            if reached.map({ $0.time < reading.time }) ?? true { reached = reading }
        }
    }

    private let state = Guarded(State())

    /// Records the positions of log and fold.
    ///
    /// The end is valid for the time at which it was read: the log may have grown since, and records appended then can
    /// have a created_at of up to ``delayMicroseconds`` before.
    /// - Parameter now: what was certain about the time before the progress was read.
    func note(_ progress: FoldProgress, at now: CertainTime) {
        let reading = EndReading(time: now.time - max(0, progress.endAgeMicroseconds), end: progress.logEnd)
        state.withLock { state in
            guard now.era >= state.era else { return }
            if now.era > state.era { state = State(era: now.era) }
            if let awaited = state.awaited, progress.nextOffset >= awaited.end {
                state.reach(awaited)
                state.awaited = nil
            }
            if progress.nextOffset >= reading.end {
                state.reach(reading)
            } else if state.awaited == nil {
                state.awaited = reading
            }
        }
    }

    /// Whether no later append can change an answer with this progress and this known_at.
    /// - Parameter lag: how far the slowest clock of those that append is behind, in microseconds.
    func isSettled(knownAt: Timestamp, _ progress: FoldProgress, era: UInt64 = 0, lag: Int64 = 0) -> Bool {
        settledBefore(progress, era: era, lag: lag).map { knownAt < $0 } ?? false
    }

    /// An answer with this progress and an earlier known_at is settled; nil: none is.
    func settledBefore(_ progress: FoldProgress, era: UInt64 = 0, lag: Int64 = 0) -> Timestamp? {
        state.withLock { state in
            guard era == state.era, let reached = state.reached, progress.nextOffset >= reached.end else { return nil }
            return reached.time - lag - SettlementWatch.delayMicroseconds
        }
    }
}
