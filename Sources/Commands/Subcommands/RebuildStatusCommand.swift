internal import Clocks
internal import JSON

/// `andon rebuild status` (SPEC 8.10)
enum RebuildStatusCommand {
    private static let follow = Option.flag("follow", "show its progress until it is level, or no longer builds")
    private static let all = Option.flag("all", "list all rebuilds, newest first")
    /// Between two questions while following.
    static let followMilliseconds = 1000

    static let command = Command(
        path: ["rebuild", "status"],
        summary: "shows how a rebuild is: per partition records done, events a second, time left, and what lags",
        discussion: """
            Any process of a cluster answers for all partitions, and names those whose holder does not answer. With --follow
            a bar shows the progress; off a terminal a line of JSON is written to stderr every five seconds. It ends with 0
            when the rebuild is level, and with 1 when it has failed or was paused or cancelled meanwhile.
            """,
        examples: [
            .init("andon rebuild status --key-file my.key", "the newest"),
            .init("andon rebuild status --follow --key-file my.key", "until it is level"),
            .init("andon rebuild status 5f0c91aa -o json --key-file my.key", "a certain one, for programs"),
        ],
        positionals: [RebuildRequests.id],
        options: [follow.spec, all.spec, OutputFormat.option.spec] + ServerAccess.options,
        run: { invocation in
            try run(invocation, APIClient.live(try ServerAccess(invocation)), SystemClock())
        })

    static func run(_ invocation: Invocation, _ client: APIClient, _ clock: any ProcessClock) throws -> ExitCode {
        let requests = RebuildRequests(client: client)
        if try invocation.isSet(all) { return try list(invocation, requests) }
        let path = "\(RebuildRequests.path)/\(try requests.id(invocation))"
        var body = try requests.send("GET", path).body
        guard try invocation.isSet(follow) else { return try requests.show(body, invocation) }
        var progress: RebuildProgress?
        var hindrance: String?
        while true {
            let status = try JSONValue(answer: body)
            guard ["building", "waiting"].contains(status["state"]?.text ?? "") else { break }
            let found = Self.hindrance(status)
            if let found, found != hindrance {
                if let end = progress?.end { invocation.console.writeError(end) }
                invocation.console.note(found)
            }
            hindrance = found
            var shown = progress ?? RebuildProgress(status, invocation.console.errorIsTerminal, clock.uptime)
            if let text = shown.text(status, clock.uptime) { invocation.console.writeError(text) }
            progress = shown
            client.pause(followMilliseconds)
            body = try requests.send("GET", path).body
        }
        if let end = progress?.end { invocation.console.writeError(end) }
        _ = try requests.show(body, invocation)
        let state = try JSONValue(answer: body)["state"]?.text
        return ["level", "promoted", "rolled_back"].contains(state ?? "") ? .success : .failure
    }

    /// What holds up a partition for now.
    private static func hindrance(_ status: JSONValue) -> String? {
        for partition in status["partitions"]?.items ?? [] {
            guard let reason = partition["failure"]?.text else { continue }
            return "partition \(partition["partition"]?.text ?? ""): \(reason)"
        }
        return nil
    }

    private static func list(_ invocation: Invocation, _ requests: RebuildRequests) throws -> ExitCode {
        let answer = try requests.send("GET", RebuildRequests.path)
        guard let items = JSONValue(answer.body)?["items"]?.items else { throw CommandFailure.notAndon }
        try invocation.console.write(
            invocation.value(OutputFormat.option), json: { answer.body }, tables: { [RebuildTables.list(items)] })
        return .success
    }
}

/// Turns answers about a rebuild into a bar, or lines of JSON.
struct RebuildProgress {
    private var meter: ProgressMeter
    private let eventsAtStart: Int64

    init(_ status: JSONValue, _ isTerminal: Bool, _ now: MonotonicTime) {
        eventsAtStart = Self.number(status, "events")
        meter = ProgressMeter(
            label: "rebuild", total: Self.number(status, "records_total"), done: Self.number(status, "records_done"),
            isTerminal: isTerminal, milliseconds: now.milliseconds)
    }

    mutating func text(_ status: JSONValue, _ now: MonotonicTime) -> String? {
        meter.status(
            done: Self.number(status, "records_done"), events: max(0, Self.number(status, "events") - eventsAtStart),
            milliseconds: now.milliseconds)
    }

    var end: String? { meter.end() }

    private static func number(_ status: JSONValue, _ name: String) -> Int64 {
        status["totals"]?[name]?.text.flatMap { Int64($0) } ?? 0
    }
}
