// Layer: end to end. The real program and a real broker: a plant moves to Kafka and back. Catches what the twin cannot
// show; that copies are exact for any partitions and any break is proved in LogCopyTests.
import Foundation
import JSON
import KafkaHarness
import ProcessHarness
import Testing

@testable import Commands

@Suite("A plant moves to Kafka and back", .needsKafka, .timeLimit(.minutes(10)))
struct LogCopyKafkaTests {
    @Test("records, digest and names are the same on Kafka and after the way back")
    func roundTrip() throws {
        let plant = try PlantDirectory()
        let day = try plant.writeDay(seed: 11, workers: 4)
        let server = try plant.server()
        #expect(try plant.run(["site", "apply", day.site]).exit == 0)
        #expect(try plant.run(["import", day.events, "--batch", "50", "--site", "demo-plant"]).exit == 0)
        let asked = ["workers", "--site=demo-plant", "--from=2026-01-12T00:00:00Z", "--to=2026-01-13T00:00:00Z"]
        let before = try plant.ask(asked)["items"]
        server.end(SIGTERM)

        let cluster = try KafkaCluster.shared()
        let prefix = uniquePrefix()
        let kafka = ["--brokers", cluster.brokers, "--topic-prefix", prefix]
        #expect(try AndonProcess.run(["topics", "create", "--partitions", "3"] + kafka).exit == 0)
        let away = [
            "log", "copy", "--data-dir", plant.data, "--to-brokers", cluster.brokers, "--to-topic-prefix", prefix,
        ]
        let first = try AndonProcess.run(away + ["-o", "json"])
        #expect(first.exit == 0, "\(first.errors)")
        #expect(first.output.contains("\"definitions_with_names\":1"))
        let second = try AndonProcess.run(away + ["-o", "json"])
        #expect(second.output.hasPrefix("{\"records_copied\":0,"), "\(second.errors)")

        // The same lines but for their positions: the site's partition is another one there.
        let here = try AndonProcess.run(["log", "tail", "--data-dir", plant.data])
        let there = try AndonProcess.run(["log", "tail"] + kafka)
        #expect(there.exit == 0 && Self.withoutPositions(there.output) == Self.withoutPositions(here.output))
        #expect(here.output.split(separator: "\n").count > 100)
        let stat = try AndonProcess.run(["log", "stat", "-o", "json"] + kafka)
        let partitions = JSONValue(stat.output.utf8)?["partitions"]?.items
        #expect(partitions?.count == 3 && partitions?.contains { $0["end"] != .integer(0) } == true)

        let copy = plant.folder.file("copy")
        let back = try AndonProcess.run(["log", "copy"] + kafka + ["--to-data-dir", copy, "-o", "json"])
        #expect(back.exit == 0, "\(back.errors)")
        #expect(back.output == first.output)
        #expect(before?.items.count == 4)
        let digest = try AndonProcess.run(["digest", "--data-dir", copy, "--site", "demo-plant"]).output
        #expect(try digest == plant.digest("demo-plant"))
        let key = try AndonProcess.run(["key", "create", "--data-dir", copy, "--role", "admin", "--rate-limit", "0"])
        let keyFile = try plant.folder.write("copy.key", key.output)
        let again = try AndonServer(copy)
        let after = try AndonProcess.run(
            ["query"] + asked + ["-o", "json", "--data-dir", copy, "--key-file", keyFile])
        #expect(JSONValue(after.output.utf8)?["items"] == before)
        again.end(SIGTERM)
    }

    private static func withoutPositions(_ lines: String) -> [String] {
        lines.split(separator: "\n").map { line in
            String(line).replacing(/"position":"[0-9:]+",/, with: "")
        }
    }
}
