internal import Clocks
internal import EventModel
internal import Foundation
internal import JSON

/// `andon import FILE` (SPEC 8.6)
enum ImportCommand {
    private static let site = Option.text("site", "SITE", "the site of the events; without it the key's only one")
    private static let batch = Option.integer(
        "batch", "N", "events a request", in: 1...Limits.batchEventsMaximum, default: Limits.batchEventsMaximum)
    private static let patience = Option.integer(
        "patience", "SECONDS", "how long to go on asking a server that does not answer", in: 0...86_400, default: 300)
    private static let restart = Option.flag("restart", "begin at the beginning, whatever an earlier run has sent")

    static let command = Command(
        path: ["import"],
        summary: "sends a file of events (NDJSON) through the gateway, and goes on where it stopped",
        discussion: """
            One event a line, in order of arrival. After every request a small file beside the input notes how far the
            import is; the same command goes on from there. Sending an event again changes no figure.
            Ends with the number of events of each verdict; exit code 65 when any was rejected for another reason than
            duplicate or low_confidence.
            """,
        examples: [
            .init(
                "andon import events.ndjson --key-file my.key --site plant-1",
                "send a file to the server on this machine"),
            .init(
                "andon import events.ndjson --url https://andon.example --key-file my.key --batch 200",
                "send it elsewhere, 200 events a request"),
        ],
        positionals: [.init(name: "FILE", help: "events, one JSON object a line")],
        options: [site.spec, batch.spec, patience.spec, restart.spec, OutputFormat.option.spec] + ServerAccess.options,
        run: run)

    private static func run(_ invocation: Invocation) throws -> ExitCode {
        let client = APIClient.live(try ServerAccess(invocation))
        let signals = StopSignals.install(invocation.console)
        let surroundings = Importer.Surroundings(
            client: client, isStopping: { signals.isStopping }, pause: { _ = signals.wait(milliseconds: $0) },
            milliseconds: { SystemClock().uptime.milliseconds }, note: invocation.console.note,
            progress: invocation.console.writeError, errorIsTerminal: invocation.console.errorIsTerminal)
        return try run(invocation, surroundings)
    }

    /// The command with an environment that a test can choose.
    static func run(_ invocation: Invocation, _ surroundings: Importer.Surroundings) throws -> ExitCode {
        let path = invocation.positionals[0]
        let site = try invocation.optional(site)
        let url = surroundings.client.access.url
        let fresh = ImportState(file: try FileIdentity(path: path), url: url, site: site)
        let stateFile = ImportStateFile(input: path, url: url, site: site, environment: invocation.environment)
        var start = fresh
        if try !invocation.isSet(restart), let earlier = stateFile.load(), earlier.matches(fresh) {
            start = earlier
            surroundings.note(
                "going on at byte \(grouped(start.offset)) of \(grouped(start.file.byteCount)): "
                    + "\(grouped(start.verdicts.total)) events were sent before")
        }
        let importer = Importer(
            path: path, batchEvents: try invocation.value(batch),
            patienceMilliseconds: try invocation.value(patience) * 1_000, stateFile: stateFile,
            surroundings: surroundings)
        let outcome = try importer.run(from: start)
        for rejection in outcome.rejections {
            surroundings.note("line \(rejection.line): \(rejection.code): \(printable(rejection.message))")
        }
        guard outcome.isComplete else {
            surroundings.note(
                "stopped at byte \(grouped(outcome.state.offset)); everything before is stored, and the same command goes on"
            )
            return .interrupted
        }
        stateFile.remove()
        let verdicts = outcome.state.verdicts
        try invocation.console.write(
            invocation.value(OutputFormat.option), json: { json(verdicts) }, tables: { [table(verdicts)] })
        return verdicts.faults > 0 ? .badData : .success
    }

    private static func table(_ verdicts: VerdictCounts) -> Table {
        var table = Table([.text("verdict"), .number("events")])
        table.append(["accepted", grouped(verdicts.accepted)])
        table.append(["duplicate", grouped(verdicts.duplicates)])
        for (code, count) in verdicts.rejected.sorted(by: { $0.key < $1.key }) { table.append([code, grouped(count)]) }
        return table
    }

    private static func json(_ verdicts: VerdictCounts) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("accepted", verdicts.accepted)
            writer.member("duplicate", verdicts.duplicates)
            for (code, count) in verdicts.rejected.sorted(by: { $0.key < $1.key }) {
                writer.key(code)
                writer.integer(count)
            }
        }
        return writer.bytes
    }
}
