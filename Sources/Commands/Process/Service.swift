internal import Access
internal import EventLog
internal import EventModel
internal import Foundation
internal import Gateway
internal import Observability
internal import ProjectionStore
internal import Projector
internal import Query
internal import SQLiteLog
internal import Sites

/// All of Andon in one process on the embedded log: the composition root of `andon up`.
struct Service {
    let runtime: ServiceRuntime
    let projector: Projector

    /// Opens everything stored; nothing runs yet.
    /// - Throws: ``CommandFailure``
    init(
        _ directory: DataDirectory, _ configuration: ServerConfiguration, _ journal: StructuredLog,
        scrubHours: Int = ScrubOption.hoursDefault
    ) throws {
        try directory.create()
        let log = try Self.openLog(directory)
        // All of it is folded before the process is ready.
        let end = try log.endOffset(PartitionIndex(0))
        let readiness = FoldReadiness(goals: [PartitionIndex(0): end])
        let store = try ProjectionStore.open(path: directory.projections, logEpoch: log.epoch.bytes)
        var folding = ProjectorConfiguration()
        folding.journal = journal.journal
        folding.scrubHours = scrubHours
        let projector = try Projector(log: log, store: store, configuration: folding)
        self.projector = projector
        let keys = try KeyStore(path: directory.keys, journal: journal.journal)
        let access = AccessControl(keys: keys, policy: configuration.policy)
        var gatewayParts = Gateway.Parts(
            log: log, registry: try RegistryStore(path: directory.registry, epoch: log.epoch), access: access)
        gatewayParts.answersPath = directory.answers
        gatewayParts.folded = projector.newestDefinitions()
        gatewayParts.foldedSources = { projector.forEachSource($0) }
        gatewayParts.olderDefinitions = { try projector.older($0) }
        gatewayParts.hooks = GatewayHooks(journal)
        let gateway = try Gateway(gatewayParts)
        var queryParts = QueryService.Parts(
            projections: projector, authorize: { access.permission($0, $1) },
            registry: { gateway.site($0) }, rejected: { gateway.rejected(of: $0) },
            journal: journal.journal)
        queryParts.answerClock = { AnswerClock(gateway.watchedClock.certain) }
        let query = QueryService(
            queryParts,
            threadCount: max(2, ProcessInfo.processInfo.activeProcessorCount))
        runtime = ServiceRuntime(
            configuration, log: log.epoch, keyOptions: "--data-dir DIR",
            parts: [
                ServicePart(stop: { log.close() }), Self.part(projector, readiness, directory),
                ServicePart(
                    start: { gateway.start() }, stop: { gateway.stop() }, missing: { gateway.notReady },
                    reasons: { gateway.watchedClock.reasons }),
            ],
            query: query, routes: gateway.routes,
            facts: [
                JournalEvent.Field("data_directory", directory.path), JournalEvent.Field("log", log.epoch.description),
                JournalEvent.Field("log_records", end.value),
            ]
        ) {
            if !configuration.isOpenToLoopback, try keys.list().isEmpty {
                journal.write(.noKey(next: "andon key create --role admin --data-dir \(directory.path)"))
            }
        }
    }

    private static func openLog(_ directory: DataDirectory) throws -> SQLiteLog {
        do throws(LogError) {
            return try SQLiteLog.open(path: directory.log)
        } catch {
            throw CommandFailure(
                .unavailable, "cannot open the log in '\(directory.path)'", why: error.message,
                next: error.hint ?? "andon doctor --data-dir \(directory.path)")
        }
    }

    /// If a running fold stops, `/readyz` shows it and questions continue; if a fold cannot start, the process ends.
    private static func part(
        _ projector: Projector, _ readiness: FoldReadiness, _ directory: DataDirectory
    ) -> ServicePart {
        ServicePart(
            start: { projector.start() }, stop: { projector.stop() },
            missing: {
                if let failure = projector.failure { return ["the fold has stopped: \(failure)"] }
                let progress = projector.progress
                if let rebuild = projector.rebuild { return [rebuild.text(next: progress.nextOffset)] }
                return [
                    readiness.missing(
                        PartitionIndex(0), next: progress.nextOffset, end: progress.logEnd, of: "the fold")
                ].compactMap { $0 }
            },
            failure: { wasReady in
                guard !wasReady, let failure = projector.failure else { return nil }
                return CommandFailure(
                    .failure, "the log cannot be folded", why: failure,
                    next: "andon doctor --data-dir \(directory.path)")
            })
    }
}
