internal import EventModel
public import Observability

/// Why a fold cannot start or continue.
public struct ProjectorError: OperatorError {
    public var message: String
    public var hint: String?
    /// Whether a retry may succeed later without any change.
    public var isRetriable = false
    public var name: String { "projector" }

    static func recordsAreGone(next: LogOffset, start: LogOffset) -> ProjectorError {
        ProjectorError(
            message: "the log begins at offset \(start.value), but the projections stand at \(next.value)",
            hint: "records between them are gone; restore the log, or remove the projections to rebuild what is left")
    }

    static func logIsShorter(next: LogOffset, end: LogOffset) -> ProjectorError {
        ProjectorError(
            message: "the projections stand at offset \(next.value), but the log ends at \(end.value)",
            hint: "the log was replaced or restored from an older copy; remove the projections to rebuild them")
    }

    static func logIsAnother(at offset: LogOffset) -> ProjectorError {
        ProjectorError(
            message: "the log at offset \(offset.value) is not the one that was folded: topic recreated?",
            hint: "bring the old log back, or remove the projections to rebuild them from what the new one holds")
    }

    static let isStopped = ProjectorError(
        message: "the projections are closed", hint: "they are being moved or stopped; ask again", isRetriable: true)

    static let isTorn = ProjectorError(
        message: "the fold failed inside a record, so its figures cannot be shown",
        hint: "its failure says why; what was committed before is whole")
}
