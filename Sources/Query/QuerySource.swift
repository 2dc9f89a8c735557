public import EventModel
public import Projector
public import Timeline

/// One site at one position of the log: the fold's memory and a consistent state of the store behind it.
///
/// For one thread; whoever got it calls ``close`` once, whatever happens.
public struct SiteReading {
    public let site: SiteFold
    public let source: any ProjectionReader
    public let standing: FoldProgress
    public let close: () -> Void

    public init(
        site: SiteFold, source: any ProjectionReader, standing: FoldProgress, close: @escaping () -> Void = {}
    ) {
        self.site = site
        self.source = source
        self.standing = standing
        self.close = close
    }
}

/// Where answers come from: the fold of one partition. A port, so that tests answer from memory (DESIGN 1.10).
public protocol QuerySource: AnyObject, Sendable {
    var partition: PartitionIndex { get }

    /// How far the fold is now.
    /// - Throws: when the log's end cannot be read.
    func standing() throws -> FoldProgress

    /// The site as it is now; nil where no record folded so far names it.
    func reading(of site: SiteID) throws -> SiteReading?

    /// Calls `body` once, from any thread: true when the record at `offset` has been folded, false after the timeout.
    func whenPassed(_ offset: LogOffset, timeoutMilliseconds: Int, _ body: @escaping @Sendable (Bool) -> Void)
}
