/// A table of text for people: plain if piped, with bold headings on a terminal.
struct Table: Equatable {
    enum Alignment { case left, right }

    struct Column: Equatable {
        var title: String
        var alignment: Alignment
        /// Whether cells may be cut where the terminal is too narrow: names for people, never ids or numbers.
        var mayShrink = false

        static func text(_ title: String, mayShrink: Bool = false) -> Column {
            Column(title: title, alignment: .left, mayShrink: mayShrink)
        }
        static func number(_ title: String) -> Column { Column(title: title, alignment: .right) }
    }

    var columns: [Column]
    private(set) var rows: [[String]] = []

    init(_ columns: [Column]) { self.columns = columns }

    /// Adds a row with one cell per column.
    mutating func append(_ cells: [String]) {
        precondition(cells.count == columns.count, "a row has a cell for each column")
        rows.append(cells.map(printable))
    }

    /// The table as lines without trailing spaces.
    ///
    /// If it is wider than `width`, headings are wrapped, then names are cut. If that is not enough, the columns go on in
    /// further blocks that repeat the first one: no column vanishes.
    /// - Parameter width: cells of the terminal; nil for a pipe, where every heading stands in one line.
    func lines(colour: Bool, width: Int? = nil) -> [String] {
        let blocks = width.map { TableLayout.blocks(of: self, width: $0) } ?? [self]
        let texts = blocks.map { $0.block(colour: colour, width: width) }
        return Array(texts.joined(separator: [""]))
    }

    private func block(colour: Bool, width: Int?) -> [String] {
        let widths = TableLayout(self, width: width).widths
        let headings = zip(columns, widths).map { wrapped($0.title, to: $1) }
        let height = headings.map(\.count).max() ?? 0
        let titles = (0..<height).map { row in
            // Headings stand on the rows below them.
            line(headings.map { row < height - $0.count ? "" : $0[row - height + $0.count] }, widths: widths)
        }
        return titles.map { colour ? "\u{1B}[1m\($0)\u{1B}[0m" : $0 } + rows.map { line($0, widths: widths) }
    }

    /// Some columns of this table.
    fileprivate func selecting(_ indexes: [Int]) -> Table {
        var table = Table(indexes.map { columns[$0] })
        table.rows = rows.map { row in indexes.map { row[$0] } }
        return table
    }

    private func line(_ cells: [String], widths: [Int]) -> String {
        var text = ""
        for (index, cell) in cells.enumerated() {
            let cell = shortened(cell, to: widths[index])
            let padding = String(repeating: " ", count: widths[index] - displayWidth(cell))
            text += index == 0 ? "" : Table.gap
            text += columns[index].alignment == .left ? cell + padding : padding + cell
        }
        while text.last == " " { text.removeLast() }
        return text
    }

    static let gap = "  "
}

/// How wide each column of a table is.
struct TableLayout {
    private(set) var widths: [Int]
    /// A name cut shorter than this tells nobody apart.
    private static let shrunkWidthMinimum = 8

    init(_ table: Table, width: Int?) {
        widths = zip(table.columns, Self.contents(table)).map { max(displayWidth($0.title), $1) }
        guard let width, Self.total(widths) > width else { return }
        widths = Self.wrappedWidths(table)
        for column in table.columns.indices where table.columns[column].mayShrink {
            let excess = max(0, Self.total(widths) - width)
            widths[column] = max(min(widths[column], Self.shrunkWidthMinimum), widths[column] - excess)
        }
        flattenHeadings(table.columns, width: width)
    }

    /// The table itself if it fits; otherwise its columns in blocks that fit, each beginning with the first column.
    static func blocks(of table: Table, width: Int) -> [Table] {
        let widths = wrappedWidths(table)
        let shrunk = zip(table.columns, widths).map { $0.mayShrink ? min($1, shrunkWidthMinimum) : $1 }
        guard let key = widths.first, total(shrunk) > width else { return [table] }
        var groups: [[Int]] = [[0]]
        var used = key
        for column in widths.indices.dropFirst() {
            let more = Table.gap.count + widths[column]
            if used + more > width, groups[groups.count - 1].count > 1 {
                groups.append([0])
                used = key
            }
            groups[groups.count - 1].append(column)
            used += more
        }
        return groups.map(table.selecting)
    }

    private static func contents(_ table: Table) -> [Int] {
        table.columns.indices.map { column in table.rows.map { displayWidth($0[column]) }.max() ?? 0 }
    }

    /// With headings in as many lines as they have words.
    private static func wrappedWidths(_ table: Table) -> [Int] {
        zip(table.columns, contents(table)).map { max($1, words($0.title).map(displayWidth).max() ?? 0) }
    }

    private static func total(_ widths: [Int]) -> Int {
        widths.reduce(0, +) + Table.gap.count * max(0, widths.count - 1)
    }

    /// Spends what room is left on the tallest headings.
    private mutating func flattenHeadings(_ columns: [Table.Column], width: Int) {
        func height(_ column: Int, _ width: Int) -> Int { wrapped(columns[column].title, to: width).count }
        while let tallest = columns.indices.max(by: { height($0, widths[$0]) < height($1, widths[$1]) }) {
            let lines = height(tallest, widths[tallest])
            let room = width - Self.total(widths)
            guard lines > 1, room > 0,
                let wider = (1...room).first(where: { height(tallest, widths[tallest] + $0) < lines })
            else { return }
            widths[tallest] += wider
        }
    }
}

private func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }

/// `text` in lines of at most `width` cells, broken between words; a longer word has a line of its own.
func wrapped(_ text: String, to width: Int) -> [String] {
    var lines: [String] = []
    for word in words(text) {
        if let last = lines.last, displayWidth(last) + 1 + displayWidth(word) <= width {
            lines[lines.count - 1] = last + " " + word
        } else {
            lines.append(word)
        }
    }
    return lines
}

/// `text` without terminal control characters: names come from untrusted files.
func printable(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    var safe = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { safe.append(isControl(scalar) ? "\u{FFFD}" : scalar) }
    return String(safe)
}

private func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator, .format: true
    default: false
    }
}

/// `1234567` as `1,234,567`.
func grouped(_ number: some BinaryInteger) -> String {
    var digits = Array(number.magnitude.description)
    var place = digits.count - 3
    while place > 0 {
        digits.insert(",", at: place)
        place -= 3
    }
    return (number < 0 ? "-" : "") + String(digits)
}
