internal import Clocks
internal import EventModel

/// Measures how long a build still takes, from how far it came lately.
struct RebuildMeter: Sendable, Equatable {
    /// A measurement is this old at least before it is replaced, and at most twice as old.
    static let windowMicroseconds: Int64 = 10_000_000

    private struct Mark: Equatable {
        var next: LogOffset
        var time: MonotonicTime
    }

    private var older: Mark?
    private var newer: Mark?

    /// Takes note of how far it is.
    mutating func note(_ next: LogOffset, at time: MonotonicTime) {
        guard let newer, next >= newer.next else {
            (older, newer) = (nil, Mark(next: next, time: time))
            return
        }
        if time - newer.time >= Self.windowMicroseconds { (older, self.newer) = (newer, Mark(next: next, time: time)) }
    }

    /// Seconds until `end` at the speed of lately, rounded up; nil while nobody knows.
    func secondsLeft(_ next: LogOffset, _ end: LogOffset, at time: MonotonicTime) -> Int64? {
        guard next < end else { return 0 }
        guard let mark = older ?? newer, next > mark.next, time > mark.time else { return nil }
        let (records, microseconds) = (next.value - mark.next.value, time - mark.time)
        let left = Double(end.value - next.value) * Double(microseconds) / Double(records) / 1_000_000
        return left < 1e12 ? Int64(left.rounded(.up)) : nil
    }
}
