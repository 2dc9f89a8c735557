import EventModel
import Foundation
import JSON
internal import Locks
import TestKit
import Testing

@testable import Commands

@Suite("What Deploy/demo is made of")
struct DemoTests {
    @Test("the same seed and date make the same files, and the window is that date in the factory's zone")
    func reproducible() throws {
        let first = try TemporaryFolder()
        let second = try TemporaryFolder()
        for directory in [first, second] {
            let words = ["demo-data", "--directory", directory.path, "--workers=3", "--seed=7", "--date=2026-01-12"]
            #expect(Recorder().run(words) == .success)
        }
        for name in ["demo-site.json", "demo-events.ndjson"] {
            let bytes = FileManager.default.contents(atPath: first.file(name))
            #expect(bytes?.isEmpty == false)
            #expect(bytes == FileManager.default.contents(atPath: second.file(name)))
        }
        let recorder = Recorder()
        #expect(
            recorder.run(["demo-window", first.file("demo-events.ndjson"), first.file("demo-site.json")]) == .success)
        #expect(
            recorder.output
                == "demo-plant 2026-01-11T23:00:00.000000Z 2026-01-12T23:00:00.000000Z\nEarly\nLate\nNight\n")
    }

    @Test("the window covers whole days of the site, whatever the offsets of the events, and names its shifts")
    func window() throws {
        let directory = try TemporaryFolder()
        let events = try directory.write(
            "e.ndjson",
            """
            {"worker_id":"W","timestamp" : "2026-01-12T23:59:59+05:30"}
            not json
            {"timestamp":"2026-01-11T20:00:00Z"}

            """)
        let site = try directory.write(
            "s.json",
            #"{"site":{"site_id":"p","time_zone":"Asia/Kolkata","shifts":[{"name":"Day 1"},{"name":"Day 1"},{}]}}"#)
        let recorder = Recorder()
        #expect(recorder.run(["demo-window", events, site]) == .success)
        #expect(recorder.output == "p 2026-01-11T18:30:00.000000Z 2026-01-12T18:30:00.000000Z\nDay 1\n")
    }

    @Test("a file without a timestamp, and a definition without a site, exit 65")
    func badInput() throws {
        let directory = try TemporaryFolder()
        let site = try directory.write("s.json", #"{"site":{"site_id":"p"}}"#)
        let empty = try directory.write("e.ndjson", "{}\n")
        #expect(Recorder().run(["demo-window", empty, site]) == .badData)
        #expect(Recorder().run(["demo-window", empty, empty]) == .badData)
    }

    @Test("a date that does not exist exits 64", arguments: ["2026-02-30", "yesterday", "2026-1-1"])
    func badDate(text: String) {
        #expect(Recorder().run(["demo-data", "--directory", "/nowhere", "--date=\(text)"]) == .usage)
    }

    /// Runs `demo-live` until so many requests were made; each wait moves the clock, and `now` is where it begins.
    private func live(
        _ words: [String], _ gateway: FakeGateway, now: String, requests: Int
    ) throws -> (exit: ExitCode, now: Timestamp) {
        let clock = Guarded(try #require(Timestamp(rfc3339: now)))
        let recorder = Recorder()
        var command = DemoLiveCommand.command
        command.run = { invocation in
            let environment = Importer.Environment(
                client: gateway.client(), isStopping: { gateway.requests.count >= requests },
                pause: { wait in clock.withLock { $0 = $0 + Int64(wait) * 1_000 } },
                milliseconds: { clock.withLock { $0.microseconds / 1_000 } }, note: { _ in }, progress: { _ in },
                errorIsTerminal: false)
            try DemoLiveCommand.run(invocation, environment) { clock.withLock { $0 } }
            return .success
        }
        let exit = recorder.run(
            ["demo-live"] + words, commands: [command], environment: ["ANDON_URL": "http://fake:1"])
        return (exit, clock.withLock { $0 })
    }

    private func times(_ gateway: FakeGateway) throws -> [Timestamp] {
        try gateway.stored.map { line in
            try #require(JSONValue(Array(line.utf8))?["timestamp"]?.text.flatMap { Timestamp(rfc3339: $0) })
        }
    }

    @Test("a live factory sends what happened since midnight, then what happens, and nothing of the future")
    func goesOn() throws {
        let gateway = FakeGateway()
        let end = try live(["--workers=10"], gateway, now: "2026-01-12T05:30:00Z", requests: 12)
        #expect(end.exit == .success)
        #expect(gateway.requests.allSatisfy { $0.target == "/api/events/batch?site_id=demo-plant" })
        let times = try times(gateway)
        let midnight = try #require(Timestamp(rfc3339: "2026-01-11T23:00:00Z"))
        #expect(times.allSatisfy { $0 >= midnight && $0 <= end.now })
        let begun = try #require(Timestamp(rfc3339: "2026-01-12T05:30:00Z"))
        #expect(times.contains { $0 < begun } && times.contains { $0 > begun })
        #expect(end.now > begun)
    }

    @Test("begun again it sends the same events, so that the server counts none of them twice")
    func begunAgain() throws {
        let gateway = FakeGateway()
        let first = try live(["--workers=10"], gateway, now: "2026-01-12T05:30:00Z", requests: 3)
        let stored = gateway.stored
        let again = FakeGateway()
        _ = try live(["--workers=10"], again, now: first.now.formatted, requests: 3)
        #expect(again.stored.prefix(stored.count) == stored[...])
    }

    @Test("with --speed the factory begins at midnight and catches up with the clock, never past it")
    func speed() throws {
        let midnight = Timestamp(microseconds: 0)
        let begun = midnight + Microseconds.hour
        func time(after seconds: Int64, speed: Int64) -> Int64 {
            let now = begun + seconds * Microseconds.second
            return DemoLiveCommand.factoryTime(now, begun: begun, midnight: midnight, speed: speed).microseconds
                / Microseconds.second
        }
        #expect(time(after: 0, speed: 60) == 0)
        #expect(time(after: 10, speed: 60) == 600)
        #expect(time(after: 61, speed: 60) == 3_660)
        #expect(time(after: 100, speed: 60) == 3_700)
        #expect(time(after: 100, speed: 1) == 3_700)
        #expect(time(after: 40_000_000_000, speed: 3_600) == 40_000_003_600)
    }

    @Test("a live factory ends when its server was stopped, and when a request is refused")
    func serverGone() throws {
        let gone = FakeGateway(fates: Array(repeating: .breakOff, count: 100))
        #expect(try live([], gone, now: "2026-01-12T05:30:00Z", requests: 100).exit == .unavailable)
        #expect(gone.requests.count < 100)
        let refused = FakeGateway(fates: [.status(403, retryAfter: nil)])
        #expect(try live([], refused, now: "2026-01-12T05:30:00Z", requests: 100).exit == .failure)
        #expect(refused.requests.count == 1)
    }
}
