import EventModel
import Foundation
internal import Locks
import TestKit
import Testing

@testable import Commands
@testable import Sites

@Suite("Commands about sites")
struct SiteCommandTests {
    /// What a server answers to a put that was judged, and to one that was stored.
    static func answer(
        _ change: String, version: Int = 4, inForce: String = "3", dropped: [String] = [], stations: Int = 0
    ) -> String {
        let names = dropped.prefix(2).map { "{\"worker_id\":\"\($0)\",\"name\":\"N \($0)\"}" }
        return """
            {"site":{"site_id":"p1"},"workers":[{"worker_id":"a"}],"workstations":[{},{}],"version":\(version),\
            "change":"\(change)","counts":{"workers":{"added":1,"changed":0,"dropped":\(dropped.count)},\
            "workstations":{"added":0,"changed":0,"dropped":\(stations)}},"site_changes":["shifts"],\
            "dropped":{"workers":[\(names.joined(separator: ","))],"workstations":[]},"meta":{"definition":\(inForce)}}
            """
    }

    struct Run {
        var exit: ExitCode
        var output: String
        var errors: String
        var requests: [APIRequest]
    }

    private func run(_ words: [String], types: String?? = nil, answers: [(status: Int, body: String)]) -> Run {
        let recorder = Recorder()
        let requests = Guarded<[APIRequest]>([])
        let commands = [
            (SiteApplyCommand.command, SiteApplyCommand.run), (SiteListCommand.command, SiteListCommand.run),
            (SiteShowCommand.command, SiteShowCommand.run),
        ].map { command, run in
            var command = command
            command.run = { invocation in
                let client = APIClient(access: try ServerAccess(invocation)) { request in
                    let number = requests.withLock { requests in
                        requests.append(request)
                        return requests.count - 1
                    }
                    let answer = answers[min(number, answers.count - 1)]
                    return APIAnswer(status: answer.status, body: Array(answer.body.utf8))
                }
                return try run(invocation, client)
            }
            return command
        }
        var console = recorder.console()
        if let types { console.readAnswer = { types } }
        let tool = CommandLineTool(
            commands: commands, console: console,
            environment: ["ANDON_API_KEY": "andon_a_b", "ANDON_URL": "http://fake:1"])
        let exit = tool.run(words)
        return Run(exit: exit, output: recorder.output, errors: recorder.errors, requests: requests.withLock { $0 })
    }

    private func apply(
        _ options: [String] = [], types: String?? = nil, answers: [(status: Int, body: String)]
    ) throws -> Run {
        let folder = try TemporaryFolder()
        let file = try folder.write("site.json", #"{"site":{"site_id":"p1"}}"#)
        return run(["site", "apply", file] + options, types: types, answers: answers)
    }

    private func headers(_ run: Run) -> [String] {
        run.requests.map { request in
            request.headers.filter { $0.name.hasPrefix("If-") }.map { "\($0.name): \($0.value)" }.joined()
        }
    }

    @Test("the command shows what changes, and applies just that (SPEC 3)")
    func applies() throws {
        let result = try apply(answers: [(200, Self.answer("replaced")), (200, Self.answer("replaced", inForce: "4"))])
        #expect(result.exit == .success && result.output.isEmpty)
        #expect(result.requests.map(\.target) == ["/api/sites/p1?dry_run=true", "/api/sites/p1"])
        #expect(headers(result) == ["", "If-Match: \"3\""])
        #expect(
            result.errors == """
                site p1: changes against version 3
                  workers: 1 added
                  workstations: no change
                  site: shifts changed
                site p1: definition 4, 1 worker, 2 workstations

                """)
    }

    @Test("a new site is created only if it is still new (SPEC 3)")
    func creates() throws {
        let new = Self.answer("created", version: 1, inForce: "null")
        let result = try apply(answers: [(200, new), (201, Self.answer("created", version: 1, inForce: "1"))])
        #expect(headers(result) == ["", "If-None-Match: *"])
        #expect(
            result.errors.hasPrefix(
                "site p1 is new\n  workers: 1 added\n  workstations: no change\nsite p1: definition 1,"))
    }

    @Test("a definition that changes nothing is put all the same: the registry may lack it (SPEC 3)")
    func unchanged() throws {
        let same = Self.answer("none", version: 3)
        let result = try apply(answers: [(200, same), (200, same)])
        #expect(result.exit == .success && result.requests.count == 2)
        #expect(result.errors == "site p1: definition 3 as before, 1 worker, 2 workstations\n")
    }

    @Test("--dry-run prints the plan and stores nothing (SPEC 3)")
    func dryRun() throws {
        let result = try apply(["--dry-run"], answers: [(200, Self.answer("replaced", dropped: ["x", "y", "z"]))])
        #expect(result.exit == .success && result.errors.isEmpty)
        #expect(result.requests.map(\.target) == ["/api/sites/p1?dry_run=true"])
        #expect(
            result.output.hasSuffix(
                "  drops worker x (N x)\n  drops worker y (N y)\n  drops 1 more worker\n"))
        let same = try apply(["--dry-run"], answers: [(200, Self.answer("none", version: 3))])
        #expect(same.output == "site p1: nothing changes, version 3 is in force\n")
    }

    @Test("it asks before it drops anybody; off a terminal it needs --yes (SPEC 3)")
    func drops() throws {
        let answers = [
            (status: 200, body: Self.answer("replaced", dropped: ["x"], stations: 2)),
            (status: 200, body: Self.answer("replaced", inForce: "4")),
        ]
        let piped = try apply(answers: answers)
        #expect(piped.exit == .usage && piped.requests.count == 1)
        #expect(piped.errors.contains("--yes"))
        let refused = try apply(types: "n", answers: answers)
        #expect(refused.exit == .failure && refused.requests.count == 1)
        #expect(refused.errors.contains("drop 1 worker and 2 workstations of site p1? [y/N] "))
        #expect(try apply(types: .some(nil), answers: answers).requests.count == 1)
        #expect(try apply(types: "yes", answers: answers).requests.count == 2)
        let script = try apply(["--yes"], answers: answers)
        #expect(script.exit == .success && script.requests.count == 2)
    }

    @Test("--if-match guards judging too, and another version exits 1 (SPEC 3)")
    func ifMatch() throws {
        let conflict = #"{"detail":"version 5 is in force, which is not what the request asks for"}"#
        let result = try apply(["--if-match", "3"], answers: [(412, conflict)])
        #expect(result.exit == .failure && result.requests.count == 1)
        #expect(headers(result) == ["If-Match: \"3\""] && result.errors.contains("version 5 is in force"))
        #expect(try apply(["--if-match", "x"], answers: [(200, "{}")]).exit == .usage)
    }

    @Test("a file that is not JSON exits 65 with line and column, and sends nothing (SPEC 3)")
    func syntax() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("site.json", "{\n  // us\n  site: {name: 'P'\n  workers: []\n}")
        let result = run(["site", "apply", file], answers: [(200, "{}")])
        #expect(result.exit == .badData && result.requests.isEmpty)
        #expect(result.errors.contains("line 4, column 3: ',' or '}' is expected here"))
    }

    @Test("faults that the server finds are shown with their pointers, and exit 65 (SPEC 3)")
    func faults() throws {
        let problem = #"{"detail":"not valid","errors":[{"pointer":"/worker","message":"unknown member"}]}"#
        let result = try apply(answers: [(422, problem)])
        #expect(result.exit == .badData && result.errors.contains("/worker: unknown member"))
    }

    @Test("site list shows the sites of the key; none is said (SPEC 5.11)")
    func list() {
        let body = #"{"items":[{"site_id":"a","name":"A","time_zone":"CET","definition":12}],"meta":{}}"#
        let result = run(["site", "list"], answers: [(200, body)])
        #expect(result.output == "site  name  time zone  definition\na     A     CET                12\n")
        #expect(result.requests.map(\.target) == ["/api/sites"])
        #expect(run(["site", "list", "-o", "json"], answers: [(200, body)]).output == body + "\n")
        #expect(run(["site", "list"], answers: [(200, #"{"items":[]}"#)]).errors.contains("andon site apply"))
        #expect(run(["site", "list"], answers: [(200, "<html>")]).exit == .failure)
    }

    @Test("site show lists rules, shifts, workers and workstations (SPEC 3)")
    func show() throws {
        let definition = try DefinitionJSON.read(
            #"""
            {"site":{"time_zone":"CET","confidence_threshold":0.75,"shifts":[{"name":"early","start":"06:00",
            "end":"14:00","days":["mon","tue"]}],"target_units_per_hour":120},"workers":[{"worker_id":"W1","name":"Ada"}],
            "workstations":[]}
            """#.utf8, site: "p 1")
        let body = String(decoding: DefinitionJSON.bytes(definition), as: UTF8.self)
        let result = run(["site", "show", "p 1"], answers: [(200, body)])
        #expect(result.requests.map(\.target) == ["/api/sites/p%201"])
        for line in [
            "confidence_threshold     0.75", "target_units_per_hour    120", "time_zone                CET",
            "early  06:00  14:00  mon tue", "W1      Ada   -         -", "board_names              true",
        ] { #expect(result.output.contains(line + "\n"), "\(line)") }
        #expect(!result.output.contains("capacity"))
        #expect(run(["site", "show", "p 1", "-o", "json"], answers: [(200, body)]).output == body + "\n")
    }

    @Test("site show says whether boards show people by name (SPEC 3)")
    func boardNames() throws {
        let definition = try DefinitionJSON.read(
            #"{"site":{"time_zone":"UTC","board_names":false},"workers":[],"workstations":[]}"#.utf8, site: "p")
        let body = String(decoding: DefinitionJSON.bytes(definition), as: UTF8.self)
        let result = run(["site", "show", "p"], answers: [(200, body)])
        #expect(result.output.contains("board_names              false\n"))
    }

    @Test("site init writes an example that is applied as it is, and overwrites no file (SPEC 3)")
    func example() throws {
        let folder = try TemporaryFolder()
        let recorder = Recorder()
        let path = folder.file("site.json")
        #expect(recorder.run(["site", "init", path]) == .success)
        let file = try DefinitionFile(path: path)
        let definition = try DefinitionJSON.read(file.json, site: "plant-1")
        #expect(file.siteID == "plant-1" && definition.workers.count == 2 && definition.workstations.count == 2)
        #expect(definition.shifts.count == 2 && definition.targetMicrounitsPerHour != nil)
        #expect(recorder.run(["site", "init", path]) == .failure)
        #expect(recorder.errors.contains("File exists"))
        #expect(recorder.run(["site", "init", folder.file("none/site.json")]) == .failure)
        #expect(recorder.run(["site", "init"]) == .success)
        #expect(recorder.output == SiteInitCommand.example)
    }

    @Test("an argument that may be left out stands in brackets in the help, and only it may")
    func optionalArgument() {
        let recorder = Recorder()
        #expect(recorder.run(["site", "init", "--help"]) == .success)
        #expect(recorder.output.contains("Usage: andon site init [FILE] [options]"))
        #expect(recorder.run(["site", "init", "a", "b"]) == .usage)
        #expect(recorder.run(["site", "show"]) == .usage)
    }
}
