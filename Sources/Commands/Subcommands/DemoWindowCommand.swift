internal import EventModel
internal import Foundation
internal import JSON

/// `andon demo-window`: the site and the days that a file of events covers, and the site's shifts, for `Deploy/demo`;
/// hidden like `demo-data`.
enum DemoWindowCommand {
    static let command = Command(
        path: ["demo-window"],
        summary: "prints a site, the days that a file of events covers, and the site's shifts, for Deploy/demo",
        examples: [
            .init("andon demo-window events.ndjson site.json", "print: site, begin, end; then one shift a line")
        ],
        positionals: [.init(name: "FILE", help: "events"), .init(name: "SITE", help: "the definition of their site")],
        options: [],
        isHidden: true,
        run: run)

    private static func run(_ invocation: Invocation) throws -> ExitCode {
        let definition = try DefinitionFile(path: invocation.positionals[1])
        guard let site = definition.siteID else {
            throw CommandFailure(
                .badData, "'\(invocation.positionals[1])' names no site", why: "site.site_id is missing")
        }
        guard let times = try span(of: invocation.positionals[0]) else {
            throw CommandFailure(.badData, "'\(invocation.positionals[0])' has no event with a timestamp")
        }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = definition.timeZone.flatMap { TimeZone(identifier: $0) } ?? .gmt
        let begin = calendar.startOfDay(for: date(times.lowerBound))
        let last = calendar.startOfDay(for: date(times.upperBound))
        let end = calendar.date(byAdding: .day, value: 1, to: last) ?? last
        try invocation.console.line("\(site) \(text(begin)) \(text(end))")
        for shift in shifts(definition) { try invocation.console.line(shift) }
        return .success
    }

    /// Names of the definition's shifts, each once; those that a line or a flag cannot carry are left out.
    private static func shifts(_ definition: DefinitionFile) -> [String] {
        var names: [String] = []
        for shift in JSONValue(definition.json)?["site"]?["shifts"]?.items ?? [] {
            guard let name = shift["name"]?.text, !name.isEmpty, printable(name) == name, !names.contains(name) else {
                continue
            }
            names.append(name)
        }
        return names
    }

    /// The earliest and the latest timestamp in a file's lines; nil if there is none.
    private static func span(of path: String) throws -> ClosedRange<Timestamp>? {
        var reader = try LineReader(path: path, offset: 0, lineBytesMaximum: Limits.bodyBytesMaximum)
        var span: ClosedRange<Timestamp>?
        while let line = try reader.line() {
            guard case .text(let bytes) = line, let time = timestamp(in: bytes) else { continue }
            span = span.map { min($0.lowerBound, time)...max($0.upperBound, time) } ?? time...time
        }
        return span
    }

    /// The value of the member `timestamp`, found without parsing the rest.
    private static func timestamp(in line: [UInt8]) -> Timestamp? {
        guard let name = line.firstRange(of: Array("\"timestamp\"".utf8)) else { return nil }
        let rest = line[name.upperBound...]
        guard let open = rest.firstIndex(of: UInt8(ascii: "\"")) else { return nil }
        let value = rest[(open + 1)...].prefix { $0 != UInt8(ascii: "\"") }
        return Timestamp(rfc3339: String(decoding: value, as: UTF8.self))
    }

    private static func date(_ time: Timestamp) -> Date {
        Date(timeIntervalSince1970: Double(time.microseconds / Microseconds.second))
    }

    private static func text(_ date: Date) -> String {
        Timestamp(microseconds: Int64(date.timeIntervalSince1970) * Microseconds.second).formatted
    }
}
