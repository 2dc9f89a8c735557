internal import EventLog
public import EventModel
internal import ProjectionStore
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
/// For one thread. It holds a read transaction, so it must not be kept: a question opens it, computes and closes it,
/// which keeps the store's write-ahead log short (DESIGN 1.9).
public final class ProjectionSnapshot {
    public let site: SiteFold
    public let progress: FoldProgress
    private let reader: StoreReader
    private let giveBack: (StoreReader) -> Void
    private var isOpen = true

    init(site: SiteFold, progress: FoldProgress, reader: StoreReader, giveBack: @escaping (StoreReader) -> Void) {
        self.site = site
        self.progress = progress
        self.reader = reader
        self.giveBack = giveBack
    }

    /// Pages and hours that are not in the fold's memory.
    public var source: any ProjectionReader { reader }

    /// Ends the read transaction; nothing may be read afterwards.
    public func close() {
        guard isOpen else { return }
        isOpen = false
        reader.end()
        giveBack(reader)
    }

    deinit { close() }
}
