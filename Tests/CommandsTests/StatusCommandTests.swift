import Access
import Clocks
import EventModel
internal import Locks
import Observability
import ProcessHarness
import Projector
import TestKit
import Testing
import Timeline

@testable import Commands

@Suite("andon status, and a process whose fold is stuck (SPEC 7.8)")
struct StatusCommandTests {
    private static func partition(
        _ number: Int, _ state: String, _ reason: String = "null", lag: Int = 0
    ) -> String {
        """
        {"partition":\(number),"state":"\(state)","reason":\(reason),"next_offset":1200,"log_end":\(1200 + lag),\
        "log_end_age_seconds":0.1,"lag_records":\(lag),"lag_events":\(4 * lag),"lag_seconds":90,"records_per_second":0,\
        "events_per_second":2500,"backlog_seconds":null,"newest_created_at":"2026-01-12T11:58:30.000000Z"}
        """
    }

    private static func answer(_ partitions: String..., missing: String = "", webhooks: String = "") -> String {
        """
        {"server_time":"2026-01-12T12:00:00.000000Z","partitions":[\(partitions.joined(separator: ","))],\
        "missing":[\(missing)],"sites":[{"site_id":"p1","partition":0,"state":"level",\
        "newest_event_time":"2026-01-12T11:00:00.000000Z","newest_created_at":"2026-01-12T11:00:01.000000Z",\
        "age_seconds":3599}],"truncated":false,"warnings":["the disk is small"],"webhooks":[\(webhooks)]}
        """
    }

    private struct Run {
        var exit: ExitCode
        var output: String
        var errors: String
        var requests: [String]
    }

    private func run(
        _ words: [String] = [], _ body: String, ready: (status: Int, body: String) = (200, "{\"status\":\"ok\"}")
    ) -> Run {
        let recorder = Recorder()
        let requests = Guarded<[String]>([])
        var command = StatusCommand.command
        command.run = { invocation in
            let client = APIClient(access: try ServerAccess(invocation)) { request in
                requests.withLock { $0.append(request.target) }
                return request.target == "/readyz"
                    ? APIAnswer(status: ready.status, body: Array(ready.body.utf8))
                    : APIAnswer(status: 200, body: Array(body.utf8))
            }
            return try StatusCommand.run(invocation, client)
        }
        let exit = CommandLineTool(
            commands: [command], console: recorder.console(),
            environment: ["ANDON_API_KEY": "andon_a_b", "ANDON_URL": "http://fake:1"]
        ).run(["status"] + words)
        return Run(exit: exit, output: recorder.output, errors: recorder.errors, requests: requests.withLock { $0 })
    }

    @Test("a line for each partition and each site; what is wrong is said once, and exits 1 only where it is stuck")
    func table() {
        let well = run([], Self.answer(Self.partition(0, "level"), Self.partition(3, "slow", lag: 7)))
        #expect(well.exit == .success && well.requests == ["/api/freshness", "/readyz"])
        let rows = well.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(rows.contains(["0", "level", "0", "0", "90", "s", "2,500", "-", "1,200", "1,200"]))
        #expect(rows.contains(["3", "slow", "7", "28", "90", "s", "2,500", "-", "1,200", "1,207"]))
        #expect(well.output.contains("p1") && well.output.contains("59 min"))
        #expect(well.errors.contains("the disk is small"))
        let stuck = run([], Self.answer(Self.partition(0, "stuck", "\"none was folded\"", lag: 1)))
        #expect(stuck.exit == .failure && stuck.errors.contains("partition 0: none was folded"))
        let quiet = run([], Self.answer(Self.partition(0, "no_input", "\"nothing has come in for 6 minutes\"")))
        #expect(quiet.exit == .success && quiet.output.contains("no input"))
    }

    @Test("a partition of which no holder answers is named with the reason, and exits 1")
    func missing() {
        let reason = "no worker that holds it answers"
        let result = run(
            [], Self.answer(Self.partition(0, "level"), missing: #"{"partition":1,"reason":"\#(reason)"}"#))
        #expect(result.exit == .failure && result.errors.contains("partition 1: \(reason)"))
        #expect(result.output.contains("p1"), "the rest is shown all the same")
    }

    @Test("each webhook has a line with what it was told and what waits, and a note where it cannot be told")
    func webhooks() {
        let body = Self.answer(
            Self.partition(0, "level"),
            webhooks: """
                {"number":1,"webhook":"https://alerts.example","told":1200,"waiting":3,"failed_requests":17,"dropped":0,\
                "last_told":"2026-01-12T11:00:00.000000Z","reason":"it answers 500"}
                """)
        let result = run([], body)
        #expect(result.exit == .success, "the figures are as new as ever")
        let rows = result.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(rows.contains(["https://alerts.example", "1,200", "3", "17", "0", "2026-01-12T11:00:00.000000Z"]))
        #expect(result.errors.contains("https://alerts.example cannot be told of alerts: it answers 500"))
        #expect(!run([], Self.answer(Self.partition(0, "level"))).output.contains("webhook"))
    }

    @Test("a server that is not ready says why and exits 1; one that is degraded says why and exits 0")
    func readiness() {
        let body = Self.answer(Self.partition(0, "level"))
        let failing = run([], body, ready: (503, "{\"detail\":\"not ready: partition 0 is stuck\"}"))
        #expect(failing.exit == .failure && failing.errors.contains("not ready: partition 0 is stuck"))
        let degraded = run([], body, ready: (200, "{\"status\":\"degraded\",\"reasons\":[\"look here\"]}"))
        #expect(degraded.exit == .success && degraded.errors.contains("look here"))
    }

    @Test("-o json passes the answer on as it came; an answer of something else is told")
    func json() {
        let body = Self.answer(Self.partition(0, "level"))
        #expect(run(["-o", "json"], body).output == body + "\n")
        #expect(run([], "hello").exit == .failure)
    }

    /// A fold that stands where it is.
    private final class StuckFold: WatchedFold {
        var standing: FoldStanding {
            FoldStanding(progress: FoldProgress(nextOffset: LogOffset(5), logEnd: LogOffset(9)))
        }
        var siteIDs: [SiteID] { [] }
        func newestArrival(of site: SiteID) -> NewestArrival? { nil }
    }

    @Test("a process is not ready while one of its folds is stuck, and says how many records wait for how long")
    func stuckProcess() throws {
        let folder = try TemporaryFolder()
        let access = AccessControl(keys: try KeyStore(path: folder.file("keys.sqlite")))
        let clock = ManualClock()
        let freshness = FreshnessPart(access, .silent, clock: clock) { [PartitionIndex(0): HeldFold(StuckFold())] }
        defer { freshness.part.stop() }
        #expect(freshness.part.reasons() == [])
        for _ in 0..<31 {
            clock.advance(milliseconds: 1000)
            _ = freshness.part.reasons()
        }
        let reasons = freshness.part.reasons()
        #expect(reasons.map(\.effect) == [.failing])
        #expect(
            reasons.first?.text.hasPrefix("partition 0 is stuck: 4 records wait, and none was folded for 31 s") == true)
    }

    @Test("a running server is level, and tells each key what it may see")
    func server() throws {
        let plant = try PlantDirectory()
        let server = try plant.server()
        let result = try plant.run(["status"])
        #expect(result.exit == 0)
        // Nothing was ever sent to it.
        #expect(result.output.contains("no input") && result.errors.contains("nothing has come in yet"))
        let made = try AndonProcess.run([
            "key", "create", "--data-dir", plant.data, "--role=viewer", "--site=p1", "--rate-limit=0",
        ])
        let client = APIClient.live(ServerAccess(url: server.url, key: String(made.output.dropLast())))
        let seen = try client.send(APIRequest(method: "GET", target: "/api/freshness"))
        #expect(String(decoding: seen.body, as: UTF8.self).contains("\"partitions\":[],\"missing\":[],\"sites\":[]"))
        #expect(try client.send(APIRequest(method: "GET", target: "/api/freshness?site_id=p2")).status == 403)
        let stranger = APIClient.live(ServerAccess(url: server.url, key: nil))
        #expect(try stranger.send(APIRequest(method: "GET", target: "/api/freshness")).status == 401)
    }
}
