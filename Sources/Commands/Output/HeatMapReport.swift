internal import EventModel
internal import Figures
internal import JSON

/// A heat map laid out for people and for spreadsheets (SPEC 5.10).
struct HeatMapReport {
    private let buckets: [JSONValue]
    private let rows: [JSONValue]
    private let clock: SiteClock
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
        self.clock = clock
        let workers = ShownFigure.list(WorkerFigures.heat)
        // Rows of workstations have the first figure of workers, too.
        let others = [ShownFigure.list(WorkstationFigures.heat), ShownFigure.list(HealthAverage.heat)]
        figures = others.first { rows.first?[$0[0].name] != nil } ?? workers
    }

    private var shown: ShownFigure { figures[0] }

    /// A column of numbers for each bucket; drawn, a block for each, and when the first and the last begin.
    func table(draws: Bool) -> Table { draws ? drawing : numbers }

    private var numbers: Table {
        var table = Table([.text(shown.title)] + buckets.map { .number(label($0)) })
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
        guard let first = buckets.first, let last = buckets.last else { return "" }
        let (from, to) = (label(first), label(last))
        let room = buckets.count - displayWidth(from) - displayWidth(to)
        return room > 0 ? from + String(repeating: " ", count: room) + to : from
    }

    private func name(_ row: JSONValue) -> String { row["id"]?.text ?? "-" }

    private func label(_ bucket: JSONValue) -> String {
        bucket["from"]?.text.flatMap { Timestamp(rfc3339: $0) }.map(clock.brief) ?? "-"
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
