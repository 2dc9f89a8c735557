internal import EventModel
internal import JSON

/// A heat map laid out for people and for spreadsheets (SPEC 5.10).
struct HeatMapReport {
    private let buckets: [JSONValue]
    private let rows: [JSONValue]
    private let clock: SiteClock
    /// The figure of each row that is shown: the first one.
    private let figure: Figure

    private struct Figure {
        var name: String
        /// The value of the highest bar.
        var full: Double
        var decimals: Int
    }

    init(_ answer: JSONValue, _ clock: SiteClock) {
        buckets = answer["buckets"]?.items ?? []
        rows = answer["rows"]?.items ?? []
        self.clock = clock
        let known = [
            Figure(name: "utilization_percentage", full: 100, decimals: 0),
            Figure(name: "occupancy_percentage", full: 100, decimals: 0),
            Figure(name: "avg_confidence", full: 1, decimals: 2),
        ]
        // Workstations have both percentages: occupancy says more about a place.
        let isOccupancy = rows.first?["occupancy_percentage"] != nil
        let isConfidence = rows.first?["avg_confidence"] != nil
        figure = isOccupancy ? known[1] : isConfidence ? known[2] : known[0]
    }

    /// Numbers, a column for each bucket; drawn, one block for each, and the time of every sixth.
    func tables(draws: Bool) -> [Table] { draws ? [drawing] : [numbers] }

    private var numbers: Table {
        var table = Table(
            [.text(figure.name)] + buckets.map { .number(label($0)) })
        for row in rows {
            table.append(
                [row["id"]?.text ?? "-"]
                    + values(row).map { $0.map { AnswerTables.fixed($0, decimals: figure.decimals) } ?? "-" })
        }
        return table
    }

    private var drawing: Table {
        var table = Table([.text(figure.name), .text(scale), .number("mean")])
        for row in rows {
            let numbers = values(row).map { $0.flatMap(Double.init) }
            let known = numbers.compactMap { $0 }
            let mean = known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
            table.append([
                row["id"]?.text ?? "-", String(numbers.map { Plot.shade($0.map { $0 / figure.full }) }),
                mean.map { AnswerTables.fixed("\($0)", decimals: figure.decimals) } ?? "-",
            ])
        }
        return table
    }

    /// Begin and end of the buckets, over their blocks.
    private var scale: String {
        guard let first = buckets.first, let last = buckets.last else { return "" }
        let (from, to) = (label(first), label(last))
        let room = buckets.count - displayWidth(from) - displayWidth(to)
        return room > 0 ? from + String(repeating: " ", count: room) + to : from
    }

    private func label(_ bucket: JSONValue) -> String {
        bucket["from"]?.text.flatMap { Timestamp(rfc3339: $0) }.map(clock.brief) ?? "-"
    }

    private func values(_ row: JSONValue) -> [String?] {
        (row[figure.name]?.items ?? []).map { value in
            guard case .number(let text) = value else { return nil }
            return text
        }
    }

    /// One line for each cell.
    var csv: CSVText {
        let figures = [
            "utilization_percentage", "coverage_percentage", "occupancy_percentage", "units", "avg_confidence",
            "samples",
        ]
        .filter { rows.first?[$0] != nil }
        var csv = CSVText(header: ["id", "name", "from", "to"] + figures)
        for row in rows {
            for (place, bucket) in buckets.enumerated() {
                csv.rows.append(
                    [row["id"], row["name"], bucket["from"], bucket["to"]].map(CSVText.text)
                        + figures.map { CSVText.text(row[$0]?.items.dropFirst(place).first) })
            }
        }
        return csv
    }
}
