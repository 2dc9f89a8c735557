internal import EventLog
internal import EventModel
internal import Foundation
internal import Gateway
internal import HTTPServer
internal import ProjectionStore
internal import Projector
internal import Query
internal import SQLiteLog
internal import Synchronization

/// The whole of Andon in one process: the composition root.
///
/// States: made (files open, nothing runs), started (serves; ready once the fold has caught up), stopped.
final class Service: RunnableService, Sendable {
    /// Records that the fold may be behind while the service still calls itself ready: some seconds of its work.
    static let lagRecordsMaximum: Int64 = 100_000

    let projector: Projector
    private let keys: KeyStore
    private let directory: DataDirectory
    private let journal: StructuredLog
    private let log: SQLiteLog
    private let gateway: Gateway
    private let query: QueryService
    private let server: HTTPServer
    private let configuration: ServerConfiguration
    private let isHydrated: Flag
    /// What the log held when the service started: all of it is folded before the service is ready.
    private let endAtStart: LogOffset

    /// Opens everything that is stored; nothing runs yet.
    /// - Throws: ``CommandFailure``
    init(_ directory: DataDirectory, _ configuration: ServerConfiguration, _ journal: StructuredLog) throws {
        self.configuration = configuration
        self.directory = directory
        self.journal = journal
        try directory.create()
        log = try Self.openLog(directory)
        endAtStart = try log.endOffset(PartitionIndex(0))
        let store = try ProjectionStore.open(path: directory.projections, logEpoch: log.epoch.bytes)
        var folding = ProjectorConfiguration()
        folding.report = { journal.write(.warning, $0) }
        let projector = try Projector(log: log, store: store, configuration: folding)
        self.projector = projector
        keys = try KeyStore(path: directory.keys)
        let access = AccessControl(keys: keys, policy: configuration.policy)
        let hydrated = Flag()
        isHydrated = hydrated
        let known = projector.newestDefinitions().map {
            KnownDefinition(
                definition: $0.definition, version: $0.version, offset: $0.offset, createdAt: $0.createdAt)
        }
        let gateway = try Gateway(
            log: log, registryPath: directory.registry, access: access, known: known,
            hooks: GatewayHooks(journal, notReady: { Self.missing(hydrated, projector) }))
        self.gateway = gateway
        query = QueryService(
            QueryService.Parts(
                projections: projector, clock: { Timestamp.now }, authorize: { access.permission($0) },
                registry: { gateway.site($0)?.definition }, failed: { journal.write(.error, $0) }),
            threadCount: max(2, ProcessInfo.processInfo.activeProcessorCount))
        server = HTTPServer(configuration: configuration.http, routes: gateway.routes + query.routes)
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

    /// What keeps `/readyz` from 200.
    private static func missing(_ hydrated: Flag, _ projector: Projector) -> [String] {
        if let failure = projector.failure { return ["the fold has stopped: \(failure)"] }
        let progress = projector.progress
        let lag = progress.logEnd.value - progress.nextOffset.value
        guard hydrated.isSet else { return ["the fold has \(lag) records to catch up with"] }
        return lag > lagRecordsMaximum ? ["the fold is \(lag) records behind"] : []
    }

    /// Starts every thread and the server.
    /// - Returns: the URL at which it answers.
    /// - Throws: ``CommandFailure`` when the address cannot be had; then nothing runs.
    func start() throws -> String {
        gateway.start()
        projector.start()
        do {
            return try configuration.start(server)
        } catch {
            stop()
            throw error
        }
    }

    /// Blocks until everything that the log held at the start is folded, the fold fails, or `signals` asks to stop.
    /// - Returns: whether the service is ready.
    func waitUntilReady(_ signals: StopSignals) -> Bool {
        while projector.failure == nil, projector.progress.nextOffset < endAtStart {
            if signals.wait(milliseconds: 10) { return false }
        }
        guard projector.failure == nil else { return false }
        isHydrated.set()
        return true
    }

    /// A fold that stopped while the service runs shows in `/readyz`, and questions go on; one that cannot begin ends it.
    var failure: CommandFailure? {
        guard !isHydrated.isSet, let failure = projector.failure else { return nil }
        return CommandFailure(
            .failure, "the log cannot be folded", why: failure, next: "andon doctor --data-dir \(directory.path)")
    }

    func greet() throws {
        if !configuration.isOpenToLoopback, try keys.list().isEmpty {
            journal.write(.info, "there is no key yet: andon key create --role admin --data-dir \(directory.path)")
        }
    }

    /// Answers what is under way, appends and commits it, closes. Blocks meanwhile.
    func stop() {
        server.stop()
        query.stop()
        gateway.stop()
        projector.stop()
        log.close()
    }
}

/// Something that becomes true once.
final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
}
