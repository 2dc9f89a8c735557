import Clocks
import EventModel
import Locks
import Synchronization

/// A clock that is later at every reading: for what takes time between two looks at it.
final class SteppingClock: ProcessClock {
    private let start: Timestamp
    private let wallSeconds: Int64
    private let uptimeMilliseconds: Int
    private let wallReadings = Atomic<Int64>(0)
    private let uptimeReadings = Atomic(0)

    /// - Parameters:
    ///   - wallSeconds: added at every reading of the wall clock but the first.
    ///   - uptimeMilliseconds: added at every reading of the monotonic clock.
    init(_ start: Timestamp, wallSeconds: Int64 = 0, uptimeMilliseconds: Int = 0) {
        self.start = start
        self.wallSeconds = wallSeconds
        self.uptimeMilliseconds = uptimeMilliseconds
    }

    var now: Timestamp {
        start + wallReadings.add(1, ordering: .relaxed).oldValue * wallSeconds * Microseconds.second
    }

    var uptime: MonotonicTime {
        let readings = uptimeReadings.add(1, ordering: .relaxed).newValue
        return MonotonicTime(microseconds: 0).advanced(milliseconds: readings * uptimeMilliseconds)
    }

    func wait<State, Result>(
        for monitor: Monitor<State>, until deadline: MonotonicTime, _ body: (inout State) -> Result?
    ) -> Result? {
        preconditionFailure("nothing waits for this clock")
    }
}
