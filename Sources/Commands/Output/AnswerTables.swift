internal import Foundation
internal import JSON

/// Answers of a server as tables for people.
enum AnswerTables {
    /// A column of a table and the member that fills it.
    private struct Field {
        enum Kind {
            case text
            /// A number with so many decimals.
            case number(Int)
        }

        var title: String
        var member: String
        var kind: Kind

        init(_ title: String, _ member: String, _ kind: Kind = .text) {
            self.title = title
            self.member = member
            self.kind = kind
        }

        var column: Table.Column {
            switch kind {
            case .text: .text(title)
            case .number: .number(title)
            }
        }

        func cell(_ item: JSONValue) -> String {
            guard let value = item[member] else { return "-" }
            switch (kind, value) {
            case (.number(let decimals), .number(let number)): return fixed(number, decimals: decimals)
            case (_, .bool(let flag)): return flag ? "yes" : "no"
            default: return value.text ?? "-"
            }
        }
    }

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

    /// One line on what was asked and how fresh the answer is.
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

    private static let workers = [
        Field("worker", "worker_id"), Field("name", "worker_name"), Field("now", "current_state"),
        Field("at", "current_workstation_id"), Field("working h", "total_active_time_hours", .number(2)),
        Field("idle h", "total_idle_time_hours", .number(2)), Field("absent h", "total_absent_time_hours", .number(2)),
        Field("utilization %", "utilization_percentage", .number(2)),
        Field("availability %", "availability_percentage", .number(2)),
        Field("coverage %", "coverage_percentage", .number(2)), Field("units", "total_units_produced", .number(0)),
        Field("units/h", "units_per_hour", .number(2)),
    ]

    private static let workstations = [
        Field("station", "workstation_id"), Field("name", "workstation_name"),
        Field("people now", "current_workers", .number(0)), Field("occupied h", "occupancy_time_hours", .number(2)),
        Field("occupancy %", "occupancy_percentage", .number(2)),
        Field("utilization %", "utilization_percentage", .number(2)),
        Field("units", "total_units_produced", .number(0)), Field("units/h", "throughput_rate", .number(2)),
        Field("last seen", "last_activity"),
    ]

    private static let factory = [
        Field("productive hours", "total_productive_time_hours", .number(2)),
        Field("units", "total_production_count", .number(0)),
        Field("units per hour", "average_production_rate", .number(2)),
        Field("average utilization %", "average_utilization_percentage", .number(2)),
        Field("coverage %", "coverage_percentage", .number(2)), Field("active workers", "active_workers", .number(0)),
        Field("active workstations", "active_workstations", .number(0)),
        Field("target units", "target_units", .number(2)),
        Field("target variance %", "target_variance_percentage", .number(2)),
        Field("from", "time_range_start"), Field("to", "time_range_end"),
    ]

    private static let health = [
        Field("status", "status"), Field("average confidence", "avg_confidence", .number(4)),
        Field("samples", "samples", .number(0)), Field("below threshold", "below_threshold_count", .number(0)),
        Field("message", "message"),
    ]

    private static let healthGroups = [
        Field("camera", "camera_id"), Field("station", "workstation_id"), Field("model", "model_version"),
        Field("status", "status"), Field("average confidence", "avg_confidence", .number(4)),
        Field("samples", "samples", .number(0)), Field("below threshold", "below_threshold_count", .number(0)),
    ]

    private static let intervals = [
        Field("from", "from"), Field("to", "to"), Field("state", "state"), Field("station", "workstation_id"),
        Field("position", "position"), Field("known since", "created_at"),
    ]

    private static let counts = [
        Field("units at", "timestamp"), Field("count", "count", .number(0)), Field("station", "workstation_id"),
        Field("position", "position"), Field("known since", "created_at"),
    ]

    private static let ledger = [
        "received", "folded", "duplicates", "low_confidence", "quarantined", "definitions",
    ].map { Field($0.replacing("_", with: " "), $0, .number(0)) }

    /// A table with a row for each item; columns that no item fills are left out.
    private static func list(_ items: JSONValue?, _ fields: [Field]) -> Table {
        let items = items?.items ?? []
        let filled = fields.filter { field in
            items.isEmpty || items.contains { $0[field.member].map { $0 != .null } ?? false }
        }
        var table = Table(filled.map(\.column))
        for item in items { table.append(filled.map { $0.cell(item) }) }
        return table
    }

    /// A table with a row for each field of one object.
    private static func pairs(_ answer: JSONValue, _ fields: [Field]) -> Table {
        var table = Table([.text("figure"), .number("value")])
        for field in fields where answer[field.member] != nil { table.append([field.title, field.cell(answer)]) }
        return table
    }

    /// A number with exactly so many decimals, thousands apart.
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
