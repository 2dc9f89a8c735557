internal import EventLog
public import EventModel
public import Timeline

/// How far a fold is.
public struct FoldProgress: Sendable, Equatable {
    /// The next offset to fold: everything before it shows in answers.
    public var nextOffset: LogOffset
    /// Largest created_at folded, in microseconds; nil before the first record.
    public var newestCreatedAt: Int64?
    /// The end of the log when it was last looked at, or more.
    public var logEnd: LogOffset
    /// How long ago that was; 0: now. At that time nothing stood in the log at or after ``logEnd``.
    public var endAgeMicroseconds: Int64

    public init(
        nextOffset: LogOffset, newestCreatedAt: Int64?, logEnd: LogOffset, endAgeMicroseconds: Int64 = 0
    ) {
        self.nextOffset = nextOffset
        self.newestCreatedAt = newestCreatedAt
        self.logEnd = logEnd
        self.endAgeMicroseconds = endAgeMicroseconds
    }

    /// Whether nothing that was in the log when it was last looked at is missing.
    public var isLevel: Bool { nextOffset >= logEnd }
}

/// One site as it stands at one position: the fold's memory (a value) over one consistent state of the store.
///
/// For one thread. It may hold a read transaction, so it must not be kept: a question takes it, computes and closes it,
/// which keeps the store's write-ahead log short (DESIGN 1.9).
public final class ProjectionSnapshot {
    public let site: SiteFold
    /// Pages and hours that are not in the fold's memory.
    public let reader: any ProjectionReader
    public let progress: FoldProgress
    /// nil once it was closed.
    private var release: (() -> Void)?

    /// - Parameter release: ends the read transaction; called once.
    public init(
        site: SiteFold, reader: any ProjectionReader, progress: FoldProgress, release: @escaping () -> Void = {}
    ) {
        self.site = site
        self.reader = reader
        self.progress = progress
        self.release = release
    }

    /// Ends the read transaction; nothing may be read afterwards.
    public func close() {
        release?()
        release = nil
    }

    deinit { close() }
}
