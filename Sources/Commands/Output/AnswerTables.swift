internal import Figures
internal import Foundation
internal import JSON
internal import Timeline

/// Server answers as tables for people.
enum AnswerTables {
    static func tables(_ question: QueryCommand.Question, _ answer: JSONValue) -> [Table] {
        switch question {
        case .workers: [list(answer["items"], workers)]
        case .workstations: [list(answer["items"], workstations)]
        case .factory: [pairs(answer, factory)]
        case .modelHealth:
            [pairs(answer, health)]
                + ((answer["groups"]?.items.isEmpty ?? true) ? [] : [list(answer["groups"], healthGroups)])
        case .explain: [list(answer["intervals"], intervals), list(answer["counts"], counts)]
        case .ledger: [pairs(answer, ledger)]
        }
    }

    /// One line about the question and how current the answer is.
    static func summary(_ meta: JSONValue?) -> String? {
        guard let meta, let site = meta["site_id"]?.text else { return nil }
        var text = "site \(printable(site))"
        if let from = meta["from"]?.text, let to = meta["to"]?.text { text += ", \(from) to \(to)" }
        if let known = meta["known_at"]?.text { text += ", known at \(known)" }
        if case .number(let seconds)? = meta["freshness_seconds"] {
            text += ", newest data \(fixed(seconds, decimals: 0)) s old"
        }
        return text
    }

    private static func id(_ name: String, _ title: String) -> FigureColumn {
        FigureColumn(name: name, title: title, unit: .text)
    }

    /// The columns of figures, by their definitions: those in `first`, then the rest in their order.
    private static func columns<Values>(_ figures: [Figure<Values>], first: [String] = []) -> [FigureColumn] {
        let columns = figures.compactMap(\.column)
        return first.compactMap { name in columns.first { $0.name == name } }
            + columns.filter { !first.contains($0.name) }
    }

    private static let workers =
        [id("worker_id", "worker"), id("worker_name", "name")] + columns(WorkerPresence.current)
        + columns(WorkerFigures.figures)

    private static let workstations =
        [id("workstation_id", "station"), id("workstation_name", "name")] + columns([WorkstationPresence.workers])
        + columns(WorkstationFigures.figures) + columns([WorkstationPresence.lastActivity])

    private static let factory =
        columns(
            FactoryFigures.figures,
            first: [
                "total_productive_time_hours", "total_production_count", "average_production_rate",
                "average_utilization_percentage", "coverage_percentage",
            ]) + [id("time_range_start", "from"), id("time_range_end", "to")]

    private static let health =
        columns([HealthFigures.status])
        + columns(HealthFigures.figures, first: ["avg_confidence", "samples", "below_threshold_count"])

    private static let healthGroups =
        [id("camera_id", "camera"), id("workstation_id", "station"), id("model_version", "model")]
        + health.filter { $0.name != "message" }

    private static let intervals =
        columns(Explanation.Interval.span) + columns(Explanation.Interval.state)
        + columns(Explanation.Provenance.figures)

    private static let counts =
        columns(Explanation.Count.figures, first: ["timestamp", "count"])
        + columns(Explanation.Provenance.figures)

    private static let ledger = columns(Ledger.figures)

    /// A table with a row for each item; columns without any value are left out.
    private static func list(_ items: JSONValue?, _ columns: [FigureColumn]) -> Table {
        let items = items?.items ?? []
        let filled = columns.filter { column in
            items.isEmpty || items.contains { $0[column.name].map { $0 != .null } ?? false }
        }
        var table = Table(filled.map { $0.unit.decimals == nil ? .text($0.title) : .number($0.title) })
        for item in items { table.append(filled.map { cell($0, of: item) }) }
        return table
    }

    /// A table with a row for each figure of one object.
    private static func pairs(_ answer: JSONValue, _ columns: [FigureColumn]) -> Table {
        var table = Table([.text("figure"), .number("value")])
        for column in columns where answer[column.name] != nil {
            table.append([column.title, cell(column, of: answer)])
        }
        return table
    }

    private static func cell(_ column: FigureColumn, of item: JSONValue) -> String {
        switch (column.unit.decimals, item[column.name]) {
        case (let decimals?, .number(let number)): fixed(number, decimals: decimals)
        case (_, .bool(let flag)): flag ? "yes" : "no"
        case (_, let value): value?.text ?? "-"
        }
    }

    /// A number with a fixed number of decimals and thousands separators.
    static func fixed(_ number: String, decimals: Int) -> String {
        guard var value = Decimal(string: number) else { return number }
        var rounded = Decimal()
        NSDecimalRound(&rounded, &value, decimals, .plain)
        let parts = "\(rounded.magnitude)".split(separator: ".", omittingEmptySubsequences: false)
        let whole = Int64(parts[0]).map { grouped($0) } ?? String(parts[0])
        let sign = rounded < 0 ? "-" : ""
        guard decimals > 0 else { return sign + whole }
        let fraction = parts.count > 1 ? String(parts[1]) : ""
        return sign + whole + "." + fraction + String(repeating: "0", count: max(0, decimals - fraction.count))
    }
}
