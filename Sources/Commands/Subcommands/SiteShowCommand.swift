internal import JSON

/// `andon site show SITE` (SPEC 3)
enum SiteShowCommand {
    static let command = Command(
        path: ["site", "show"],
        summary: "shows the definition of a site",
        discussion: """
            -o json prints it as the server has it; such a file can be changed and applied again. --if-match with the
            version that is shown makes sure that nobody else changed it meanwhile.
            """,
        examples: [
            .init("andon site show plant-1 --key-file my.key", "its rules, shifts, workers and workstations"),
            .init("andon site show plant-1 -o json > site.json", "a file to change and apply"),
        ],
        positionals: [.init(name: "SITE", help: "the site")],
        options: [OutputFormat.option.spec] + ServerAccess.options,
        run: { invocation in try run(invocation, APIClient.live(try ServerAccess(invocation))) })

    static func run(_ invocation: Invocation, _ client: APIClient) throws -> ExitCode {
        let site = APIRequest.encoded(invocation.positionals[0])
        let body = try client.fetch(APIRequest(method: "GET", target: "/api/sites/\(site)"))
        try invocation.console.write(
            invocation.value(OutputFormat.option), json: { body },
            tables: {
                guard let definition = JSONValue(body), let site = definition["site"] else {
                    throw CommandFailure.notAndon
                }
                return tables(definition, site)
            })
        return .success
    }

    private static func tables(_ definition: JSONValue, _ site: JSONValue) -> [Table] {
        let lists = [
            list(site["shifts"], [("shift", "name"), ("start", "start"), ("end", "end"), ("days", "days")]),
            list(
                definition["workers"],
                [("worker", "worker_id"), ("name", "name"), ("location", "location"), ("active since", "active_since")]),
            list(
                definition["workstations"],
                [
                    ("workstation", "workstation_id"), ("name", "name"), ("location", "location"), ("line", "line"),
                    ("capacity", "capacity"),
                ]),
        ]
        return [rules(definition, site)] + lists.compactMap { $0 }
    }

    /// The site's rules, named as in a definition.
    private static func rules(_ definition: JSONValue, _ site: JSONValue) -> Table {
        var table = Table([.text("site"), .text(site["site_id"]?.text ?? "-")])
        table.append(["version", definition["version"]?.text ?? "-"])
        table.append(["since", definition["created_at"]?.text ?? "-"])
        let rules = [
            "name", "time_zone", "observation_ttl_seconds", "confidence_threshold", "max_future_seconds",
            "handover_minutes", "target_units_per_hour",
        ]
        for name in rules { table.append([name, text(site[name])]) }
        // A definition says it only where boards show ids.
        table.append(["board_names", text(site["board_names"] ?? .bool(true))])
        return table
    }

    /// nil where there is nothing to list.
    private static func list(_ items: JSONValue?, _ columns: [(title: String, name: String)]) -> Table? {
        guard let items = items?.items, !items.isEmpty else { return nil }
        var table = Table(columns.map { $0.name == "capacity" ? .number($0.title) : .text($0.title) })
        for item in items { table.append(columns.map { text(item[$0.name]) }) }
        return table
    }

    private static func text(_ value: JSONValue?) -> String {
        switch value {
        case .number(let number): shortest(number)
        case .bool(let flag): "\(flag)"
        case .array(let items): items.compactMap(\.text).joined(separator: " ")
        default: value?.text ?? "-"
        }
    }

    /// `0.700000` as `0.7`.
    private static func shortest(_ number: String) -> String {
        guard number.contains(".") else { return number }
        let digits = number.reversed().drop { $0 == "0" }.drop { $0 == "." }
        return String(digits.reversed())
    }
}
