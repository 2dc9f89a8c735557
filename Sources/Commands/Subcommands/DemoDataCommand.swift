internal import EventModel
internal import Files
internal import Foundation
internal import SimulationKit

/// `andon demo-data`: writes a day of a made-up factory for `Deploy/demo`; hidden, because it is useless without that.
enum DemoDataCommand {
    private static let directory = Option.text(
        "directory", "DIR", "where to write demo-site.json and demo-events.ndjson")
    private static let date = Option<CivilDate>(
        "date", "YYYY-MM-DD", "which day, as the factory's calendar has it; default: yesterday"
    ) { text throws(InvalidValue) in
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).compactMap { Int($0) }
        guard text.utf8.count == 10, parts.count == 3 else { throw InvalidValue("a date like 2026-01-12") }
        let date = CivilDate(year: parts[0], month: parts[1], day: parts[2])
        guard date.exists, date.year >= 1970 else { throw InvalidValue("a date that exists") }
        return date
    }

    static let command = Command(
        path: ["demo-data"],
        summary: "writes a made-up factory's day, for Deploy/demo",
        examples: [.init("andon demo-data --directory . --seed 7", "write demo-site.json and demo-events.ndjson here")],
        options: [directory.spec, DemoFactory.workers.spec, DemoFactory.seed.spec, date.spec],
        isHidden: true,
        run: run)

    private static func run(_ invocation: Invocation) throws -> ExitCode {
        let folder = try invocation.value(directory)
        let calendar = try DemoFactory.calendar()
        let begin: Date
        if let date = try invocation.optional(date) {
            begin = calendar.date(from: DateComponents(year: date.year, month: date.month, day: date.day)) ?? Date()
        } else {
            begin = calendar.date(byAdding: .day, value: -1, to: Date()) ?? Date()
        }
        let end = DemoFactory.midnight(after: DemoFactory.timestamp(begin), calendar)
        let day = FactoryDay(
            FactoryDay.Plan(
                seed: UInt64(try invocation.value(DemoFactory.seed)), timeZone: DemoFactory.timeZone,
                localMidnight: end, end: end, workers: try invocation.value(DemoFactory.workers)))
        try write(day.definition.putBody, to: folder + "/demo-site.json")
        try write(day.ndjson, to: folder + "/demo-events.ndjson")
        invocation.console.note(
            "\(grouped(day.lines.count)) events of \(grouped(day.definition.workers.count)) people written")
        return .success
    }

    private static func write(_ bytes: [UInt8], to path: String) throws {
        do throws(FileFailure) {
            try WholeFile.replace(path, with: bytes)
        } catch {
            throw CommandFailure(.failure, "cannot write '\(path)'", why: error.reason)
        }
    }
}
