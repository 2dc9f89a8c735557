import EventModel
import Foundation
import JSON
import ProcessHarness
import Replay
import TestKit
import Testing

@testable import Commands

// Layer: end to end. The commands on a directory that the real program has written.
@Suite("andon snapshot", .timeLimit(.minutes(10)))
struct SnapshotCommandTests {
    private let plant: StoredPlant
    init() throws { plant = try StoredPlant() }

    private var snapshots: SnapshotDirectory { SnapshotDirectory(path: plant.directory.snapshots) }

    /// Runs a command and reads its JSON.
    private func run(_ words: String..., exit: ExitCode = .success, directory: String? = nil) throws -> JSONValue {
        let recorder = Recorder()
        let options = ["--data-dir", directory ?? plant.directory.path, "-o", "json"]
        #expect(recorder.run(["snapshot"] + words + options) == exit, "\(recorder.errors)")
        return try #require(JSONValue(recorder.output.utf8), "\(recorder.errors)")
    }

    private func digest(_ directory: DataDirectory) -> String {
        let recorder = Recorder()
        _ = recorder.run(["digest", "--data-dir", directory.path, "--site", StoredPlant.site])
        return recorder.output.trimmingCharacters(in: .newlines)
    }

    @Test("create, list and verify say the same, with the digest of the projections (SPEC 7.1)")
    func createsAndLists() throws {
        let created = try run("create")
        let item = try #require(created["items"]?.items.first)
        #expect(item["next_offset"] == .integer(StoredPlant.records) && item["partition"] == .integer(0))
        #expect(item["sites"]?.items.first?["digest"]?.text == digest(plant.directory))
        #expect(try run("list") == created)
        let verified = try run("verify")["items"]?.items.first
        #expect(verified?["id"] == item["id"] && verified?["result"] == .string("ok"))
        let recorder = Recorder()
        #expect(recorder.run(["snapshot", "list", "--data-dir", plant.directory.path]) == .success)
        #expect(recorder.output.contains(item["id"]?.text ?? "?") && recorder.output.contains("next offset"))
        #expect(recorder.output.hasSuffix("yes\n"))
        let other = Recorder()
        let words = ["snapshot", "list", "--data-dir", try StoredPlant.another().path]
        #expect(other.run(words + ["--snapshot-dir", plant.directory.snapshots]) == .success)
        #expect(other.output.hasSuffix("another log\n"))
    }

    @Test("beside a running server a snapshot is taken, and the server goes on")
    func besideServer() throws {
        let server = try Running(plant.directory)
        defer { server.stop() }
        let item = try #require(try run("create")["items"]?.items.first)
        #expect(item["next_offset"] == .integer(StoredPlant.records))
        #expect(try server.look() == .whole)
        let mark = RunningMark(plant.directory)
        defer { withExtendedLifetime(mark) {} }
        let recorder = Recorder()
        let words = ["snapshot", "restore", "--data-dir", plant.directory.path, "--to", plant.directory.path]
        #expect(recorder.run(words) == .failure)
        #expect(recorder.errors.contains("a server runs on"))
    }

    @Test(
        "it covers every record that was acknowledged before, by a server that runs and one that was killed (SPEC 8.4)")
    func coversAcknowledged() throws {
        let killed = try StoredPlant(killed: true)
        let first = try run("create", directory: killed.directory.path)["items"]?.items.first
        #expect(first?["next_offset"] == .integer(StoredPlant.records))
        #expect(first?["sites"]?.items.first?["digest"]?.text == digest(killed.directory))
        let server = try AndonServer(killed.directory.path, ["--open", "--rate-limit", "0"])
        defer { server.end(SIGTERM) }
        for minute in 10..<13 {
            try StoredPlant.send(
                "POST", server.url + "/api/events/batch?site_id=plant",
                #"[{"timestamp":"2026-01-12T09:\#(minute):00Z","worker_id":"w1","workstation_id":"s1","#
                    + #""event_type":"idle","confidence":0.9}]"#)
            let taken = try run("create", directory: killed.directory.path)["items"]?.items.first
            #expect(taken?["next_offset"] == .integer(StoredPlant.records + minute - 9))
        }
    }

    @Test("of projections that are damaged or of another version none is taken, and the reason is said")
    func unreadable() throws {
        try plant.checkpointProjections()
        try plant.flip("projections.sqlite", at: 100)
        let recorder = Recorder()
        #expect(recorder.run(["snapshot", "create", "--data-dir", plant.directory.path]) == .failure)
        #expect(recorder.errors.contains("it is damaged, or of another version"))
        #expect(recorder.errors.contains("next: andon doctor --data-dir"))
        try plant.remove("projections.sqlite")
        #expect(recorder.run(["snapshot", "create", "--data-dir", plant.directory.path]) == .failure)
        #expect(recorder.errors.contains("there are no projections in"))
    }

    @Test("--snapshot-keep removes older ones, never the newest")
    func keeps() throws {
        _ = try run("create")
        let server = try Running(plant.directory)
        try StoredPlant.send(
            "POST", server.url + "/api/events/batch?site_id=plant",
            #"[{"timestamp":"2026-01-12T09:00:00Z","worker_id":"w1","workstation_id":"s1","event_type":"idle","#
                + #""confidence":0.9}]"#)
        server.stop()
        _ = try run("create", "--snapshot-keep", "1")
        let left = try run("list")["items"]?.items.map { $0["next_offset"] }
        #expect(left == [.integer(StoredPlant.records + 1)])
    }

    @Test("a server without projections starts from the newest snapshot, and folds the rest (SPEC 7.3)")
    func startsFromSnapshot() throws {
        _ = try run("create")
        let expected = digest(plant.directory)
        try plant.remove("projections.sqlite")
        let server = try Running(plant.directory, snapshots: SnapshotSettings(snapshots))
        #expect(try server.look() == .whole)
        #expect(server.words.contains("the fold goes on at offset \(StoredPlant.records)"))
        server.stop()
        #expect(digest(plant.directory) == expected)
    }

    @Test("with a damaged snapshot it says so and folds the whole log")
    func damaged() throws {
        let id = try #require(try run("create")["items"]?.items.first?["id"]?.text)
        try plant.flip("snapshots/\(id).sqlite", at: 5000)
        let verified = try run("verify", exit: .badData)["items"]?.items.first
        #expect(verified?["result"] == .string("damaged"))
        try plant.remove("projections.sqlite")
        let server = try Running(plant.directory, snapshots: SnapshotSettings(snapshots))
        #expect(server.words.contains("snapshot \(id) is not used"))
        var found = try server.look()
        found.warnings = []
        #expect(found == .whole)
        server.stop()
    }

    @Test("restore makes projections where there are none, and touches nothing that is there")
    func restores() throws {
        let item = try #require(try run("create")["items"]?.items.first)
        let recorder = Recorder()
        let words = ["snapshot", "restore", "--data-dir", plant.directory.path, "--to"]
        #expect(recorder.run(words + [plant.directory.path]) == .failure)
        #expect(recorder.errors.contains("there is something at"))
        let other = plant.folder.file("other")
        #expect(try run("restore", "--to", other)["items"]?.items == [item])
        #expect(try FileManager.default.contentsOfDirectory(atPath: other).contains("projections.sqlite"))
        #expect(try run("restore", "--to", other + "/one.sqlite")["items"]?.items == [item])
        // On the log again.
        try plant.remove("projections.sqlite")
        try FileManager.default.copyItem(atPath: other + "/one.sqlite", toPath: plant.directory.projections)
        #expect(try plant.start() == .whole)
    }

    @Test("delete asks; off a terminal it wants --yes")
    func deletes() throws {
        let id = try #require(try run("create")["items"]?.items.first?["id"]?.text)
        let words = ["snapshot", "delete", id, "--data-dir", plant.directory.path]
        #expect(Recorder().run(words) == .usage)
        #expect(try snapshots.list().manifests.count == 1)
        #expect(Recorder().run(words + ["--yes"]) == .success)
        #expect(try snapshots.list().manifests.isEmpty)
        #expect(Recorder().run(words + ["--yes"]) == .failure)
    }

    @Test("a stop ends a snapshot, of which nothing is left")
    func stops() throws {
        let recorder = Recorder()
        var command = SnapshotCreateCommand.command
        command.run = { try SnapshotCreateCommand.run($0) { _ in true } }
        let words = ["snapshot", "create", "--data-dir", plant.directory.path]
        #expect(recorder.run(words, commands: [command]) == .interrupted)
        #expect(try snapshots.list().manifests.isEmpty)
    }

    @Test("how often is a number of records or a time", arguments: ["0", "x", "5w", "-3", "1.5h", "m"])
    func every(_ text: String) throws {
        let recorder = Recorder()
        #expect(recorder.run(["up", "--snapshot-every=\(text)"]) == .usage)
        #expect(recorder.errors.contains("a number of records"))
        #expect(SnapshotSettings.every.spec.complaint("1000000") == nil)
        #expect(SnapshotSettings.every.spec.complaint("30m") == nil)
    }

    @Test("andon up takes them by itself, and a start after the loss of the projections goes on from the last one")
    func automatic() throws {
        let server = try AndonServer(
            plant.directory.path, ["--open", "--snapshot-every", "1", "--snapshot-keep", "2"])
        #expect(server.line { $0.contains("snapshot p0-\(StoredPlant.records)-") } != nil)
        server.end(SIGKILL)
        for part in ["", "-wal", "-shm"] { try? plant.remove("projections.sqlite" + part) }
        let next = try AndonServer(plant.directory.path, ["--open"])
        #expect(next.words.contains("the fold goes on at offset \(StoredPlant.records)"))
        next.end(SIGTERM)
    }
}
