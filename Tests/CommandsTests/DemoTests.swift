import Foundation
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
}
