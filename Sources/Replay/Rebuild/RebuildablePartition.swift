public import EventModel
public import Projector

/// A partition whose projections can be built anew beside those that answer (SPEC 7.3, DESIGN 7).
///
/// Who keeps jobs says what is wanted; the partition does it. Every call returns soon, may come again, and then changes
/// nothing that is so already. Errors are ones for operators.
public protocol RebuildablePartition: AnyObject, Sendable {
    var partition: PartitionIndex { get }

    /// Makes the generation of that job or goes on with it.
    func build(job: JobID, pace: FoldPace) throws

    /// How far it is; nil when there is no generation of that job here.
    func progress(job: JobID) -> BuildProgress?

    func setPace(_ pace: FoldPace, job: JobID)

    /// Ends the build and removes its generation, unless it is live.
    func cancel(job: JobID) throws

    /// Compares live and new generation at one and the same position.
    func compare(job: JobID, limit: Int) throws -> GenerationDifferences

    /// Questions and publisher move to the new generation at once; the old one keeps following.
    func promote(job: JobID) throws

    /// Back to the generation that was live before.
    func rollback(job: JobID) throws
}

/// How far the generation of a job is in one partition.
public struct BuildProgress: Sendable, Equatable {
    /// Number of the generation in its directory.
    public var generation: Int64
    /// The next offset that it folds, and the end of the log.
    public var next, end: LogOffset
    /// Events that this process has folded into it.
    public var events: Int64
    /// When its building began.
    public var startedAt: Timestamp
    public var eventsPerSecond: Int64
    /// Whether it holds everything that the live generation holds.
    public var isLevel: Bool
    /// `building`, `level`, `live` or `retired`.
    public var state: String
    /// Why it does not go on until somebody acts; nil while it does.
    public var failure: String?
    /// What holds it up for now, e.g. a full disk: it goes on by itself.
    public var hindrance: String?
    /// Whether this process folds it; a paused one waits after a start until it is to go on.
    public var isFolded: Bool

    public init(
        generation: Int64, next: LogOffset, end: LogOffset, events: Int64, startedAt: Timestamp,
        eventsPerSecond: Int64, isLevel: Bool, state: String, failure: String? = nil, hindrance: String? = nil,
        isFolded: Bool = true
    ) {
        self.generation = generation
        self.next = next
        self.end = end
        self.events = events
        self.startedAt = startedAt
        self.eventsPerSecond = eventsPerSecond
        self.isLevel = isLevel
        self.state = state
        self.failure = failure
        self.hindrance = hindrance
        self.isFolded = isFolded
    }
}
