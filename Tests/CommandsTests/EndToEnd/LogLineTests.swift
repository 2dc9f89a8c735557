import Foundation
import HTTPClient
import JSON
import Observability
import ProcessHarness
import TestKit
import Testing

@testable import Commands

@Suite("Log lines of a server")
struct LogLineTests {
    /// The lines as JSON, by the name of their event.
    private func events(_ errors: String) throws -> [String: [JSONValue]] {
        var events: [String: [JSONValue]] = [:]
        for line in errors.split(separator: "\n") {
            let event = try #require(JSONValue(line.utf8), "\(line)")
            events[try #require(event["event"]?.text), default: []].append(event)
        }
        return events
    }

    private let definition = Array(
        #"{"site":{},"workers":[{"worker_id":"w"}],"workstations":[{"workstation_id":"s"}]}"#.utf8)
    private let batch = Array(
        #"""
        [{"timestamp":"2026-01-12T08:00:00Z","worker_id":"w","workstation_id":"s","event_type":"working","confidence":0.9},
        {"timestamp":"2026-01-12T08:00:00Z","worker_id":"w","workstation_id":"s","event_type":"idle","confidence":0.1},7]
        """#.utf8)

    @Test("with --log-format json every line is JSON, from the start to the end; numbers are numbers (SPEC 8.1)")
    func json() throws {
        let plant = try PlantDirectory()
        let server = try AndonServer(plant.data, ["--log-format", "json"])
        let key = try String(contentsOfFile: plant.keyFile, encoding: .utf8).trimmingCharacters(
            in: .whitespacesAndNewlines)
        func send(_ method: String, _ target: String, _ body: [UInt8]? = nil) throws -> HTTPAnswer {
            try HTTPClient().send(
                method, server.url + target,
                headers: [
                    ("Authorization", "Bearer \(key)"), ("Content-Type", "application/json"),
                    ("X-Request-Id", "camera-7"),
                ], body: body)
        }
        #expect(try send("PUT", "/api/sites/plant", definition).status == 201)
        let posted = try send("POST", "/api/events/batch?site_id=plant", batch)
        #expect(posted.status == 200 && posted.header("X-Request-Id") == "camera-7")
        #expect(try send("GET", "/nowhere?site_id=plant&api_key=\(key)&q=\(key)").status == 404)
        let end = server.end(SIGTERM)
        let events = try events(end.errors)
        #expect(!end.errors.contains(key))
        let started = try #require(events["started"]?.first)
        #expect(started["version"]?.text == CommandLineTool.version && started["data_directory"]?.text == plant.data)
        #expect(started["log_records"] == .number("0") && started["url"]?.text == server.url)
        #expect(started["log"]?.text?.isEmpty == false)
        #expect(events["listening"]?.first?["message"]?.text == "listening on \(server.url)")
        #expect(events["stopped"]?.count == 1)
        let id = String(key.split(separator: "_")[1])
        #expect(events["audit"]?.first?["key"]?.text == id && events["audit"]?.first?["client"]?.text == "127.0.0.1")
        let requests = try #require(events["request"])
        // A line is written once its answer has left, so lines of two connections may change places.
        #expect(requests.count == 3)
        func request(_ path: String) throws -> JSONValue { try #require(requests.first { $0["path"]?.text == path }) }
        #expect(try request("/api/sites/plant")["status"] == .number("201"))
        let post = try request("/api/events/batch")
        #expect(post["method"]?.text == "POST" && post["status"] == .number("200"))
        #expect(post["key"]?.text == id && post["site"]?.text == "plant" && post["request_id"]?.text == "camera-7")
        #expect(post["query"]?.text == "site_id=plant" && post["bytes"] == .number("\(posted.body.count)"))
        for name in ["accepted", "low_confidence", "invalid_json"] { #expect(post[name] == .number("1")) }
        if case .number? = post["duration_us"] {} else { Issue.record("no duration") }
        let refused = try request("/nowhere")
        #expect(refused["status"] == .number("404") && refused["query"]?.text == "site_id=plant&api_key=***&q=***")
    }

    @Test("what keeps a server from starting is a line of JSON, too, also a wrong flag")
    func failures() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("file", "no folder")
        let cases: [(words: [String], exit: Int32)] = [
            (["--data-dir", file], 1), (["--data-dir", folder.path, "--listen", "nonsense"], 64), (["--nonsense"], 64),
        ]
        for (words, exit) in cases {
            let run = try AndonProcess.run(["up", "--log-format", "json"] + words)
            #expect(run.exit == exit)
            let failed = try #require(try events(run.errors)["command_failed"]?.first)
            #expect(failed["exit_code"] == .number("\(exit)") && failed["level"]?.text == "error")
        }
        let text = try AndonProcess.run(["up", "--nonsense"])
        #expect(text.errors.hasPrefix("error: "))
    }

    @Test("values of a query that look like secrets are not logged, long queries are cut")
    func secrets() {
        let cases = [
            ("", ""), ("a=1&b", "a=1&b"), ("api_key=x&to=1", "api_key=***&to=1"), ("To%6ben=x", "To%6ben=***"),
            ("q=andon_0011_abc", "q=***"), ("password", "password=***"),
        ]
        for (query, logged) in cases { #expect(JournalEvent.withoutSecrets(query) == logged) }
        #expect(JournalEvent.withoutSecrets("q=" + String(repeating: "x", count: 5000)).utf8.count < 600)
    }
}
