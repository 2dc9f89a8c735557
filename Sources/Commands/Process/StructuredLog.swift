internal import Clocks
internal import EventModel
internal import Foundation
internal import JSON
internal import Observability

/// Log lines on stderr: text for people, or one JSON object per line for programs.
struct StructuredLog: Sendable {
    enum Format: String, CaseIterable, Sendable { case text, json }

    let format: Format
    let console: Console
    let clock: any ProcessClock
    private var queue: LogQueue?

    /// Writes each line at once.
    init(format: Format, console: Console, clock: any ProcessClock = .system) {
        self.format = format
        self.console = console
        self.clock = clock
    }

    /// The same log, whose lines a thread of its own writes: for processes that serve.
    var queued: StructuredLog {
        var log = self
        log.queue = LogQueue { [format, console, clock] entries, dropped in
            var lines = entries.map { Self.line($0.event, at: $0.time, format) }
            if dropped > 0 { lines.append(Self.line(.linesDropped(dropped), at: clock.now, format)) }
            console.note(lines.joined(separator: "\n"))
        }
        return log
    }

    /// Writes what modules record, one line per event.
    var journal: Journal { Journal { self.write($0) } }

    /// Writes one line, or passes it on to be written.
    func write(_ event: JournalEvent) {
        guard let queue else { return writeAtOnce(event) }
        queue.add(event, at: clock.now)
    }

    /// Writes one line without waiting for others: before the end of the process.
    func writeAtOnce(_ event: JournalEvent) { console.note(Self.line(event, at: clock.now, format)) }

    /// Waits until what was passed on is written, at most two seconds.
    func flush() { queue?.flush() }

    // MARK: Formats

    /// People get the message plus what it does not contain; programs get everything, by name.
    private static func line(_ event: JournalEvent, at time: Timestamp, _ format: Format) -> String {
        switch format {
        case .text:
            let rest = event.fields.filter { !$0.isInMessage }.map { " \($0.name)=\(bare($0.value))" }.joined()
            return "\(time.formatted) \(event.level.rawValue) \(printable(event.message))\(rest)"
        case .json:
            return JSONWriter.text { writer in
                writer.object { writer in
                    writer.member("time", time.formatted)
                    writer.member("level", event.level.rawValue)
                    writer.member("event", event.name)
                    writer.member("message", event.message)
                    for field in event.fields {
                        writer.key(field.name)
                        switch field.value {
                        case .text(let text): writer.string(text)
                        case .integer(let number): writer.integer(number)
                        }
                    }
                }
            }
        }
    }

    private static func bare(_ value: JournalEvent.Field.Value) -> String {
        switch value {
        case .integer(let number): return String(number)
        case .text(let text):
            let safe = printable(text)
            return safe.isEmpty || safe.contains(where: { $0 == " " || $0 == "\"" || $0 == "=" })
                ? JSONWriter.text { $0.string(safe) } : safe
        }
    }
}
