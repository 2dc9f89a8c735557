public import EventModel

/// How long a topic keeps its records, as its properties say.
public struct TopicRetention: Sendable, Equatable {
    /// nil: whatever their age.
    public var milliseconds: Int64?
    /// Of a partition; nil: however much they are.
    public var bytes: Int64?

    public init(milliseconds: Int64? = nil, bytes: Int64? = nil) {
        self.milliseconds = milliseconds
        self.bytes = bytes
    }

    /// - Parameter configuration: properties of the topic; -1 means without limit.
    public init(configuration: [String: String]) {
        func limit(_ name: String) -> Int64? { configuration[name].flatMap { Int64($0) }.flatMap { $0 < 0 ? nil : $0 } }
        self.init(milliseconds: limit("retention.ms"), bytes: limit("retention.bytes"))
    }
}

/// A place in the log from which something still has to read: a fold, a job, a snapshot that is to be followed.
public struct NeededPosition: Sendable, Equatable {
    /// Names it in messages: `the fold of partition 3`.
    public var what: String
    public var partition: PartitionIndex
    /// The next record that it needs.
    public var next: LogOffset
    /// What an operator can do for it.
    public var remedy: String

    /// - Parameter remedy: nil where somebody has to find out.
    public init(_ what: String, _ partition: PartitionIndex, next: LogOffset, remedy: String? = nil) {
        self.what = what
        self.partition = partition
        self.next = next
        self.remedy = remedy ?? "find out why it is behind"
    }
}

/// What a partition of the log has.
public struct LogExtent: Sendable, Equatable {
    public var start: LogOffset
    public var end: LogOffset
    /// The first record that is younger than ``RetentionGuard/agingTime(_:at:)``; nil where age removes nothing.
    public var aging: LogOffset?

    public init(start: LogOffset, end: LogOffset, aging: LogOffset? = nil) {
        self.start = start
        self.end = end
        self.aging = aging
    }
}

/// Says which records are about to be removed before something has read them (SPEC 7.9).
///
/// Pure: the topic's properties, what is needed and what the log has come in, findings go out.
public enum RetentionGuard {
    /// Retention that comes so near is told, if the topic keeps its records for twice as long or more.
    static let warningMicroseconds: Int64 = Microseconds.day
    /// Of the retention, and of what the log holds: so much of it is told in any case.
    static let warningDivisor: Int64 = 10

    private static let microsecondsOfMillisecond: Int64 = 1000

    /// How long before a record is removed that is told, in microseconds: a day, but at most half of the retention, and at
    /// least a tenth of it.
    static func warning(_ milliseconds: Int64) -> Int64 {
        let retention = milliseconds.multipliedReportingOverflow(by: microsecondsOfMillisecond)
        guard !retention.overflow else { return warningMicroseconds }
        return max(retention.partialValue / warningDivisor, min(warningMicroseconds, retention.partialValue / 2))
    }

    /// Records that were created before are removed soon; nil where age removes nothing.
    public static func agingTime(_ retention: TopicRetention, at now: Timestamp) -> Timestamp? {
        guard let milliseconds = retention.milliseconds,
            milliseconds < now.microseconds / microsecondsOfMillisecond
        else { return nil }
        return Timestamp(
            microseconds: now.microseconds - milliseconds * microsecondsOfMillisecond + warning(milliseconds))
    }

    /// What somebody should do something about, one sentence each, in the order of what is needed.
    public static func findings(
        _ topic: String, _ retention: TopicRetention, _ needed: [NeededPosition],
        _ extents: [PartitionIndex: LogExtent]
    ) -> [String] {
        needed.compactMap { needed in
            // What does not exist yet cannot be removed.
            guard let extent = extents[needed.partition], needed.next < extent.end else { return nil }
            if needed.next < extent.start {
                return "\(topic) begins at offset \(extent.start.value) of partition \(needed.partition.value), but "
                    + "\(needed.what) needs \(needed.next.value): what is between is gone; \(needed.remedy)"
            }
            return byAge(topic, retention, needed, extent) ?? bySize(topic, retention, needed, extent)
        }
    }

    private static func byAge(
        _ topic: String, _ retention: TopicRetention, _ needed: NeededPosition, _ extent: LogExtent
    ) -> String? {
        guard let milliseconds = retention.milliseconds, let aging = extent.aging, needed.next < aging else {
            return nil
        }
        let hours = max(1, warning(milliseconds) / Microseconds.hour)
        return
            "retention.ms=\(milliseconds) of \(topic) removes records within \(hours) h that \(needed.what) still needs: "
            + "it stands at offset \(needed.next.value), and those before \(min(aging, extent.end).value) are that old; "
            + "\(needed.remedy), or set retention.ms=-1"
    }

    /// By size the oldest records go first, whenever that may be.
    private static func bySize(
        _ topic: String, _ retention: TopicRetention, _ needed: NeededPosition, _ extent: LogExtent
    ) -> String? {
        guard let bytes = retention.bytes, extent.start > .zero else { return nil }
        let (behind, held) = (needed.next.value - extent.start.value, extent.end.value - extent.start.value)
        guard behind < held / warningDivisor else { return nil }
        return
            "retention.bytes=\(bytes) of \(topic) removes the oldest records soon, and \(needed.what) still needs them: it "
            + "stands at offset \(needed.next.value), and the log begins at \(extent.start.value); \(needed.remedy), or "
            + "set retention.bytes=-1"
    }
}
