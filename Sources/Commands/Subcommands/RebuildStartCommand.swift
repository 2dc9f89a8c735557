internal import Replay

/// `andon rebuild start` (SPEC 8.10)
enum RebuildStartCommand {
    private static let reason = Option<String>("reason", "TEXT", "why, for those who look at it later") {
        text throws(InvalidValue) in
        guard text.utf8.count <= 1000 else { throw InvalidValue("at most 1000 bytes") }
        return text
    }
    private static let rate = Option<RebuildPace>(
        "rate", "EVENTS/S", "auto: as fast as live work leaves room; or so many events a second", default: "auto"
    ) { text throws(InvalidValue) in
        guard let pace = RebuildPace(text) else { throw InvalidValue("auto, or a number of events a second") }
        return pace
    }

    static let command = Command(
        path: ["rebuild", "start"],
        summary: "folds the whole log anew beside the figures that are in use, on a running server or a whole cluster",
        discussion: """
            Questions go on and are answered as before; what is built answers nothing until it is promoted. Live work comes
            first: the rebuild waits while the fold of new events is behind. It goes on after a crash of its process, and
            moves along with its partitions. One rebuild at a time. An operator's key for all sites is needed.
            """,
        examples: [
            .init(
                "andon rebuild start --reason \"idle time looks wrong\" --key-file my.key",
                "on the server of this machine"),
            .init(
                "andon rebuild start --rate 200000 --url http://10.0.0.12:8080 --key-file my.key",
                "on a cluster, by any of its processes"),
        ],
        options: [reason.spec, rate.spec, OutputFormat.option.spec] + ServerAccess.options,
        run: { invocation in try run(invocation, APIClient.live(try ServerAccess(invocation))) })

    static func run(_ invocation: Invocation, _ client: APIClient) throws -> ExitCode {
        var query = [(name: "rate", value: try invocation.value(rate).text)]
        if let reason = try invocation.optional(reason) { query.append(("reason", reason)) }
        let requests = RebuildRequests(client: client)
        let answer = try requests.send("POST", RebuildRequests.path, query)
        let exit = try requests.show(answer.body, invocation)
        invocation.console.note("it builds; andon rebuild status --follow shows how far it is")
        return exit
    }
}
