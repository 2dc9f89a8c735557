import Clocks
import EventModel
internal import Locks
import Testing

@testable import Commands

@Suite("andon rebuild")
struct RebuildCommandTests {
    /// What a server says of a rebuild.
    private static func status(
        _ state: String, done: Int = 40, waiting: String = "", missing: String = "", wanted: String = "running"
    ) -> String {
        """
        {"state":"\(state)","id":"5f0c91aa","created_at":"2026-02-03T03:10:00.250000Z","by":"night shift",
         "reason":"idle looks wrong","pace":"auto","follows":null,"wanted":"\(wanted)","accepted_differences":null,
         "forced_reason":null,"changed_at":"2026-02-03T03:10:00.250000Z","changed_by":"night shift","revision":1,
         "totals":{"records_done":\(done),"records_total":200,"events":\(done)000,"events_per_second":1200,"eta_seconds":65},
         "lagging":1,"partitions":[
          {"partition":0,"revision":1,"acted":true,"state":"\(state)","generation":2,"records_done":\(done),
           "records_total":100,"events":\(done)000,"events_per_second":1200,"eta_seconds":65,"started_at":null,
           "failure":null},
          {"partition":1,"revision":1,"acted":true,"state":"failed","generation":2,"records_done":0,"records_total":100,
           "events":0,"events_per_second":0,"eta_seconds":null,"started_at":null,"failure":"the disk is full"}],
         "waiting":[\(waiting)],"missing":[\(missing)],"meta":{}}
        """
    }

    private static let list =
        #"{"items":[{"id":"77aa01c3","wanted":"cancelled"},{"id":"5f0c91aa","wanted":"running"}]}"#

    private struct Run {
        var exit: ExitCode
        var output: String
        var errors: String
        var requests: [String]
    }

    /// Runs a command against answers: the list of rebuilds, then these, the last one again and again.
    private func run(
        _ words: [String], _ answers: [(Int, String)], types: String? = nil, isTerminal: Bool = false,
        clock: ManualClock = ManualClock()
    ) -> Run {
        let recorder = Recorder()
        let requests = Guarded<[String]>([])
        let left = Guarded(answers)
        @Sendable func client(_ invocation: Invocation) throws -> APIClient {
            APIClient(
                access: try ServerAccess(invocation), pause: { clock.advance(milliseconds: $0) },
                transport: { request in
                    requests.withLock { $0.append("\(request.method) \(request.target)") }
                    if request.target == RebuildRequests.path, request.method == "GET" {
                        return APIAnswer(status: 200, body: Array(Self.list.utf8))
                    }
                    let (status, body) = left.withLock { $0.count > 1 ? $0.removeFirst() : $0.first ?? (500, "") }
                    return APIAnswer(status: status, body: Array(body.utf8))
                })
        }
        let all: [(Command, @Sendable (Invocation, APIClient) throws -> ExitCode)] = [
            (RebuildStartCommand.command, RebuildStartCommand.run),
            (RebuildStatusCommand.command, { try RebuildStatusCommand.run($0, $1, clock) }),
            (RebuildPauseCommand.command, RebuildPauseCommand.run),
            (RebuildResumeCommand.command, RebuildResumeCommand.run),
            (RebuildCancelCommand.command, RebuildCancelCommand.run),
            (RebuildPromoteCommand.command, RebuildPromoteCommand.run),
            (RebuildRollbackCommand.command, RebuildRollbackCommand.run),
            (RebuildDiffCommand.command, { invocation, client in try RebuildDiffCommand.run(invocation) { client } }),
        ]
        let commands = all.map { command, run in
            var command = command
            command.run = { invocation in try run(invocation, client(invocation)) }
            return command
        }
        var console = recorder.console(errorIsTerminal: isTerminal)
        if let types { console.readAnswer = { types } }
        let tool = CommandLineTool(
            commands: commands, console: console,
            environment: ["ANDON_API_KEY": "andon_a_b", "ANDON_URL": "http://fake:1"])
        let exit = tool.run(["rebuild"] + words)
        return Run(exit: exit, output: recorder.output, errors: recorder.errors, requests: requests.withLock { $0 })
    }

    @Test("start sends reason and rate, shows what builds, and says how to follow it (SPEC 8.10)")
    func start() {
        let result = run(["start", "--reason", "idle & more", "--rate", "500"], [(201, Self.status("building"))])
        #expect(result.exit == .success)
        #expect(result.requests == ["POST /api/admin/rebuilds?rate=500&reason=idle%20%26%20more"])
        #expect(result.output.contains("5f0c91aa") && result.errors.contains("andon rebuild status --follow"))
        let busy = run(["start"], [(409, #"{"detail":"rebuild 77aa01c3 by day shift is running; one at a time"}"#)])
        #expect(busy.exit == .failure && busy.errors.contains("77aa01c3 by day shift") && busy.output.isEmpty)
        #expect(run(["start", "--rate", "fast"], []).exit == .usage)
    }

    @Test("status shows each partition, all together, and what does not answer (SPEC 8.10)")
    func status() {
        let missing = #"{"partition":7,"reason":"no worker holds it at the moment"}"#
        let result = run(["status"], [(200, Self.status("building", waiting: "3", missing: missing))])
        #expect(result.exit == .success)
        #expect(result.requests == ["GET /api/admin/rebuilds", "GET /api/admin/rebuilds/5f0c91aa"])
        for part in ["night shift", "2026-02-03T03:10:00Z", "40,000", "1,200", "1:05", "the disk is full", "all"] {
            #expect(result.output.contains(part), "\(part)")
        }
        #expect(result.errors.contains("not done yet in partition 3"))
        #expect(result.errors.contains("partition 7: no worker holds it at the moment"))
        let asked = run(["status", "77aa01c3", "-o", "json"], [(200, Self.status("level"))]).requests
        #expect(asked == ["GET /api/admin/rebuilds/77aa01c3"])
        let all = run(["status", "--all"], [])
        #expect(all.exit == .success && all.output.contains("77aa01c3") && all.output.contains("5f0c91aa"))
        let unknown = run(["status", "none"], [(404, #"{"detail":"there is no rebuild none"}"#)])
        #expect(unknown.exit == .failure && unknown.errors.contains("andon rebuild status --all"))
    }

    @Test("status --follow shows a bar on a terminal, JSON lines every five seconds elsewhere, until it is level")
    func follow() {
        let answers =
            (0..<12).map { (200, Self.status("building", done: 40 + $0)) } + [(200, Self.status("level", done: 200))]
        let bar = run(["status", "--follow"], answers, isTerminal: true)
        #expect(bar.exit == .success && bar.errors.contains("rebuild [######"))
        let lines = run(["status", "--follow"], answers)
        #expect(lines.errors.split(separator: "\n").filter { $0.hasPrefix("{\"progress\":\"rebuild\"") }.count == 2)
        #expect(lines.output.contains("level"))
        #expect(lines.errors.components(separatedBy: "partition 1: the disk is full").count == 2, "said once")
        for state in ["failed", "paused", "cancelled"] {
            #expect(run(["status", "--follow"], [(200, Self.status(state))]).exit == .failure)
        }
    }

    @Test("pause, resume and rollback act on the newest rebuild or the one that is named; cancel asks (SPEC 8.10)")
    func acts() {
        for act in ["pause", "resume", "rollback"] {
            let result = run([act], [(200, Self.status("paused"))])
            #expect(result.exit == .success && result.requests.last == "POST /api/admin/rebuilds/5f0c91aa/\(act)")
            #expect(run([act, "77aa01c3"], [(202, Self.status("paused", waiting: "0,1"))]).errors.contains("0 and 1"))
        }
        #expect(run(["cancel"], []).exit == .usage, "nobody can be asked")
        let declined = run(["cancel"], [], types: "n")
        #expect(declined.exit == .failure && !declined.requests.contains { $0.hasPrefix("POST") })
        #expect(
            run(["cancel", "--yes"], [(200, Self.status("cancelled"))]).requests.last?.hasSuffix("/cancel") == true)
    }

    @Test("promote that is refused ends with 1, shows the largest differences and what to do (SPEC 8.10)")
    func promote() {
        let problem = """
            {"detail":"rebuild 5f0c91aa is not promoted: 2 of 10 differ","code":"generations_differ","equal":8,"different":2,
             "differences":[{"kind":"worker_hour","site_id":"plant","worker_id":"W7","time":"2026-02-03T01:00:00.000000Z",
              "size":5,"members":[{"name":"idle_us","before":1,"after":2}]}],"notes":[]}
            """
        let refused = run(["promote"], [(409, problem)])
        #expect(refused.exit == .failure && refused.output.contains("W7") && refused.errors.contains("2 of 10 differ"))
        #expect(refused.errors.contains("--accept-diff"))
        let level = run(["promote"], [(409, #"{"detail":"partition 3 is not level yet","code":"not_level"}"#)])
        #expect(level.exit == .failure && level.output.isEmpty)
        let accepted = run(["promote", "--accept-diff", "2"], [(200, Self.status("promoted", wanted: "promoted"))])
        #expect(accepted.exit == .success && accepted.requests.last?.hasSuffix("/promote?accept_diff=2") == true)
        #expect(run(["promote", "--force"], []).exit == .usage)
        let forced = run(["promote", "--force", "--reason", "new zone"], [(200, Self.status("promoted"))])
        #expect(forced.requests.last?.hasSuffix("/promote?force=true&reason=new%20zone") == true)
        #expect(run(["promote"], [(503, #"{"detail":"partition 3: no worker holds it"}"#)]).exit == .tryAgain)
    }

    @Test("diff of a server ends with 0 where nothing differs, 1 where anything does, 75 where a partition is missing")
    func diff() {
        func answer(_ different: Int, _ missing: String = "") -> String {
            """
            {"id":"5f0c91aa","is_equal":\(different == 0 && missing.isEmpty),"equal":1000,"different":\(different),
             "partitions":[{"partition":0,"position":"0:17","equal":1000,"different":\(different)}],"differences":[],
             "notes":[],"missing":[\(missing)],"meta":{}}
            """
        }
        let equal = run(["diff", "--limit", "5"], [(200, answer(0))])
        #expect(equal.exit == .success && equal.requests.last == "GET /api/admin/rebuilds/5f0c91aa/diff?limit=5")
        #expect(equal.output.contains("0:17") && equal.errors.contains("nothing differs"))
        #expect(run(["diff"], [(200, answer(3))]).exit == .failure)
        let late = run(["diff"], [(200, answer(0, #"{"partition":1,"reason":"it is not level"}"#))])
        #expect(late.exit == .tryAgain && late.errors.contains("partition 1: it is not level"))
        #expect(run(["diff", "--live", "a"], []).exit == .usage)
    }

    @Test("no rebuild, and another kind of server, are said")
    func nothing() {
        #expect(run(["status", "x"], [(200, "[]")]).exit != .success)
        #expect(
            run(["pause", "x"], [(403, #"{"detail":"the API key is bound to sites"}"#)]).errors.contains(
                "bound to sites"))
    }
}
