internal import Clocks
internal import EventModel
internal import Foundation
internal import JSON
internal import Observability

/// Log lines on stderr: text for people, or one JSON object per line for programs.
struct StructuredLog: Sendable {
    enum Format: String, CaseIterable, Sendable { case text, json }
    typealias Level = JournalEvent.Level

    let format: Format
    let console: Console
    let clock: any ProcessClock

    init(format: Format, console: Console, clock: any ProcessClock = .system) {
        self.format = format
        self.console = console
        self.clock = clock
    }

    /// Writes one line, for events without a declaration. `fields` appear in the order given.
    func write(_ level: Level, _ message: String, _ fields: KeyValuePairs<String, String> = [:]) {
        write(JournalEvent("log", level, message, fields.map { JournalEvent.Field($0.key, $0.value) }))
    }

    /// Writes what modules record, one line per event.
    var journal: Journal { Journal { self.write($0) } }

    /// Writes one line. People get the message plus what it does not contain; programs get everything, by name.
    func write(_ event: JournalEvent) {
        let time = clock.now.formatted
        switch format {
        case .text:
            let rest = event.fields.filter { !$0.isInMessage }.map { " \($0.name)=\(Self.bare($0.value))" }.joined()
            console.note("\(time) \(event.level.rawValue) \(printable(event.message))\(rest)")
        case .json:
            console.note(
                JSONWriter.text { writer in
                    writer.object { writer in
                        writer.member("time", time)
                        writer.member("level", event.level.rawValue)
                        writer.member("event", event.name)
                        writer.member("message", event.message)
                        for field in event.fields {
                            writer.key(field.name)
                            writer.string(field.value)
                        }
                    }
                })
        }
    }

    private static func bare(_ value: String) -> String {
        let safe = printable(value)
        return safe.isEmpty || safe.contains(where: { $0 == " " || $0 == "\"" || $0 == "=" })
            ? JSONWriter.text { $0.string(safe) } : safe
    }
}
