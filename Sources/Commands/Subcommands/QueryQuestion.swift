internal import EventModel
internal import Figures
internal import JSON

/// What `andon query` can ask: the path of the answer, the flags that go with it, and how the answer is laid out.
enum QueryQuestion: String, CaseIterable, Sendable {
    case workers, workstations, factory, shifts, handover, trend, heatmap, sites
    case modelHealth = "model-health"
    case healthTrend = "health-trend"
    case drift, alerts, report, explain, history, compare, ledger

    var path: String {
        switch self {
        case .workers, .workstations, .factory, .shifts, .handover, .trend, .heatmap, .sites, .modelHealth:
            "/api/metrics/\(rawValue)"
        case .healthTrend: "/api/metrics/model-health/trend"
        case .drift: "/api/metrics/model-health/drift"
        case .report: "/api/metrics/model-health/report"
        case .alerts, .explain, .history, .compare, .ledger: "/api/\(rawValue)"
        }
    }

    /// Flags that do not go with every question (SPEC 5.1, 5.2, 5.7, 5.9–5.11, 6.2, 6.3, 6.6, 7.7).
    var flags: Set<String> {
        let window: Set = ["from", "to", "known-at", "period"]
        return switch self {
        case .workers: window.union(["within", "worker", "sort", "limit"])
        case .workstations: window.union(["within", "station", "sort", "limit"])
        case .factory: window.union(["within"])
        case .sites: window.union(["within", "limit", "cursor"])
        case .shifts, .handover, .alerts: window
        case .trend, .heatmap: window.union(["within", "of", "bucket"])
        case .modelHealth: window.union(["group-by"])
        case .healthTrend: ["to", "known-at", "days", "group-by"]
        case .report: ["known-at", "week"]
        case .drift: window.union(["group-by", "baseline-from", "baseline-to"])
        case .explain: window.union(["within", "worker", "all-intervals"])
        case .history: window.union(["worker", "station", "limit", "cursor"])
        case .compare: ["from", "to", "period", "within", "worker", "station", "known-at-a", "known-at-b", "all"]
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

    /// The columns of these members that people see.
    var sortColumns: [FigureColumn] {
        switch self {
        case .workers: AnswerLayout.workers.columns
        case .workstations: AnswerLayout.workstations.columns
        default: []
        }
    }

    /// Lays the answer out.
    /// - Parameters:
    ///   - subject: what the title says was asked; nil for the name of the question.
    ///   - parts: how it was narrowed down.
    ///   - draws: whether trends and heat maps are drawn, for a terminal.
    ///   - query: what was asked.
    ///   - showsAll: whether a comparison shows what is equal, too.
    func report(
        _ answer: JSONValue, _ title: AnswerTitle, subject: String? = nil, _ parts: [String], draws: Bool = false,
        query: [(name: String, value: String)] = [], showsAll: Bool = false
    ) -> AnswerReport {
        let tables = AnswerTables(
            clock: title.clock, endsNow: title.endsNow, isExact: self == .explain && hasFractions(answer))
        let knowledge = KnowledgeReport(tables)
        let parts = (self == .compare ? knowledge.sides(answer) : baseline(answer, title.clock)) + parts
        var report = AnswerReport(
            title: title.lines(
                subject ?? rawValue, parts, hasTimes: self != .ledger, tellsKnownAt: self != .compare))
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
        case .shifts: lay([tables.list(items, .shifts)], .shifts, items.map { $0.flattened("handover") })
        case .handover: lay([tables.list(items, .handovers)], .handovers, items)
        case .trend:
            let layout = AnswerLayout.trend(items)
            lay((draws ? [tables.drawing(items, layout)] : []) + [tables.list(items, layout)], layout, items)
        case .heatmap:
            let map = HeatMapReport(answer, title.clock)
            (report.tables, report.csv) = ([map.table(draws: draws)], map.csv)
            report.legend = draws ? map.legend : []
        case .sites:
            lay([tables.list(items, .sites)] + missing(answer, tables), .sites, items)
        case .healthTrend: healthTrend(answer, tables, draws, lay)
        case .drift: groups(answer, tables, .drift, lay)
        case .report:
            let week = WeekReport(answer)
            lay(week.tables(tables), .weekReport, week.rows)
            report.title[0] += ", \(answer["week"]?.text ?? "-") beside the week before"
        case .alerts: lay([tables.list(items, .alerts)], .alerts, items)
        case .ledger: lay([tables.pairs(answer, .ledger, counts: "rejected")], .ledger, [answer])
        case .modelHealth: groups(answer, tables, .modelHealth, lay)
        case .explain:
            report.tables = explanation(answer, tables)
            report.csv = explanationRows(answer)
        case .history:
            let layout = Self.layout(ofHistory: query)
            report.tables = [knowledge.history(answer, layout)]
            report.csv = knowledge.historyRows(answer, layout)
        case .compare:
            report.tables = [knowledge.comparison(answer, showsAll: showsAll)]
            report.csv = knowledge.comparisonRows(answer)
        }
        if !report.legend.isEmpty { report.legend.append("More: andon help FIGURES") }
        return report
    }

    /// What a drift is measured from.
    private func baseline(_ answer: JSONValue, _ clock: SiteClock) -> [String] {
        let ends = ["baseline_from", "baseline_to"].compactMap { answer[$0]?.text.flatMap { Timestamp(rfc3339: $0) } }
        return ends.count == 2 ? ["measured from \(clock.brief(ends[0])) to \(clock.brief(ends[1]))"] : []
    }

    /// What to say of a list that is empty; nil where the answer is no list, or has something.
    func nothing(_ answer: JSONValue) -> String? {
        let (list, text): (String, String) =
            switch self {
            case .shifts: ("items", "no shift runs in this window, or the site has none")
            case .handover: ("items", "no shift starts in this window, or the site has none")
            case .alerts: ("items", "no alerts in this window")
            case .heatmap: ("rows", "nobody and nothing to show")
            case .healthTrend: ("hours", "no samples in these days")
            case .sites: ("items", "no site answers, or the key may see none")
            case .history: ("items", "nothing changed in this window")
            default: ("", "")
            }
        guard !list.isEmpty, answer[list]?.items.isEmpty == true, answer["groups"]?.items.isEmpty ?? true else {
            return nil
        }
        return text
    }

    /// The sites that do not answer, where there are any.
    private func missing(_ answer: JSONValue, _ tables: AnswerTables) -> [Table] {
        let missing = answer["missing"]?.items ?? []
        return missing.isEmpty ? [] : [tables.list(missing, .missingSites)]
    }

    /// The figures of whom a history is about.
    private static func layout(ofHistory query: [(name: String, value: String)]) -> AnswerLayout {
        if query.contains(where: { $0.name == "worker_id" }) { return .workers }
        return query.contains { $0.name == "workstation_id" } ? .workstations : .factory
    }

    /// The figures of all samples, and below them those of each group where there are any.
    private func groups(
        _ answer: JSONValue, _ tables: AnswerTables, _ whole: AnswerLayout,
        _ lay: ([Table], AnswerLayout, [JSONValue]) -> Void
    ) {
        let groups = answer["groups"]?.items ?? []
        guard let member = Self.groupMember(groups) else { return lay([tables.pairs(answer, whole)], whole, [answer]) }
        let layout = AnswerLayout.groups(by: member, of: whole)
        lay([tables.pairs(answer, whole), tables.list(groups, layout)], layout, groups)
    }

    private func healthTrend(
        _ answer: JSONValue, _ tables: AnswerTables, _ draws: Bool,
        _ lay: ([Table], AnswerLayout, [JSONValue]) -> Void
    ) {
        func show(_ hours: [JSONValue], _ layout: AnswerLayout, heads: Int) {
            let drawn = draws && !hours.isEmpty ? [tables.drawing(hours, layout, heads: heads)] : []
            lay(drawn + [tables.list(hours, layout)], layout, hours)
        }
        let groups = answer["groups"]?.items ?? []
        guard let member = Self.groupMember(groups) else {
            return show(answer["hours"]?.items ?? [], .healthTrend, heads: 1)
        }
        let layout = AnswerLayout.groups(by: member, of: .healthTrend)
        let hours = groups.flatMap { group in
            (group["hours"]?.items ?? []).map { hour in
                guard case .object(var members) = hour else { return hour }
                members[member] = group[member]
                return .object(members)
            }
        }
        show(hours, layout, heads: 2)
    }

    /// The member that names a group.
    private static func groupMember(_ groups: [JSONValue]) -> String? {
        guard case .object(let first)? = groups.first else { return nil }
        return ["camera_id", "workstation_id", "model_version"].first { first[$0] != nil }
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
