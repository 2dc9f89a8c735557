internal import JSON

/// `andon rebuild diff` of a running server: its rebuild against the figures that are in use (SPEC 8.10).
extension RebuildDiffCommand {
    static func compareOnServer(_ invocation: Invocation, _ client: APIClient, limit: Int) throws -> ExitCode {
        let requests = RebuildRequests(client: client)
        let path = "\(RebuildRequests.path)/\(try requests.id(invocation))/diff"
        let body = try requests.send("GET", path, [("limit", String(min(limit, 200)))]).body
        let found = try JSONValue(answer: body)
        try invocation.console.write(
            invocation.value(OutputFormat.option), json: { body },
            tables: { [counts(found)] + DifferenceTables(partition: found).tables })
        let missing = RebuildTables(found).notes
        for note in missing { invocation.console.note(note) }
        guard missing.isEmpty else {
            throw CommandFailure(
                .tryAgain, "not every partition could be compared", next: "run the same command again later")
        }
        let isEqual = found["is_equal"] == .bool(true)
        invocation.console.note(isEqual ? "nothing differs" : "the figures differ")
        return isEqual ? .success : .failure
    }

    private static func counts(_ found: JSONValue) -> Table {
        var table = Table([.number("partition"), .text("compared at"), .number("equal"), .number("different")])
        for partition in found["partitions"]?.items ?? [] {
            func number(_ name: String) -> String { partition[name]?.text.flatMap { Int64($0) }.map(grouped) ?? "-" }
            table.append([
                partition["partition"]?.text ?? "-", partition["position"]?.text ?? "-", number("equal"),
                number("different"),
            ])
        }
        return table
    }
}
