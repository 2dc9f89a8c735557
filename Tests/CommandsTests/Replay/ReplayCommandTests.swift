// Layer: differential and machine. The command on a log of this process: what comes out, what goes on, what is refused.
// That a fold of a part is right is proved in ReplayTests; a real Ctrl-C and a real kill are in ReplayKillTests.
import EventLog
import EventModel
import Foundation
import JSON
import KafkaLog
import ProcessHarness
import Projector
import Replay
import SQLiteLog
import SimulationKit
import TestKit
import Testing

@testable import Commands

@Suite("andon replay", .timeLimit(.minutes(10)))
struct ReplayCommandTests {
    private static let site = RandomScenario.siteID

    @Test(
        "a whole log comes out with the digest that andon digest prints; the same command again does nothing (SPEC 7.1, 7.3)"
    )
    func whole() throws {
        let place = try ReplayPlace(seed: 1)
        let outcome = place.replay()
        #expect(outcome.exit == .success, "\(outcome.errors)")
        let digest = ReplayPlace.run(["digest", "--data-dir", place.data.path, "--site", Self.site.text]).output
        let site = outcome.json?["sites"]?.items.first
        #expect(site?["site_id"]?.text == Self.site.text && site?["digest"]?.text.map { $0 + "\n" } == digest)
        let count = place.scenario.records.count
        #expect(outcome.json?["partitions"]?.items.first?["position"] == .integer(count))
        #expect(outcome.errors.contains("look at it: andon query workers --site plant --data-dir"))
        let again = place.replay()
        #expect(again.exit == .success && again.json?["sites"] == outcome.json?["sites"])
        let files = try FileManager.default.contentsOfDirectory(atPath: place.result)
        #expect(Set(files).isSuperset(of: ["projections.sqlite", "replay.json"]))
        #expect(!FileManager.default.fileExists(atPath: place.data.projections))
    }

    @Test("from the nearest snapshot it ends with the digest of a replay from the beginning (SPEC 7.1, 7.3)")
    func fromSnapshot() throws {
        let plant = try StoredPlant()
        let data = plant.directory.path
        #expect(ReplayPlace.run(["snapshot", "create", "--data-dir", data]).exit == .success)
        let server = try AndonServer(data, ["--open", "--rate-limit", "0"])
        try StoredPlant.send(
            "POST", server.url + "/api/events/batch?site_id=plant",
            #"[{"timestamp":"2026-01-12T09:00:00Z","worker_id":"w1","workstation_id":"s1","event_type":"idle","#
                + #""confidence":0.9}]"#)
        server.end(SIGTERM)
        let end = "0:\(StoredPlant.records)"
        for (number, until) in ["end", end, "0:3"].enumerated() {
            func replay(_ from: String, _ name: String) -> ReplayPlace.Outcome {
                ReplayPlace.run([
                    "replay", "--data-dir", data, "--into", plant.folder.file("\(name)-\(number)"), "-o", "json",
                    "--from", from, "--until", until, "--digest",
                ])
            }
            let (short, whole) = (replay("snapshot", "short"), replay("earliest", "whole"))
            #expect(short.exit == .success, "\(short.errors)")
            #expect(short.json?["sites"] == whole.json?["sites"] && whole.json?["sites"]?.items.isEmpty == false)
            // Of what the snapshot holds nothing is read again; before it there is none.
            let read = short.json?["partitions"]?.items.first?["records"]
            #expect(read == .integer([1, 0, 3][number]))
            let underlay = plant.folder.file("short-\(number)/projections.sqlite.underlay")
            #expect(FileManager.default.fileExists(atPath: underlay) == (number < 2))
        }
        let planned = ReplayPlace.run([
            "replay", "--data-dir", data, "--into", plant.folder.file("new"), "--from", "snapshot", "--dry-run",
        ])
        #expect(planned.output.contains("what these hold, and what followed: p0-\(StoredPlant.records)-"))
    }

    @Test("another plan for the same folder is refused with what differs and the command that goes on")
    func otherPlan() throws {
        let place = try ReplayPlace(seed: 2)
        #expect(place.replay(["--until", "3", "--rate", "1000000"]).exit == .success)
        let other = place.replay(["--from", "0:1", "--until", "3"])
        #expect(other.exit == .failure && other.output.isEmpty)
        #expect(other.errors.contains("--from was earliest and is now 0:1"))
        let command = "andon replay --until 3 --data-dir \(place.data.path) --into \(place.result)"
        #expect(other.errors.contains(command))
        #expect(place.replay(["--until", "3"]).exit == .success)
        #expect(place.replay(["--until", "3", "--dry-run", "--site", "x"]).exit == .failure)
    }

    @Test("a folder that holds anything else, a plan that is none and an offset that is not there are refused")
    func refused() throws {
        let place = try ReplayPlace(seed: 3)
        #expect(ReplayPlace.run(["replay", "--data-dir", place.data.path]).exit == .usage)
        for words in [
            ["--until", "999999"], ["--from", "7:1"], ["--from", "soon"], ["--until", "2999-01-01T00:00:00Z"],
        ] {
            #expect(place.replay(words).exit == .usage, "\(words)")
            #expect(!FileManager.default.fileExists(atPath: place.result + "/replay.json"))
        }
        let foreign = ReplayPlace.run(["replay", "--data-dir", place.data.path, "--into", place.data.path])
        #expect(foreign.exit == .failure && foreign.errors.contains("holds something else: log.sqlite"))
        try FileManager.default.createDirectory(atPath: place.result, withIntermediateDirectories: true)
        try place.folder.write("result/replay.json", "{}")
        #expect(place.replay().exit == .badData)
        try FileManager.default.removeItem(atPath: place.result + "/replay.json")
        let claim = try ReplayDirectory(path: place.result).claim()
        let taken = withExtendedLifetime(claim) { place.replay() }
        #expect(taken.exit == .tryAgain && taken.errors.contains("another replay folds into"))
        let nowhere = ReplayPlace.run(["replay", "--data-dir", place.folder.file("none"), "--into", place.result])
        #expect(nowhere.exit == .failure)
    }

    @Test("--dry-run tells plan, size and time, says where both ends are, and makes nothing (SPEC 7.3)")
    func dryRun() throws {
        let place = try ReplayPlace(seed: 4)
        let outcome = place.replay(["--dry-run", "--from", "0:1"])
        #expect(outcome.exit == .success, "\(outcome.errors)")
        let count = place.scenario.records.count
        #expect(outcome.json?["records"] == .integer(count - 1))
        for name in ["estimated_events", "estimated_bytes", "estimated_seconds"] {
            #expect((outcome.json?[name]?.text.flatMap { Int($0) } ?? 0) > 0, "\(name)")
        }
        #expect(outcome.errors.contains("nothing was done; size and time are estimated from a sample of"))
        #expect(!FileManager.default.fileExists(atPath: place.result))
        let table = ReplayPlace.run([
            "replay", "--data-dir", place.data.path, "--into", place.result, "--dry-run", "--until", "0:2",
        ])
        #expect(table.output.contains("0:2, that record not included"))
        let time = Timestamp(microseconds: place.scenario.knownAts[0]).formatted
        let known = ReplayPlace.run([
            "replay", "--data-dir", place.data.path, "--into", place.result, "--dry-run", "--until", time,
        ])
        #expect(known.output.contains("created at or before \(time), as with --known-at"))
    }

    @Test("Ctrl-C stores what is folded, says so with the command that goes on, and ends with 130")
    func stopped() throws {
        let place = try ReplayPlace(seed: 5)
        let signals = StopSignals()
        signals.stop(.interrupt)
        var command = ReplayCommand.command
        command.run = { invocation in
            let address = try LogAddress(invocation)
            let opened = try address.openReader()
            defer { opened.close() }
            return try ReplayCommand.run(invocation, opened.log, address, isEmbedded: true, signals)
        }
        let recorder = Recorder()
        let words = ["replay", "--data-dir", place.data.path, "--into", place.result]
        #expect(recorder.run(words, commands: [command]) == .interrupted)
        #expect(recorder.errors.contains("what is folded is kept, up to 0:"))
        #expect(recorder.errors.contains("the same command goes on: andon replay --data-dir"))
        #expect(place.replay().exit == .success)
    }

    @Test("a replay needs the log from where it stands up to its end, and nothing of it once it is through (SPEC 7.9)")
    func needed() throws {
        let place = try ReplayPlace(seed: 9)
        let directory = ReplayDirectory(path: place.result)
        let address = LogAddress(.folder(place.data))
        func needed(rate: Int? = nil) throws -> [NeededPosition] {
            let opened = try address.openReader()
            defer { opened.close() }
            return ReplayRun(
                try #require(try directory.plan()), opened.log, of: address, directory,
                SnapshotDirectory(path: place.folder.file("snapshots")), ReplayRun.Wish(rate: rate), StopSignals()
            ).needed
        }
        #expect(place.replay(["--until", "0:3"]).exit == .success)
        #expect(try needed() == [])
        let store = try #require(try directory.plan()).storeName(of: PartitionIndex(0))
        try FileManager.default.removeItem(atPath: "\(place.result)/\(store)")
        let found = try needed(rate: 5)
        #expect(found.map(\.what) == ["the replay into '\(place.result)'"] && found.map(\.next) == [.zero])
        #expect(found.first?.remedy == "let it go on without --rate")
        #expect(try needed().first?.remedy == "find out why it is behind")
    }

    @Test("a site that the log does not hold is told, and so is a replay of nothing")
    func nothing() throws {
        let place = try ReplayPlace(seed: 6)
        let outcome = place.replay(["--site", "elsewhere"])
        #expect(outcome.exit == .success)
        #expect(outcome.errors.contains("nothing of site 'elsewhere'") && outcome.errors.contains("nothing was folded"))
    }

    @Test("a log of several partitions has a store for each, and questions find theirs")
    func partitions() throws {
        let folder = try TemporaryFolder()
        let log = InMemoryLog(partitionCount: 3)
        let sites = RandomScenario.sites(inFirst: 3, of: 3)
        for (number, site) in sites.enumerated() {
            let scenario = RandomScenario(seed: UInt64(number), size: .init(events: 40))
            for record in scenario.records { _ = try log.append([record.logRecord(of: site)]) }
        }
        var command = ReplayCommand.command
        command.run = { invocation in
            let kafka = KafkaOptions(brokers: "kafka-1:9092", names: TopicNames(prefix: "p"), properties: [])
            return try ReplayCommand.run(
                invocation, log, LogAddress(.kafka(kafka)), isEmbedded: false, StopSignals())
        }
        let result = folder.file("result")
        let recorder = Recorder()
        #expect(recorder.run(["replay", "--into", result, "-o", "json"], commands: [command]) == .success)
        let digests = JSONValue(recorder.output.utf8)?["sites"]?.items ?? []
        for (number, site) in sites.enumerated() {
            let expected = try SiteDigest.compute(site: site, log: log, storePath: nil)
            #expect(digests[number]["site_id"]?.text == site.text && digests[number]["digest"]?.text == expected)
            let ledger = ReplayPlace.run(["query", "ledger", "--site", site.text, "--data-dir", result, "-o", "json"])
            #expect(ledger.json?["meta"]?["positions"]?["\(number)"] != nil, "\(ledger.errors)")
            #expect(ledger.json?["received"] == digests[number]["events"])
        }
        let none = ReplayPlace.run(["query", "ledger", "--data-dir", result])
        #expect(none.exit == .usage && none.errors.contains(sites[1].text))
        let plan = try #require(try ReplayDirectory(path: result).plan())
        #expect(
            plan.command(into: ReplayDirectory(path: result))
                == "andon replay --brokers kafka-1:9092 --topic-prefix p --into \(result)")
    }
}
