internal import Access
internal import EventLog
internal import EventModel
internal import Foundation
internal import Gateway
internal import HTTPServer
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
        scrubHours: Int = ScrubOption.hoursDefault, keepGenerationsHours: Int = KeepGenerationsOption.hoursDefault,
        snapshots: SnapshotSettings? = nil, publishing settings: RecordPublishing.Settings? = nil
    ) throws {
        let found = try Self.inspected(directory, journal)
        let log = try Self.openLog(directory)
        // All of it is folded before the process is ready.
        let end = try log.endOffset(PartitionIndex(0))
        let readiness = FoldReadiness(goals: [PartitionIndex(0): end])
        var folding = ProjectorConfiguration()
        folding.journal = journal.journal
        folding.scrubHours = scrubHours
        folding.keepGenerationsHours = keepGenerationsHours
        folding.restore = snapshots?.restoring(log, needsFeed: false, journal.journal)
        let projector = try explaining("cannot fold the log in '\(directory.path)'") {
            try Projector(
                log: log, generations: directory.generations, keepsFeed: settings != nil,
                beginsFeed: settings != nil, configuration: folding)
        }
        self.projector = projector
        let keys = try explaining("cannot open the API keys in '\(directory.path)'") {
            try KeyStore(path: directory.keys, journal: journal.journal)
        }
        let access = AccessControl(keys: keys, policy: configuration.policy)
        var gatewayParts = Gateway.Parts(
            log: log, registry: try Self.openRegistry(directory, log.epoch), access: access)
        gatewayParts.answersPath = directory.answers
        gatewayParts.know(projector)
        gatewayParts.hooks = GatewayHooks(journal)
        let gateway = try Self.gateway(gatewayParts, directory)
        let rebuilds = try RebuildParts(projector, directory, access, journal)
        try directory.noteIdentity(log.epoch, found.identity, at: gatewayParts.clock.now)
        let query = Self.questions(projector, gateway, access, journal)
        let sites = SitesPart(access, query) { gateway.sites }
        let live = LivePart(access, query)
        let publishing = try settings.map {
            try RecordPublishing($0, projector, log.epoch, directory, access, journal.journal)
        }
        let freshness = Self.freshness(projector, publishing, access, journal)
        runtime = ServiceRuntime(
            configuration, log: log.epoch, keyOptions: "--data-dir DIR",
            parts: [
                ServicePart(stop: { log.close() }), Self.part(projector, readiness, directory), freshness.part,
                rebuilds.part, publishing?.part ?? ServicePart(),
                ServicePart(
                    routes: gateway.routes, start: { gateway.start() }, stop: { gateway.stop() },
                    missing: { gateway.notReady }, reasons: { gateway.reasons }),
                sites.part,
            ] + (snapshots?.parts(log.epoch, journal.journal) { [projector] } ?? []) + [live.part],
            query: query,
            facts: [
                JournalEvent.Field("data_directory", directory.path), JournalEvent.Field("log", log.epoch.description),
                JournalEvent.Field("log_records", end.value),
            ]
        ) {
            guard !configuration.isOpenToLoopback, try keys.list().isEmpty else { return }
            journal.write(.noKey(next: "andon key create --role admin --data-dir \(directory.path)"))
        }
    }

    /// Looks at everything before any of it is opened for writing.
    private static func inspected(_ directory: DataDirectory, _ journal: StructuredLog) throws -> DirectoryInspection {
        try directory.create()
        // On a disk that is read-only the inspection says more.
        if FileManager.default.isWritableFile(atPath: directory.path) {
            try usingLog(directory) { () throws(LogError) in try SQLiteLog.checkIsFree(path: directory.log) }
        }
        let found = DirectoryInspection(directory)
        try found.check(journal)
        directory.closeToOthers()
        return found
    }

    private static func openLog(_ directory: DataDirectory) throws -> SQLiteLog {
        try usingLog(directory) { () throws(LogError) in
            try SQLiteLog.open(path: directory.log, foldedTo: directory.foldedTo)
        }
    }

    private static func usingLog<Result>(
        _ directory: DataDirectory, _ body: () throws(LogError) -> Result
    ) throws(CommandFailure) -> Result {
        do throws(LogError) { return try body() } catch {
            let trouble = DirectoryTrouble.log(directory, error)
            throw trouble.failure ?? CommandFailure(.failure, trouble.what, why: trouble.why, next: trouble.next)
        }
    }

    private static func openRegistry(_ directory: DataDirectory, _ log: LogEpoch) throws -> RegistryStore {
        try explaining("cannot open the definitions in '\(directory.path)'") {
            try RegistryStore(path: directory.registry, epoch: log)
        }
    }

    private static func gateway(_ parts: Gateway.Parts, _ directory: DataDirectory) throws -> Gateway {
        try explaining("cannot read the log in '\(directory.path)'") { try Gateway(parts) }
    }

    private static func freshness(
        _ projector: Projector, _ publishing: RecordPublishing?, _ access: AccessControl, _ journal: StructuredLog
    ) -> FreshnessPart {
        FreshnessPart(
            access, journal.journal, webhooks: { publishing?.webhooks() ?? [] },
            held: { [PartitionIndex(0): HeldFold(projector)] })
    }

    private static func questions(
        _ projector: Projector, _ gateway: Gateway, _ access: AccessControl, _ journal: StructuredLog
    ) -> QueryService {
        var parts = QueryService.Parts(
            projections: projector, authorize: { access.permission($0, $1) }, registry: { gateway.site($0) },
            rejected: { gateway.rejected(of: $0) }, journal: journal.journal)
        parts.answerClock = { AnswerClock(gateway.watchedClock.certain) }
        return QueryService(parts, threadCount: max(2, ProcessInfo.processInfo.activeProcessorCount))
    }

    /// If a running fold stops, `/readyz` shows it and questions continue; if a fold cannot start, the process ends.
    private static func part(
        _ projector: Projector, _ readiness: FoldReadiness, _ directory: DataDirectory
    ) -> ServicePart {
        ServicePart(
            start: { projector.start() }, stop: { projector.stop() },
            missing: {
                if let failure = projector.failure { return ["the fold has stopped: \(failure)"] }
                if let halt = projector.halt { return [halt.message] }
                let progress = projector.progress
                if let rebuild = projector.rebuild { return [rebuild.text(next: progress.nextOffset)] }
                if progress.isOldGeneration { return [] }
                return [
                    readiness.missing(
                        PartitionIndex(0), next: progress.nextOffset, end: progress.logEnd, of: "the fold")
                ].compactMap { $0 }
            },
            reasons: { projector.upgrade.map { [ReadinessReason(.degraded, $0.text)] } ?? [] },
            failure: { wasReady in
                guard !wasReady, let failure = projector.failure ?? projector.halt?.message else { return nil }
                return CommandFailure(
                    .failure, "the log cannot be folded", why: failure,
                    next: "andon doctor --data-dir \(directory.path)")
            })
    }
}

extension Gateway.Parts {
    /// What a fold in this process knows.
    fileprivate mutating func know(_ projector: Projector) {
        // First: what is folded in between is read twice, not left out.
        foldedTo = [projector.partition: projector.progress.nextOffset]
        folded = projector.newestDefinitions()
        foldedSources = { projector.forEachSource($0) }
        olderDefinitions = { try projector.older($0) }
    }
}
