internal import Cluster
internal import EventLog
internal import EventModel
internal import Gateway
internal import HTTPServer
internal import Projector

extension Projections {
    /// The definition of a site before its newest one, once the newest one is folded (SPEC 5.1).
    func older(_ question: OlderDefinitionQuestion) throws -> OlderDefinition {
        guard progress.nextOffset > question.newest.position.offset else { return .behind }
        return .found(try definition(of: question.newest.siteID, knownAt: question.knownAt))
    }
}

extension ClusterParts {
    /// Asks a process that folds the site's partition (DESIGN 5).
    func forward(_ question: OlderDefinitionQuestion) -> OlderDefinition {
        let site = question.newest.siteID
        let partition = Partitioner.partition(of: site.bytes, partitionCount: log.partitionCount)
        return .elsewhere(
            forwarder.forward(question.request, site: site, partition: partition, exchange: question.exchange))
    }
}
