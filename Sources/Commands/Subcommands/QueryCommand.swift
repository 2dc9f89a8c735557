internal import Foundation
internal import JSON

/// `andon query QUESTION`
enum QueryCommand {
    /// A question, and the path of its answer.
    enum Question: String, CaseIterable, Sendable {
        case workers, workstations, factory
        case modelHealth = "model-health"
        case explain, ledger

        var path: String {
            switch self {
            case .workers, .workstations, .factory, .modelHealth: "/api/metrics/\(rawValue)"
            case .explain, .ledger: "/api/\(rawValue)"
            }
        }
    }

    private static let site = Option.text("site", "SITE", "the site; without it the key's only one")
    private static let from = Option.text(
        "from", "TIME", "begin of the window, e.g. 2026-01-12T08:00:00Z; default: today")
    private static let to = Option.text("to", "TIME", "end of the window, itself outside; default: the end of today")
    private static let knownAt = Option.text("known-at", "TIME", "answer with what was known at this time")
    private static let worker = Option.text("worker", "ID", "the worker that explain is about")
    private static let groupBy = Option.text(
        "group-by", "WHAT", "groups of model-health: camera, workstation or model_version")
    private static let minPosition = Option.text(
        "min-position", "P:O", "wait until the fold has passed this position of an ingest answer")

    static let command = Command(
        path: ["query"],
        summary: "asks for figures: workers, workstations, factory, model-health, explain, ledger",
        examples: [
            .init("andon query workers --key-file my.key --site plant-1", "today so far, one line a worker"),
            .init(
                "andon query factory --site plant-1 --from 2026-01-12T00:00:00Z --to 2026-01-13T00:00:00Z -o json",
                "one day, exactly as the server answers"),
            .init(
                "andon query workers --site plant-1 --known-at 2026-01-12T18:00:00Z",
                "what the figures were when the shift ended, late events apart"),
            .init(
                "andon query explain --site plant-1 --worker W1", "the intervals that a worker's figures are made of"),
        ],
        positionals: [
            .init(name: "QUESTION", help: "what to ask", choices: Question.allCases.map(\.rawValue))
        ],
        options: [
            site.spec, from.spec, to.spec, knownAt.spec, worker.spec, groupBy.spec, minPosition.spec,
            OutputFormat.option.spec,
        ] + ServerAccess.options,
        run: { invocation in try run(invocation, APIClient.live(try ServerAccess(invocation))) })

    static func run(_ invocation: Invocation, _ client: APIClient) throws -> ExitCode {
        guard let question = Question(rawValue: invocation.positionals[0]) else { return .usage }
        if question == .explain { _ = try invocation.value(worker) }
        let format = try invocation.value(OutputFormat.option)
        let parameters: [(name: String, option: Option<String>)] = [
            ("site_id", site), ("from", from), ("to", to), ("known_at", knownAt), ("worker_id", worker),
            ("group_by", groupBy), ("min_position", minPosition),
        ]
        var query: [(name: String, value: String)] = []
        for (name, option) in parameters {
            if let value = try invocation.optional(option) { query.append((name, value)) }
        }
        let body = try client.fetch(APIRequest(method: "GET", target: APIRequest.target(question.path, query)))
        try invocation.console.write(
            format, json: { body },
            tables: {
                guard let answer = JSONValue(body) else {
                    throw CommandFailure(
                        .failure, "the server answered with something that is not JSON",
                        next: "check that --url names an Andon server")
                }
                AnswerTables.summary(answer["meta"]).map(invocation.console.note)
                return AnswerTables.tables(question, answer)
            })
        return .success
    }
}
