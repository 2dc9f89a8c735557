internal import JSON

/// `andon site apply FILE` (SPEC 3)
enum SiteApplyCommand {
    private static let site = Option.text("site", "SITE", "the site, where the file does not name one")
    private static let dryRun = Option.flag("dry-run", "say what would change, and change nothing")
    private static let ifMatch = Option.integer(
        "if-match", "VERSION", "only if this version of the definition is in force", in: 1...Int.max)

    static let command = Command(
        path: ["site", "apply"],
        summary: "says who and what a site is: its workers, workstations and rules",
        discussion: """
            The file is JSON, comments allowed: {"site": {"site_id", "name", "time_zone", …}, "workers": […],
            "workstations": […]}; andon site init prints an example. It replaces the site's definition as a whole: a
            worker or workstation that it does not name is dropped, and can send no more. So the command shows what
            changes, and asks before it drops anybody; off a terminal that needs --yes. An admin's key is needed.
            Exit code 65 when the file or the definition in it is wrong: then nothing was changed.
            """,
        examples: [
            .init("andon site apply site.json --key-file admin.key", "tell the server on this machine"),
            .init("andon site apply site.json --dry-run", "show what would change"),
            .init(
                "andon site apply site.json --if-match 3 --yes --url https://andon.example --key-file admin.key",
                "in a script: replace version 3 and no other, without being asked"),
        ],
        positionals: [.init(name: "FILE", help: "the definition")],
        options: [site.spec, dryRun.spec, ifMatch.spec, Confirmation.yes.spec] + ServerAccess.options,
        run: { invocation in try run(invocation, APIClient.live(try ServerAccess(invocation))) })

    static func run(_ invocation: Invocation, _ client: APIClient) throws -> ExitCode {
        let definition = try DefinitionFile(path: invocation.positionals[0])
        guard let name = try invocation.optional(site) ?? definition.siteID else {
            throw CommandFailure(
                .badData, "'\(printable(invocation.positionals[0]))' names no site", why: "site.site_id is missing",
                next: "add it, or name the site with --site")
        }
        let wanted = try invocation.optional(ifMatch).map { [condition("If-Match", "\"\($0)\"")] } ?? []
        let judged = try put(definition, name, [("dry_run", "true")], wanted, client)
        let plan = DefinitionPlan(judged)
        if try invocation.isSet(dryRun) {
            try invocation.console.line(plan.lines.joined(separator: "\n"))
            return .success
        }
        if plan.changes { invocation.console.note(plan.lines.joined(separator: "\n")) }
        if let drops = plan.drops { try Confirmation.require("\(drops) of site \(printable(name))", invocation) }
        // What was shown, and nothing else.
        let shown = plan.version.map { condition("If-Match", "\"\($0)\"") } ?? condition("If-None-Match", "*")
        let applied = DefinitionPlan(try put(definition, name, [], [shown], client))
        invocation.console.note(applied.summary)
        return .success
    }

    private static func condition(_ name: String, _ value: String) -> (name: String, value: String) { (name, value) }

    private static func put(
        _ definition: DefinitionFile, _ site: String, _ query: [(name: String, value: String)],
        _ conditions: [(name: String, value: String)], _ client: APIClient
    ) throws(CommandFailure) -> JSONValue {
        let body = try client.fetch(
            APIRequest(
                method: "PUT", target: APIRequest.target("/api/sites/\(APIRequest.encoded(site))", query),
                headers: [("Content-Type", "application/json")] + conditions, body: definition.json))
        guard let answer = JSONValue(body) else { throw .notAndon }
        return answer
    }
}

extension CommandFailure {
    /// A success without JSON.
    static let notAndon = CommandFailure(
        .failure, "the server answered with something that is not JSON",
        next: "check that --url names an Andon server")
}
