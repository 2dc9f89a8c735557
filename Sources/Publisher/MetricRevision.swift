internal import EventLog
public import EventModel

/// How much of the log a record covers: everything up to and including `offset` (DESIGN 1.3).
///
/// It represents the position of the last change. A record whose figures did not change is not sent again, so its
/// revision is that of the fold when the change was first seen, never before the change itself.
public struct MetricRevision: Hashable, Sendable {
    /// ``LogEpoch`` in hex.
    public var epoch: String
    public var partition: PartitionIndex
    public var offset: LogOffset

    public init(epoch: String, partition: PartitionIndex, offset: LogOffset) {
        self.epoch = epoch
        self.partition = partition
        self.offset = offset
    }
}

/// The newest record of a key: the parts that the next record depends on.
struct PublishedState: Sendable, Equatable {
    var epoch: String
    /// Of the revision.
    var offset: LogOffset
    var status: MetricStatus
    /// Microseconds.
    var asOf: Int64
    /// Version of the fold that computed it (DESIGN 1.11).
    var fold: Int64
    var figures: PublishedFigures
}

/// What to do about the record of a key.
enum PublishDecision: Equatable {
    /// The topic already has these figures, or a newer version of the program wrote to it.
    case leave
    /// Not now: too soon after the last one, or another process's clock is ahead of ours.
    case later
    /// The topic covers more of the log than this fold does.
    case behind
    case send(MetricStatus)

    /// The inputs of a key's next record.
    struct Situation {
        var epoch: String
        /// The next offset to fold.
        var next: LogOffset
        var fold: Int64
        /// Whether the hour's end and the grace period have passed.
        var isFinal: Bool
        /// Microseconds.
        var now: Int64
        /// Minimum time between two provisional records of a key, in microseconds.
        var pace: Int64
    }

    /// - Parameters:
    ///   - published: the newest record in the topic; nil if there is none.
    ///   - figures: the figures to publish.
    ///   - isNothing: whether there is nothing to publish, unless something else was published before.
    init(
        _ published: PublishedState?, _ figures: PublishedFigures, isNothing: Bool, _ situation: Situation
    ) {
        guard let published else {
            self = isNothing ? .leave : .send(situation.isFinal ? .final : .provisional)
            return
        }
        let isSameLog = published.epoch == situation.epoch
        let isEqual = isSameLog && published.figures == figures
        if published.fold > situation.fold {
            self = .leave
        } else if isSameLog, published.offset >= situation.next {
            self = .behind
        } else if situation.isFinal {
            self = PublishDecision.afterEnd(published, isEqual: isEqual, isSameFigures: published.figures == figures)
        } else if isEqual {
            self = .leave
        } else if published.status != .provisional, isSameLog {
            // The process that called it final has a clock ahead of this one; a provisional must never follow a final.
            self = .later
        } else if abs(situation.now - published.asOf) < situation.pace {
            self = .later
        } else {
            self = .send(.provisional)
        }
    }

    private static func afterEnd(_ published: PublishedState, isEqual: Bool, isSameFigures: Bool) -> Self {
        if published.status == .provisional { return .send(.final) }
        // From another log, with the same figures: sent again, so that its revision refers to this log.
        return isEqual ? .leave : .send(isSameFigures ? published.status : .restated)
    }
}
