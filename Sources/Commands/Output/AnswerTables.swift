internal import EventModel
internal import Figures
internal import Foundation
internal import JSON

/// Lays an answer out as tables for people, by the columns of its figures.
struct AnswerTables {
    let clock: SiteClock
    /// Whether the window reaches up to now. If not, what holds "now" held at the end of the window.
    var endsNow = true
    /// Whether times have milliseconds.
    var isExact = false

    /// A table with a row for each item. A column without any value stays: its absence would hide that nobody knows.
    func list(_ items: [JSONValue], _ layout: AnswerLayout) -> Table {
        var table = Table(
            layout.columns.map { column in
                column.unit.decimals == nil
                    ? .text(title(column), mayShrink: column.name.hasSuffix("_name")) : .number(title(column))
            })
        for item in items { table.append(layout.columns.map { cell($0, of: item) }) }
        return table
    }

    /// Bars of the first number, and of the first percentage or confidence, of each bucket, for a terminal.
    /// - Parameter heads: columns that say what a row is about.
    func drawing(_ items: [JSONValue], _ layout: AnswerLayout, heads: Int = 1) -> Table {
        let begins = layout.columns.prefix(heads)
        let units: [FigureUnit] = [.count, .percent, .confidence]
        let drawn = units.compactMap { unit in layout.columns.first { $0.unit == unit } }.prefix(2)
        let full = drawn.map { column in
            let most = items.compactMap { Self.number($0[column.name]) }.max() ?? 0
            return column.unit == .percent ? max(100, most) : column.unit == .confidence ? 1 : most
        }
        var table = Table(begins.map { .text($0.title) } + drawn.flatMap { [.number($0.title), .text("")] })
        for item in items {
            let bars = zip(drawn, full).flatMap { column, full in
                [cell(column, of: item), Plot.bar(Self.number(item[column.name]) ?? 0, of: full)]
            }
            table.append(begins.map { cell($0, of: item) } + bars)
        }
        return table
    }

    private static func number(_ value: JSONValue?) -> Double? {
        guard case .number(let text)? = value else { return nil }
        return Double(text)
    }

    /// A table with a row for each figure of one object, and rows of its own for an object of counts.
    func pairs(_ answer: JSONValue, _ layout: AnswerLayout, counts: String? = nil) -> Table {
        var rows = layout.columns.map { column in
            (title: title(column), cell: cell(column, of: answer), isNumber: column.unit.decimals != nil)
        }
        if let counts, case .object(let members)? = answer[counts] {
            for (name, value) in members.sorted(by: { $0.key < $1.key }) {
                rows.append(("\(counts): \(name)", AnswerTables.fixed(value.text ?? "-", decimals: 0), true))
            }
        }
        // Numbers stand below each other, and a sentence does not push them away.
        let width = rows.filter(\.isNumber).map { displayWidth($0.cell) }.max() ?? 0
        var table = Table([.text("figure"), .text("value")])
        for row in rows {
            let padding = row.isNumber ? width - displayWidth(row.cell) : 0
            table.append([row.title, String(repeating: " ", count: padding) + row.cell])
        }
        return table
    }

    /// What the ratios among the columns are computed from, one line each.
    func legend(_ layout: AnswerLayout) -> [String] {
        let ratios = layout.columns.filter { [.percent, .perHour].contains($0.unit) }
        let lines = ratios.compactMap { column in layout.meanings[column.name].map { "\(column.title): \($0)" } }
        return lines.isEmpty ? [] : lines + ["-: nobody knows, or there is nothing to divide by"]
    }

    private func title(_ column: FigureColumn) -> String {
        endsNow || !column.name.hasPrefix("current_") ? column.title : column.title.replacing("now", with: "at end")
    }

    private func cell(_ column: FigureColumn, of item: JSONValue) -> String { text(item[column.name], column) }

    /// A value of a column, for people.
    func text(_ value: JSONValue?, _ column: FigureColumn) -> String {
        switch (column.unit, value) {
        case (.microseconds, .number(let number)?): AnswerTables.hours(number)
        case (.time, .string(let text)?):
            Timestamp(rfc3339: text).map { isExact ? clock.exact($0) : clock.text($0) } ?? text
        case (_, .number(let number)?): column.unit.decimals.map { AnswerTables.fixed(number, decimals: $0) } ?? number
        case (_, .bool(let flag)?): flag ? "yes" : "no"
        case (_, .array(let values)?): values.isEmpty ? "-" : values.compactMap(\.text).joined(separator: ", ")
        case (_, let value): value?.text ?? "-"
        }
    }

    /// Microseconds as hours.
    private static func hours(_ microseconds: String) -> String {
        guard let value = Decimal(string: microseconds) else { return microseconds }
        return fixed("\(value / Decimal(Microseconds.hour))", decimals: 2)
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

/// Lays items out for spreadsheets: the members of the layout, then any that this build does not know.
extension CSVText {
    init(_ items: [JSONValue], _ layout: AnswerLayout, leavingOut: Set<String> = []) {
        var unknown: Set<String> = []
        for case .object(let members) in items { unknown.formUnion(members.keys) }
        unknown.subtract(layout.members)
        unknown.subtract(leavingOut)
        header = layout.members + unknown.sorted()
        rows = items.map { item in header.map { CSVText.text(item[$0]) } }
    }

    /// A value as the server gave it; null is empty, and a list or an object its JSON.
    static func text(_ value: JSONValue?) -> String {
        switch value {
        case nil, .null: ""
        case .bool(let flag): flag ? "true" : "false"
        case .number(let text), .string(let text): text
        case let value?: JSONWriter.text { $0.value(value) }
        }
    }
}

extension JSONValue {
    /// With the members of one object beside the others, under its name and theirs: a column each for spreadsheets.
    func flattened(_ name: String) -> JSONValue {
        guard case .object(var members) = self, case .object(let inner)? = members[name] else { return self }
        members[name] = nil
        for (member, value) in inner { members["\(name)_\(member)"] = value }
        return .object(members)
    }
}
