internal import Cluster
internal import EventModel
internal import Foundation
internal import Gateway
internal import HTTPServer
internal import Query

/// Admission on Kafka: takes events and definitions in, forwards questions to the workers (DESIGN 5).
final class GatewayService: RunnableService, Sendable {
    private let configuration: ServerConfiguration
    private let journal: StructuredLog
    private let parts: ClusterParts
    private let gateway: Gateway
    private let query: QueryService
    private let server: HTTPServer

    /// Opens everything and reads what a gateway has to know; nothing runs yet.
    /// - Throws: ``CommandFailure``
    init(_ options: KafkaOptions, _ configuration: ServerConfiguration, _ journal: StructuredLog) throws {
        self.configuration = configuration
        self.journal = journal
        let parts = try ClusterParts(options, role: "gateway", configuration, journal)
        self.parts = parts
        var gatewayParts = Gateway.Parts(log: parts.log, registry: parts.registry, access: parts.access)
        gatewayParts.hooks = GatewayHooks(journal, notReady: { parts.notReady })
        do {
            gateway = try Gateway(gatewayParts)
        } catch {
            parts.stop()
            throw error
        }
        let gateway = gateway
        query = QueryService(
            QueryService.Parts(
                partitioned: NoProjections(partitionCount: parts.log.partitionCount), clock: { Timestamp.now },
                authorize: { parts.authorize($0) }, registry: { gateway.site($0)?.definition },
                failed: { journal.write(.error, $0) }, elsewhere: { parts.forward($0) }),
            threadCount: 1)
        server = HTTPServer(configuration: configuration.http, routes: gateway.routes + query.routes)
    }

    func start() throws -> String {
        gateway.start()
        do {
            return try configuration.start(server)
        } catch {
            stop()
            throw error
        }
    }

    /// Registry and keys were read to their ends by `init`.
    func waitUntilReady(_ signals: StopSignals) -> Bool { !signals.isStopping }

    var failure: CommandFailure? { nil }

    func greet() throws {
        if !configuration.isOpenToLoopback, try parts.keys.list().isEmpty {
            journal.write(.info, "there is no key yet: andon key create --role admin --brokers …")
        }
    }

    func stop() {
        server.stop()
        query.stop()
        gateway.stop()
        parts.stop()
    }
}

extension ClusterParts {
    /// Hands a question over to a worker that holds its partition.
    func forward(_ asked: AskedElsewhere) -> HTTPOutcome {
        forwarder.forward(asked.request, site: asked.site, partition: asked.partition, exchange: asked.exchange)
    }
}
