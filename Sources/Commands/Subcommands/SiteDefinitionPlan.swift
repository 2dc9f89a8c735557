internal import JSON

/// What a definition changes, as the server judged it, for people (SPEC 3).
struct DefinitionPlan {
    private let answer: JSONValue
    private let site: String

    /// - Parameter answer: Of a `PUT`.
    init(_ answer: JSONValue) {
        self.answer = answer
        site = "site \(printable(answer["site"]?["site_id"]?.text ?? ""))"
    }

    /// The version that was in force when a definition was judged; nil for a new site.
    var version: String? { answer["meta"]?["definition"]?.text }

    /// Whether anything changes.
    var changes: Bool { answer["change"]?.text != "none" }

    /// `drop 2 workers and 1 workstation`; nil if nobody is dropped.
    var drops: String? {
        let parts = [("workers", "worker"), ("workstations", "workstation")].compactMap { list, word -> String? in
            let count = count(list, "dropped")
            return count > 0 ? Self.number(count, word) : nil
        }
        return parts.isEmpty ? nil : "drop " + parts.joined(separator: " and ")
    }

    /// What is in force once a definition is stored.
    var summary: String {
        let lists = ["worker", "workstation"].map { Self.number(Int64(answer["\($0)s"]?.items.count ?? 0), $0) }
        let version = "definition \(answer["version"]?.text ?? "?")"
        return "\(site): \(version)\(changes ? "" : " as before"), \(lists.joined(separator: ", "))"
    }

    /// The plan, line by line.
    var lines: [String] {
        switch answer["change"]?.text {
        case "none": ["\(site): nothing changes, version \(answer["version"]?.text ?? "?") is in force"]
        case "created": ["\(site) is new", line("workers"), line("workstations")]
        default:
            ["\(site): changes against version \(version ?? "?")", line("workers"), line("workstations"), rules]
                + dropped("workers", "worker") + dropped("workstations", "workstation")
        }
    }

    private func line(_ list: String) -> String {
        let counts = ["added", "changed", "dropped"].map { ($0, count(list, $0)) }.filter { $0.1 > 0 }
        let text = counts.map { "\(grouped($0.1)) \($0.0)" }.joined(separator: ", ")
        return "  \(list): \(text.isEmpty ? "no change" : text)"
    }

    private var rules: String {
        let names = (answer["site_changes"]?.items ?? []).compactMap(\.text)
        return "  site: \(names.isEmpty ? "no change" : names.map(printable).joined(separator: ", ") + " changed")"
    }

    /// Whom a definition drops, as far as the answer names them.
    private func dropped(_ list: String, _ word: String) -> [String] {
        let entries = answer["dropped"]?[list]?.items ?? []
        var lines = entries.map { entry in
            let id = printable(entry["\(word)_id"]?.text ?? "")
            let name = entry["name"]?.text.map { " (\(printable($0)))" } ?? ""
            return "  drops \(word) \(id)\(name)"
        }
        let more = count(list, "dropped") - Int64(entries.count)
        if more > 0 { lines.append("  drops \(Self.number(more, "more \(word)"))") }
        return lines
    }

    private func count(_ list: String, _ what: String) -> Int64 {
        answer["counts"]?[list]?[what]?.text.flatMap { Int64($0) } ?? 0
    }

    private static func number(_ count: Int64, _ word: String) -> String {
        "\(grouped(count)) \(word)\(count == 1 ? "" : "s")"
    }
}
