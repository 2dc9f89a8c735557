/// Which codings of an answer a client takes, by its `Accept-Encoding` (RFC 9110, 12.5.3).
struct AcceptedCodings: Equatable, Sendable {
    /// gzip is taken, and liked at least as much as an answer without coding.
    private(set) var prefersGzip = false
    /// An answer without coding may not be sent.
    private(set) var refusesIdentity = false

    /// - Parameter header: All lines of the header, joined by commas; nil where it is absent, which allows no coding.
    init(_ header: String?) {
        guard let header else { return }
        var qualities: [String: Int] = [:]
        for part in header.split(separator: ",") {
            let fields = part.split(separator: ";", omittingEmptySubsequences: false).map(Self.trimmed)
            // What cannot be read is not accepted.
            qualities[fields[0].lowercased()] = Self.quality(fields.dropFirst()) ?? 0
        }
        let any = qualities["*"]
        let gzip = qualities["gzip"] ?? qualities["x-gzip"] ?? any ?? 0
        // Where only other codings are named, sending none is allowed and liked least.
        let identity = qualities["identity"] ?? (any == 0 ? 0 : nil)
        prefersGzip = gzip > 0 && gzip >= identity ?? 0
        refusesIdentity = identity == 0
    }

    /// In thousandths, 1000 where none is given; nil where it is malformed.
    private static func quality(_ parameters: ArraySlice<String>) -> Int? {
        guard let text = parameters.first(where: { $0.lowercased().hasPrefix("q=") })?.dropFirst(2) else { return 1000 }
        let digits = text.utf8.filter { $0 != UInt8(ascii: ".") }
        guard text.utf8.count <= 5, text.first == "0" || text.first == "1", digits.count >= text.utf8.count - 1,
            text.utf8.count < 2 || text.utf8.dropFirst().first == UInt8(ascii: "."),
            let number = Int(String(decoding: digits, as: UTF8.self))
        else { return nil }
        let thousandths = (digits.count..<4).reduce(number) { value, _ in value * 10 }
        return thousandths <= 1000 ? thousandths : nil
    }

    private static func trimmed(_ text: Substring) -> String { text.filter { $0 != " " && $0 != "\t" } }
}
