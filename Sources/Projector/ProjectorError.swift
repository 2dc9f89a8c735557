internal import EventLog
public import EventModel
public import Observability
internal import Timeline

/// Why a fold cannot start or continue.
public struct ProjectorError: OperatorError {
    /// Not an enum, so that codes can be added.
    public struct Code: Hashable, Sendable {
        let name: String
        /// The log no longer has the next records.
        public static let recordsAreGone = Code(name: "fold_records_gone")
        /// The log ends before the position of the projections.
        public static let logIsShorter = Code(name: "fold_log_shorter")
        /// The log has another record where the last folded one was.
        public static let logIsAnother = Code(name: "fold_log_replaced")
        /// The projections are being moved or stopped.
        public static let closed = Code(name: "fold_closed")
        /// The projections are being built again from the log.
        public static let rebuilding = Code(name: "fold_rebuilding")
        /// The writer of the projections has its turn.
        public static let busy = Code(name: "fold_busy")
        /// A fold for one answer stopped.
        public static let failed = Code(name: "fold_failed")
        /// The next record of the log cannot be folded: it is none, or it is missing.
        public static let recordUnreadable = Code(name: "fold_record_unreadable")
        /// The projections are of another version of Andon.
        public static let otherVersion = Code(name: "fold_other_version")
        /// There is no generation of that job here.
        public static let generationUnknown = Code(name: "generation_unknown")
        /// The generation is live, or is not: what was asked for needs the other.
        public static let generationLive = Code(name: "generation_live")
        /// The generation has not caught up.
        public static let generationBehind = Code(name: "generation_behind")
        /// The fold of the generation has stopped.
        public static let generationFailed = Code(name: "generation_failed")
        /// So many folds run beside the live one that there is no room for another.
        public static let generationsTooMany = Code(name: "generations_too_many")
        /// The fold failed inside a record.
        public static let torn = Code(name: "fold_torn")
    }

    public var code: Code
    public var message: String
    public var hint: String?
    /// The offsets that the log does not have any more: once they are declared as skipped, a new fold goes on.
    public var lost: Range<LogOffset>?
    /// Whether a retry may succeed later without any change.
    public var isRetriable: Bool {
        code == .closed || code == .rebuilding || code == .busy || code == .generationBehind
    }
    public var name: String { code.name }

    /// - Parameters:
    ///   - lost: the offsets that the log does not have any more.
    ///   - after: created_at of the last folded record.
    ///   - before: created_at of the first record that the log still has.
    ///   - command: goes on without them; nil where the log cannot.
    static func recordsAreGone(
        _ lost: Range<LogOffset>, after: Timestamp?, before: Timestamp?, command: String?
    ) -> ProjectorError {
        let (next, start) = (lost.lowerBound.value, lost.upperBound.value)
        let span = [after.map { "after \($0.formatted)" }, before.map { "before \($0.formatted)" }].compactMap { $0 }
        let received = span.isEmpty ? "" : ", received " + span.joined(separator: " and ")
        let goOn = command.map { ", or go on without them, keeping all other figures: `\($0)`" } ?? ""
        return ProjectorError(
            code: .recordsAreGone,
            message: "the log begins at offset \(start), but the projections stand at \(next): \(start - next) records "
                + "between them are gone, offsets \(next) to \(start - 1)\(received)",
            hint:
                "move the projections away and restore a snapshot that stands at offset \(start) or later, which loses "
                + "nothing (`andon snapshot list`)\(goOn)", lost: lost)
    }

    static func logIsShorter(next: LogOffset, end: LogOffset) -> ProjectorError {
        ProjectorError(
            code: .logIsShorter,
            message: "the projections stand at offset \(next.value), but the log ends at \(end.value)",
            hint: "the log was replaced or restored from an older copy; remove the projections to rebuild them")
    }

    static func logIsAnother(at offset: LogOffset) -> ProjectorError {
        ProjectorError(
            code: .logIsAnother,
            message: "the log at offset \(offset.value) is not the one that was folded: topic recreated?",
            hint: "bring the old log back, or remove the projections to rebuild them from what the new one holds")
    }

    static let isStopped = ProjectorError(
        code: .closed, message: "the projections are closed", hint: "they are being moved or stopped; ask again")

    public static let isBeingRebuilt = ProjectorError(
        code: .rebuilding, message: "the projections are being rebuilt from the log",
        hint: "ask again; /readyz shows how far they are")

    static let isBusy = ProjectorError(
        code: .busy, message: "the projections are being written", hint: "ask again in a moment")

    static func isOfOtherVersion(_ path: String) -> ProjectorError {
        ProjectorError(
            code: .otherVersion, message: "the projections at \(path) are of another version of Andon",
            hint: "use the version that made them, or fold the log anew: andon replay")
    }

    static func cannotFold(_ failure: String) -> ProjectorError {
        ProjectorError(code: .failed, message: failure, hint: "andon doctor says more")
    }

    static func noGeneration(of job: String, _ partition: PartitionIndex) -> ProjectorError {
        ProjectorError(
            code: .generationUnknown, message: "partition \(partition.value) has no generation of job '\(job)'",
            hint: "start the job, or ask for its status")
    }

    static func isLive(_ job: String) -> ProjectorError {
        ProjectorError(
            code: .generationLive, message: "the generation of job '\(job)' is live",
            hint: "roll back first to go on with the one before")
    }

    static func isNotLive(_ job: String) -> ProjectorError {
        ProjectorError(
            code: .generationLive,
            message: "the generation of job '\(job)' is not live, so there is nothing to go back from",
            hint: nil)
    }

    static func isGone(_ job: String) -> ProjectorError {
        ProjectorError(
            code: .generationUnknown, message: "the generation before that of job '\(job)' is not there any more",
            hint: "rebuild instead; --keep-generations says how long they are kept")
    }

    static func isBehind(next: LogOffset, goal: LogOffset) -> ProjectorError {
        ProjectorError(
            code: .generationBehind,
            message: "the generation is at offset \(next.value) and has to be at \(goal.value) first",
            hint: "try again when it is level")
    }

    static func hasFailed(_ failure: FoldFailure) -> ProjectorError {
        ProjectorError(
            code: .generationFailed, message: "the fold of the generation has stopped: \(failure.message)",
            hint: "cancel the job and start it again")
    }

    static let changesTooFast = ProjectorError(
        code: .busy, message: "the live projections change too fast to be compared now", hint: "try again in a moment")

    static let tooManyFolds = ProjectorError(
        code: .generationsTooMany,
        message: "\(ProjectorConfiguration.foldsBesideMaximum) folds run beside the live one already",
        hint: "end or cancel one of them")

    static let isTorn = ProjectorError(
        code: .torn, message: "the fold failed inside a record, so its figures cannot be shown",
        hint: "its failure says why; what was committed before is whole")
}

extension ProjectorError {
    /// What a fold stops at without losing what it has: a record that cannot be decoded, or offsets that are missing
    /// (SPEC 7.4). Later the record may be readable, by a newer program, or be declared as skipped.
    /// - Parameters:
    ///   - place: the record's name.
    ///   - command: passes over it; nil where nothing can.
    /// - Returns: nil for any other error.
    init?(unreadable error: any Error, at place: String, command: String?) {
        let what: String
        switch error {
        case let error as CodecError where error.code == .unknownFormat:
            what = "has a format that this version does not know"
        case let error as CodecError: what = "is no record of Andon, or is damaged (\(error))"
        case let error as LogError where error.code == .recordsMissing: what = "is missing: \(error.message)"
        case let error as TimelineError where error.code == .gap: what = "is missing: \(error.message)"
        default: return nil
        }
        let isNewer = (error as? CodecError)?.code == .unknownFormat
        let advice =
            isNewer ? "run the version of Andon that wrote it" : command.map { "to go on without it: `\($0)`" }
        self.init(
            code: .recordUnreadable, message: "the fold stands still, because \(place) \(what)",
            hint: advice ?? "restore the log")
    }
}
