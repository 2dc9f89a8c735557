internal import EventLog
public import EventModel

/// How much of the log a record knows: everything up to and including `offset` is in it (DESIGN 1.3).
///
/// It stands for the position of the last change: a record whose figures did not change is not sent again, so its
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

/// The newest record of a key, as far as it matters for the next one.
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

/// What is to become of the record of a key.
enum PublishDecision: Equatable {
    /// The topic says what we would say, or somebody with a newer program spoke.
    case leave
    /// Not now: too soon after the last one, or another clock is ahead of ours.
    case later
    /// The topic knows more of the log than this fold does.
    case behind
    case send(MetricStatus)

    /// What the record of a key would be made from now.
    struct Situation {
        var epoch: String
        /// The next offset to fold.
        var next: LogOffset
        var fold: Int64
        /// Whether the hour's end and the grace are over.
        var isFinal: Bool
        /// Microseconds.
        var now: Int64
        /// Least time between two provisional records of a key, in microseconds.
        var pace: Int64
    }

    /// - Parameters:
    ///   - published: the newest record in the topic; nil where there is none.
    ///   - figures: what we would say.
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
            // Whoever called it final has a clock ahead of this one; nobody gets a provisional after a final.
            self = .later
        } else if abs(situation.now - published.asOf) < situation.pace {
            self = .later
        } else {
            self = .send(.provisional)
        }
    }

    private static func afterEnd(_ published: PublishedState, isEqual: Bool, isSameFigures: Bool) -> Self {
        switch published.status {
        case .provisional: .send(.final)
        case .final, .restated:
            // From another log, with the same figures: said again, so that its revision is one of this log.
            isEqual ? .leave : .send(isSameFigures ? published.status : .restated)
        }
    }
}
