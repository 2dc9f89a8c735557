package import EventModel

/// What an operator may do to a rebuild that was started.
///
/// From *running*: pause, cancel, promote. From *paused*: resume, cancel. From *promoted*: rollback. *rolled back*:
/// cancel, which removes what was built. *cancelled* is the end. What is so already may be asked for again.
public enum RebuildAct: Sendable, Equatable {
    case pause
    case resume
    case cancel
    /// - Parameters:
    ///   - accepted: how many differences at most are accepted; nil: none.
    ///   - forced: why it is promoted whatever differs; nil: it is not.
    case promote(accepted: Int64? = nil, forced: String? = nil)
    case rollback

    /// As it stands in paths and in the audit.
    public var name: String {
        switch self {
        case .pause: "pause"
        case .resume: "resume"
        case .cancel: "cancel"
        case .promote: "promote"
        case .rollback: "rollback"
        }
    }
}

/// Why an act does not fit the state of the rebuild.
public struct RebuildRefusal: Error, Sendable, Equatable {
    /// One sentence without a full stop.
    public let message: String
}

extension RebuildJob {
    /// The job after an act; nil where it is so already, whoever made it so.
    package func after(_ act: RebuildAct, by name: String, at now: Timestamp) throws(RebuildRefusal) -> RebuildJob? {
        var job = self
        switch (act, wanted) {
        case (.pause, .paused), (.resume, .running), (.cancel, .cancelled), (.promote, .promoted),
            (.rollback, .rolledBack):
            return nil
        case (.pause, .running): job.wanted = .paused
        case (.resume, .paused): job.wanted = .running
        case (.cancel, .running), (.cancel, .paused), (.cancel, .rolledBack): job.wanted = .cancelled
        case (.promote(let accepted, let forced), .running):
            job.wanted = .promoted
            (job.acceptedDifferences, job.forcedReason) = (accepted, forced)
        case (.rollback, .promoted): job.wanted = .rolledBack
        case (.promote, .paused): throw refusal("it is paused; resume it and let it become level first")
        case (.cancel, .promoted): throw refusal("it answers already; roll it back instead")
        case (.rollback, _): throw refusal("it was not promoted, so there is nothing to go back from")
        default: throw refusal("it is \(wanted.words)")
        }
        job.revision += 1
        (job.changedAt, job.changedBy) = (now, name)
        return job
    }

    private func refusal(_ why: String) -> RebuildRefusal { RebuildRefusal(message: "rebuild \(id): \(why)") }
}

extension RebuildJob.Wanted {
    /// For people.
    var words: String { self == .rolledBack ? "rolled back" : rawValue }
}
