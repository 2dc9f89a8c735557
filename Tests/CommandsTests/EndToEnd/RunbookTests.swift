// Layer: end to end. The commands of the runbook, as they stand in it, in their order, on a small plant.
import EventModel
import Foundation
import KafkaHarness
import ProcessHarness
import SimulationKit
import TestKit
import Testing

@testable import Commands

/// The blocks of commands in the runbook, and what it says that they print.
struct Runbook {
    struct Block {
        var line: Int
        var commands: String
        /// Whether it needs brokers.
        var isKafka: Bool
        /// What has to be in the output: headings of tables.
        var headings: [String] = []
    }

    private(set) var blocks: [Block] = []

    init(_ text: String) {
        var fence: String?
        var lines: [Substring] = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.hasPrefix("```"), fence == nil {
                fence = String(line.dropFirst(3))
                lines = []
            } else if line == "```" {
                if let fence, fence.hasPrefix("sh") {
                    blocks.append(
                        Block(
                            line: number + 1 - lines.count, commands: lines.joined(separator: "\n"),
                            isKafka: fence == "sh kafka"))
                } else if fence == "text", !blocks.isEmpty {
                    blocks[blocks.count - 1].headings = lines.map(Self.plain)
                }
                fence = nil
            } else {
                lines.append(line)
            }
        }
    }

    /// Columns are as wide as what is in them.
    static func plain(_ text: some StringProtocol) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// A script of some blocks, which marks in its output where each begins.
    func script(_ isChosen: (Block) -> Bool) -> String {
        "set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"
            + blocks.filter(isChosen).map { "echo '@@ \($0.line)'\n\($0.commands)\n" }.joined()
    }
}

@Suite("The runbook is true", .timeLimit(.minutes(10)))
struct RunbookTests {
    private static let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Deploy/Runbook.md")

    private static func runbook() throws -> Runbook { Runbook(try String(contentsOf: path, encoding: .utf8)) }

    /// A folder with a data directory, an admin's key, and a day of events of plant-1 in the log.
    private static func plant() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let data = folder.file("andon-data")
        try LogAddress(.folder(DataDirectory(path: data))).openWriter().close()
        func run(_ words: [String]) throws -> String {
            let result = try AndonProcess.run(words)
            guard result.exit == 0 else { throw CommandFailure(.failure, "\(words): \(result.errors)") }
            return result.output
        }
        let key = try run(["key", "create", "--data-dir", data, "--role", "admin", "--rate-limit", "0"])
        let keyFile = try folder.write("admin.key", key)
        let site = try folder.write(
            "site.json",
            """
            {"site":{"site_id":"plant-1","name":"Plant 1","time_zone":"UTC"},
            "workers":[{"worker_id":"W1","name":"Ada"},{"worker_id":"W2"}],
            "workstations":[{"workstation_id":"S1","name":"Lathe"}]}
            """)
        let now = Date().timeIntervalSince1970
        let lines = (1...100).flatMap { number in
            ["W1", "W2"].map { worker in
                let time = Timestamp(microseconds: Int64(now - Double(number) * 600) * Microseconds.second).formatted
                return #"{"timestamp":"\#(time)","worker_id":"\#(worker)","workstation_id":"S1","#
                    + #""event_type":"\#(number % 3 == 0 ? "idle" : "working")","confidence":0.9}"#
            }
        }
        let events = try folder.write("events.ndjson", lines.joined(separator: "\n") + "\n")
        let server = try AndonServer(data)
        let access = ["--data-dir", data, "--key-file", keyFile]
        _ = try run(["site", "apply", site] + access)
        _ = try run(["import", events, "--site", "plant-1", "--batch", "10"] + access)
        server.end(SIGTERM)
        return folder
    }

    /// Runs a script in a folder, with this build's `andon` first.
    private static func run(
        _ script: String, in folder: TemporaryFolder, _ environment: [String: String] = [:]
    ) throws -> AndonProcess.Result {
        let andon = try #require(try AndonProcess.make([]).executableURL)
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = [try folder.write("runbook.sh", script)]
        process.currentDirectoryURL = folder.url
        process.standardInput = FileHandle.nullDevice
        process.environment = [
            "PATH": "\(andon.deletingLastPathComponent().path):/usr/bin:/bin", "HOME": folder.path,
            "ANDON_LISTEN": "127.0.0.1:0",
        ].merging(environment) { $1 }
        return try AndonProcess.run(process)
    }

    /// Every block was begun, and printed what the runbook says.
    private static func check(_ result: AndonProcess.Result, _ blocks: [Runbook.Block]) {
        let parts = result.output.components(separatedBy: "@@ ").dropFirst()
        #expect(result.exit == 0, "in the block at line \(parts.last?.prefix { $0.isNumber } ?? "-"): \(result.errors)")
        #expect(parts.count == blocks.count)
        for (part, block) in zip(parts, blocks) {
            let printed = part.split(separator: "\n").map(Runbook.plain)
            for heading in block.headings {
                #expect(
                    printed.contains { $0.contains(heading) }, "line \(block.line) does not print '\(heading)': \(part)"
                )
            }
        }
    }

    @Test("its commands work in their order on the embedded log, and print what it says")
    func embedded() throws {
        let runbook = try Self.runbook()
        let blocks = runbook.blocks.filter { !$0.isKafka }
        #expect(blocks.count > 10)
        let folder = try Self.plant()
        Self.check(try Self.run(runbook.script { !$0.isKafka }, in: folder), blocks)
    }

    @Test("those for Kafka work on a log that was copied there", .needsKafka)
    func kafka() throws {
        let runbook = try Self.runbook()
        let blocks = runbook.blocks.filter(\.isKafka)
        #expect(blocks.count > 2)
        let folder = try Self.plant()
        let cluster = try KafkaCluster.shared()
        let prefix = uniquePrefix()
        let kafka = ["--brokers", cluster.brokers, "--topic-prefix", prefix]
        #expect(try AndonProcess.run(["topics", "create", "--partitions", "2"] + kafka).exit == 0)
        let copied = try AndonProcess.run([
            "log", "copy", "--data-dir", folder.file("andon-data"), "--to-brokers", cluster.brokers,
            "--to-topic-prefix", prefix,
        ])
        #expect(copied.exit == 0, "\(copied.errors)")
        let key = try AndonProcess.run(["key", "create", "--role", "admin", "--rate-limit", "0"] + kafka)
        try folder.write("kafka.key", key.output)
        let result = try Self.run(
            runbook.script(\.isKafka), in: folder,
            [
                "BROKERS": cluster.brokers, "PREFIX": prefix, "SITE": "plant-1",
                "ANDON_KEY_FILE": folder.file("kafka.key"),
            ])
        Self.check(result, blocks)
    }
}
