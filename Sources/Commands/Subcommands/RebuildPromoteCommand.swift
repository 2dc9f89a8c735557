internal import JSON

/// `andon rebuild promote` (SPEC 8.10)
enum RebuildPromoteCommand {
    private static let accept = Option.integer(
        "accept-diff", "N", "promote although up to so many figures differ", in: 0...Int(Int32.max))
    private static let force = Option.flag("force", "promote whatever differs; needs --reason")
    private static let reason = Option<String>("reason", "TEXT", "why it is forced") { text throws(InvalidValue) in
        guard !text.isEmpty, text.utf8.count <= 1000 else { throw InvalidValue("1 to 1000 bytes") }
        return text
    }

    static let command = Command(
        path: ["rebuild", "promote"],
        summary: "lets a rebuild answer from now on, if nothing differs",
        discussion: """
            Both sets of figures are compared first, at one position of the log. Where anything differs nothing changes: it
            shows the largest differences and ends with 1. Questions go on all the time and move at once; andon rebuild
            rollback goes back as quickly. Exit code 0: promoted; 1: refused; 75: a partition does not answer.
            """,
        examples: [
            .init("andon rebuild promote --key-file my.key", "the newest, if nothing differs"),
            .init("andon rebuild promote --accept-diff 12 --key-file my.key", "after andon rebuild diff showed 12"),
            .init(
                "andon rebuild promote --force --reason \"the old fold was wrong\" --key-file my.key",
                "whatever differs; the reason is kept"),
        ],
        positionals: [RebuildRequests.id],
        options: [accept.spec, force.spec, reason.spec, OutputFormat.option.spec] + ServerAccess.options,
        run: { invocation in try run(invocation, APIClient.live(try ServerAccess(invocation))) })

    static func run(_ invocation: Invocation, _ client: APIClient) throws -> ExitCode {
        var query: [(name: String, value: String)] = []
        if let accepted = try invocation.optional(accept) { query.append(("accept_diff", String(accepted))) }
        let reason = try invocation.optional(reason)
        if try invocation.isSet(force) {
            guard reason != nil else {
                throw CommandFailure(
                    .usage, "--force needs --reason", why: "it is kept with the rebuild, for those who look at it later"
                )
            }
            query.append(("force", "true"))
        }
        if let reason { query.append(("reason", reason)) }
        let requests = RebuildRequests(client: client)
        let id = try requests.id(invocation)
        let answer = try requests.answer("POST", "\(RebuildRequests.path)/\(id)/promote", query)
        if answer.isSuccess { return try requests.show(answer.body, invocation) }
        var failure = requests.failure(answer)
        if let problem = JSONValue(answer.body), problem["code"]?.text == "generations_differ" {
            try invocation.console.write(
                invocation.value(OutputFormat.option), json: { answer.body },
                tables: { DifferenceTables(partition: problem).tables })
            failure.next = "andon rebuild diff \(id), then --accept-diff N or --force --reason TEXT"
        }
        throw failure
    }
}
