internal import EventLog
public import EventModel
public import HTTPServer

/// Which partitions this process can answer for: the lookup of a ``QuerySource`` by partition.
///
/// Asked for every question, so that a partition that comes or goes shows at once.
public protocol QuerySources: AnyObject, Sendable {
    /// Partitions of the log; a site's is found by its id (DESIGN 1.3).
    var partitionCount: Int32 { get }

    /// The fold of a partition; nil when it is not held here, or not yet or no longer open.
    func source(for partition: PartitionIndex) -> (any QuerySource)?
}

extension QuerySources {
    func partition(of site: SiteID) -> PartitionIndex {
        Partitioner.partition(of: site.bytes, partitionCount: partitionCount)
    }
}

/// All there is in one fold, as in a process that runs all of Andon.
final class SingleSource: QuerySources {
    private let source: any QuerySource
    let partitionCount: Int32 = 1

    init(_ source: any QuerySource) { self.source = source }

    func source(for partition: PartitionIndex) -> (any QuerySource)? {
        partition == source.partition ? source : nil
    }
}

/// No partition at all: for a process that has every question answered elsewhere.
public final class NoSources: QuerySources {
    public let partitionCount: Int32
    public init(partitionCount: Int32) { self.partitionCount = partitionCount }
    public func source(for partition: PartitionIndex) -> (any QuerySource)? { nil }
}

/// A question about a site whose partition is not held here: authorised, and well-formed.
public struct AskedElsewhere {
    /// Valid only while the hook runs.
    public let request: HTTPRequest
    public let site: SiteID
    public let partition: PartitionIndex
    /// Adds what the permission said to the answer, as the service does to an outcome that is given at once.
    public let exchange: any HTTPExchange
}

/// Adds headers to the one answer that it is given.
final class AddingExchange: HTTPExchange {
    private let exchange: any HTTPExchange
    private let headers: [(name: String, value: String)]

    init(_ exchange: any HTTPExchange, _ headers: [(name: String, value: String)]) {
        self.exchange = exchange
        self.headers = headers
    }

    func complete(_ response: HTTPResponse) { exchange.complete(response.adding(headers)) }
}
