internal import EventLog
public import EventModel

/// A partition's projections for questions. A protocol, so that tests can answer from memory (DESIGN 1.10).
public protocol Projections: AnyObject, Sendable {
    var partition: PartitionIndex { get }

    /// The current progress of the fold; never blocks.
    var progress: FoldProgress { get }

    /// The current state of the site; nil when no folded record names it. The caller must close it.
    func snapshot(of site: SiteID) throws -> ProjectionSnapshot?

    /// The offset after the last folded record of the site, so that who follows it sees cheaply whether it has changed;
    /// nil when no folded record names it.
    func nextOffset(of site: SiteID) -> LogOffset?

    /// Calls `body` once, from any thread: true when the record at `offset` has been folded, false after the timeout.
    func whenPassed(_ offset: LogOffset, timeoutMilliseconds: Int, _ body: @escaping @Sendable (Bool) -> Void)
}

extension Projections {
    public func nextOffset(of site: SiteID) -> LogOffset? { (try? snapshot(of: site))?.site.nextOffset }
}

extension Projector: Projections {}

/// The partitions that this process can answer for.
///
/// Looked up for every question, so that changes to the held partitions take effect immediately.
public protocol PartitionedProjections: AnyObject, Sendable {
    /// Number of partitions of the log; a site's id determines its partition (DESIGN 1.3).
    var partitionCount: Int32 { get }

    /// The partition of a site's records.
    func partition(of site: SiteID) -> PartitionIndex

    /// The projections of a partition; nil when this process does not hold it, or it is not yet or no longer open.
    func projections(of partition: PartitionIndex) -> (any Projections)?
}

extension PartitionedProjections {
    /// For whoever knows the number of partitions.
    public func partition(of site: SiteID) -> PartitionIndex {
        Partitioner.partition(of: site.bytes, partitionCount: partitionCount)
    }
}
