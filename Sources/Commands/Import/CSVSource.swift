internal import JSON
internal import Observability

/// The value of `--map column=field`.
struct ColumnMapping: Equatable, Sendable {
    var column: String
    var field: String

    static let option = Option<ColumnMapping>(
        "map", "COLUMN=FIELD", "a column of a CSV file, and the field of an event that it holds", repeatable: true
    ) { text throws(InvalidValue) in
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty, CSVSource.fields.contains(parts[1]) else {
            throw InvalidValue("COLUMN=FIELD, FIELD one of \(CSVSource.fields.joined(separator: ", "))")
        }
        return ColumnMapping(column: parts[0], field: parts[1])
    }
}

/// A CSV file with a header: each row becomes an event, each column a field (SPEC 2.1).
///
/// A column holds the field of its name, or the one that `--map` says; empty cells are absent fields.
struct CSVSource: EventSource {
    static let fields = required + ["count", "camera_id", "model_version", "site_id"]
    private static let required = ["timestamp", "worker_id", "workstation_id", "event_type", "confidence"]
    private static let numbers: Set<String> = ["confidence", "count"]

    private var table: CSVTable
    /// The field of each column; nil for a column that is not used.
    private let columns: [String?]

    /// Reads the header.
    /// - Parameter note: tells the user of columns that are not used.
    /// - Throws: 65 if a column is missing, 64 if `--map` names one that is not there.
    init(
        _ stream: ByteStream, _ mappings: [ColumnMapping], rowBytesMaximum: Int, note: (String) -> Void
    ) throws(CommandFailure) {
        table = CSVTable(stream, rowBytesMaximum: rowBytesMaximum)
        guard let header = try table.row(), header.fault == nil, !header.isBlank else {
            throw CommandFailure(
                .badData, "\(stream.name) has no header", why: "the first line of a CSV file names its columns")
        }
        let names = header.cells.map { cell in
            String(String(decoding: cell, as: UTF8.self).drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
        columns = try Self.columns(names, mappings, in: stream.name)
        let unused = zip(names, columns).filter { $0.1 == nil }.map { "'\(printable($0.0))'" }
        if !unused.isEmpty { note("columns that are not used: " + unused.joined(separator: ", ")) }
    }

    private static func columns(
        _ names: [String], _ mappings: [ColumnMapping], in file: String
    ) throws(CommandFailure) -> [String?] {
        var columns: [String?] = names.map { fields.contains($0) ? $0 : nil }
        for mapping in mappings {
            guard let index = names.firstIndex(of: mapping.column) else {
                let guess = Suggestion.nearest(to: mapping.column, among: names)
                throw CommandFailure(
                    .usage, "\(file) has no column '\(printable(mapping.column))'",
                    why: "it has " + names.map { "'\(printable($0))'" }.joined(separator: ", "),
                    next: guess.map { "did you mean '\(printable($0))'?" })
            }
            // A column of the field's own name gives way to the one that was asked for.
            for other in columns.indices where columns[other] == mapping.field { columns[other] = nil }
            columns[index] = mapping.field
        }
        for field in fields where columns.count(where: { $0 == field }) > 1 {
            throw CommandFailure(.badData, "\(file) has two columns '\(field)'", next: "rename one of them")
        }
        let missing = required.filter { !columns.contains($0) }
        guard missing.isEmpty else {
            throw CommandFailure(
                .badData, "\(file) has no column for \(listed(missing, last: "and"))",
                why: "its columns are " + names.map { "'\(printable($0))'" }.joined(separator: ", "),
                next: "name the columns that hold them: "
                    + missing.map { "--map COLUMN=\($0)" }.joined(separator: " "))
        }
        return columns
    }

    mutating func next() throws(CommandFailure) -> SourceEvent? {
        while let row = try table.row() {
            guard row.fault != nil || !row.isBlank else { continue }
            return SourceEvent(line: row.line, content: content(row), end: row.end, endLine: row.endLine)
        }
        return nil
    }

    private func content(_ row: CSVTable.Row) -> SourceEvent.Content {
        func unreadable(_ reason: String) -> SourceEvent.Content {
            .unreadable(code: "invalid_csv", reason: reason, text: row.text)
        }
        if let fault = row.fault { return unreadable(fault) }
        guard row.cells.count <= columns.count else {
            return unreadable("\(row.cells.count) cells, where the header names \(columns.count) columns")
        }
        var json = JSONWriter()
        var isText = true
        json.object { json in
            for (field, cell) in zip(columns, row.cells) {
                guard let field, !cell.isEmpty else { continue }
                guard let text = String(validating: cell, as: UTF8.self) else {
                    isText = false
                    continue
                }
                json.key(field)
                if Self.numbers.contains(field), case .number(let number)? = JSONValue(text.utf8) {
                    json.raw(number.utf8)
                } else {
                    json.string(text)
                }
            }
        }
        guard isText else { return unreadable("not UTF-8; iconv -f WINDOWS-1252 -t UTF-8 may help") }
        return .json(json.bytes)
    }
}
