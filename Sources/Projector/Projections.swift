internal import EventLog
public import EventModel

/// A partition's projections as questions see them. A port, so that tests answer from memory (DESIGN 1.10).
public protocol Projections: AnyObject, Sendable {
    var partition: PartitionIndex { get }

    /// How far the fold is now; waits for nobody.
    var progress: FoldProgress { get }

    /// The site as it is now; nil where no record folded so far names it. Whoever takes it closes it.
    func snapshot(of site: SiteID) throws -> ProjectionSnapshot?

    /// Calls `body` once, from any thread: true when the record at `offset` has been folded, false after the timeout.
    func whenPassed(_ offset: LogOffset, timeoutMilliseconds: Int, _ body: @escaping @Sendable (Bool) -> Void)
}

extension Projector: Projections {}

/// Which partitions this process can answer for.
///
/// Asked for every question, so that a partition that comes or goes shows at once.
public protocol PartitionedProjections: AnyObject, Sendable {
    /// Partitions of the log; a site's is found by its id (DESIGN 1.3).
    var partitionCount: Int32 { get }

    /// The projections of a partition; nil when it is not held here, or not yet or no longer open.
    func projections(of partition: PartitionIndex) -> (any Projections)?
}

extension PartitionedProjections {
    /// The partition that a site's records are in.
    public func partition(of site: SiteID) -> PartitionIndex {
        Partitioner.partition(of: site.bytes, partitionCount: partitionCount)
    }
}
