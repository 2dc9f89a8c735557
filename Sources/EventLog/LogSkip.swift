public import EventModel

/// Offsets of a partition that hold no record and never will, as an operator has declared: what was there cannot be
/// decoded, or is gone (SPEC 7.4).
///
/// Reading passes over them. They stay in the log for good, so that every fold of it passes over the same ones.
public struct LogSkip: Sendable, Equatable {
    /// The first offset that is passed over.
    public var first: LogOffset
    /// The offset after the last one that is passed over.
    public var next: LogOffset
    /// Why they were given up, in the operator's words.
    public var reason: String
    /// Who declared them.
    public var by: String
    /// When they were declared.
    public var at: Timestamp

    public init(first: LogOffset, next: LogOffset, reason: String, by: String, at: Timestamp) {
        self.first = first
        self.next = next
        self.reason = reason
        self.by = by
        self.at = at
    }
}

extension [LogSkip] {
    /// Where reading goes on from `offset`: behind the skips that cover it without a gap, otherwise at `offset` itself.
    ///
    /// The skips must be in order and may not overlap, as ``EventLog/skips(_:)`` returns them.
    public func passing(_ offset: LogOffset) -> LogOffset {
        reduce(offset) { place, skip in skip.first <= place && place < skip.next ? skip.next : place }
    }

    /// Whether every offset of a range was declared, so that a fold may jump over it.
    public func cover(_ offsets: Range<LogOffset>) -> Bool { passing(offsets.lowerBound) >= offsets.upperBound }

    /// Adds a skip in its place.
    /// - Throws: ``LogError/Code/invalidRecord`` when it is empty, or overlaps another one.
    public mutating func add(_ skip: LogSkip) throws(LogError) {
        guard skip.first < skip.next else {
            throw LogError(.invalidRecord, "a skip from \(skip.first.value) to \(skip.next.value) is empty")
        }
        if let other = first(where: { $0.first < skip.next && skip.first < $0.next }) {
            throw LogError(
                .invalidRecord,
                "offsets \(skip.first.value) to \(skip.next.value - 1) overlap those from \(other.first.value) to "
                    + "\(other.next.value - 1), which are skipped already")
        }
        insert(skip, at: firstIndex { skip.first < $0.first } ?? count)
    }
}

/// A log in which an operator can declare offsets as skipped.
public protocol SkippableLog: EventLog {
    /// Makes readers pass over offsets from now on, in every process that reads this log. Returns once that is durable.
    ///
    /// - Throws: ``LogError``: `.invalidRecord` for an empty range and for offsets that are skipped already,
    ///   `.outOfRange` for offsets that are not in the log, `.unavailable` and `.uncertain` as
    ///   ``EventLog/append(_:)`` does.
    func declare(_ skip: LogSkip, in partition: PartitionIndex) throws(LogError)
}
