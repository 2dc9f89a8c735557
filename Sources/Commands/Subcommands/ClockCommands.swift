internal import JSON

/// `andon clock show` (SPEC 2.9)
enum ClockShowCommand {
    static let command = Command(
        path: ["clock", "show"],
        summary: "says whether a gateway believes its clock, and what it does about it",
        discussion: """
            A gateway's clock gives every record its created_at. Where the clock jumps, or records of the log carry a later
            time than the clock, nobody but you can say which of the two is right. An admin's key is needed.
            """,
        examples: [.init("andon clock show --key-file admin.key", "the server on this machine")],
        options: [OutputFormat.option.spec] + ServerAccess.options,
        run: { invocation in try run(invocation, APIClient.live(try ServerAccess(invocation))) })

    static func run(_ invocation: Invocation, _ client: APIClient) throws -> ExitCode {
        let body = try client.fetch(APIRequest(method: "GET", target: "/api/admin/clock"))
        guard let status = ClockReport(body) else { throw CommandFailure.notAndon }
        try invocation.console.write(
            invocation.value(OutputFormat.option), json: { body }, tables: { status.tables })
        return .success
    }
}

/// `andon clock accept` (SPEC 2.9)
enum ClockAcceptCommand {
    static let command = Command(
        path: ["clock", "accept"],
        summary: "confirms that a gateway's clock is right, so that it admits events again",
        discussion: """
            Needed where the newest records of the log carry a later time than the clock, and the kernel does not call the
            clock synchronised: someone set the clock wrong before, or it is wrong now. Compare it with another clock first:
            from here on records get the clock's time, and a record in the log says from when to when time went back. It
            asks; off a terminal it needs --yes. With several gateways ask the one that refuses: name it with --url. An
            admin's key for all sites is needed.
            """,
        examples: [
            .init("andon clock accept --key-file admin.key", "confirm the clock of the server on this machine"),
            .init(
                "andon clock accept --yes --url http://10.0.0.12:8080 --key-file admin.key",
                "confirm a gateway's clock without being asked"),
        ],
        options: [Confirmation.yes.spec] + ServerAccess.options,
        run: { invocation in try run(invocation, APIClient.live(try ServerAccess(invocation))) })

    static func run(_ invocation: Invocation, _ client: APIClient) throws -> ExitCode {
        guard let status = ClockReport(try client.fetch(APIRequest(method: "GET", target: "/api/admin/clock"))) else {
            throw CommandFailure.notAndon
        }
        try Confirmation.require("confirm that it is \(status.now) now\(status.consequence)", invocation)
        _ = try client.fetch(APIRequest(method: "POST", target: "/api/admin/clock/accept"))
        invocation.console.note("the clock is confirmed; andon clock show says what the gateway does now")
        return .success
    }
}

/// What a gateway says about its clock.
private struct ClockReport {
    let now: String
    let synchronisation: String
    let jump: String?
    let admits: Bool
    let ahead: [(partition: String, newest: String)]

    /// nil for the answer of another kind of server.
    init?(_ body: [UInt8]) {
        guard let json = JSONValue(body), let now = json["now"]?.text,
            let synchronisation = json["synchronisation"]?.text, let ahead = json["ahead"]?.items,
            let admits = json["admits"]
        else { return nil }
        self.now = printable(now)
        self.synchronisation = printable(synchronisation)
        jump = json["jump_seconds"]?.text
        self.admits = admits == .bool(true)
        self.ahead = ahead.map {
            (printable($0["partition"]?.text ?? "-"), printable($0["newest_created_at"]?.text ?? "-"))
        }
    }

    /// What confirming the clock leads to.
    var consequence: String {
        guard let newest = ahead.map(\.newest).max() else { return "" }
        return ", although the log has records of \(newest)"
    }

    var tables: [Table] {
        var table = Table([.text("clock"), .text("kernel says"), .number("jumped by, s"), .text("admits events")])
        table.append([now, synchronisation, jump ?? "-", admits ? "yes" : "no"])
        guard !ahead.isEmpty else { return [table] }
        var partitions = Table([.number("partition"), .text("newest record")])
        for (partition, newest) in ahead { partitions.append([partition, newest]) }
        return [table, partitions]
    }
}
