internal import Clocks
internal import EventModel
internal import Foundation
internal import JSON

/// `andon log salvage`
enum LogSalvageCommand {
    private static let target = Option.text("to", "DIR", "the new data directory, a folder that is not there yet")
    /// Ranges of missing offsets that people get to see; programs get all.
    private static let rangesShown = 20

    static let command = Command(
        path: ["log", "salvage"],
        summary: "gets everything that is whole out of a damaged data directory, into a new one",
        discussion: """
            Reads the files of a stopped server byte by byte and changes none of them. Each record whose check is right comes
            out, also those behind a damaged frame of the write-ahead log, with definitions, names and keys. Offsets stay
            as they were; those of lost records are declared as skipped. Says what is missing; the exit code is 65 then.
            The new directory has a log of its own: andon up --data-dir DIR starts on it and computes all figures again.
            """,
        examples: [
            .init(
                "andon log salvage --data-dir ./andon-data --to ./rescued", "rescue what is whole, and list what is not"
            )
        ],
        options: [DataDirectory.option.spec, target.spec, OutputFormat.option.spec],
        run: { invocation in
            let signals = StopSignals.install(invocation.console)
            return try run(invocation, isStopping: { signals.isStopping })
        })

    /// The command with a way to stop it that a test can choose.
    static func run(_ invocation: Invocation, isStopping: () -> Bool) throws -> ExitCode {
        let source = DataDirectory(path: try invocation.value(DataDirectory.option))
        guard let path = try invocation.optional(target) else {
            throw CommandFailure(
                .usage, "say where the new data directory goes: --to DIR", next: "andon log salvage --help")
        }
        let salvage = DirectorySalvage(source: source, target: DataDirectory(path: path), now: SystemClock().now)
        let console = invocation.console
        var meter: ProgressMeter?
        let outcome = try salvage.run { done, total, records in
            let now = SystemClock().uptime.milliseconds
            var current =
                meter
                ?? ProgressMeter(
                    label: "salvage", total: Int64(total), isTerminal: console.errorIsTerminal, milliseconds: now)
            if let status = current.status(done: Int64(done), events: records, milliseconds: now) {
                console.writeError(status)
            }
            meter = current
            return !isStopping()
        }
        if let end = meter?.end() { console.writeError(end) }
        guard let outcome else {
            console.note("stopped; nothing was written, and '\(source.path)' is as it was")
            return .interrupted
        }
        try report(invocation, outcome, path)
        return outcome.log.missingCount == 0 && outcome.damage.isEmpty ? .success : .badData
    }

    private static func report(_ invocation: Invocation, _ outcome: DirectorySalvage.Outcome, _ path: String) throws {
        for damage in outcome.damage { invocation.console.note("not salvaged: \(damage)") }
        let figures = [
            ("records", outcome.log.records), ("records missing", outcome.log.missingCount),
            ("definitions with names", Int64(outcome.definitions)), ("API keys", Int64(outcome.keys)),
        ]
        try invocation.console.write(
            invocation.value(OutputFormat.option), json: { json(figures, outcome) },
            tables: {
                var table = Table([.text("in \(path)"), .number("number")])
                for (name, number) in figures { table.append([name, grouped(number)]) }
                return [table] + (outcome.log.missingCount == 0 ? [] : [missing(outcome)])
            })
        invocation.console.note("next: andon up --data-dir \(path)")
    }

    private static func missing(_ outcome: DirectorySalvage.Outcome) -> Table {
        var table = Table([.text("missing offsets"), .number("records")])
        for range in outcome.log.missing.prefix(rangesShown) {
            table.append([text(range), grouped(range.upperBound.value - range.lowerBound.value)])
        }
        let rest = outcome.log.missing.dropFirst(rangesShown)
        if !rest.isEmpty {
            let count = rest.reduce(0) { $0 + $1.upperBound.value - $1.lowerBound.value }
            table.append(["\(rest.count) more ranges; -o json lists them", grouped(count)])
        }
        if outcome.log.missingAfterEnd > 0 {
            table.append(["from \(outcome.log.end.value) on, at least", grouped(outcome.log.missingAfterEnd)])
        }
        return table
    }

    private static func text(_ range: Range<LogOffset>) -> String {
        let last = range.upperBound.value - 1
        return range.lowerBound.value == last ? "\(last)" : "\(range.lowerBound.value) to \(last)"
    }

    private static func json(_ figures: [(String, Int64)], _ outcome: DirectorySalvage.Outcome) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            for (name, number) in figures {
                json.key(name.replacing(" ", with: "_"))
                json.integer(orNull: number)
            }
            json.member("end", outcome.log.end.value)
            json.member("missing_after_end", outcome.log.missingAfterEnd)
            json.key("missing")
            json.array { json in
                for range in outcome.log.missing {
                    json.object { json in
                        json.member("first", range.lowerBound.value)
                        json.member("next", range.upperBound.value)
                    }
                }
            }
            json.key("damaged")
            json.array { json in for damage in outcome.damage { json.string(damage) } }
        }
        return json.bytes
    }
}
