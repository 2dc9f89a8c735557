internal import Figures
internal import JSON

/// A week of model health laid out for people and for spreadsheets (SPEC 6.5): one line for the week and for each day,
/// camera and model version.
struct WeekReport {
    private let answer: JSONValue

    init(_ answer: JSONValue) { self.answer = answer }

    /// Name of a figure of the week before.
    static func before(_ name: String) -> String { name + "_before" }

    /// The lines; alerts are a list of their own.
    var rows: [JSONValue] {
        let parts = [
            ("day", "days", "date"), ("camera", "cameras", "camera_id"),
            ("model version", "model_versions", "model_version"),
        ]
        return [row("week", answer["week"], answer)]
            + parts.flatMap { part, list, name in
                (answer[list]?.items ?? []).map { row(part, $0[name], $0) }
            }
    }

    private func row(_ part: String, _ name: JSONValue?, _ counts: JSONValue) -> JSONValue {
        var members: [String: JSONValue] = ["part": .string(part), "name": name ?? .null]
        for figure in HealthCount.figures.map({ "\($0.name)" }) {
            members[figure] = counts[figure] ?? .null
            members[Self.before(figure)] = counts["before"]?[figure] ?? .null
        }
        return .object(members)
    }

    func tables(_ tables: AnswerTables) -> [Table] {
        let alerts = answer["alerts"]?.items ?? []
        return [tables.list(rows, .weekReport)] + (alerts.isEmpty ? [] : [tables.list(alerts, .alerts)])
    }
}
