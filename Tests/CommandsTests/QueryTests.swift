import Clocks
import EventModel
internal import Locks
import Testing

@testable import Commands

/// `andon query` and `andon quarantine` with a server that gives the answers of a script.
struct AskedServer {
    var exit: ExitCode
    var recorder: Recorder
    var requests: [APIRequest]

    var targets: [String] { requests.map(\.target) }

    /// - Parameters:
    ///   - answers: one for each request; the last one for all further ones.
    ///   - terminal: cells of a line, where stdout is to be a terminal.
    init(_ words: [String], _ answers: String..., status: Int = 200, terminal: Int? = nil) {
        let recorder = Recorder()
        let requests = Guarded<[APIRequest]>([])
        let clock = ManualClock(now: Timestamp(rfc3339: "2026-01-12T12:00:00Z") ?? .earliest)
        let commands = [
            (QueryCommand.command, QueryCommand.run), (QuarantineListCommand.command, QuarantineListCommand.run),
            (QuarantineStatsCommand.command, QuarantineStatsCommand.run),
        ].map { command, run in
            var command = command
            command.run = { invocation in
                let client = APIClient(access: try ServerAccess(invocation)) { request in
                    let number = requests.withLock { requests in
                        requests.append(request)
                        return requests.count - 1
                    }
                    return APIAnswer(status: status, body: Array(answers[min(number, answers.count - 1)].utf8))
                }
                return try run(invocation, client, clock)
            }
            return command
        }
        var console = recorder.console(colour: terminal != nil)
        console.columns = terminal
        exit = CommandLineTool(
            commands: commands, console: console,
            environment: ["ANDON_API_KEY": "andon_a_b", "ANDON_URL": "http://fake:1"]
        )
        .run(words)
        self.recorder = recorder
        self.requests = requests.withLock { $0 }
    }
}

@Suite("andon query")
struct QueryTests {
    static let meta = """
        "meta":{"site_id":"p1","time_zone":"Europe/Berlin","from":"2026-01-11T23:00:00.000000Z",\
        "to":"2026-01-12T23:00:00.000000Z","known_at":null,"newest_event_time":"2026-01-12T11:59:00.000000Z",\
        "freshness_seconds":2.6,"gaps":0}
        """

    static let workers = """
        {"items":[{"worker_id":"W1","worker_name":"Ada","working_us":22500000000,"unknown_us":5400000000,\
        "total_active_time_hours":6.25,"utilization_percentage":null,"total_units_produced":1205,\
        "last_seen":"2026-01-12T11:59:00.000000Z","current_state":"idle","novel_us":7},\
        {"worker_id":"W2","worker_name":"Bo, \\"B\\"","total_active_time_hours":0,"current_state":"unknown"}],\(meta)}
        """

    @Test("a table keeps title, window, zone and freshness when it goes to a file, and has no legend there (SPEC 5.8)")
    func title() {
        let asked = AskedServer(["query", "workers", "--sort=-utilization_percentage", "--limit=5"], Self.workers)
        #expect(asked.exit == .success)
        #expect(
            asked.recorder.output.hasPrefix(
                """
                workers of p1, 2026-01-12 00:00 to 2026-01-13 00:00 (Europe/Berlin, UTC+01:00), so far
                sorted by -utilization_percentage, the first 5
                newest event 2026-01-12 12:59:00, last received 3 s ago

                worker  name     now
                """))
        #expect(!asked.recorder.output.contains("working / elapsed"))
        #expect(asked.recorder.errors.isEmpty)
    }

    @Test("no column vanishes, null is a dash, unknown time has a column, times are local (SPEC 5.2)")
    func columns() {
        let lines = AskedServer(["query", "workers"], Self.workers).recorder.output.split(separator: "\n")
        let head = lines.first { $0.hasPrefix("worker ") } ?? ""
        for title in [
            "at station", "working h", "idle h", "absent h", "unknown h", "utilization % of elapsed",
            "coverage % of elapsed", "units / working h", "last seen",
        ] { #expect(head.contains(title), "\(title)") }
        let row = lines.first { $0.hasPrefix("W1") } ?? ""
        #expect(
            row.split(separator: " ").map(String.init).prefix(9) == [
                "W1", "Ada", "idle", "-", "6.25", "-", "-", "1.50", "-",
            ])
        #expect(row.contains("1,205"))
        #expect(row.hasSuffix("2026-01-12 12:59:00"))
    }

    @Test("what holds now is called so only if the window reaches up to now (SPEC 5.1)")
    func now() {
        let past = Self.workers.replacing("2026-01-12T23:00", with: "2026-01-12T11:00")
        let ended = AskedServer(["query", "workers"], past).recorder.output
        #expect(ended.contains("name     at end "))
        #expect(!ended.contains("so far") && !ended.contains(" now "))
        let earlier = Self.workers.replacing("\"known_at\":null", with: "\"known_at\":\"2026-01-12T09:00:00.000000Z\"")
        let known = AskedServer(["query", "workers"], earlier).recorder.output
        #expect(known.contains("as known at 2026-01-12 10:00\n"))
        #expect(known.contains(" at end "))
    }

    @Test("--utc shows the times of the answer in UTC")
    func utc() {
        let output = AskedServer(["query", "workers", "--utc"], Self.workers).recorder.output
        #expect(output.contains("2026-01-11 23:00 to 2026-01-12 23:00 (UTC)"))
        #expect(output.contains("2026-01-12 11:59:00"))
    }

    @Test("on a terminal a legend says what is divided by what, and the table fits")
    func terminal() {
        let output = AskedServer(["query", "workers"], Self.workers, terminal: 100).recorder.output
        #expect(output.contains("\nutilization % of elapsed: working / elapsed; null"))
        #expect(output.hasSuffix("More: andon help FIGURES\n"))
        let plain = output.replacing(/\x{1B}\[[0-9]*m/, with: "")
        #expect(plain.split(separator: "\n").allSatisfy { displayWidth(String($0)) <= 100 })
        #expect(output.contains("\u{1B}[1m"))
    }

    @Test("-o csv has the members by their own names, also those that this build does not know, and no title")
    func csv() {
        let output = AskedServer(["query", "workers", "-o", "csv"], Self.workers).recorder.output
        let lines = output.split(separator: "\r\n").map(String.init)
        #expect(lines.count == 3)
        #expect(lines[0].hasPrefix("worker_id,worker_name,current_state,current_workstation_id,working_us,idle_us"))
        #expect(lines[0].hasSuffix("last_seen,novel_us"))
        #expect(lines[1].hasPrefix("W1,Ada,idle,,22500000000,,"))
        #expect(lines[1].hasSuffix(",2026-01-12T11:59:00.000000Z,7"))
        #expect(lines[2].hasPrefix("W2,\"Bo, \"\"B\"\"\",unknown,"))
        let empty = AskedServer(["query", "workers", "-o", "csv"], "{\"items\":[],\(Self.meta)}").recorder.output
        #expect(empty.hasPrefix("worker_id,") && empty.hasSuffix("last_seen\r\n"))
    }

    @Test("-o json passes the answer on as it came")
    func json() {
        let asked = AskedServer(["query", "workers", "-o", "json"], Self.workers)
        #expect(asked.recorder.output == Self.workers + "\n")
        #expect(asked.recorder.errors.isEmpty)
    }

    @Test("every flag becomes its parameter; a space between date and time becomes a T (SPEC 5.1, 5.2)")
    func parameters() {
        let words = [
            "query", "workers", "--site=p1", "--from=2026-01-12 06:00", "--to=2026-01-12", "--within=shift:Late 2",
            "--worker=W1", "--worker=W2", "--sort=-utilization", "--limit=3", "--min-position=0:1",
        ]
        #expect(
            AskedServer(words, Self.workers).targets == [
                "/api/metrics/workers?site_id=p1&from=2026-01-12T06%3A00&to=2026-01-12&within=shift%3ALate%202"
                    + "&worker_id=W1&worker_id=W2&min_position=0%3A1&sort=-utilization_percentage&limit=3"
            ])
        let explain = ["query", "explain", "--worker=W1", "--period=last_week", "--all-intervals"]
        #expect(
            AskedServer(explain, "{}").targets == ["/api/explain?worker_id=W1&period=last_week&merge=false"])
        #expect(
            AskedServer(["query", "workstations", "--station=S1", "--sort=capacity"], "{}").targets
                == ["/api/metrics/workstations?workstation_id=S1&sort=capacity"])
        // A heading means its column, though another member begins with the word.
        #expect(
            AskedServer(["query", "workers", "--sort=-units"], "{}").targets
                == ["/api/metrics/workers?sort=-total_units_produced"])
    }

    @Test(
        "flags that do not go with the question, or with each other, exit 64 and send nothing",
        arguments: [
            (["factory", "--worker=W1"], "--worker does not go with factory"),
            (["workers", "--station=S1"], "it goes with workstations"),
            (["ledger", "--period=today"], "--period does not go with ledger"),
            (["workers", "--period=today", "--from=2026-01-12"], "--period and --from exclude each other"),
            (["workers", "--period=tomorrow"], "today, yesterday"), (["workers", "--within=night"], "shift:NAME"),
            (["workers", "--from=noon"], "2026-01-12T08:00"), (["workers", "--limit=0"], "whole number"),
            (["workers", "--sort=hight"], "no such member"), (["workers", "--sort=percentage"], "it may mean"),
            (["explain"], "--worker is missing"), (["explain", "--worker=a", "--worker=b"], "given 2 times"),
        ] as [([String], String)])
    func unfitting(words: [String], message: String) {
        let asked = AskedServer(["query"] + words, "{}")
        #expect(asked.exit == .usage)
        #expect(asked.recorder.errors.contains(message), "\(asked.recorder.errors)")
        #expect(asked.requests.isEmpty)
    }

    @Test("an explanation has its intervals, its counts and the sums that they add up to (SPEC 5.9)")
    func explain() {
        let answer = """
            {"intervals":[{"state":"working","workstation_id":"S1","from":"2026-01-12T07:00:00.000000Z",\
            "to":"2026-01-12T09:00:00.000000Z","events":3,"position":"0:1:0","created_at":"2026-01-12T07:00:01.000000Z"}],\
            "counts":[{"timestamp":"2026-01-12T08:00:00.000000Z","workstation_id":"S1","count":5,"position":"0:2:0",\
            "created_at":"2026-01-12T08:00:01.000000Z"}],"totals":{"working_us":7200000000,"idle_us":0,"absent_us":0,\
            "unknown_us":0,"elapsed_us":7200000000,"total_units_produced":5},\(Self.meta)}
            """
        let output = AskedServer(["query", "explain", "--worker=W1"], answer).recorder.output
        #expect(output.hasPrefix("worker W1 of p1, 2026-01-12 00:00"))
        #expect(output.contains("2026-01-12 08:00:00  2026-01-12 10:00:00  working"))
        #expect(output.contains("unknown h  0.00\nelapsed h  2.00\nunits         5\n"))
        let fine = answer.replacing("T09:00:00.000000Z", with: "T09:00:00.007000Z")
        #expect(
            AskedServer(["query", "explain", "--worker=W1"], fine).recorder.output
                .contains("2026-01-12 08:00:00.000  2026-01-12 10:00:00.007  working"))
        let csv = AskedServer(["query", "explain", "--worker=W1", "-o", "csv"], answer).recorder.output
        let lines = csv.split(separator: "\r\n")
        #expect(lines.count == 3)
        #expect(lines[0].hasPrefix("list,from,to,state,workstation_id"))
        #expect(lines[1].hasPrefix("intervals,2026-01-12T07:00:00.000000Z"))
        #expect(lines[2].hasPrefix("counts,"))
    }

    @Test("a ledger has a row for each verdict that was refused (SPEC 7.4)")
    func ledger() {
        let answer = #"{"received":1200,"folded":1200,"rejected":{"missing_field":3},"meta":{"site_id":"p1"}}"#
        let output = AskedServer(["query", "ledger"], answer).recorder.output
        #expect(output.hasPrefix("ledger of p1\n\nfigure"))
        #expect(output.contains("rejected: missing_field      3\n"))
        #expect(output.contains("duplicates                   -\n"))
    }

    @Test("model health lists its groups by what names them (SPEC 6.2)")
    func modelHealth() {
        let answer = """
            {"status":"Healthy","avg_confidence":0.9,"samples":2,"message":"fine","below_threshold_count":0,\
            "histogram":[0,2],"groups":[{"model_version":null,"status":"Healthy","avg_confidence":0.9,"samples":2}],\
            \(Self.meta)}
            """
        let output = AskedServer(["query", "model-health", "--group-by=model_version"], answer).recorder.output
        #expect(output.contains("average confidence  0.9000\n"))
        #expect(output.contains("model  status   average confidence  samples"))
        let csv = AskedServer(["query", "model-health", "-o", "csv"], answer.replacing(/"groups":\[.*\],/, with: ""))
        #expect(csv.recorder.output.contains("Healthy,0.9,2,fine,0,\"[0,2]\"\r\n"))
    }
}

@Suite("andon quarantine")
struct QuarantineTests {
    static func page(_ workers: [String], next: String?) -> String {
        let items = workers.map { worker in
            """
            {"timestamp":"2026-01-12T07:00:00.000000Z","created_at":"2026-01-12T07:00:01.000000Z","position":"0:1:0",\
            "reason":"unknown_worker","worker_id":"\(worker)","workstation_id":"S1","camera_id":null,\
            "model_version":null,"event_type":"idle","confidence":0.9,"count":null}
            """
        }
        let cursor = next.map { ",\"next_cursor\":\"\($0)\"" } ?? ""
        return "{\"items\":[\(items.joined(separator: ","))],\(QueryTests.meta)\(cursor)}"
    }

    @Test("the list follows cursors until --limit is reached, and says that there is more (SPEC 2.7, 8.5)")
    func paging() {
        let asked = AskedServer(
            ["quarantine", "list", "--site=p1", "--reason=unknown_worker", "--camera=c", "--limit=1500"],
            Self.page((0..<1000).map { "X\($0)" }, next: "n1"), Self.page((1000..<1500).map { "X\($0)" }, next: "n2"))
        #expect(
            asked.targets == [
                "/api/quarantine?site_id=p1&camera_id=c&reason=unknown_worker&limit=1000",
                "/api/quarantine?site_id=p1&camera_id=c&reason=unknown_worker&limit=500&cursor=n1",
            ])
        #expect(asked.recorder.output.contains("1,500 events, and more: raise --limit"))
        #expect(asked.recorder.output.contains("2026-01-12 08:00:00  2026-01-12 08:00:01  unknown_worker  X1499"))
    }

    @Test("its last page ends it, also an empty one with a cursor; JSON and CSV have the items of all pages")
    func formats() {
        let pages = [Self.page(["X1"], next: "n"), Self.page(["X2"], next: nil)]
        let json = AskedServer(["quarantine", "list", "-o", "json"], pages[0], pages[1]).recorder.output
        #expect(json.contains("X1") && json.contains("X2") && !json.contains("next_cursor"))
        let csv = AskedServer(["quarantine", "list", "-o", "csv"], pages[0], pages[1]).recorder.output
        #expect(csv.split(separator: "\r\n").count == 3)
        #expect(
            csv.hasPrefix("timestamp,created_at,reason,worker_id,workstation_id,camera_id,model_version,event_type"))
        #expect(AskedServer(["quarantine", "list"], Self.page([], next: "n")).requests.count == 1)
    }

    @Test("stats have a row for each reason, worker, station and camera (SPEC 2.7)")
    func stats() {
        let answer = """
            {"items":[{"reason":"unknown_worker","worker_id":"X","workstation_id":"S","camera_id":null,"count":1200,\
            "oldest":"2026-01-12T07:00:00.000000Z","newest":"2026-01-12T08:00:00.000000Z"}],"truncated":true,\
            \(QueryTests.meta)}
            """
        let asked = AskedServer(["quarantine", "stats", "--created-from=2026-01-12 06:00", "--worker=X"], answer)
        #expect(asked.targets == ["/api/quarantine/stats?created_from=2026-01-12T06%3A00&worker_id=X"])
        #expect(asked.recorder.output.contains("only the largest groups"))
        #expect(asked.recorder.output.contains("unknown_worker  X       S        -        1,200  2026-01-12 08:00:00"))
        #expect(AskedServer(["quarantine", "list", "--reason=duplicate"], "{}").exit == .usage)
    }
}
