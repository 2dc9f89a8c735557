public import EventModel
public import HTTPServer
public import Projector

/// The only partition, in a process that runs all of Andon.
final class OnlyProjections: PartitionedProjections {
    private let only: any Projections
    let partitionCount: Int32 = 1

    init(_ only: any Projections) { self.only = only }

    func projections(of partition: PartitionIndex) -> (any Projections)? {
        partition == only.partition ? only : nil
    }
}

/// No partition at all: for a process that forwards every question.
public final class NoProjections: PartitionedProjections {
    public let partitionCount: Int32
    public init(partitionCount: Int32) { self.partitionCount = partitionCount }
    public func projections(of partition: PartitionIndex) -> (any Projections)? { nil }
}

/// An authorised, well-formed question about a site whose partition is not held here.
public struct AskedElsewhere {
    /// Valid only while the hook runs.
    public let request: HTTPRequest
    public let site: SiteID
    public let partition: PartitionIndex
    public let exchange: any HTTPExchange
}
