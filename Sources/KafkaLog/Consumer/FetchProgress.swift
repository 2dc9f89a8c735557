import EventModel

/// Whether the fetching of a partition stands still although brokers name records beyond it.
///
/// librdkafka goes on by itself after every fault that it knows of. It may still lose a partition between two leaders
/// (it has done so in several releases), and nothing but a new start of the fetching gets that one going again.
struct FetchProgress {
    /// Longer than librdkafka waits for an answer (`socket.timeout.ms`), so no fetch that is merely slow is thrown away.
    static let stallMicrosecondsMaximum: Int64 = 65_000_000

    /// The offset that was fetched, and lay before the end, since then.
    private var waiting: (at: LogOffset, since: Int64)?

    /// A broker named the end.
    /// - Parameters:
    ///   - next: the offset that is being fetched; nil: nothing is.
    ///   - now: monotonic, in microseconds.
    /// - Returns: whether fetching must be started anew; not again before as much time has passed.
    mutating func observe(_ next: LogOffset?, end: LogOffset, now: Int64) -> Bool {
        guard let next, next < end else {
            waiting = nil
            return false
        }
        guard let waiting, waiting.at == next else {
            waiting = (next, now)
            return false
        }
        guard now - waiting.since > Self.stallMicrosecondsMaximum else { return false }
        self.waiting = (next, now)
        return true
    }
}
