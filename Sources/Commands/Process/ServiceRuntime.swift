internal import EventModel
internal import Foundation
internal import Gateway
internal import HTTPServer
internal import Locks
internal import Query

/// One part of a process: what it does when the process starts and stops, and what it says in between.
struct ServicePart: Sendable {
    /// Before the process serves.
    var start: @Sendable () throws -> Void = {}
    /// Once the process serves, with the URL at which it answers.
    var serve: @Sendable (String) throws -> Void = { _ in }
    /// After the server has stopped: ends what is under way and closes. Blocks meanwhile. Also for a part that was never
    /// started.
    var stop: @Sendable () -> Void = {}
    /// What keeps the part from being ready; empty: it is.
    var missing: @Sendable () -> [String] = { [] }
    /// Why the process cannot go on; nil while it can. The argument says whether it was ready before.
    var failure: @Sendable (Bool) -> CommandFailure? = { _ in nil }
}

/// A process that serves until it is told to stop, built from parts: `andon up`, `gateway`, `worker`.
///
/// States: *made* (files open, nothing runs) → ``start()`` → *started* (serves; ready once no part misses anything) →
/// ``stop()`` → *stopped*. Parts stand in the order in which they depend on each other: they start in that order and
/// stop in the opposite one, after the server and the questions.
final class ServiceRuntime: Sendable {
    private let parts: [ServicePart]
    private let configuration: ServerConfiguration
    private let query: QueryService
    private let server: HTTPServer
    private let greeting: @Sendable () throws -> Void
    private let ready = Latch()

    /// How often a starting process is asked whether it is ready.
    private static let readyMilliseconds = 10

    /// - Parameters:
    ///   - query: What answers questions; the runtime stops it.
    ///   - routes: What is served beside questions and health.
    ///   - greeting: What the operator should hear once the process is ready.
    init(
        _ configuration: ServerConfiguration, parts: [ServicePart], query: QueryService, routes: [HTTPRoute],
        greeting: @escaping @Sendable () throws -> Void
    ) {
        self.configuration = configuration
        self.parts = parts
        self.query = query
        self.greeting = greeting
        server = HTTPServer(
            configuration: configuration.http,
            routes: routes + query.routes + HealthRoutes.routes { parts.flatMap { $0.missing() } })
    }

    /// Starts every part and the server.
    /// - Returns: the URL at which it answers.
    /// - Throws: ``CommandFailure`` when the address cannot be had; then nothing runs.
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

    /// Blocks until `/readyz` answers 200, something failed for good, or `signals` asks to stop.
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

    /// Why the process cannot go on; nil while it can.
    var failure: CommandFailure? {
        let wasReady = ready.isOpen
        return parts.lazy.compactMap { $0.failure(wasReady) }.first
    }

    /// Says what the operator should hear once it is ready.
    func greet() throws { try greeting() }

    /// Answers what is under way, stores it, closes. Blocks meanwhile.
    func stop() {
        server.stop()
        query.stop()
        for part in parts.reversed() { part.stop() }
    }
}

/// Whether folds have caught up with what the log held when each began.
final class FoldReadiness: Sendable {
    /// Records that a fold may be behind while the process still calls itself ready: some seconds of its work.
    private static let lagRecordsMaximum: Int64 = 100_000

    /// Where each partition's log ended when it was first seen to fold.
    private let goals: Guarded<[PartitionIndex: LogOffset]>

    /// - Parameter goals: Known already; others are where the log ends when a partition is first asked about.
    init(goals: [PartitionIndex: LogOffset] = [:]) { self.goals = Guarded(goals) }

    /// Forgets partitions that are not held any more: given again, they have to catch up again.
    func keep(only held: Set<PartitionIndex>) { goals.withLock { $0 = $0.filter { held.contains($0.key) } } }

    /// What a fold lacks; nil: it is ready.
    /// - Parameter name: Names the fold, e.g. `partition 3`.
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
