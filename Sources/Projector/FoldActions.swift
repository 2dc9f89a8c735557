public import Clocks
public import EventModel
public import ProjectionStore
public import Timeline

/// What happened, as the shell of a ``FoldDriver`` reports it.
///
/// Records are not inputs: they go to ``FoldDriver/fold(_:at:)`` while a read is under way, so that none is copied.
public enum FoldInput {
    /// A wait or a pause is over, or nothing has happened yet.
    case resume
    /// The log was compared with the last folded record and is the same; it ended there.
    case verified(EndSight)
    /// A read is complete. `end` is what the log knows of its end, nil where it does not know.
    case read(end: EndSight?)
    /// A read or a comparison failed, or ``FoldDriver/fold(_:at:)`` threw.
    case failed(any Error)
    /// The commit in flight is durable.
    case committed
    /// The commit in flight was not written.
    case commitFailed(StoreError)
    /// Fold nothing more, commit what was folded.
    case stop
}

/// What the shell has to do: first the effects, in order, then the activity, whose outcome is the next input.
public struct FoldActions {
    public var effects: [FoldEffect] = []
    public var next = FoldActivity.end
}

/// Something that the shell does at once and that has no answer, but for a commit.
public enum FoldEffect: Sendable {
    /// Write this set; the answer is ``FoldInput/committed`` or ``FoldInput/commitFailed(_:)``, whenever it comes.
    case commit(CommitSet)
    /// Tell those who waited whether the fold has passed their offset.
    case answer([FoldWaiter], isPassed: Bool)
    /// A line for the operator.
    case report(String)
    /// The fold has failed: tell the operator and whoever owns it.
    case failed(FoldFailure)
}

/// The one thing that the shell does next. Stop and the end of a commit may be reported before it is over.
public enum FoldActivity: Sendable, Equatable {
    /// Compare the log with the last folded record. → `verified`, `failed`
    case verify(next: LogOffset, RecordFingerprint?)
    /// Read from `from` on and hand every record to ``FoldDriver/fold(_:at:)``. → `read`, `failed`
    case read(from: LogOffset, byteLimit: Int)
    /// Wait until the log has a record at `offset`, at most so long. → `resume`
    case wait(at: LogOffset, milliseconds: Int)
    /// Do nothing for so long. → `resume`
    case pause(milliseconds: Int)
    /// Wait until the commit in flight has ended, at most so long. → `committed`, `commitFailed`, `resume` when the time
    /// is up
    case awaitCommit(milliseconds: Int)
    /// The fold's life is over.
    case end
}

/// Somebody who waits for the fold to pass an offset (SPEC 8.3).
public struct FoldWaiter: Sendable {
    public var offset: LogOffset
    public var deadline: MonotonicTime
    /// Called once, from any thread: whether the offset was passed.
    public var body: @Sendable (Bool) -> Void

    public init(
        offset: LogOffset, deadline: MonotonicTime, body: @escaping @Sendable (Bool) -> Void
    ) {
        self.offset = offset
        self.deadline = deadline
        self.body = body
    }
}

/// The end of the log as it was at an instant: nothing stood at or after `offset` then.
public struct EndSight: Sendable, Equatable {
    public var offset: LogOffset
    public var seenAt: MonotonicTime

    public init(offset: LogOffset, seenAt: MonotonicTime) {
        self.offset = offset
        self.seenAt = seenAt
    }

    /// Joins another sight. A later instant may go with a larger end: what was not there at that end was not there
    /// after it either.
    mutating func add(_ other: EndSight) {
        offset = max(offset, other.offset)
        seenAt = max(seenAt, other.seenAt)
    }
}
