import Clocks
import Foundation
internal import Locks
import TestKit
import Testing

@testable import Commands

@Suite("Commands that ask a server")
struct RemoteTests {
    /// Runs a command whose server answers everything with one answer.
    func run(
        _ words: [String], status: Int = 200, _ body: String, retryAfter: Int? = nil
    ) -> (exit: ExitCode, recorder: Recorder, requests: [APIRequest]) {
        let recorder = Recorder()
        let requests = Guarded<[APIRequest]>([])
        let runs: [(Command, @Sendable (Invocation, APIClient) throws -> ExitCode)] = [
            (QueryCommand.command, { try QueryCommand.run($0, $1, SystemClock()) }),
            (SiteApplyCommand.command, SiteApplyCommand.run),
        ]
        let commands = runs.map { command, run in
            var command = command
            command.run = { invocation in
                let client = APIClient(access: try ServerAccess(invocation)) { request in
                    requests.withLock { $0.append(request) }
                    return APIAnswer(status: status, body: Array(body.utf8), retryAfterSeconds: retryAfter)
                }
                return try run(invocation, client)
            }
            return command
        }
        let exit = recorder.run(
            words, commands: commands, environment: ["ANDON_API_KEY": "andon_a_b", "ANDON_URL": "http://fake:1"])
        return (exit, recorder, requests.withLock { $0 })
    }

    @Test("decimals are rounded half up and filled with zeros")
    func decimals() {
        #expect(AnswerTables.fixed("78.125", decimals: 2) == "78.13")
        #expect(AnswerTables.fixed("-0.5", decimals: 2) == "-0.50")
        #expect(AnswerTables.fixed("1234567", decimals: 1) == "1,234,567.0")
        #expect(AnswerTables.fixed("7", decimals: 0) == "7")
    }

    @Test(
        "answers that are errors exit as UX.md says",
        arguments: [
            (400, ExitCode.usage), (401, .failure), (403, .failure), (404, .failure), (413, .badData), (422, .badData),
            (429, .tryAgain), (500, .failure), (503, .tryAgain),
        ])
    func exitCodes(status: Int, exit: ExitCode) {
        let problem = #"{"title":"T","detail":"what went wrong","errors":[{"pointer":"/site/name","detail":"empty"}]}"#
        let result = run(["query", "workers", "--verbose"], status: status, problem, retryAfter: 3)
        #expect(result.exit == exit)
        #expect(result.recorder.errors.contains("error: what went wrong"))
        #expect(result.recorder.errors.contains("status \(status)"))
        #expect(result.recorder.errors.contains("/site/name: empty"))
        #expect(result.recorder.output.isEmpty)
    }

    @Test("a server that is not there exits 69 and says what to run")
    func unreachable() {
        let client = FakeGateway(fates: [.breakOff]).client()
        let failure = #expect(throws: CommandFailure.self) {
            try client.fetch(APIRequest(method: "GET", target: "/"))
        }
        #expect(failure?.exitCode == .unavailable)
        #expect(failure?.next?.contains("andon up") == true)
    }

    @Test("a definition with comments is sent as plain JSON, a plain one as it is (SPEC 3)")
    func siteApply() throws {
        let directory = try TemporaryFolder()
        let relaxed = try directory.write(
            "a.json", "{ // us\n site: {site_id: 'p 1', confidence_threshold: 0.7,}, workers: [{worker_id:'W1'}] }")
        let result = run(["site", "apply", relaxed], "{}")
        #expect(result.exit == .success)
        #expect(result.requests.map(\.method) == ["PUT", "PUT"])
        #expect(result.requests.map(\.target) == ["/api/sites/p%201?dry_run=true", "/api/sites/p%201"])
        #expect(
            String(decoding: result.requests[0].body, as: UTF8.self)
                == #"{"site":{"confidence_threshold":0.7,"site_id":"p 1"},"workers":[{"worker_id":"W1"}]}"#)
        let text = #"{ "site" : {"site_id":"p"}, "workers":[] }"#
        let plain = run(["site", "apply", try directory.write("b.json", text)], "{}")
        #expect(plain.requests[0].body == Array(text.utf8))
    }

    @Test("a definition that names no site, or is none, exits 65 and sends nothing", arguments: ["{}", "[]", "{"])
    func badDefinition(text: String) throws {
        let directory = try TemporaryFolder()
        let result = run(["site", "apply", try directory.write("a.json", text)], "{}")
        #expect(result.exit == .badData)
        #expect(result.requests.isEmpty)
    }

    @Test("the key comes from the file, else from ANDON_API_KEY; a file without a key exits 65")
    func keys() throws {
        let directory = try TemporaryFolder()
        let file = try directory.write("k", "andon_x_y\n")
        #expect(run(["query", "ledger", "--key-file", file], "{}").requests[0].headers[0].value == "Bearer andon_x_y")
        #expect(run(["query", "ledger", "--key-file", try directory.write("e", " \n")], "{}").exit == .badData)
        #expect(run(["query", "ledger", "--key-file", directory.file("none")], "{}").exit == .badData)
    }

    @Test("a URL that is none exits 64", arguments: ["localhost:8080", "ftp://x", "http://", "http://x/?a=1", ""])
    func badURL(text: String) {
        #expect(run(["query", "workers", "--url=\(text)"], "{}").exit == .usage)
    }
}
