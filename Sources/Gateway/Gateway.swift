internal import Crypto
public import EventLog
public import EventModel
internal import Foundation
public import HTTPServer

/// What a gateway tells the rest of the process.
public struct GatewayHooks: Sendable {
    /// Every admin act, whether it was allowed or not (DESIGN 6).
    public var audit: @Sendable (AuditRecord) -> Void
    /// Failures that an operator should see.
    public var report: @Sendable (String) -> Void
    /// What is still missing before requests can be served; empty: `/readyz` answers 200.
    public var notReady: @Sendable () -> [String]

    public init(
        audit: @escaping @Sendable (AuditRecord) -> Void = { _ in },
        report: @escaping @Sendable (String) -> Void = { _ in }, notReady: @escaping @Sendable () -> [String] = { [] }
    ) {
        self.audit = audit
        self.report = report
        self.notReady = notReady
    }
}

/// An admin act, for the audit log.
public struct AuditRecord: Sendable, Equatable {
    /// What was asked for, e.g. `put_site`.
    public var action: String
    /// The key's id; empty for a loopback client of an open demonstration.
    public var keyID: String
    public var clientAddress: String
    public var siteID: String
    /// What became of it, e.g. `submitted` or `refused: …`.
    public var result: String
}

/// Admission: checks, judges and appends what edges send, and keeps the sites' definitions (SPEC 2, 3).
///
/// HTTP threads parse and judge what needs only the event and the definition; one log thread does the rest
/// (DESIGN 2, "Threads"). Made once per process and log, by `init`; then ``start()``, and ``stop()`` after the HTTP
/// server has stopped.
public final class Gateway: Sendable {
    let access: AccessControl
    let log: any EventLog
    let clock: @Sendable () -> Timestamp
    let hooks: GatewayHooks
    let directory: SiteDirectory
    let idempotency = IdempotencyTable()
    let pool = IngestPool()
    let logThread: LogThread
    private let startingSequencer: StartingSequencer

    /// Reads the registry and the log's tail and repairs the registry where it lags behind the log.
    ///
    /// - Parameters:
    ///   - registryPath: The file `registry.sqlite`; made where it is missing. This process is its only writer.
    ///   - known: The newest definition of each site that the fold of this log knows.
    ///   - clock: The wall clock; created_at comes from it.
    /// - Throws: ``LogError``, `SQLiteError`, `CodecError`, or an error of a registry that cannot be read.
    public init(
        log: any EventLog, registryPath: String, access: AccessControl, known: [KnownDefinition] = [],
        clock: @escaping @Sendable () -> Timestamp = { Timestamp.now }, hooks: GatewayHooks = GatewayHooks()
    ) throws {
        self.access = access
        self.log = log
        self.clock = clock
        self.hooks = hooks
        let registry = try RegistryStore(path: registryPath, epoch: log.epoch)
        let tail = try LogTail(log, now: clock(), into: idempotency)
        let recovery = try SiteRecovery(registry: registry.load(), known: known, tail: tail, log: log)
        for site in recovery.repaired { if let snapshot = recovery.sites[site] { try registry.store(snapshot) } }
        directory = SiteDirectory(Array(recovery.sites.values))
        logThread = LogThread(
            LogThread.Surroundings(
                log: log, clock: clock, directory: directory, idempotency: idempotency, pool: pool, registry: registry,
                report: hooks.report))
        startingSequencer = StartingSequencer(
            definitions: Array(recovery.sites.values), window: tail.window, newestStamp: tail.newestStamp,
            gatewayID: SecureRandom.bytes(8))
    }

    /// Starts the log thread; once.
    public func start() { logThread.start(startingSequencer.make()) }

    /// Ends admission: what waits is still appended and answered, later requests get 503.
    public func stop() { logThread.stop() }

    /// What is served: ingest, definitions, registry lists and health. Each route checks keys itself.
    public var routes: [HTTPRoute] { ingestRoutes + siteRoutes + healthRoutes }

    /// The definition under which this gateway admits events, names included; nil for an unknown site.
    public func site(_ site: SiteID) -> AdmittedSite? {
        directory[site].map {
            AdmittedSite(
                definition: $0.definition, version: $0.version, createdAt: $0.createdAt, position: $0.position)
        }
    }

    /// All sites, by id.
    public var siteIDs: [SiteID] { directory.all.map(\.definition.siteID).sorted() }

    /// Runs a handler that may refuse.
    func answer(_ body: () throws(Problem) -> HTTPOutcome) -> HTTPOutcome {
        do throws(Problem) {
            return try body()
        } catch {
            return .respond(error.response)
        }
    }
}

/// A site as the gateway knows it.
public struct AdmittedSite: Sendable {
    public var definition: SiteDefinition
    /// 1, 2, … per site.
    public var version: UInt64
    public var createdAt: Timestamp
    /// Where the definition stands in the log.
    public var position: RecordPosition
}

/// What the sequencer starts with, until the thread that owns it does.
private struct StartingSequencer: Sendable {
    var definitions: [SiteSnapshot]
    // Safe: nothing touches the window between `init` and the start of the log thread.
    nonisolated(unsafe) var window: DuplicateWindow
    var newestStamp: Timestamp
    var gatewayID: [UInt8]

    func make() -> sending Sequencer {
        Sequencer(definitions: definitions, window: window, newestStamp: newestStamp, gatewayID: gatewayID)
    }
}

extension Timestamp {
    /// The machine's wall clock.
    public static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * Microseconds.second + Int64(time.tv_nsec) / 1000)
    }
}
