internal import EventModel
internal import Figures
internal import JSON

/// Lays out answers about what was known when: a comparison of two times, and a history (SPEC 7.7).
struct KnowledgeReport {
    private let tables: AnswerTables
    private let clock: SiteClock

    init(_ tables: AnswerTables) {
        self.tables = tables
        clock = tables.clock
    }

    // MARK: A comparison

    /// Whom the figures are of.
    private struct Entity {
        var list: String
        var id: String
        var name: String
        var layout: AnswerLayout
        var figures: JSONValue?

        /// As tables show it.
        var title: String { (id.isEmpty ? list : "\(list) \(id)") + (name.isEmpty || name == id ? "" : " (\(name))") }
    }

    private static func entities(_ answer: JSONValue) -> [Entity] {
        func list(_ member: String, _ kind: String, _ layout: AnswerLayout) -> [Entity] {
            (answer[member]?.items ?? []).map {
                Entity(
                    list: kind, id: $0["\(kind)_id"]?.text ?? "", name: $0["\(kind)_name"]?.text ?? "", layout: layout,
                    figures: $0)
            }
        }
        return [Entity(list: "factory", id: "", name: "", layout: .factory, figures: answer["factory"])]
            + list("workers", "worker", .workers) + list("workstations", "workstation", .workstations)
    }

    /// One line for each figure of each entity.
    /// - Parameter showsAll: also what is equal.
    func comparison(_ answer: JSONValue, showsAll: Bool) -> Table {
        var table = Table([
            .text("of", mayShrink: true), .text("figure"), .number("a"), .number("b"), .number("difference"),
        ])
        for entity in Self.entities(answer) {
            for column in Self.columns(entity) {
                let (a, b) = (entity.figures?["a"]?[column.name], entity.figures?["b"]?[column.name])
                guard showsAll || a != b else { continue }
                let difference = entity.figures?["difference"]?[column.name]
                table.append([
                    entity.title, column.title, tables.text(a, column), tables.text(b, column),
                    signed(tables.text(difference, column)),
                ])
            }
        }
        return table
    }

    /// The columns of an entity for people, of members that are compared.
    private static func columns(_ entity: Entity) -> [FigureColumn] {
        let compared = [entity.figures?["a"], entity.figures?["b"]]
        return entity.layout.columns.filter { column in compared.contains { $0?[column.name] != nil } }
    }

    private func signed(_ number: String) -> String {
        let isPositive = number.contains { ("1"..."9").contains($0) } && !number.hasPrefix("-")
        return isPositive ? "+\(number)" : number
    }

    /// How the sides are told apart, for the title.
    func sides(_ answer: JSONValue) -> [String] {
        ["a", "b"].map { side in
            let time = answer[side]?["known_at"]?.text.flatMap { Timestamp(rfc3339: $0) }
            let definition = answer[side]?["definition"]?.text.map { "definition \($0)" } ?? "no definition"
            return "\(side): known \(time.map { "at \(clock.brief($0))" } ?? "now"), \(definition)"
        }
    }

    /// Every member, one line each.
    func comparisonRows(_ answer: JSONValue) -> CSVText {
        var csv = CSVText(header: ["list", "id", "name", "member", "a", "b", "difference"])
        for entity in Self.entities(answer) {
            let sides = [entity.figures?["a"], entity.figures?["b"]]
            for member in entity.layout.members where sides.contains(where: { $0?[member] != nil }) {
                let values = (sides + [entity.figures?["difference"]]).map { CSVText.text($0?[member]) }
                csv.rows.append([entity.list, entity.id, entity.name, member] + values)
            }
        }
        return csv
    }

    // MARK: A history

    /// One line for each member that changed; what they have in common stands in the first of an item.
    func history(_ answer: JSONValue, _ layout: AnswerLayout) -> Table {
        var table = Table([
            .text("known at"), .text("cause"), .text("events"), .text("figure"), .number("before"), .number("after"),
            .text("position"),
        ])
        for item in answer["items"]?.items ?? [] {
            let time = item["created_at"]?.text.flatMap { Timestamp(rfc3339: $0) }
            let common = [time.map { clock.exact($0) } ?? "-", cause(item), events(item)]
            let columns = layout.columns.filter { item["after"]?[$0.name] != nil }
            for (number, column) in columns.enumerated() {
                table.append(
                    (number == 0 ? common : ["", "", ""])
                        + [
                            column.title, tables.text(item["before"]?[column.name], column),
                            tables.text(item["after"]?[column.name], column),
                            number == 0 ? item["position"]?.text ?? "-" : "",
                        ])
            }
        }
        return table
    }

    private func cause(_ item: JSONValue) -> String {
        let cause = (item["cause"]?.text ?? "-").replacing("_", with: " ")
        return item["definition"]?.text.map { "\(cause) \($0)" } ?? cause
    }

    private func events(_ item: JSONValue) -> String {
        guard case .object(let counts)? = item["events"], !counts.isEmpty else { return "-" }
        return counts.sorted { $0.key < $1.key }.map { "\($0.value.text ?? "-") \($0.key)" }.joined(separator: ", ")
    }

    /// Every member that changed, one line each.
    func historyRows(_ answer: JSONValue, _ layout: AnswerLayout) -> CSVText {
        let common = ["created_at", "position", "cause", "definition", "events"]
        var csv = CSVText(header: common + ["member", "before", "after"])
        for item in answer["items"]?.items ?? [] {
            for member in layout.members where item["after"]?[member] != nil {
                csv.rows.append(
                    common.map { CSVText.text(item[$0]) } + [member]
                        + ["before", "after"].map { CSVText.text(item[$0]?[member]) })
            }
        }
        return csv
    }
}
