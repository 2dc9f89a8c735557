internal import Foundation

/// `andon bench`: the performance of this build on this machine, as figures and ratios.
enum BenchCommand {
    private static let parts = Option<BenchSection>.choice(
        "section", "NAME", "only this section; can be repeated", repeatable: true)
    private static let workers = Option<Int>(
        "workers", "N", "number of workers; can be repeated (default 1000, 10000 and 100000)", repeatable: true
    ) { text throws(InvalidValue) in
        guard let value = Int(text), (4...1_000_000).contains(value) else {
            throw InvalidValue("a whole number from 4 to 1000000")
        }
        return value
    }
    private static let events = Option<Int>.integer(
        "events", "N", "events of the fold and replay sections", in: 1000...1_000_000_000, default: 10_000_000)
    private static let seconds = Option<Int>.integer(
        "seconds", "N", "how long each ingest measurement takes", in: 1...600, default: 5)
    private static let connections = Option<Int>(
        "connections", "N", "connections of the ingest section; can be repeated (default 64 and 256)",
        repeatable: true
    ) { text throws(InvalidValue) in
        guard let value = Int(text), (1...1000).contains(value) else {
            throw InvalidValue("a whole number from 1 to 1000")
        }
        return value
    }
    private static let directory = Option<String>.text(
        "dir", "DIR", "where logs and projections are written (default: a temporary directory)")

    static let command = Command(
        path: ["bench"],
        summary: "measures fold, replay, ingest, questions and live streams, both sides of each ratio in one run",
        discussion: """
            Every measurement runs in a process of its own with seeded data. Nothing is asserted: figures and ratios
            depend on the machine and on what else it does.
            """,
        examples: [
            .init("andon bench", "everything, some six minutes"),
            .init("andon bench --section replay --workers 1000 --events 2000000", "one figure"),
            .init("andon bench --brokers 127.0.0.1:9092", "on Kafka, with topics of its own that are removed again"),
        ],
        options: [parts.spec, workers.spec, events.spec, seconds.spec, connections.spec, directory.spec]
            + KafkaOptions.specs,
        run: { invocation in
            let given = try invocation.optional(directory)
            let root = given ?? FileManager.default.temporaryDirectory.path + "/andon-bench-\(UUID().uuidString)"
            try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
            defer { if given == nil { try? FileManager.default.removeItem(atPath: root) } }
            let workerCounts = try invocation.values(workers)
            let connectionCounts = try invocation.values(connections)
            let plan = BenchPlan(
                runner: BenchRunner(console: invocation.console, directory: root),
                workers: workerCounts.isEmpty ? [1000, 10_000, 100_000] : workerCounts,
                events: try invocation.value(events), seconds: Double(try invocation.value(seconds)),
                connections: connectionCounts.isEmpty ? [64, 256] : connectionCounts)
            if let kafka = try KafkaOptions.given(invocation) {
                try plan.kafka(kafka)
                return .success
            }
            let sections = try invocation.values(parts)
            for section in sections.isEmpty ? BenchSection.allCases : sections { try plan.run(section) }
            return .success
        })
}

enum BenchSection: String, CaseIterable, Sendable {
    case fold
    case replay
    case ingest
    case query
    case stream
}

/// Runs one measurement in a process of its own.
struct BenchRunner: Sendable {
    var console: Console
    var directory: String

    func run(_ benchCase: BenchCase) throws -> BenchResult {
        var benchCase = benchCase
        benchCase.directory = directory
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let text = String(decoding: try JSONEncoder().encode(benchCase), as: UTF8.self)
        process.arguments = ["bench-part", text]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw CommandFailure(.failure, "the measurement \(benchCase.part.rawValue) failed")
        }
        return try JSONDecoder().decode(BenchResult.self, from: bytes)
    }

    /// Removes what earlier measurements have written.
    func clear() throws {
        for file in try FileManager.default.contentsOfDirectory(atPath: directory) {
            try FileManager.default.removeItem(atPath: directory + "/" + file)
        }
    }

    func show(_ title: String, _ table: Table) throws {
        try console.line("\n" + title)
        for line in table.lines(colour: false) { try console.line(line) }
    }
}

extension Double {
    /// Millions with two decimals.
    var inMillions: String { String(format: "%.2f M", self / 1e6) }
    var asRatio: String { String(format: "%.2f", self) }
    var oneDecimal: String { String(format: "%.1f", self) }
}

extension Int {
    var inMebibytes: String { String(format: "%.0f MiB", Double(self) / 1_048_576) }
}
