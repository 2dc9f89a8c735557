internal import Foundation

/// Runs a process from start to signal (SPEC 8.1).
enum ServiceRunner {
    /// Interval between checks whether a running process has failed.
    private static let watchMilliseconds = 500

    /// - Parameter directory: where commands on this machine find the URL; nil if nothing is stored.
    static func run(
        _ invocation: Invocation, _ directory: DataDirectory?, _ configuration: ServerConfiguration,
        _ journal: StructuredLog, make: () throws -> ServiceRuntime
    ) throws -> ExitCode {
        // The end of a terminal or of a session does not end a server.
        signal(SIGHUP, SIG_IGN)
        // Before any thread starts, so that all threads leave the signals to one.
        let signals = StopSignals.install { journal.writeAtOnce(.secondSignal) }
        // Held until the end; a second process that is allowed here, e.g. a worker beside a gateway, has none. Taken before
        // anything is made, so that a command that finds a log here also finds that a server is starting.
        try directory?.create()
        let mark = directory.flatMap { RunningMark($0) }
        defer { withExtendedLifetime(mark) {} }
        let service = try make()
        let url = try service.start()
        journal.write(.started(invocation.command.name, url: url, service.facts))
        defer { directory?.noteRunning(at: nil) }
        if service.waitUntilReady(signals) {
            directory?.noteRunning(at: url)
            ServerOptions.warnIfOpen(configuration, journal)
            try service.greet()
            journal.flush()
            // SPEC 8.1: as text exactly this line.
            if journal.format == .text {
                invocation.console.note("listening on \(url)")
            } else {
                journal.write(.listening(url))
            }
        }
        while service.failure == nil, !signals.wait(milliseconds: watchMilliseconds) {}
        if let failure = service.failure {
            service.stop()
            throw failure
        }
        journal.write(.stopping(signals.cause ?? .terminate))
        service.stop()
        journal.write(.stopped)
        return signals.cause == .interrupt ? .interrupted : .success
    }
}
