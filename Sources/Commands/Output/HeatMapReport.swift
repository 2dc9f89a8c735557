internal import EventModel
internal import Figures
internal import JSON

/// A heat map laid out for people and for spreadsheets (SPEC 5.10).
struct HeatMapReport {
    private let buckets: [JSONValue]
    private let rows: [JSONValue]
    /// When each bucket begins, without what all of them have in common.
    private let labels: [String]
    /// Every figure of a row; people see the first one.
    private let figures: [ShownFigure]

    private struct ShownFigure {
        var name: String
        var title: String
        var unit: FigureUnit

        static func list<Values>(_ figures: [Figure<Values>]) -> [ShownFigure] {
            figures.map { ShownFigure(name: "\($0.name)", title: $0.title ?? "\($0.name)", unit: $0.unit) }
        }

        var decimals: Int { unit == .confidence ? 2 : 0 }
        /// The value of the highest block.
        var full: Double { unit == .confidence ? 1 : 100 }
    }

    init(_ answer: JSONValue, _ clock: SiteClock) {
        buckets = answer["buckets"]?.items ?? []
        let rows = answer["rows"]?.items ?? []
        self.rows = rows
        labels = Self.labels(buckets, clock)
        let workers = ShownFigure.list(WorkerFigures.heat)
        // Rows of workstations have the first figure of workers, too.
        let others = [ShownFigure.list(WorkstationFigures.heat), ShownFigure.list(HealthAverage.heat)]
        figures = others.first { rows.first?[$0[0].name] != nil } ?? workers
    }

    private var shown: ShownFigure { figures[0] }

    /// What the blocks of a drawing mean.
    var legend: [String] {
        let end = shown.unit == .confidence ? "1" : "100 or more"
        return ["\(Plot.shade(0)) 0 to \(Plot.shade(1)) \(end), \(Plot.shade(nil)) where nobody knows: \(shown.title)"]
    }

    /// A column of numbers for each bucket; drawn, a block for each, and when the first and the last begin.
    func table(draws: Bool) -> Table { draws ? drawing : numbers }

    private var numbers: Table {
        var table = Table([.text(shown.title)] + labels.map { .number($0) })
        for row in rows {
            table.append(
                [name(row)]
                    + values(row).map { $0.map { AnswerTables.fixed($0, decimals: shown.decimals) } ?? "-" })
        }
        return table
    }

    private var drawing: Table {
        var table = Table([.text(shown.title), .text(scale)])
        for row in rows {
            let fractions = values(row).map { $0.flatMap(Double.init).map { $0 / shown.full } }
            table.append([name(row), String(fractions.map(Plot.shade))])
        }
        return table
    }

    private var scale: String {
        guard let from = labels.first, let to = labels.last else { return "" }
        let room = buckets.count - displayWidth(from) - displayWidth(to)
        return room > 0 ? from + String(repeating: " ", count: room) + to : from
    }

    private func name(_ row: JSONValue) -> String { row["id"]?.text ?? "-" }

    /// Hours of one day need no date, and days no time.
    private static func labels(_ buckets: [JSONValue], _ clock: SiteClock) -> [String] {
        let labels = buckets.map { bucket in
            bucket["from"]?.text.flatMap { Timestamp(rfc3339: $0) }.map(clock.brief) ?? "-"
        }
        let parts = labels.map { $0.split(separator: " ").map(String.init) }
        guard parts.count > 1, parts.allSatisfy({ $0.count == 2 }) else { return labels }
        if Set(parts.map { $0[0] }).count == 1 { return parts.map { $0[1] } }
        return parts.allSatisfy { $0[1] == "00:00" } ? parts.map { $0[0] } : labels
    }

    /// One for each bucket.
    private func values(_ row: JSONValue) -> [String?] {
        let values = row[shown.name]?.items ?? []
        return buckets.indices.map { place in
            guard case .number(let text)? = values.dropFirst(place).first else { return nil }
            return text
        }
    }

    /// One line for each cell.
    var csv: CSVText {
        var csv = CSVText(header: ["id", "name", "from", "to"] + figures.map(\.name))
        for row in rows {
            for (place, bucket) in buckets.enumerated() {
                csv.rows.append(
                    [row["id"], row["name"], bucket["from"], bucket["to"]].map(CSVText.text)
                        + figures.map { CSVText.text(row[$0.name]?.items.dropFirst(place).first) })
            }
        }
        return csv
    }
}
