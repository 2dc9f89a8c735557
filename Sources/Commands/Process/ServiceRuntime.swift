internal import Board
internal import EventLog
internal import EventModel
internal import Foundation
internal import Gateway
internal import HTTPServer
internal import Locks
internal import Observability
internal import Query

/// One part of a process: what it answers, what it does when the process starts and stops, and what it reports while it
/// runs.
struct ServicePart: Sendable {
    /// What it answers.
    var routes: [HTTPRoute] = []
    /// Before the process serves.
    var start: @Sendable () throws -> Void = {}
    /// Once the process serves, with the URL at which it answers.
    var serve: @Sendable (String) throws -> Void = { _ in }
    /// After the server has stopped: finishes the work in progress and closes. Blocks until done. Also called for a
    /// part that was never started.
    var stop: @Sendable () -> Void = {}
    /// What keeps the part from being ready after its start; empty: it is ready.
    var missing: @Sendable () -> [String] = { [] }
    /// What else is wrong at the moment, which does not keep the process from starting: it serves what it can.
    var reasons: @Sendable () -> [ReadinessReason] = { [] }
    /// Why the process must end; nil if it can continue. The argument says whether it was ready before.
    var failure: @Sendable (Bool) -> CommandFailure? = { _ in nil }
}

/// A process that serves until it is stopped, built from parts: `andon up`, `gateway`, `worker`.
///
/// States: *created* (files open, nothing runs) → ``start()`` → *started* (serves; ready once no part lacks anything) →
/// ``stop()`` → *stopped*. Parts are listed in dependency order: they start in that order and stop in reverse, after
/// the server and the questions.
final class ServiceRuntime: Sendable {
    private let parts: [ServicePart]
    private let configuration: ServerConfiguration
    private let query: QueryService
    private let server: HTTPServer
    /// What the process serves, for the log.
    let facts: [JournalEvent.Field]
    private let greeting: @Sendable () throws -> Void
    private let ready = Latch()

    /// Interval between checks whether a starting process is ready.
    private static let readyMilliseconds = 10

    /// - Parameters:
    ///   - log: Identity of the log, for clients that look for a certain one.
    ///   - keyOptions: Where `andon key create` has to make a key for this process.
    ///   - query: Answers questions; the runtime stops it.
    ///   - facts: What the process serves, for the log.
    ///   - greeting: Messages for the operator once the process is ready.
    init(
        _ configuration: ServerConfiguration, log: LogEpoch, keyOptions: String, parts: [ServicePart],
        query: QueryService, facts: [JournalEvent.Field],
        greeting: @escaping @Sendable () throws -> Void
    ) {
        self.configuration = configuration
        self.parts = parts
        self.query = query
        self.facts = facts
        self.greeting = greeting
        let health = HealthRoutes.routes(log: "\(log)") {
            parts.flatMap { part in part.missing().map { ReadinessReason(.starting, $0) } + part.reasons() }
        }
        let board = BoardRoutes.routes(directory: configuration.boardDirectory)
        let all = parts.flatMap(\.routes) + query.routes + health
        let welcome = WelcomeRoute.Facts(
            version: CommandLineTool.version, keyCommand: "andon key create --role admin \(keyOptions)",
            isOpen: configuration.isOpenToLoopback)
        server = HTTPServer(
            configuration: configuration.http,
            routes: all + board
                + WelcomeRoute.routes(
                    welcome, routes: all, board: BoardRoutes.page(directory: configuration.boardDirectory)))
    }

    /// Starts every part and the server.
    /// - Returns: the URL at which it answers.
    /// - Throws: ``CommandFailure`` if the address is not available; then nothing runs.
    func start() throws -> String {
        do {
            for part in parts { try part.start() }
            let url = try configuration.start(server)
            for part in parts { try part.serve(url) }
            return url
        } catch {
            stop()
            throw error
        }
    }

    /// Blocks until `/readyz` answers 200, something fails for good, or `signals` requests a stop.
    /// - Returns: whether the process is ready.
    func waitUntilReady(_ signals: StopSignals) -> Bool {
        while failure == nil {
            if parts.allSatisfy({ $0.missing().isEmpty }) {
                ready.open()
                return !signals.isStopping
            }
            if signals.wait(milliseconds: Self.readyMilliseconds) { return false }
        }
        return false
    }

    /// Why the process must end; nil if it can continue.
    var failure: CommandFailure? {
        let wasReady = ready.isOpen
        return parts.lazy.compactMap { $0.failure(wasReady) }.first
    }

    /// Prints the messages for the operator once it is ready.
    func greet() throws { try greeting() }

    /// Answers the requests in progress, stores their results, closes. Blocks until done.
    func stop() {
        server.stop()
        query.stop()
        for part in parts.reversed() { part.stop() }
    }
}

/// Whether folds have caught up with what the log held when each began.
final class FoldReadiness: Sendable {
    /// How many records a ready fold may lag behind: some seconds of its work.
    private static let lagRecordsMaximum: Int64 = 100_000

    /// The end of each partition's log when its fold was first seen.
    private let goals: Guarded<[PartitionIndex: LogOffset]>

    /// - Parameter goals: Goals known already; for other partitions, the end of the log at the first check.
    init(goals: [PartitionIndex: LogOffset] = [:]) { self.goals = Guarded(goals) }

    /// Forgets partitions no longer held: if assigned again, they must catch up again.
    func keep(only held: Set<PartitionIndex>) { goals.withLock { $0 = $0.filter { held.contains($0.key) } } }

    /// What a fold lacks; nil: it is ready.
    /// - Parameter name: Name of the fold, e.g. `partition 3`.
    func missing(_ partition: PartitionIndex, next: LogOffset, end: LogOffset, of name: String) -> String? {
        let goal = goals.withLock { goals in
            let goal = goals[partition] ?? end
            goals[partition] = goal
            return goal
        }
        guard next >= goal else { return "\(name) has \(goal.value - next.value) records to catch up with" }
        let lag = end.value - next.value
        return lag > Self.lagRecordsMaximum ? "\(name) is \(lag) records behind" : nil
    }
}
