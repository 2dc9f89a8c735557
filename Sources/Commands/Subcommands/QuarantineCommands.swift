internal import Clocks
internal import EventModel
internal import JSON

/// The flags that both commands about the quarantine take, and what they ask with them (SPEC 2.7).
private enum QuarantineQuestion {
    /// The verdicts whose events the log keeps in quarantine.
    enum Reason: String, CaseIterable, Sendable {
        case unknownWorker = "unknown_worker"
        case unknownWorkstation = "unknown_workstation"
        case timestampInFuture = "timestamp_in_future"
    }

    static let from = QueryFlags.time("from", "happened at this time or later")
    static let to = QueryFlags.time("to", "happened before this time")
    static let createdFrom = QueryFlags.time("created-from", "received at this time or later")
    static let createdTo = QueryFlags.time("created-to", "received before this time")
    static let reason = Option<Reason>.choice("reason", "VERDICT", "quarantined for this reason only")
    static let worker = Option.text("worker", "ID", "of this worker only")
    static let station = Option.text("station", "ID", "at this workstation only")
    static let camera = Option.text("camera", "ID", "of this camera only")

    static let specs =
        [
            QueryFlags.site.spec, reason.spec, worker.spec, station.spec, camera.spec, from.spec, to.spec,
            createdFrom.spec, createdTo.spec, QueryFlags.minPosition.spec,
        ] + [QueryFlags.utc.spec, AnswerFormat.option.spec] + ServerAccess.options

    static func parameters(_ invocation: Invocation) throws(CommandFailure) -> [(name: String, value: String)] {
        var query = try QueryFlags.parameters(
            invocation,
            [
                ("site_id", QueryFlags.site), ("from", from), ("to", to), ("created_from", createdFrom),
                ("created_to", createdTo), ("worker_id", worker), ("workstation_id", station), ("camera_id", camera),
                ("min_position", QueryFlags.minPosition),
            ])
        if let reason = try invocation.optional(reason) { query.append(("reason", reason.rawValue)) }
        return query
    }

    static func fetch(
        _ path: String, _ query: [(name: String, value: String)], _ client: APIClient
    ) throws(CommandFailure) -> JSONValue {
        try JSONValue(answer: try client.fetch(APIRequest(method: "GET", target: APIRequest.target(path, query))))
    }

    static func report(
        _ invocation: Invocation, _ answer: JSONValue, _ subject: String, _ layout: AnswerLayout, _ parts: [String],
        _ clock: any ProcessClock
    ) throws(CommandFailure) -> AnswerReport {
        let title = AnswerTitle(answer["meta"], utc: try invocation.isSet(QueryFlags.utc), now: clock.now)
        let items = answer["items"]?.items ?? []
        return AnswerReport(
            title: title.lines(subject, parts), tables: [AnswerTables(clock: title.clock).list(items, layout)],
            csv: CSVText(items, layout))
    }
}

/// `andon quarantine list`
enum QuarantineListCommand {
    private static let limit = Option.integer("limit", "N", "at most so many events", in: 1...100_000, default: 100)
    /// Events of one answer (SPEC 8.5).
    private static let pageMaximum = 1000

    static let command = Command(
        path: ["quarantine", "list"],
        summary: "lists events that were kept but count for nothing, newest first",
        discussion: """
            An event of an unknown worker or workstation, or of the future, is kept in quarantine with the reason. It feeds
            no figure. A key with the role operator or admin is needed.
            """,
        examples: [
            .init("andon quarantine list --site plant-1 --key-file my.key", "the newest hundred"),
            .init(
                "andon quarantine list --site plant-1 --reason unknown_worker --created-from 2026-01-12 -o csv",
                "who was seen since that day and is in no definition"),
        ],
        options: [limit.spec] + QuarantineQuestion.specs,
        run: { invocation in try run(invocation, APIClient.live(try ServerAccess(invocation)), SystemClock()) })

    static func run(_ invocation: Invocation, _ client: APIClient, _ clock: any ProcessClock) throws -> ExitCode {
        let query = try QuarantineQuestion.parameters(invocation)
        let answer = try pages(query, limit: try invocation.value(limit), client)
        let count = answer["items"]?.items.count ?? 0
        let more = answer["next_cursor"] == nil ? "" : ", and more: raise --limit"
        try invocation.console.write(
            invocation.value(AnswerFormat.option), json: { Array(JSONWriter.text { $0.value(answer) }.utf8) },
            report: {
                try QuarantineQuestion.report(
                    invocation, answer, "quarantined events", .quarantine, ["\(grouped(count)) events\(more)"], clock)
            })
        return .success
    }

    /// Follows the cursors until there are enough items; the answer is that of the last page with all items.
    private static func pages(
        _ query: [(name: String, value: String)], limit: Int, _ client: APIClient
    ) throws(CommandFailure) -> JSONValue {
        var items: [JSONValue] = []
        var cursor: [(name: String, value: String)] = []
        while true {
            let size = min(limit - items.count, pageMaximum)
            let page = try QuarantineQuestion.fetch(
                "/api/quarantine", query + [("limit", String(size))] + cursor, client)
            guard case .object(var members) = page else { return page }
            let found = page["items"]?.items ?? []
            items += found
            // An empty page with a cursor would never end.
            guard items.count < limit, !found.isEmpty, let next = page["next_cursor"]?.text else {
                members["items"] = .array(items)
                return .object(members)
            }
            cursor = [("cursor", next)]
        }
    }
}

/// `andon quarantine stats`
enum QuarantineStatsCommand {
    static let command = Command(
        path: ["quarantine", "stats"],
        summary: "counts quarantined events by reason, worker, workstation and camera",
        discussion: "The groups with the most events come first, at most 1000 of them.",
        examples: [
            .init("andon quarantine stats --site plant-1 --key-file my.key", "why events do not count, and whose"),
            .init(
                "andon quarantine stats --site plant-1 --reason timestamp_in_future", "whose clocks are ahead"),
        ],
        options: QuarantineQuestion.specs,
        run: { invocation in try run(invocation, APIClient.live(try ServerAccess(invocation)), SystemClock()) })

    static func run(_ invocation: Invocation, _ client: APIClient, _ clock: any ProcessClock) throws -> ExitCode {
        let query = try QuarantineQuestion.parameters(invocation)
        let target = APIRequest.target("/api/quarantine/stats", query)
        let body = try client.fetch(APIRequest(method: "GET", target: target))
        try invocation.console.write(
            invocation.value(AnswerFormat.option), json: { body },
            report: {
                let answer = try JSONValue(answer: body)
                let parts = answer["truncated"] == .bool(true) ? ["only the largest groups: narrow the question"] : []
                return try QuarantineQuestion.report(
                    invocation, answer, "quarantine", .quarantineStats, parts, clock)
            })
        return .success
    }
}
