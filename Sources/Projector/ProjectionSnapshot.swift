internal import EventLog
public import EventModel
public import Timeline

/// The progress of a fold.
public struct FoldProgress: Sendable, Equatable {
    /// The next offset to fold: answers reflect everything before it.
    public var nextOffset: LogOffset
    /// The end of the log at the last check, or a larger offset.
    public var logEnd: LogOffset
    /// Age of that check; 0 means now. At that time the log had no record at or after ``logEnd``.
    public var endAgeMicroseconds: Int64
    /// Whether the fold stands still at a record that cannot be read, until an operator acts.
    public var isHalted: Bool
    /// Whether an older version of the fold made the projections: they stand still while new ones are built.
    public var isOldGeneration: Bool

    public init(
        nextOffset: LogOffset, logEnd: LogOffset, endAgeMicroseconds: Int64 = 0, isHalted: Bool = false,
        isOldGeneration: Bool = false
    ) {
        self.nextOffset = nextOffset
        self.logEnd = logEnd
        self.endAgeMicroseconds = endAgeMicroseconds
        self.isHalted = isHalted
        self.isOldGeneration = isOldGeneration
    }

    /// Whether the fold has everything that was in the log at the last check.
    public var isLevel: Bool { nextOffset >= logEnd }
}

/// One site at one position: the fold's memory (a value) and one consistent state of the store.
///
/// For one thread. It may hold a read transaction, so do not keep it: a question takes it, computes and closes it before
/// it writes its answer, which keeps the store's write-ahead log short (DESIGN 1.9). When the store's writer waits, reading
/// for longer than a second ends with ``TimelineError`` `.tooLong`.
public final class ProjectionSnapshot {
    public let site: SiteFold
    /// Reads pages and hours that are not in the fold's memory.
    public let reader: any ProjectionReader
    public let progress: FoldProgress
    /// Where time was set back in the site's partition.
    public let clockDisputes: ClockDisputes
    /// The fold that this is a state of, to be compared only; nil where nothing may be kept for its next state.
    public let fold: (any AnyObject & Sendable)?
    private let lasting: (Timestamp) -> Void
    /// nil after closing.
    private var release: (() -> Void)?

    /// - Parameters:
    ///   - fold: one object for all states of a fold.
    ///   - release: ends the read transaction; called once.
    ///   - lasting: see ``goesOn(knownAt:)``.
    public init(
        site: SiteFold, reader: any ProjectionReader, progress: FoldProgress,
        clockDisputes: ClockDisputes = ClockDisputes(), fold: (any AnyObject & Sendable)? = nil,
        release: @escaping () -> Void = {},
        lasting: @escaping (Timestamp) -> Void = { _ in }
    ) {
        self.site = site
        self.reader = reader
        self.progress = progress
        self.clockDisputes = clockDisputes
        self.fold = fold
        self.lasting = lasting
        self.release = release
    }

    /// Lets a question that takes longer go on where the writer would end it. Only for questions with a `knownAt` that is
    /// settled: the fold has everything that was created until then, and always will have.
    public func goesOn(knownAt: Timestamp) { lasting(knownAt) }

    /// Ends the read transaction; do not read anything afterwards.
    public func close() {
        release?()
        release = nil
    }

    deinit { close() }
}
