import EventLog
import EventModel

/// What is known about a partition's end without asking, and since when.
///
/// An end only rises. When a broker names a lower one, and does so again after a while, this is not a stale leader: the
/// topic was recreated or truncated.
struct EndTracker {
    /// A new leader may lag behind the old one for as long as it takes to learn its followers' ends.
    static let regressMicrosecondsMaximum: Int64 = 5_000_000

    /// nil until it was asked for.
    private(set) var end: LogOffset?
    /// When the newest answer was asked for (monotonic); everything acknowledged before then is before ``end``.
    private(set) var seenAt: Int64?
    private var lowerSince: Int64?

    /// The partition reaches at least this far: a record was read or acknowledged.
    mutating func reaches(_ offset: LogOffset) {
        if let end, end < offset { self.end = offset }
    }

    /// A broker named the end; `askedAt` is when it was asked.
    /// - Returns: the end known before, when it is certain that the log was truncated below it.
    mutating func observe(_ offset: LogOffset, askedAt: Int64) -> LogOffset? {
        if let end, offset < end {
            guard let since = lowerSince else {
                lowerSince = askedAt
                return nil
            }
            // An answer that is older than an acknowledgement may be lower; one that was asked for later may not.
            guard askedAt - since > Self.regressMicrosecondsMaximum else { return nil }
            self = EndTracker()
            _ = observe(offset, askedAt: askedAt)
            return end
        }
        lowerSince = nil
        end = offset
        seenAt = max(seenAt ?? askedAt, askedAt)
        return nil
    }

    func known(now: Int64) -> KnownEnd? {
        guard let end, let seenAt else { return nil }
        return KnownEnd(offset: end, ageMicroseconds: max(0, now - seenAt))
    }
}
