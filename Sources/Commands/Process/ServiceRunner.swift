internal import Foundation

/// A process that serves until it is told to stop: `andon up`, `gateway`, `worker`.
protocol RunnableService: AnyObject {
    /// Starts every thread and the server.
    /// - Returns: the URL at which it answers.
    func start() throws -> String
    /// Blocks until `/readyz` answers 200, something failed for good, or `signals` asks to stop.
    /// - Returns: whether the service is ready.
    func waitUntilReady(_ signals: StopSignals) -> Bool
    /// Why the service cannot go on; nil while it can.
    var failure: CommandFailure? { get }
    /// What the operator should hear once it is ready.
    func greet() throws
    /// Answers what is under way, stores it, closes. Blocks meanwhile.
    func stop()
}

/// Runs a service from start to signal (SPEC 8.1).
enum ServiceRunner {
    /// How often a running service is asked whether it has failed.
    private static let watchMilliseconds = 500

    /// - Parameter directory: where commands on this machine find the URL; nil where nothing is stored.
    static func run(
        _ invocation: Invocation, _ directory: DataDirectory?, _ configuration: ServerConfiguration,
        _ journal: StructuredLog, make: () throws -> any RunnableService
    ) throws -> ExitCode {
        // Before any thread starts, so that all of them leave the signals to one.
        let signals = StopSignals.install(invocation.console)
        let service = try make()
        let url = try service.start()
        defer { directory?.noteRunning(at: nil) }
        if service.waitUntilReady(signals) {
            directory?.noteRunning(at: url)
            ServerOptions.warnIfOpen(configuration, journal)
            try service.greet()
            // SPEC 8.1: this very line, whatever the format of the log.
            invocation.console.note("listening on \(url)")
        }
        while service.failure == nil, !signals.wait(milliseconds: watchMilliseconds) {}
        if let failure = service.failure {
            service.stop()
            throw failure
        }
        journal.write(.info, "stopping", ["cause": signals.cause == .interrupt ? "SIGINT" : "SIGTERM"])
        service.stop()
        journal.write(.info, "stopped")
        return signals.cause == .interrupt ? .interrupted : .success
    }
}
