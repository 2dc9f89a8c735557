import Foundation
import ProcessHarness
import Testing

/// A downstream service in Python, which knows topics by their published schemas alone; see the folder `Python`.
enum PythonConsumer {
    struct Failure: Error, CustomStringConvertible { let description: String }

    /// What a metric topic holds, as the service sees it.
    struct Metrics {
        /// By key: the newest record's value, the JSON object.
        var records: [String: [String: Any]] = [:]
        /// By key: the attributes of its CloudEvent.
        var events: [String: [String: String]] = [:]
        /// Keys whose newest record takes them back.
        var removed: [String] = []
        /// Keys whose last record is not their newest: compaction would keep an old value.
        var behind: [String] = []
        /// Records read, and those that were older than one before them.
        var read = 0
        var old = 0
        /// What is wrong with records; empty: each is a CloudEvent as its schema says.
        var refused: [String] = []
    }

    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Python")

    /// The interpreter of the virtual environment, which is made on first use; nil where it cannot be made.
    private static let interpreter: String? = {
        let process = Process()
        process.executableURL = folder.appending(path: "setup")
        process.standardInput = FileHandle.nullDevice
        guard let result = try? AndonProcess.run(process), result.exit == 0 else { return nil }
        return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }()

    static var isAvailable: Bool { interpreter != nil }

    /// Reads a metric topic from its beginning.
    ///
    /// - Parameters:
    ///   - until: keys that must have come, with `status` and a revision of at least `offset`; none: what is there now.
    ///   - seconds: after that the reading fails.
    static func metrics(
        brokers: String, topic: String, schema: String? = nil, until keys: [String] = [], status: String? = nil,
        offset: Int64 = 0, seconds: Int = 120
    ) throws -> Metrics {
        var words = ["--brokers", brokers, "--topic", topic, "--seconds", "\(seconds)", "--until-offset", "\(offset)"]
        if let schema { words += ["--schema", schema] }
        if let status { words += ["--until-status", status] }
        for key in keys { words += ["--until-key", key] }
        let result = try run("consume_metrics.py", words)
        // 1: records were refused; the report says which.
        guard result.exit <= 1,
            let report = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any],
            let records = report["records"] as? [String: [String: Any]]
        else { throw Failure(description: "consume_metrics.py: exit \(result.exit): \(result.errors)") }
        var metrics = Metrics()
        metrics.records = records.compactMapValues { $0["data"] as? [String: Any] }
        metrics.events = records.compactMapValues { $0["event"] as? [String: String] }
        metrics.removed = report["removed"] as? [String] ?? []
        metrics.behind = report["behind"] as? [String] ?? []
        metrics.read = report["read"] as? Int ?? 0
        metrics.old = report["old"] as? Int ?? 0
        metrics.refused = report["refused"] as? [String] ?? []
        return metrics
    }

    /// Reads what stands in a topic of events now: one JSON object an event or definition.
    static func events(brokers: String, topic: String, seconds: Int = 120) throws -> [[String: Any]] {
        let result = try run(
            "consume_events.py", ["--brokers", brokers, "--topic", topic, "--seconds", "\(seconds)"])
        guard result.exit == 0 else {
            throw Failure(description: "consume_events.py: exit \(result.exit): \(result.errors)")
        }
        return try result.output.split(separator: "\n").compactMap { line in
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        }
    }

    private static func run(_ script: String, _ arguments: [String]) throws -> AndonProcess.Result {
        let process = Process()
        process.executableURL = URL(filePath: interpreter ?? "/nonexistent")
        // Nothing is left behind in the sources.
        process.arguments = ["-B", folder.appending(path: script).path] + arguments
        process.standardInput = FileHandle.nullDevice
        return try AndonProcess.run(process)
    }
}

extension Trait where Self == ConditionTrait {
    /// For tests that read topics with Python: skipped, and said so, where its packages cannot be had.
    static var needsPythonConsumer: Self {
        .enabled(
            if: PythonConsumer.isAvailable,
            "skipped: no python3 with confluent-kafka and cloudevents (Tests/KafkaEndToEndTests/Python/setup)")
    }
}
