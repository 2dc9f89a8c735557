internal import Locks
import Testing

@testable import Commands

@Suite("andon clock")
struct ClockCommandTests {
    private static let doubtful = """
        {"now":"2026-01-12T12:00:00.000000Z","synchronisation":"unsynchronised","jump_seconds":-3.500000,"admits":false,
         "ahead":[{"partition":0,"newest_created_at":"2026-07-13T12:00:00.000000Z"}]}
        """

    private struct Run {
        var exit: ExitCode
        var output: String
        var errors: String
        var requests: [String]
    }

    private func run(
        _ words: [String], types: String?? = nil, status: Int = 200, body: String = doubtful
    ) -> Run {
        let recorder = Recorder()
        let requests = Guarded<[String]>([])
        let commands = [
            (ClockShowCommand.command, ClockShowCommand.run), (ClockAcceptCommand.command, ClockAcceptCommand.run),
        ].map { command, run in
            var command = command
            command.run = { invocation in
                let client = APIClient(access: try ServerAccess(invocation)) { request in
                    requests.withLock { $0.append("\(request.method) \(request.target)") }
                    return APIAnswer(status: status, body: Array(body.utf8))
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

    @Test("show says what the clock says, how far it jumped, and which partitions are ahead of it (SPEC 8.9)")
    func show() {
        let result = run(["clock", "show"])
        #expect(result.exit == .success && result.requests == ["GET /api/admin/clock"])
        for part in ["2026-01-12T12:00:00.000000Z", "unsynchronised", "-3.5", "no", "2026-07-13T12:00:00.000000Z"] {
            #expect(result.output.contains(part), "\(part)")
        }
        #expect(run(["clock", "show", "-o", "json"]).output.contains("\"admits\":false"))
    }

    @Test("accept shows the time that is to be confirmed and what speaks against it, and asks (SPEC 8.9)")
    func accept() {
        let accepted = run(["clock", "accept"], types: "y")
        #expect(accepted.exit == .success)
        #expect(accepted.requests == ["GET /api/admin/clock", "POST /api/admin/clock/accept"])
        let question =
            "it is 2026-01-12T12:00:00.000000Z now, although the log has records of 2026-07-13T12:00:00.000000Z"
        #expect(accepted.errors.contains(question))
        let declined = run(["clock", "accept"], types: "n")
        #expect(declined.exit == .failure && declined.requests == ["GET /api/admin/clock"])
        #expect(run(["clock", "accept"]).exit == .usage, "nobody can be asked")
        #expect(run(["clock", "accept", "--yes"]).requests.last == "POST /api/admin/clock/accept")
    }

    @Test("a refusal and an answer of another kind of server are said, and nothing is confirmed (SPEC 8.9)")
    func refused() {
        let refused = run(["clock", "accept", "--yes"], status: 403, body: #"{"title":"Forbidden","detail":"no"}"#)
        #expect(refused.exit != .success && refused.requests.count == 1)
        #expect(run(["clock", "show"], body: "{}").exit == .failure)
    }
}
