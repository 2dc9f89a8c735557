internal import EventModel
internal import JSON

/// `andon status` (SPEC 7.8)
enum StatusCommand {
    static let command = Command(
        path: ["status"],
        summary: "shows how far a running server's figures are behind its log, and how new each site's events are",
        discussion: """
            A partition is level, without input (level, and nothing has come in for 5 minutes), slow (behind, and making
            progress) or stuck (records wait, and none was folded for 30 s). On Kafka any gateway or worker answers for the
            whole cluster, and names the partitions of which no holder answers within 5 s. Of each webhook it shows the
            changes of alerts that it was told, and those that wait for it. The exit code is 1 where a partition is stuck
            or missing, or the server is not ready. A key that is bound to sites sees its sites alone.
            """,
        examples: [
            .init("andon status --key-file my.key", "the server on this machine"),
            .init(
                "andon status --url http://10.0.0.21:8081 --key-file my.key -o json", "a whole cluster, for a program"),
        ],
        options: [OutputFormat.option.spec] + ServerAccess.options,
        run: { invocation in try run(invocation, APIClient.live(try ServerAccess(invocation))) })

    static func run(_ invocation: Invocation, _ client: APIClient) throws -> ExitCode {
        let body = try client.fetch(APIRequest(method: "GET", target: "/api/freshness"))
        guard let answer = JSONValue(body), let partitions = answer["partitions"]?.items else {
            throw CommandFailure.notAndon
        }
        let readiness = try Readiness(client)
        try invocation.console.write(
            invocation.value(OutputFormat.option), json: { body },
            tables: {
                [
                    table(partitions), sites(answer["sites"]?.items ?? []),
                    webhooks(answer["webhooks"]?.items ?? []),
                ].filter { !$0.rows.isEmpty }
            })
        notes(answer, readiness).forEach(invocation.console.note)
        let isStuck = partitions.contains { $0["state"]?.text == "stuck" }
        let isMissing = !(answer["missing"]?.items ?? []).isEmpty
        return isStuck || isMissing || !readiness.isReady ? .failure : .success
    }

    /// What `/readyz` says.
    private struct Readiness {
        var isReady: Bool
        var reasons: [String]

        init(_ client: APIClient) throws(CommandFailure) {
            let answer: APIAnswer
            do throws(TransportFailure) {
                answer = try client.send(APIRequest(method: "GET", target: "/readyz"))
            } catch {
                throw client.unreachable(error)
            }
            let json = JSONValue(answer.body)
            isReady = answer.isSuccess
            reasons = (json?["reasons"]?.items ?? []).compactMap(\.text) + [json?["detail"]?.text].compactMap { $0 }
        }
    }

    private static func notes(_ answer: JSONValue, _ readiness: Readiness) -> [String] {
        var notes = readiness.reasons
        for partition in (answer["partitions"]?.items ?? []) + (answer["missing"]?.items ?? []) {
            guard let reason = partition["reason"]?.text else { continue }
            let note = "partition \(partition["partition"]?.text ?? "-"): \(reason)"
            if !notes.contains(where: { $0.contains(reason) }) { notes.append(note) }
        }
        for webhook in answer["webhooks"]?.items ?? [] {
            guard let reason = webhook["reason"]?.text, let target = webhook["webhook"]?.text else { continue }
            notes.append("\(target) cannot be told of alerts: \(reason)")
        }
        let warnings = (answer["warnings"]?.items ?? []).compactMap(\.text)
        notes += warnings.filter { warning in !notes.contains { $0.contains(warning) } }
        if answer["truncated"] == .bool(true) { notes.append("there are more sites than are shown") }
        return notes.map(printable)
    }

    private static func table(_ partitions: [JSONValue]) -> Table {
        var table = Table([
            .number("partition"), .text("state"), .number("lag records"), .number("lag events"), .number("lag"),
            .number("events / s"), .number("level in"), .number("folded to"), .number("log end"),
        ])
        for partition in partitions {
            table.append([
                partition["partition"]?.text ?? "-",
                (partition["state"]?.text ?? "-").replacing("_", with: " "), number(partition["lag_records"]),
                number(partition["lag_events"]), duration(partition["lag_seconds"]),
                number(partition["events_per_second"]), duration(partition["backlog_seconds"]),
                number(partition["next_offset"]), number(partition["log_end"]),
            ])
        }
        return table
    }

    private static func sites(_ sites: [JSONValue]) -> Table {
        var table = Table([
            .text("site"), .text("state"), .text("newest event"), .text("received"), .number("age"),
        ])
        for site in sites {
            table.append([
                site["site_id"]?.text ?? "-", (site["state"]?.text ?? "-").replacing("_", with: " "),
                site["newest_event_time"]?.text ?? "-", site["newest_created_at"]?.text ?? "-",
                duration(site["age_seconds"]),
            ])
        }
        return table
    }

    private static func webhooks(_ webhooks: [JSONValue]) -> Table {
        var table = Table([
            .text("webhook"), .number("told"), .number("waiting"), .number("failed requests"), .number("dropped"),
            .text("last told"),
        ])
        for webhook in webhooks {
            table.append([
                webhook["webhook"]?.text ?? "-", number(webhook["told"]), number(webhook["waiting"]),
                number(webhook["failed_requests"]), number(webhook["dropped"]), webhook["last_told"]?.text ?? "-",
            ])
        }
        return table
    }

    private static func number(_ value: JSONValue?) -> String {
        value?.text.map { AnswerTables.fixed($0, decimals: 0) } ?? "-"
    }

    private static func duration(_ seconds: JSONValue?) -> String {
        seconds?.text.flatMap(Double.init).map(AnswerTitle.duration) ?? "-"
    }
}
