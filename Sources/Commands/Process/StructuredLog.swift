internal import EventModel
internal import Foundation

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
            let rest = fields.map { ",\(JSONText.quoted($0.key)):\(JSONText.quoted($0.value))" }.joined()
            console.note(
                "{\"time\":\"\(time)\",\"level\":\"\(level.rawValue)\",\"message\":\(JSONText.quoted(message))\(rest)}")
        }
    }

    private static func bare(_ value: String) -> String {
        let safe = printable(value)
        return safe.isEmpty || safe.contains(where: { $0 == " " || $0 == "\"" || $0 == "=" })
            ? JSONText.quoted(safe) : safe
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
