internal import JSON

/// `andon site list` (SPEC 5.11)
enum SiteListCommand {
    static let command = Command(
        path: ["site", "list"],
        summary: "lists the sites that the key may see",
        examples: [.init("andon site list --key-file my.key", "every site with its zone and version")],
        options: [OutputFormat.option.spec] + ServerAccess.options,
        run: { invocation in try run(invocation, APIClient.live(try ServerAccess(invocation))) })

    static func run(_ invocation: Invocation, _ client: APIClient) throws -> ExitCode {
        let body = try client.fetch(APIRequest(method: "GET", target: "/api/sites"))
        try invocation.console.write(
            invocation.value(OutputFormat.option), json: { body },
            tables: {
                guard let sites = JSONValue(body)?["items"]?.items else { throw CommandFailure.notAndon }
                if sites.isEmpty {
                    invocation.console.note(
                        "no sites yet; andon site apply FILE makes one, andon site init prints an example")
                }
                var table = Table([.text("site"), .text("name"), .text("time zone"), .number("definition")])
                for site in sites {
                    table.append(["site_id", "name", "time_zone", "definition"].map { site[$0]?.text ?? "-" })
                }
                return [table]
            })
        return .success
    }
}
