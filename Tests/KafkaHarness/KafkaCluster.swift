internal import Foundation
internal import Locks
internal import ProcessHarness

/// A real Apache Kafka for tests: brokers of its own that can be broken, or somebody else's.
///
/// `ANDON_TEST_KAFKA_HOME`, else `../shared/kafka` beside the checkout or beside a folder above it, names the folder
/// with the script `kafka` that starts brokers. `ANDON_TEST_KAFKA=host:port` names brokers that run already; they serve
/// ``shared()`` only, because a test must not break what is not its own.
package final class KafkaCluster: Sendable {
    package enum NodeAction: String, Sendable {
        /// SIGTERM; returns when the process has ended.
        case stop
        /// SIGKILL; returns when the process has ended.
        case kill
        /// SIGSTOP: connections stay open and nobody answers.
        case pause
        /// SIGCONT.
        case resume
        /// Starts a stopped or killed node again; returns when it takes connections.
        case start
    }

    /// A tool that failed.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Bootstrap servers, for `--brokers`.
    package let brokers: String
    private let home: String
    private let folder: String
    private let isOwn: Bool
    private let isRunning = Guarded(true)

    // MARK: Finding

    private static let home: String? = {
        var candidates: [URL] = []
        if let named = ProcessInfo.processInfo.environment["ANDON_TEST_KAFKA_HOME"] {
            candidates.append(URL(filePath: named))
        }
        var place = URL(filePath: #filePath)
        for _ in 0..<12 {
            place.deleteLastPathComponent()
            candidates.append(place.appending(path: "shared/kafka"))
        }
        return candidates.first {
            FileManager.default.isExecutableFile(atPath: $0.appending(path: "kafka").path)
        }?.path
    }()

    private static let external: String? = ProcessInfo.processInfo.environment["ANDON_TEST_KAFKA"]

    /// Whether ``shared()`` has something to give.
    package static var isAvailable: Bool { external != nil || home != nil }

    /// Whether clusters can be started, and so broken.
    package static var canStart: Bool { home != nil }

    // MARK: Starting

    private static let sharedCluster = Result { () throws -> KafkaCluster in
        guard let external else { return try KafkaCluster(brokers: 1, settings: []) }
        return try KafkaCluster(external: external)
    }

    /// The one cluster of this test process, a single broker, started by whoever asks first: a start takes about five
    /// seconds. Everybody uses topics with a prefix of their own (``uniquePrefix()``) and leaves the broker alone.
    package static func shared() throws -> KafkaCluster { try sharedCluster.get() }

    /// A cluster of the test's own, which may break it.
    ///
    /// - Parameters:
    ///   - brokers: 1, about 5 s; or 3, about 15 s, with replication 3 and `min.insync.replicas` 2. Tests that start
    ///     one belong to a `.serialized` suite: a broker takes half a gigabyte.
    ///   - settings: More broker settings, `KEY=VALUE`.
    package static func start(brokers: Int = 1, settings: [String] = []) throws -> KafkaCluster {
        try KafkaCluster(brokers: brokers, settings: settings)
    }

    private init(brokers: Int, settings: [String]) throws {
        home = try Self.home.orThrow("no Kafka to start; set ANDON_TEST_KAFKA_HOME")
        folder = FileManager.default.temporaryDirectory.appending(path: "andon-kafka-\(UUID().uuidString)").path
        isOwn = true
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        Reaper.shared.cluster(folder)
        let words = ["start", folder, "--brokers", "\(brokers)"] + settings.flatMap { ["--set", $0] }
        self.brokers = try Self.run(home, words).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Kafka's own tools are told of the foreign brokers by a folder that looks like a node's.
    private init(external: String) throws {
        home = Self.home ?? ""
        folder = FileManager.default.temporaryDirectory.appending(path: "andon-kafka-\(UUID().uuidString)").path
        isOwn = false
        brokers = external
        try FileManager.default.createDirectory(atPath: folder + "/node-1", withIntermediateDirectories: true)
        Reaper.shared.cluster(folder)
        try "listeners=PLAINTEXT://\(external),\n".write(
            toFile: folder + "/node-1/server.properties", atomically: true, encoding: .utf8)
    }

    deinit { stop() }

    /// Ends every broker and removes the data; a second call does nothing. Where nobody calls it, ``Reaper`` does it at
    /// the end of the test process.
    package func stop() {
        guard
            isRunning.withLock({ isRunning in
                defer { isRunning = false }
                return isRunning
            })
        else { return }
        if isOwn { _ = try? Self.run(home, ["stop", folder]) }
        try? FileManager.default.removeItem(atPath: folder)
    }

    // MARK: Using

    /// Breaks or mends one broker; ids count from 1.
    package func node(_ id: Int, _ action: NodeAction) throws {
        precondition(isOwn, "a test must not break brokers that are not its own")
        try tool("node", ["\(id)", action.rawValue])
    }

    /// Kafka's own topic tool, e.g. `["--describe", "--topic", "t"]`. About two seconds, as every tool is a JVM:
    /// prefer the Admin API where a test can.
    @discardableResult
    package func topics(_ arguments: [String]) throws -> String { try tool("topics", arguments) }

    package func createTopic(_ name: String, partitions: Int32 = 1, configs: [String] = []) throws {
        let words = ["--create", "--topic", name, "--partitions", "\(partitions)"]
        try topics(words + configs.flatMap { ["--config", $0] })
    }

    package func deleteTopic(_ name: String) throws { try topics(["--delete", "--topic", name]) }

    /// Changes settings of a topic, e.g. `["retention.ms=1000"]`.
    package func alterTopic(_ name: String, _ configs: [String]) throws {
        try tool(
            "configs",
            [
                "--alter", "--entity-type", "topics", "--entity-name", name, "--add-config",
                configs.joined(separator: ","),
            ])
    }

    /// Deletes all records before the given offsets, by partition, as retention would.
    package func deleteRecords(_ topic: String, before offsets: [Int32: Int64]) throws {
        let entries = offsets.map { #"{"topic":"\#(topic)","partition":\#($0.key),"offset":\#($0.value)}"# }
        let file = folder + "/delete-\(UUID().uuidString).json"
        try #"{"version":1,"partitions":[\#(entries.joined(separator: ","))]}"#.write(
            toFile: file, atomically: true, encoding: .utf8)
        try tool("records", ["--offset-json-file", file])
    }

    /// The broker that leads a partition.
    package func leader(of topic: String, _ partition: Int32 = 0) throws -> Int {
        let text = try topics(["--describe", "--topic", topic])
        let match = try? Regex(#"Partition: \#(partition)\s+Leader: (\d+)"#).firstMatch(in: text)
        return try (match?[1].substring.flatMap { Int($0) }).orThrow("no leader in: \(text)")
    }

    /// Gives leadership back to the first replica of every partition.
    package func electPreferredLeaders() throws {
        try tool("leader", ["--election-type", "preferred", "--all-topic-partitions"])
    }

    /// The state of a consumer group, as Kafka's own tool prints it.
    package func describeGroup(_ group: String, _ more: [String] = []) throws -> String {
        try tool("groups", ["--describe", "--group", group] + more)
    }

    /// Any other tool of the script `kafka`.
    @discardableResult
    package func tool(_ verb: String, _ arguments: [String]) throws -> String {
        try Self.run(home, [verb, folder] + arguments)
    }

    /// Foundation hears of a child's end by a socket that the child inherits. Brokers, which outlive the script, must
    /// not keep it open.
    private static let closeInherited = """
        for fd in /proc/self/fd/*; do fd=${fd##*/}; [ "$fd" -le 2 ] || eval "exec $fd>&-"; done; exec "$0" "$@"
        """

    private static func run(_ home: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = ["-c", closeInherited, home + "/kafka"] + arguments
        process.standardInput = FileHandle.nullDevice
        let result = try AndonProcess.run(process)
        guard result.exit == 0 else {
            throw Failure(description: "kafka \(arguments.joined(separator: " ")): \(result.output)\(result.errors)")
        }
        return result.output
    }
}

/// A prefix for topics that no other test has.
package func uniquePrefix() -> String {
    var generator = SystemRandomNumberGenerator()
    return "test-" + String(generator.next(), radix: 36)
}

extension Optional {
    fileprivate func orThrow(_ words: @autoclosure () -> String) throws -> Wrapped {
        guard let self else { throw KafkaCluster.Failure(description: words()) }
        return self
    }
}
