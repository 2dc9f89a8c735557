/// Reads the rows of a CSV file (RFC 4180): cells in quotes may hold separators, quotes twice and line ends.
struct CSVTable {
    struct Row: Equatable {
        /// Number of the line on which it begins, from 1.
        var line: Int64
        var cells: [[UInt8]]
        /// The row as it stands in the file, without its line end; cut where it is too long.
        var text: [UInt8]
        /// Why the row cannot be used; nil if it can.
        var fault: String?
        var end: Int64
        var endLine: Int64

        var isBlank: Bool { cells.count == 1 && cells[0].allSatisfy { $0 == 0x20 || $0 == 0x09 } }
    }

    private var cursor: ByteCursor
    private let rowBytesMaximum: Int
    /// `,`, `;` or a tab.
    private(set) var separator: UInt8

    /// - Parameter stream: Nobody has read from it.
    init(_ stream: ByteStream, rowBytesMaximum: Int) {
        separator = Self.separator(in: stream.head)
        cursor = ByteCursor(stream)
        self.rowBytesMaximum = rowBytesMaximum
    }

    /// The separator that stands most often in the first line: spreadsheets of many countries write `;`.
    private static func separator(in head: [UInt8]) -> UInt8 {
        let line = head.prefix { $0 != 0x0a && $0 != 0x0d }
        func count(_ byte: UInt8) -> Int { line.count { $0 == byte } }
        return [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t")].max { count($0) < count($1) } ?? 0x2c
    }

    /// The next row; nil at the end.
    mutating func row() throws(CommandFailure) -> Row? {
        guard try cursor.peek() != nil else { return nil }
        var row = Row(line: cursor.line, cells: [], text: [], end: 0, endLine: 0)
        var cell: [UInt8] = []
        var (isQuoted, wasQuoted, count) = (false, false, 0)
        while let byte = try cursor.take() {
            if !isQuoted, byte == UInt8(ascii: "\n") { break }
            count += 1
            if count <= rowBytesMaximum { row.text.append(byte) }
            if isQuoted {
                guard byte == UInt8(ascii: "\"") else {
                    if count <= rowBytesMaximum { cell.append(byte) }
                    continue
                }
                if try cursor.peek() == UInt8(ascii: "\"") {
                    row.text.append(try cursor.take() ?? byte)
                    cell.append(byte)
                } else {
                    isQuoted = false
                }
            } else if byte == separator {
                row.cells.append(cell)
                cell = []
                wasQuoted = false
            } else if byte == UInt8(ascii: "\""), cell.isEmpty, !wasQuoted {
                (isQuoted, wasQuoted) = (true, true)
            } else if count <= rowBytesMaximum {
                cell.append(byte)
            }
        }
        // The line end of Windows.
        if cell.last == UInt8(ascii: "\r") { cell.removeLast() }
        if row.text.last == UInt8(ascii: "\r") { row.text.removeLast() }
        row.cells.append(cell)
        if isQuoted { row.fault = "a quote is opened and never closed" }
        if count > rowBytesMaximum { row.fault = "the row is longer than a request may be" }
        row.end = cursor.offset
        row.endLine = cursor.line - 1
        return row
    }
}
