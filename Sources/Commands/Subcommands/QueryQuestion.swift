internal import JSON

/// What `andon query` can ask: the path of the answer, the flags that go with it, and how the answer is laid out.
enum QueryQuestion: String, CaseIterable, Sendable {
    case workers, workstations, factory
    case modelHealth = "model-health"
    case explain, ledger

    var path: String {
        switch self {
        case .workers, .workstations, .factory, .modelHealth: "/api/metrics/\(rawValue)"
        case .explain, .ledger: "/api/\(rawValue)"
        }
    }

    /// Flags that do not go with every question (SPEC 5.1, 5.2, 5.9, 6.2).
    var flags: Set<String> {
        let window: Set = ["from", "to", "known-at", "period"]
        return switch self {
        case .workers: window.union(["within", "worker", "sort", "limit"])
        case .workstations: window.union(["within", "station", "sort", "limit"])
        case .factory: window.union(["within"])
        case .modelHealth: window.union(["group-by"])
        case .explain: window.union(["within", "worker", "all-intervals"])
        case .ledger: []
        }
    }

    /// The members by which a list can be sorted.
    var sortMembers: [String] {
        switch self {
        case .workers: AnswerLayout.workers.members
        case .workstations: AnswerLayout.workstations.members
        default: []
        }
    }

    /// Lays the answer out.
    /// - Parameters:
    ///   - subject: what the title says was asked; nil for the name of the question.
    ///   - parts: how it was narrowed down.
    func report(
        _ answer: JSONValue, _ title: AnswerTitle, subject: String? = nil, _ parts: [String]
    ) -> AnswerReport {
        let tables = AnswerTables(
            clock: title.clock, endsNow: title.endsNow, isExact: self == .explain && hasFractions(answer))
        var report = AnswerReport(title: title.lines(subject ?? rawValue, parts, hasTimes: self != .ledger))
        func lay(_ made: [Table], _ layout: AnswerLayout, _ items: [JSONValue]) {
            report.tables = made
            report.legend = tables.legend(layout)
            report.csv = CSVText(items, layout, leavingOut: ["meta", "groups"])
        }
        let items = answer["items"]?.items ?? []
        switch self {
        case .workers: lay([tables.list(items, .workers)], .workers, items)
        case .workstations: lay([tables.list(items, .workstations)], .workstations, items)
        case .factory: lay([tables.pairs(answer, .factory)], .factory, [answer])
        case .ledger: lay([tables.pairs(answer, .ledger, counts: "rejected")], .ledger, [answer])
        case .modelHealth: health(answer, tables, lay)
        case .explain:
            report.tables = explanation(answer, tables)
            report.csv = explanationRows(answer)
        }
        if !report.legend.isEmpty { report.legend.append("More: andon help FIGURES") }
        return report
    }

    private func health(
        _ answer: JSONValue, _ tables: AnswerTables, _ lay: ([Table], AnswerLayout, [JSONValue]) -> Void
    ) {
        let groups = answer["groups"]?.items ?? []
        guard case .object(let first)? = groups.first,
            let member = ["camera_id", "workstation_id", "model_version"].first(where: { first[$0] != nil })
        else { return lay([tables.pairs(answer, .modelHealth)], .modelHealth, [answer]) }
        let layout = AnswerLayout.healthGroups(by: member)
        lay([tables.pairs(answer, .modelHealth), tables.list(groups, layout)], layout, groups)
    }

    private func explanation(_ answer: JSONValue, _ tables: AnswerTables) -> [Table] {
        var made = [tables.list(answer["intervals"]?.items ?? [], .intervals)]
        let counts = answer["counts"]?.items ?? []
        if !counts.isEmpty { made.append(tables.list(counts, .counts)) }
        if let totals = answer["totals"] { made.append(tables.pairs(totals, .totals)) }
        return made
    }

    /// Whether a time of an explanation lies inside a second: then all show milliseconds.
    private func hasFractions(_ answer: JSONValue) -> Bool {
        let times =
            (answer["intervals"]?.items ?? []).flatMap { [$0["from"], $0["to"]] }
            + (answer["counts"]?.items ?? []).map { $0["timestamp"] }
        return times.contains { $0?.text?.hasSuffix(".000000Z") == false }
    }

    /// Intervals and counts in one file; the first member says which a row is.
    private func explanationRows(_ answer: JSONValue) -> CSVText {
        let intervals = answer["intervals"]?.items ?? []
        let counts = answer["counts"]?.items ?? []
        let own = AnswerLayout.intervals.members
        let members = own + AnswerLayout.counts.members.filter { !own.contains($0) }
        let layout = AnswerLayout(columns: [], members: ["list"] + members)
        func named(_ items: [JSONValue], _ name: String) -> [JSONValue] {
            items.map { item in
                guard case .object(var members) = item else { return item }
                members["list"] = .string(name)
                return .object(members)
            }
        }
        return CSVText(named(intervals, "intervals") + named(counts, "counts"), layout)
    }
}
