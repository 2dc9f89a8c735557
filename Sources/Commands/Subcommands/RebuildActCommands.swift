/// `andon rebuild pause` (SPEC 8.10)
enum RebuildPauseCommand {
    static let command = Command(
        path: ["rebuild", "pause"],
        summary: "holds a rebuild where it is; what is built is kept",
        examples: [.init("andon rebuild pause --key-file my.key", "the one that builds")],
        positionals: [RebuildRequests.id], options: [OutputFormat.option.spec] + ServerAccess.options,
        run: { invocation in try run(invocation, APIClient.live(try ServerAccess(invocation))) })

    static func run(_ invocation: Invocation, _ client: APIClient) throws -> ExitCode {
        try RebuildRequests(client: client).act("pause", invocation)
    }
}

/// `andon rebuild resume` (SPEC 8.10)
enum RebuildResumeCommand {
    static let command = Command(
        path: ["rebuild", "resume"],
        summary: "lets a paused rebuild go on",
        examples: [.init("andon rebuild resume --key-file my.key", "the one that is paused")],
        positionals: [RebuildRequests.id], options: [OutputFormat.option.spec] + ServerAccess.options,
        run: { invocation in try run(invocation, APIClient.live(try ServerAccess(invocation))) })

    static func run(_ invocation: Invocation, _ client: APIClient) throws -> ExitCode {
        try RebuildRequests(client: client).act("resume", invocation)
    }
}

/// `andon rebuild cancel` (SPEC 8.10)
enum RebuildCancelCommand {
    static let command = Command(
        path: ["rebuild", "cancel"],
        summary: "ends a rebuild and removes what it has built",
        discussion: "It asks; off a terminal it needs --yes. One that answers already is rolled back instead.",
        examples: [.init("andon rebuild cancel --key-file my.key", "the newest")],
        positionals: [RebuildRequests.id],
        options: [Confirmation.yes.spec, OutputFormat.option.spec] + ServerAccess.options,
        run: { invocation in try run(invocation, APIClient.live(try ServerAccess(invocation))) })

    static func run(_ invocation: Invocation, _ client: APIClient) throws -> ExitCode {
        let requests = RebuildRequests(client: client)
        let id = try requests.id(invocation)
        try Confirmation.require("remove what rebuild \(printable(id)) has built", invocation)
        return try requests.show(try requests.send("POST", "\(RebuildRequests.path)/\(id)/cancel").body, invocation)
    }
}

/// `andon rebuild rollback` (SPEC 8.10)
enum RebuildRollbackCommand {
    static let command = Command(
        path: ["rebuild", "rollback"],
        summary: "goes back to the figures from before a rebuild was promoted, at once",
        discussion: """
            The former figures have followed the log all the time, for as long as they are kept: a day by default.
            """,
        examples: [.init("andon rebuild rollback --key-file my.key", "the one that was promoted last")],
        positionals: [RebuildRequests.id], options: [OutputFormat.option.spec] + ServerAccess.options,
        run: { invocation in try run(invocation, APIClient.live(try ServerAccess(invocation))) })

    static func run(_ invocation: Invocation, _ client: APIClient) throws -> ExitCode {
        try RebuildRequests(client: client).act("rollback", invocation)
    }
}
