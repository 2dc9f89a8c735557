internal import Clocks
internal import EventModel
internal import JSON

/// `andon query QUESTION`
enum QueryCommand {
    static let command = Command(
        path: ["query"],
        summary: "asks for figures of workers, workstations, factories, shifts and model health",
        discussion: """
            Times without an offset, in flags and in tables, are those of the site; --utc shows UTC. Headings name what a
            figure is divided by; andon help FIGURES has every formula, andon help PARAMETERS every flag.
            With --data-dir of a folder on which no server runs the stores in it answer: those of a server that was stopped,
            or of andon replay. Names of people come from its registry, or from --registry.
            """,
        examples: [
            .init("andon query workers --key-file my.key --site plant-1", "today so far, one line a worker"),
            .init(
                "andon query workers --site plant-1 --period yesterday --within shifts --sort -utilization --limit 10",
                "yesterday's ten busiest, of the time that shifts ran"),
            .init(
                "andon query factory --site plant-1 --from 2026-01-12 --to 2026-01-13 -o json",
                "one day of the site's calendar, exactly as the server answers"),
            .init(
                "andon query workers --site plant-1 --period previous_shift --known-at 2026-01-12T18:00",
                "what the figures were at 18:00, late events apart"),
            .init(
                "andon query explain --site plant-1 --worker W1", "the intervals that a worker's figures are made of"),
            .init(
                "andon query trend --site plant-1 --period last_week --bucket day", "the factory, day by day"),
            .init(
                "andon query heatmap --site plant-1 --of workers --period yesterday", "who was busy when"),
            .init("andon query sites --period yesterday", "every site that the key may see, by its own clocks"),
            .init(
                "andon query compare --site plant-1 --period yesterday --known-at-a 2026-01-12T18:00",
                "what late events and definitions have changed since: yesterday as known then, and as known now"),
            .init(
                "andon query history --site plant-1 --worker W1 --period yesterday",
                "when the figures of a worker changed, and why; without --worker and --station those of the factory"),
            .init(
                "andon query factory --site plant-1 --data-dir ./replay --registry ./andon-data",
                "what andon replay made, without a server"),
            .init("andon query workstations --site plant-1 -o csv > stations.csv", "every member, for a spreadsheet"),
        ],
        positionals: [
            .init(name: "QUESTION", help: "what to ask", choices: QueryQuestion.allCases.map(\.rawValue))
        ],
        options: [
            QueryFlags.site.spec, QueryFlags.period.spec, QueryFlags.from.spec, QueryFlags.to.spec,
            QueryFlags.knownAt.spec, QueryFlags.within.spec, QueryFlags.worker.spec, QueryFlags.station.spec,
            QueryFlags.sort.spec, QueryFlags.limit.spec, QueryFlags.subject.spec, QueryFlags.bucket.spec,
            QueryFlags.days.spec, QueryFlags.week.spec, QueryFlags.baselineFrom.spec, QueryFlags.baselineTo.spec,
            QueryFlags.groupBy.spec,
            QueryFlags.allIntervals.spec, QueryFlags.knownAtA.spec, QueryFlags.knownAtB.spec, QueryFlags.all.spec,
            QueryFlags.cursor.spec,
            QueryFlags.minPosition.spec, QueryFlags.utc.spec, AnswerFormat.option.spec, StoredAnswers.registry.spec,
        ] + ServerAccess.options,
        run: { invocation in try run(invocation, StoredAnswers.client(invocation), SystemClock()) })

    static func run(_ invocation: Invocation, _ client: APIClient, _ clock: any ProcessClock) throws -> ExitCode {
        guard let question = QueryQuestion(rawValue: invocation.positionals[0]) else { return .usage }
        try check(invocation, question)
        let query = try parameters(invocation, question)
        let body = try client.fetch(APIRequest(method: "GET", target: APIRequest.target(question.path, query)))
        try invocation.console.write(
            invocation.value(AnswerFormat.option), json: { body },
            report: {
                let answer = try JSONValue(answer: body)
                let title = AnswerTitle(answer["meta"], utc: try invocation.isSet(QueryFlags.utc), now: clock.now)
                let cursor = answer["next_cursor"]?.text
                if let nothing = question.nothing(answer) { invocation.console.note(nothing) }
                if let cursor { invocation.console.note("more: the same command with --cursor \(cursor)") }
                let worker = question == .explain ? query.first { $0.name == "worker_id" }?.value : nil
                return question.report(
                    answer, title, subject: worker.map { "worker \(printable($0))" },
                    parts(query.filter { worker == nil || $0.name != "worker_id" }),
                    draws: invocation.console.outputIsTerminal, query: query,
                    showsAll: try invocation.isSet(QueryFlags.all))
            })
        return .success
    }

    /// Flags that do not go with the question, and flags that exclude each other, are told before anything is sent.
    private static func check(_ invocation: Invocation, _ question: QueryQuestion) throws(CommandFailure) {
        let partial = Set(QueryQuestion.allCases.flatMap(\.flags))
        for spec in command.options where partial.contains(spec.name) && !question.flags.contains(spec.name) {
            // Only what was typed: the environment and the file may hold values for other questions.
            guard invocation.settings.flags[spec.name] != nil else { continue }
            let fitting = QueryQuestion.allCases.filter { $0.flags.contains(spec.name) }.map(\.rawValue)
            throw CommandFailure(
                .usage, "--\(spec.name) does not go with \(question.rawValue)",
                why: "it goes with \(listed(fitting, last: "and"))", next: "andon query --help")
        }
        if try invocation.optional(QueryFlags.period) != nil {
            for option in [QueryFlags.from, QueryFlags.to] where try invocation.optional(option) != nil {
                throw CommandFailure(
                    .usage, "--period and --\(option.spec.name) exclude each other",
                    why: "a period is a whole window", next: "leave one of them out")
            }
        }
        if question == .history { try checkHistory(invocation) }
        guard question == .explain else { return }
        let workers = try invocation.values(QueryFlags.worker)
        guard workers.count == 1 else {
            throw CommandFailure(
                .usage, workers.isEmpty ? "--worker is missing" : "--worker is given \(workers.count) times",
                why: "explain is about one worker", next: "andon query explain --worker ID")
        }
    }

    private static func checkHistory(_ invocation: Invocation) throws(CommandFailure) {
        let asked = try invocation.values(QueryFlags.worker) + invocation.values(QueryFlags.station)
        guard asked.count > 1 else { return }
        throw CommandFailure(
            .usage, "--worker and --station are given \(asked.count) times",
            why: "a history is about one worker, one workstation or the factory", next: "leave all but one out")
    }

    private static func parameters(
        _ invocation: Invocation, _ question: QueryQuestion
    ) throws(CommandFailure) -> [(name: String, value: String)] {
        let texts = [
            ("site_id", QueryFlags.site), ("from", QueryFlags.from), ("to", QueryFlags.to),
            ("known_at", QueryFlags.knownAt), ("within", QueryFlags.within), ("worker_id", QueryFlags.worker),
            ("workstation_id", QueryFlags.station), ("of", QueryFlags.subject),
            ("week", QueryFlags.week), ("baseline_from", QueryFlags.baselineFrom),
            ("baseline_to", QueryFlags.baselineTo),
            ("known_at_a", QueryFlags.knownAtA), ("known_at_b", QueryFlags.knownAtB), ("cursor", QueryFlags.cursor),
            ("min_position", QueryFlags.minPosition),
        ]
        let unfitting = Set(QueryQuestion.allCases.flatMap(\.flags)).subtracting(question.flags)
        var query = try QueryFlags.parameters(invocation, texts.filter { !unfitting.contains($0.1.spec.name) })
        func add<Value>(_ name: String, _ option: Option<Value>, _ text: (Value) throws(CommandFailure) -> String)
            throws(CommandFailure)
        {
            guard !unfitting.contains(option.spec.name), let value = try invocation.optional(option) else { return }
            query.append((name, try text(value)))
        }
        try add("period", QueryFlags.period) { $0.rawValue }
        try add("sort", QueryFlags.sort) { text throws(CommandFailure) in try sortMember(text, question) }
        try add("group_by", QueryFlags.groupBy) { $0.rawValue }
        try add("limit", QueryFlags.limit) { String($0) }
        try add("bucket", QueryFlags.bucket) { $0.rawValue }
        try add("days", QueryFlags.days) { String($0) }
        try add("merge", QueryFlags.allIntervals) { String(!$0) }
        if question == .compare, !(try invocation.isSet(QueryFlags.all)) { query.append(("differing_only", "true")) }
        let isOfSomebody = query.contains { ["worker_id", "workstation_id"].contains($0.name) }
        if question == .history, !isOfSomebody { query.append(("factory", "true")) }
        return query
    }

    /// The member that a person means: its name, the heading of its column, the begin of its name, or a part that no other
    /// has.
    static func sortMember(_ text: String, _ question: QueryQuestion) throws(CommandFailure) -> String {
        let sign = text.hasPrefix("-") ? "-" : ""
        let name = String(text.dropFirst(sign.count)).replacing("-", with: "_")
        let known = question.sortMembers
        if known.contains(name) { return sign + name }
        let heading = text.dropFirst(sign.count)
        if let column = question.sortColumns.first(where: { $0.title == heading }) { return sign + column.name }
        for matches in [known.filter { $0.hasPrefix(name) }, known.filter { $0.contains(name) }] {
            if matches.count == 1, !name.isEmpty { return sign + matches[0] }
        }
        let meant = known.filter { !name.isEmpty && $0.contains(name) }
        throw CommandFailure(
            .usage, "--sort cannot be '\(printable(text))'",
            why: meant.isEmpty
                ? "\(question.rawValue) have no such member" : "it may mean \(listed(meant, last: "or"))",
            next: meant.isEmpty ? "one of \(known.joined(separator: ", "))" : "write one of them")
    }

    /// How the question was narrowed down, for the title.
    private static func parts(_ query: [(name: String, value: String)]) -> [String] {
        query.compactMap { name, value in
            switch name {
            case "worker_id": "worker \(printable(value))"
            case "workstation_id": "station \(printable(value))"
            case "within" where value != "all": "within \(printable(value))"
            case "sort": "sorted by \(value)"
            case "limit": "the first \(value)"
            case "of": "of \(printable(value))"
            case "bucket": "by \(value)"
            default: nil
            }
        }
    }
}

extension JSONValue {
    /// An answer of a server.
    /// - Throws: ``CommandFailure`` if it is no JSON: then something else listens there.
    init(answer bytes: [UInt8]) throws(CommandFailure) {
        guard let value = JSONValue(bytes) else { throw CommandFailure.notAndon }
        self = value
    }
}
