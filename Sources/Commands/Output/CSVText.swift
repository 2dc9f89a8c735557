/// Rows of values as RFC 4180 has them: a header, CRLF after each line, quotes where they are needed.
struct CSVText: Equatable {
    var header: [String]
    var rows: [[String]] = []

    /// The bytes of the file.
    var bytes: [UInt8] {
        ([header] + rows).flatMap { row in
            Array(row.map(Self.field).joined(separator: ",".utf8)) + Array("\r\n".utf8)
        }
    }

    /// Works on bytes: to Swift, a quote and an accent after it are one character.
    private static func field(_ text: String) -> [UInt8] {
        let quote = UInt8(ascii: "\"")
        let special = [UInt8(ascii: ","), quote, UInt8(ascii: "\r"), UInt8(ascii: "\n")]
        guard text.utf8.contains(where: special.contains) else { return Array(text.utf8) }
        return [quote] + text.utf8.flatMap { $0 == quote ? [quote, quote] : [$0] } + [quote]
    }
}
