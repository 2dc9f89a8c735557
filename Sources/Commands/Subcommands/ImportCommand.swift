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
        "patience", "SECONDS", "how long to wait for a server that is away or busy", in: 0...86_400, default: 300)
    private static let restart = Option.flag("restart", "begin at the beginning, whatever an earlier run has sent")

    static let command = Command(
        path: ["import"],
        summary: "sends a file of events through the gateway, and goes on where it stopped",
        discussion: """
            Reads NDJSON (one event a line), a JSON array, or CSV with a header; also compressed with gzip; - is stdin.
            A CSV column holds the field of its name, or the one that --map says.

            After every request a small file beside the input stores how far the import is; the same command goes on from
            there, as long as the server writes the same log. An import from stdin cannot go on; begin it again: sending an
            event again changes no figure.

            Ends with the number of events of each verdict, and the position of the last record. Of the accepted events
            it says how many were new to the log, where the key may read the ledger. The exit code is 65 when any event was
            rejected for another reason than duplicate or low_confidence.
            """,
        examples: [
            .init(
                "andon import events.ndjson --key-file my.key --site plant-1",
                "send a file to the server on this machine"),
            .init(
                "andon import events.ndjson --url https://andon.example --key-file my.key --batch 200",
                "send it to another server, 200 events a request"),
            .init(
                "andon import shift.csv.gz --key-file my.key --map person=worker_id --map time=timestamp",
                "a compressed CSV file whose columns have names of their own"),
            .init(
                "andon import events.ndjson --key-file my.key --rejects rejects.csv",
                "keep what was rejected, with the reason, for a spreadsheet"),
        ],
        positionals: [.init(name: "FILE", help: "the events; - for stdin")],
        options: [
            site.spec, ImportFormat.option.spec, ColumnMapping.option.spec, RejectsFile.option.spec, batch.spec,
            patience.spec, restart.spec, OutputFormat.option.spec,
        ] + ServerAccess.options,
        run: run)

    private static func run(_ invocation: Invocation) throws -> ExitCode {
        let client = APIClient.live(try ServerAccess(invocation))
        let signals = StopSignals.install(invocation.console)
        let environment = Importer.Environment(
            client: client, isStopping: { signals.isStopping }, pause: { _ = signals.wait(milliseconds: $0) },
            milliseconds: { SystemClock().uptime.milliseconds }, note: invocation.console.note,
            progress: invocation.console.writeError, errorIsTerminal: invocation.console.errorIsTerminal)
        return try run(invocation, environment)
    }

    /// The command with an environment that a test can choose.
    static func run(_ invocation: Invocation, _ environment: Importer.Environment) throws -> ExitCode {
        let input = try ImportInput(
            path: invocation.positionals[0], format: try invocation.value(ImportFormat.option),
            mappings: try invocation.values(ColumnMapping.option))
        let milliseconds = try invocation.value(patience) * 1_000
        guard let target = try target(invocation, environment, patienceMilliseconds: milliseconds) else {
            return .interrupted
        }
        var environment = environment
        environment.client = environment.client.bound(to: target.log, by: .start)
        let stateFile =
            input.file == nil
            ? nil : ImportStateFile(input: input.path, target: target, environment: invocation.environment)
        let start = try start(of: input, target, stateFile, invocation, environment)
        let path = try invocation.optional(RejectsFile.option)
        let kept = path == start.rejectsPath ? start.rejectsBytes : 0
        let rejects = try path.map { path throws(CommandFailure) in
            try RejectsFile(path: path, keeping: kept, input: input.path)
        }
        let importer = Importer(
            input: input, batchEvents: try invocation.value(batch),
            server: PatientServer(environment, patienceMilliseconds: milliseconds), stateFile: stateFile,
            rejects: rejects, environment: environment)
        var state = start
        state.rejectsPath = path
        let outcome = try importer.run(from: state)
        return try ImportReport(
            input: input, outcome: outcome, rejectsPath: path, folded: folded(environment.client, outcome.state)
        ).write(invocation, stateFile)
    }

    /// Where the events go; nil if a stop was requested.
    private static func target(
        _ invocation: Invocation, _ environment: Importer.Environment, patienceMilliseconds: Int
    ) throws -> ImportTarget? {
        var target = ImportTarget(url: environment.client.access.url, site: try invocation.optional(site))
        let server = PatientServer(environment, patienceMilliseconds: patienceMilliseconds)
        let answer = try server.answer(
            { client throws(TransportFailure) in
                target.log = try client.log()
                return APIAnswer(status: 200, body: [])
            }, next: "run the same command again later; nothing was sent yet", tick: {})
        return answer == nil ? nil : target
    }

    /// Where the import begins: at the beginning, or where an earlier run stopped.
    private static func start(
        of input: ImportInput, _ target: ImportTarget, _ stateFile: ImportStateFile?, _ invocation: Invocation,
        _ environment: Importer.Environment
    ) throws -> ImportState {
        var fresh = ImportState(file: input.file, target: target, reading: input.reading)
        if try !invocation.isSet(restart), let earlier = stateFile?.load(), earlier.matches(fresh) {
            environment.note(
                "going on at byte \(grouped(earlier.offset)): \(grouped(earlier.verdicts.total)) events were sent before"
            )
            return earlier
        }
        if input.file == nil { environment.note("reading stdin; this import cannot go on after a failure") }
        fresh.foldedBefore = folded(environment.client, fresh)
        return fresh
    }

    /// How many events of the site count, once all that the import has sent is folded; nil if this key may not ask.
    private static func folded(_ client: APIClient, _ state: ImportState) -> Int64? {
        var query = state.target.site.map { [(name: "site_id", value: $0)] } ?? []
        if let position = state.position { query.append(("min_position", position)) }
        let request = APIRequest(method: "GET", target: APIRequest.target("/api/ledger", query))
        let body = try? client.fetch(request)
        return body.flatMap { JSONValue($0)?["folded"]?.text }.flatMap { Int64($0) }
    }
}

/// What an import says at its end.
private struct ImportReport {
    let input: ImportInput
    let outcome: Importer.Outcome
    let rejectsPath: String?
    /// Events of the site that count now; nil if unknown.
    let folded: Int64?

    func write(_ invocation: Invocation, _ stateFile: ImportStateFile?) throws -> ExitCode {
        let note = invocation.console.note
        for rejection in outcome.rejections {
            note("line \(rejection.line): \(rejection.code): \(printable(rejection.message))\(shown(rejection))")
        }
        let more = outcome.rejectionCount - Int64(outcome.rejections.count)
        if more > 0 {
            note("and \(grouped(more)) more" + (rejectsPath == nil ? "; --rejects FILE lists all" : ""))
        }
        if let rejectsPath, outcome.rejectionCount > 0 { note("rejected events are in \(rejectsPath)") }
        guard outcome.isComplete else {
            note(
                stateFile == nil
                    ? "stopped; begin it again: sending an event again changes no figure"
                    : "stopped at byte \(grouped(outcome.state.offset)); everything before is stored, and the same "
                        + "command goes on")
            return .interrupted
        }
        if outcome.fault == nil { stateFile?.remove() }
        try invocation.console.write(invocation.value(OutputFormat.option), json: { json }, tables: { [table] })
        if let position = outcome.state.position, try invocation.value(OutputFormat.option) == .table {
            note("position \(position)")
        }
        if let fault = outcome.fault { throw fault }
        return outcome.state.verdicts.faults > 0 ? .badData : .success
    }

    /// The value at fault, where it is short.
    private func shown(_ rejection: Rejection) -> String {
        guard let field = rejection.field, let value = rejection.value else { return "" }
        let text = JSONWriter.text { $0.value(value) }
        return " (\(field): \(text.count > 60 ? printable(String(text.prefix(60))) + "…" : printable(text)))"
    }

    /// How many of the accepted events the log did not hold before; nil if unknown.
    private var new: Int64? {
        guard let before = outcome.state.foldedBefore, let folded else { return nil }
        return max(0, min(outcome.state.verdicts.accepted, folded - before))
    }

    private var rejected: [(code: String, count: Int64)] {
        outcome.state.verdicts.rejected.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private var table: Table {
        let verdicts = outcome.state.verdicts
        var table = Table([.text("verdict"), .number("events")])
        table.append(["accepted", grouped(verdicts.accepted)])
        if let new, verdicts.accepted > 0 {
            table.append(["  new", grouped(new)])
            table.append(["  known before", grouped(verdicts.accepted - new)])
        }
        table.append(["duplicate", grouped(verdicts.duplicates)])
        for (code, count) in rejected { table.append([code, grouped(count)]) }
        return table
    }

    private var json: [UInt8] {
        let verdicts = outcome.state.verdicts
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("accepted", verdicts.accepted)
            writer.member("duplicate", verdicts.duplicates)
            for (code, count) in rejected {
                writer.key(code)
                writer.integer(count)
            }
            if let new {
                writer.member("new", new)
                writer.member("known_before", verdicts.accepted - new)
            }
            if let position = outcome.state.position { writer.member("position", position) }
        }
        return writer.bytes
    }
}
