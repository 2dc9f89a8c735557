internal import Access
internal import Cluster
internal import EventModel
internal import Foundation
internal import Gateway
internal import HTTPServer
internal import Query

/// Admission on Kafka: accepts events and definitions, forwards questions to the workers (DESIGN 5). The composition
/// root of `andon gateway`.
enum GatewayService {
    /// Opens everything and reads what a gateway must know; nothing runs yet.
    /// - Parameter directory: Where answers to Idempotency-Keys are kept; nil: in memory alone.
    /// - Throws: ``CommandFailure``
    static func runtime(
        _ options: KafkaOptions, _ directory: DataDirectory?, _ configuration: ServerConfiguration,
        _ journal: StructuredLog
    ) throws -> ServiceRuntime {
        let parts = try ClusterParts(options, role: "gateway", configuration, journal)
        var gatewayParts = Gateway.Parts(log: parts.log, registry: parts.registry, access: parts.access)
        gatewayParts.answersPath = directory?.answers
        gatewayParts.hooks = GatewayHooks(journal)
        gatewayParts.olderDefinitions = { parts.forward($0) }
        let gateway: Gateway
        do {
            gateway = try Gateway(gatewayParts)
        } catch {
            parts.stop()
            throw error
        }
        let query = QueryService(
            QueryService.Parts(
                partitioned: NoProjections(partitionCount: parts.log.partitionCount),
                authorize: { parts.authorize($0, $1) }, registry: { gateway.site($0) },
                journal: journal.journal,
                elsewhere: { asked in
                    guard asked.request.path == "/api/ledger" else { return parts.forward(asked) }
                    let site = asked.site
                    return parts.forward(asked, LedgerExchange(asked.exchange) { gateway.rejected(of: site) })
                }),
            threadCount: 1)
        // The gateway could only lack registry and keys, which the shared parts already report.
        let admission = ServicePart(
            routes: gateway.routes, start: { gateway.start() }, stop: { gateway.stop() }, reasons: { gateway.reasons })
        let clock = ClusterClock(parts, gateway, journal.journal)
        let rebuilds = RebuildParts(parts, journal)
        let freshness = FreshnessPart(parts, journal.journal)
        let sites = SitesPart(parts, query, journal, forwarded: nil)
        let live = LivePart(parts, query)
        return ServiceRuntime(
            configuration, log: parts.log.epoch, keyOptions: "--brokers HOST:PORT",
            parts: [parts.part, clock.part, rebuilds.part, admission, freshness.part, sites.part, live.part],
            query: query, facts: parts.facts
        ) {
            if !configuration.isOpenToLoopback, try parts.keys.list().isEmpty {
                journal.write(.noKey(next: "andon key create --role admin --brokers …"))
            }
        }
    }
}
