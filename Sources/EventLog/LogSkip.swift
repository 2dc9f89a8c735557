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

    /// An operator passes over at most so many offsets at once: each is looked at, and what was there is kept.
    public static let offsetsMaximum: Int64 = 4096

    public init(first: LogOffset, next: LogOffset, reason: String, by: String, at: Timestamp) {
        self.first = first
        self.next = next
        self.reason = reason
        self.by = by
        self.at = at
    }

    /// Checks that a log has all of its offsets.
    /// - Throws: ``LogError/Code/outOfRange``; names the outermost offset that is not in the log.
    public func check(start: LogOffset, end: LogOffset) throws(LogError) {
        if first < start { throw .noOffset(first, start: start, end: end) }
        if next > end { throw .noOffset(LogOffset(next.value - 1), start: start, end: end) }
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
        let place = firstIndex(endingBehind: skip.first)
        if place < count, self[place].first < skip.next {
            let other = self[place]
            throw LogError(
                .invalidRecord,
                "offsets \(skip.first.value) to \(skip.next.value - 1) overlap those from \(other.first.value) to "
                    + "\(other.next.value - 1), which are skipped already")
        }
        insert(skip, at: place)
    }

    private func firstIndex(endingBehind offset: LogOffset) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if offset < self[middle].next { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

/// What stands at one offset.
public enum LogFinding: Sendable {
    /// A record, whoever wrote it. Without its headers.
    case record(NewRecord)
    /// Nothing, up to an offset: records were removed, or brokers put something of their own there.
    case nothing(until: LogOffset)
}

/// A log in which an operator can declare offsets as skipped.
public protocol SkippableLog: EventLog {
    /// Looks at what stands at an offset. Where it is skipped, a log may say that nothing does.
    ///
    /// - Throws: ``LogError``: `.outOfRange` for an offset that is not in the log, or is the end.
    func look(at position: RecordPosition) throws(LogError) -> LogFinding

    /// Makes readers pass over offsets from now on, in every process that reads this log. Returns once that is durable.
    ///
    /// - Throws: ``LogError``: `.invalidRecord` for an empty range and for offsets that are skipped already,
    ///   `.outOfRange` for offsets that are not in the log, `.unavailable` and `.uncertain` as
    ///   ``EventLog/append(_:)`` does.
    func declare(_ skip: LogSkip, in partition: PartitionIndex) throws(LogError)
}

extension SkippableLog {
    /// For logs that show what readers see.
    public func look(at position: RecordPosition) throws(LogError) -> LogFinding {
        let (partition, offset) = (position.partition, position.offset)
        let end = try endOffset(partition)
        guard offset >= .zero, offset < end else {
            throw .noOffset(offset, start: try startOffset(partition), end: end)
        }
        var found: (offset: LogOffset, record: NewRecord)?
        do {
            let next = try read(partition, from: offset, byteLimit: 1) { record in
                guard found == nil else { return }
                let copy = NewRecord(
                    key: Array(record.key), createdAt: record.createdAt, payload: Array(record.payload))
                found = (record.offset, copy)
            }
            guard let found else { return .nothing(until: next) }
            return found.offset == offset ? .record(found.record) : .nothing(until: found.offset)
        } catch {
            // The body throws nothing, so it is the log's.
            throw error as? LogError ?? LogError(.unavailable, "\(error)")
        }
    }
}
