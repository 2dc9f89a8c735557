internal import Foundation

/// `andon up` (SPEC 8.1)
enum UpCommand {
    static let command = Command(
        path: ["up"],
        summary: "starts everything in one process on the embedded log, and runs until SIGTERM or Ctrl-C",
        discussion: """
            Writes `listening on http://HOST:PORT` to stderr when it is ready. The first signal stops it gracefully, a
            second one at once; whatever was acknowledged is safe either way.
            """,
        examples: [
            .init("andon up --open", "a look around: http://127.0.0.1:8080, no keys from this machine"),
            .init("andon up --data-dir /var/lib/andon --listen 0.0.0.0:8080 --log-format json", "for a plant"),
        ],
        options: [DataDirectory.option.spec] + ServerOptions.specs,
        run: run)

    private static func run(_ invocation: Invocation) throws -> ExitCode {
        let journal = try ServerOptions.journal(invocation)
        let directory = DataDirectory(path: try invocation.value(DataDirectory.option))
        let configuration = try ServerOptions.configuration(invocation, journal)
        // Before any thread starts, so that all of them leave the signals to one.
        let signals = StopSignals.install(invocation.console)
        let service = try Service(directory, configuration, journal)
        let url = try service.start()
        defer { directory.noteRunning(at: nil) }
        if service.waitUntilReady(signals) {
            directory.noteRunning(at: url)
            ServerOptions.warnIfOpen(configuration, journal)
            if !configuration.isOpenToLoopback, try service.keys.list().isEmpty {
                journal.write(
                    .info, "there is no key yet: andon key create --role admin --data-dir \(directory.path)")
            }
            // SPEC 8.1: this very line, whatever the format of the log.
            invocation.console.note("listening on \(url)")
        } else if let failure = service.projector.failure {
            service.stop()
            throw CommandFailure(
                .failure, "the log cannot be folded", why: failure, next: "andon doctor --data-dir \(directory.path)")
        }
        while !signals.wait() {}
        journal.write(.info, "stopping", ["cause": signals.cause == .interrupt ? "SIGINT" : "SIGTERM"])
        service.stop()
        journal.write(.info, "stopped")
        return signals.cause == .interrupt ? .interrupted : .success
    }
}
