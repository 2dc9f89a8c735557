internal import EventModel
internal import Foundation
internal import JSON

/// Log lines on stderr: text for people, or one JSON object a line for programs.
struct StructuredLog: Sendable {
    enum Format: String, CaseIterable, Sendable { case text, json }
    enum Level: String, Sendable { case info, warning, error }

    let format: Format
    let console: Console
    /// Wall clock in microseconds since 1970.
    let clock: @Sendable () -> Int64

    init(format: Format, console: Console, clock: @escaping @Sendable () -> Int64 = wallClockMicroseconds) {
        self.format = format
        self.console = console
        self.clock = clock
    }

    /// Writes one line. `fields` are shown in the order given.
    func write(_ level: Level, _ message: String, _ fields: KeyValuePairs<String, String> = [:]) {
        let time = Timestamp(microseconds: clock()).formatted
        switch format {
        case .text:
            let rest = fields.map { " \($0.key)=\(Self.bare($0.value))" }.joined()
            console.note("\(time) \(level.rawValue) \(printable(message))\(rest)")
        case .json:
            console.note(
                JSONWriter.text { writer in
                    writer.object { writer in
                        writer.member("time", time)
                        writer.member("level", level.rawValue)
                        writer.member("message", message)
                        for (name, value) in fields {
                            writer.key(name)
                            writer.string(value)
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

/// The wall clock in microseconds since 1970.
func wallClockMicroseconds() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1_000
}

/// A clock that only rises, in milliseconds.
func monotonicMilliseconds() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1_000 + Int64(now.tv_nsec) / 1_000_000
}
