internal import Foundation

/// `andon up` (SPEC 8.1)
enum UpCommand {
    static let command = Command(
        path: ["up"],
        summary: "starts everything in one process on the embedded log, and runs until SIGTERM or Ctrl-C",
        discussion: """
            Writes `listening on http://HOST:PORT` to stderr when it is ready. The first signal stops it gracefully, a
            second one at once; whatever was acknowledged is stored either way. Without projections it starts from the
            newest snapshot that fits, and folds only what came after.
            """,
        examples: [
            .init("andon up --open", "look around on http://127.0.0.1:8080; programs on this machine need no key"),
            .init(
                "andon up --data-dir /var/lib/andon --listen 0.0.0.0:8080 --log-format json",
                "serve the network of a plant"),
        ],
        options: [
            DataDirectory.option.spec, ScrubOption.spec, KeepGenerationsOption.spec, MetricRecordsOption.spec,
        ] + WebhookOptions.specs + SnapshotSettings.specs + ServerOptions.specs,
        run: run)

    private static func run(_ invocation: Invocation) throws -> ExitCode {
        try ServerOptions.logging(invocation) { journal in
            let directory = DataDirectory(path: try invocation.value(DataDirectory.option))
            let configuration = try ServerOptions.configuration(invocation, journal)
            let scrubHours = try ScrubOption.hours(invocation)
            let keepHours = try KeepGenerationsOption.hours(invocation)
            let snapshots = try SnapshotSettings(invocation, directory)
            let publishing = try RecordPublishing.Settings(invocation)
            return try ServiceRunner.run(invocation, directory, configuration, journal) {
                try Service(
                    directory, configuration, journal, scrubHours: scrubHours, keepGenerationsHours: keepHours,
                    snapshots: snapshots, publishing: publishing
                ).runtime
            }
        }
    }
}
