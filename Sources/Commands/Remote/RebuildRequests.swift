internal import JSON

/// What the commands about rebuilds ask a server (SPEC 8.10).
struct RebuildRequests {
    static let path = "/api/admin/rebuilds"
    /// Names a rebuild; without it a command means the newest that was not cancelled.
    static let id = Command.Positional(name: "ID", help: "which rebuild; the newest by default", isOptional: true)

    let client: APIClient

    /// The rebuild that is named, or the newest that was not cancelled.
    /// - Throws: 1 where there is none.
    func id(_ invocation: Invocation) throws(CommandFailure) -> String {
        if let named = invocation.positionals.first { return APIRequest.encoded(named) }
        let items = try list()["items"]?.items ?? []
        guard let id = items.first(where: { $0["wanted"]?.text != "cancelled" })?["id"]?.text else {
            throw CommandFailure(.failure, "there is no rebuild", next: "andon rebuild start --reason TEXT")
        }
        return id
    }

    func list() throws(CommandFailure) -> JSONValue { try JSONValue(answer: try send("GET", Self.path).body) }

    /// - Throws: ``CommandFailure`` for an answer that is no success.
    func send(
        _ method: String, _ path: String, _ query: [(name: String, value: String)] = []
    ) throws(CommandFailure) -> APIAnswer {
        let answer = try answer(method, path, query)
        guard !answer.isSuccess else { return answer }
        throw failure(answer)
    }

    func answer(
        _ method: String, _ path: String, _ query: [(name: String, value: String)] = []
    ) throws(CommandFailure) -> APIAnswer {
        // An open server on this machine asks what a POST holds, so that no web page sends one.
        let headers = method == "POST" ? [(name: "Content-Type", value: "application/json")] : []
        do throws(TransportFailure) {
            return try client.send(
                APIRequest(method: method, target: APIRequest.target(path, query), headers: headers))
        } catch {
            throw client.unreachable(error)
        }
    }

    /// The message to the user about a refusal.
    func failure(_ answer: APIAnswer) -> CommandFailure {
        var failure = client.failure(answer)
        if answer.status == 404 { failure.next = "andon rebuild status --all lists the rebuilds" }
        return failure
    }

    /// Sends an act, shows how the rebuild is then, and names who has not done it yet.
    func act(
        _ name: String, _ invocation: Invocation, _ query: [(name: String, value: String)] = []
    ) throws -> ExitCode {
        let id = try id(invocation)
        let answer = try send("POST", "\(Self.path)/\(id)/\(name)", query)
        return try show(answer.body, invocation)
    }

    func show(_ body: [UInt8], _ invocation: Invocation) throws -> ExitCode {
        let answer = try JSONValue(answer: body)
        guard answer["id"] != nil else { throw CommandFailure.notAndon }
        let status = RebuildTables(answer)
        try invocation.console.write(
            invocation.value(OutputFormat.option), json: { body }, tables: { status.tables })
        for note in status.notes { invocation.console.note(note) }
        return .success
    }
}
