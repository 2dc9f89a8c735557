public import Clocks
public import EventModel
public import Observability
public import ProjectionStore
public import Timeline

/// An event that the shell of a ``FoldDriver`` reports to it.
///
/// Records are not inputs: they go to ``FoldDriver/fold(_:at:)`` during a read, which avoids copying them.
public enum FoldInput {
    /// A wait or a pause is over, or this is the first step.
    case resume
    /// The log was compared with the last folded record and matches; its end at that time.
    case verified(LogEndReading)
    /// A read is complete. `end` is the end as far as the log knows it, otherwise nil.
    case read(end: LogEndReading?)
    /// A read or a comparison failed, or ``FoldDriver/fold(_:at:)`` threw.
    case failed(any Error)
    /// The commit in flight is durable.
    case committed
    /// The commit in flight was not written.
    case commitFailed(StoreError)
    /// Stop folding and commit what was folded.
    case stop
}

/// What the shell must do: first the effects, in order, then the activity. The outcome of the activity is the next
/// input.
public struct FoldActions {
    public var effects: [FoldEffect] = []
    public var next = FoldActivity.end
}

/// Something that the shell does immediately; only a commit has an answer.
public enum FoldEffect: Sendable {
    /// Write this set; the answer is ``FoldInput/committed`` or ``FoldInput/commitFailed(_:)``, at any later time.
    case commit(CommitSet)
    /// Tell the waiters whether the fold has passed their offset.
    case answer([FoldWaiter], isPassed: Bool)
    /// Record this in the journal.
    case record(JournalEvent)
    /// The fold has failed: record it, and notify the owner of the fold.
    case failed(FoldFailure)
}

/// The one activity of the shell. It may report a stop or the end of a commit before the activity is over.
public enum FoldActivity: Sendable, Equatable {
    /// Compare the log with the last folded record. → `verified`, `failed`
    case verify(next: LogOffset, RecordFingerprint?)
    /// Read starting at `from` and pass every record to ``FoldDriver/fold(_:at:)``. → `read`, `failed`
    case read(from: LogOffset, byteLimit: Int)
    /// Wait until the log has a record at `offset`, up to this time. → `resume`
    case wait(at: LogOffset, milliseconds: Int)
    /// Do nothing for this time. → `resume`
    case pause(milliseconds: Int)
    /// Wait until the commit in flight has ended, up to this time. → `committed`, `commitFailed`, `resume` on timeout
    case awaitCommit(milliseconds: Int)
    /// The fold has ended.
    case end
}

/// A caller that waits for the fold to pass an offset (SPEC 8.3).
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

/// The end of the log at an instant: there was no record at or after `offset` then.
public struct LogEndReading: Sendable, Equatable {
    public var offset: LogOffset
    public var seenAt: MonotonicTime

    public init(offset: LogOffset, seenAt: MonotonicTime) {
        self.offset = offset
        self.seenAt = seenAt
    }

    /// Merges another reading. The later instant is valid for the larger end, too: without records after the smaller
    /// end there are none after the larger one.
    mutating func add(_ other: LogEndReading) {
        offset = max(offset, other.offset)
        seenAt = max(seenAt, other.seenAt)
    }
}
