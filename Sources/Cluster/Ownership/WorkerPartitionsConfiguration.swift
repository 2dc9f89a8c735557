public import Clocks
public import EventModel
public import Observability
public import Projector

/// What a worker's partitions need from the rest of the process.
///
/// For one partition the hooks are called by one thread at a time, in the order of events. They must return quickly and
/// must not assign, revoke or stop anything themselves.
public struct WorkerPartitionsConfiguration: Sendable {
    /// Where `partition-N.sqlite` lie. One worker alone uses it.
    public var folder: String
    /// Limits and pace of the folds. The memory is that of the process: all partitions share it (``FoldShare``).
    public var projector = ProjectorConfiguration()
    /// Whether commits note what they change, for a publisher.
    public var keepsFeed = false
    /// The partition folds from here on: what changes may be published until ``stopPublishing``.
    public var startPublishing: @Sendable (HeldPartition) -> Void = { _ in }
    /// After it returns nothing more is sent about the partition.
    public var stopPublishing: @Sendable (PartitionIndex) -> Void = { _ in }
    /// Announces to the other processes that questions about the partition are answered here.
    public var announceHolder: @Sendable (PartitionIndex) -> Void = { _ in }
    public var withdrawHolder: @Sendable (PartitionIndex) -> Void = { _ in }
    /// How long ago the group last answered. A fixed set of partitions has no group: 0.
    public var pollAgeMilliseconds: @Sendable () -> Int = { 0 }
    /// Beyond it nothing is published: half the session timeout (DESIGN 5).
    public var pollAgeMaximumMilliseconds = Int.max
    /// Between two attempts to open a partition after an error that may pass.
    public var retryMilliseconds = 1000
    public var clock: any ProcessClock = .system
    public var journal = Journal.silent

    public init(folder: String) { self.folder = folder }

    /// How often the age of the last poll and pending retries are checked.
    static let checkMilliseconds = 100
}

/// A partition that this worker folds, as its publisher gets it. To be released when publishing stops.
public struct HeldPartition: Sendable {
    public let partition: PartitionIndex
    public let projector: Projector
    /// Whether a record may be sent at this moment: to be checked right before each send, because a process that was
    /// suspended and resumes may have lost the partition long ago without notice (DESIGN 3).
    public let mayPublish: @Sendable () -> Bool
}
