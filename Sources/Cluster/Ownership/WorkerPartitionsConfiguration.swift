public import EventModel
public import ProjectionStore
public import Projector

/// What a worker's partitions need of the rest of the process.
///
/// The hooks are called by one thread at a time for one partition, in the order in which things happen. They must be
/// quick and must not assign, revoke or stop anything themselves.
public struct WorkerPartitionsConfiguration: Sendable {
    /// Where `partition-N.sqlite` lie. One worker alone uses it.
    public var folder: String
    /// Limits and pace of the folds. Memory is that of the process: what is held shares it (``FoldShare``).
    public var projector = ProjectorConfiguration()
    /// Whether commits note what they change, for a publisher.
    public var keepsFeed = false
    /// Called before a store is opened, from a thread of its own: may put a snapshot at the path where there is no file.
    /// What it throws fails the opening.
    public var restore: @Sendable (PartitionIndex, _ path: String) throws -> Void = { _, _ in }
    /// The partition folds from here on: what changes may be published until ``stopPublishing``.
    public var startPublishing: @Sendable (HeldPartition) -> Void = { _ in }
    /// When it returns nothing more is sent about the partition.
    public var stopPublishing: @Sendable (PartitionIndex) -> Void = { _ in }
    /// Tells the other processes that questions about the partition are answered here.
    public var announceHolder: @Sendable (PartitionIndex) -> Void = { _ in }
    public var withdrawHolder: @Sendable (PartitionIndex) -> Void = { _ in }
    /// How long ago the group was heard from. A fixed set of partitions has none: 0.
    public var pollAgeMilliseconds: @Sendable () -> Int = { 0 }
    /// Beyond it nothing is published: half the session timeout (DESIGN 5).
    public var pollAgeMaximumMilliseconds = Int.max
    /// Between two tries to open what failed for a reason that may pass.
    public var retryMilliseconds = 1000
    /// Called with every line worth an operator's attention.
    public var report: @Sendable (String) -> Void = { _ in }

    public init(folder: String) { self.folder = folder }

    /// How often the age of the last poll and what waits to be tried again are looked at.
    static let lookMilliseconds = 100
}

/// A partition that this worker folds, as its publisher gets it. To be let go of when publishing stops.
public struct HeldPartition: Sendable {
    public let partition: PartitionIndex
    public let projector: Projector
    public let store: ProjectionStore
    /// Whether a record may be sent at this moment: to be asked right before each sending, because a process that was
    /// stopped and goes on may have lost the partition long ago without having been told (DESIGN 3).
    public let mayPublish: @Sendable () -> Bool
}
