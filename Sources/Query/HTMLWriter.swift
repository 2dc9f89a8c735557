/// Writes a page of HTML: markup from literals in the source, everything else escaped.
struct HTMLWriter {
    private(set) var bytes: [UInt8] = []

    init(reservedBytes: Int) { bytes.reserveCapacity(reservedBytes) }

    /// Markup that stands in the source as it is.
    mutating func markup(_ text: StaticString) { text.withUTF8Buffer { bytes.append(contentsOf: $0) } }

    /// Text, in an element or in an attribute between quotation marks.
    mutating func text(_ text: some StringProtocol) { self.text(utf8: text.utf8) }

    /// Text as UTF-8; bytes that are none become U+FFFD.
    mutating func text(utf8 text: some Sequence<UInt8>) {
        for byte in String(decoding: Array(text), as: UTF8.self).utf8 {
            switch byte {
            case UInt8(ascii: "&"): bytes += Array("&amp;".utf8)
            case UInt8(ascii: "<"): bytes += Array("&lt;".utf8)
            case UInt8(ascii: ">"): bytes += Array("&gt;".utf8)
            case UInt8(ascii: "\""): bytes += Array("&quot;".utf8)
            case UInt8(ascii: "'"): bytes += Array("&#39;".utf8)
            default: bytes.append(byte)
            }
        }
    }

    /// An element with text.
    mutating func element(_ name: StaticString, _ text: some StringProtocol) {
        markup("<")
        markup(name)
        markup(">")
        self.text(text)
        markup("</")
        markup(name)
        markup(">")
    }

    /// A row of a table: the first `heads` cells are its head, numbers stand on the right.
    mutating func row(_ cells: [Cell]) {
        markup("<tr>")
        for cell in cells { self.cell(cell) }
        markup("</tr>\n")
    }

    enum Cell {
        case head(String)
        case text(String)
        case number(String)
        /// A number that somebody should look at, with the word that says why.
        case marked(String, StaticString)
    }

    private mutating func cell(_ cell: Cell) {
        switch cell {
        case .head(let text):
            markup("<th scope=\"row\">")
            self.text(text)
            markup("</th>")
        case .text(let text): element("td", text)
        case .number(let text):
            markup("<td class=\"n\">")
            self.text(text)
            markup("</td>")
        case .marked(let text, let word):
            markup("<td class=\"n\"><span class=\"mark\">")
            markup(word)
            markup("</span> ")
            self.text(text)
            markup("</td>")
        }
    }

    /// The head of a table.
    mutating func header(_ titles: [(title: String, isNumber: Bool)]) {
        markup("<thead><tr>")
        for (title, isNumber) in titles {
            if isNumber { markup("<th scope=\"col\" class=\"n\">") } else { markup("<th scope=\"col\">") }
            text(title)
            markup("</th>")
        }
        markup("</tr></thead>\n")
    }
}
