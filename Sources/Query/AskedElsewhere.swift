public import EventModel
public import HTTPServer
public import Projector

/// The only partition there is, as in a process that runs all of Andon.
final class OnlyProjections: PartitionedProjections {
    private let only: any Projections
    let partitionCount: Int32 = 1

    init(_ only: any Projections) { self.only = only }

    func projections(of partition: PartitionIndex) -> (any Projections)? {
        partition == only.partition ? only : nil
    }
}

/// No partition at all: for a process that has every question answered elsewhere.
public final class NoProjections: PartitionedProjections {
    public let partitionCount: Int32
    public init(partitionCount: Int32) { self.partitionCount = partitionCount }
    public func projections(of partition: PartitionIndex) -> (any Projections)? { nil }
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
