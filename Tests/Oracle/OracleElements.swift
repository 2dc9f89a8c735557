/// Finds the elements of a list of events of which some are not JSON (SPEC 2.4): cuts the whole body into tokens and looks
/// only at how brackets and commas stand, as long as no quote can have been lost.
struct OracleElements {
    private enum Kind: Equatable {
        case quoted, word
        case mark(Character)
    }

    private struct Token {
        var kind: Kind
        var range: Range<Int>
    }

    private let body: [UInt8]
    private var tokens: [Token] = []
    private var next = 0

    /// - Returns: nil where the body stays unclear.
    static func find(in body: [UInt8]) -> (elements: [[UInt8]], envelope: OracleJSON?)? {
        // UTF-16.
        if body.prefix(2).contains(0) { return nil }
        guard var finder = OracleElements(body) else { return nil }
        var found: (elements: [[UInt8]], envelope: OracleJSON?) = ([], nil)
        if finder.kind == .mark("[") {
            guard let elements = finder.list() else { return nil }
            found.elements = elements
        } else {
            guard let members = finder.object() else { return nil }
            found = members
        }
        return finder.next == finder.tokens.count ? found : nil
    }

    // MARK: Tokens

    private init?(_ body: [UInt8]) {
        self.body = body
        var at = body.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
        while at < body.count {
            let start = at
            let character = Character(Unicode.Scalar(body[at]))
            if " \t\r\n".unicodeScalars.contains(Unicode.Scalar(body[at])) {
                at += 1
                continue
            }
            if "[]{},:".contains(character) {
                at += 1
                tokens.append(Token(kind: .mark(character), range: start..<at))
                continue
            }
            let kind: Kind = character == "\"" ? .quoted : .word
            // Where text and word touch, a quote is missing or too many.
            if let last = tokens.last, last.range.upperBound == start, last.kind == .quoted || last.kind == .word {
                return nil
            }
            guard let end = kind == .quoted ? Self.endOfText(body, at) : Self.endOfWord(body, at) else { return nil }
            at = end
            tokens.append(Token(kind: kind, range: start..<at))
        }
    }

    private static func endOfText(_ body: [UInt8], _ start: Int) -> Int? {
        var isEscaped = false
        for at in body.indices.dropFirst(start + 1) {
            if isEscaped {
                isEscaped = false
            } else if body[at] == UInt8(ascii: "\"") {
                return at + 1
            } else {
                isEscaped = body[at] == UInt8(ascii: "\\")
            }
        }
        return nil
    }

    private static func endOfWord(_ body: [UInt8], _ start: Int) -> Int {
        body[start...].firstIndex { "[]{},:\" \t\r\n".utf8.contains($0) } ?? body.count
    }

    private var kind: Kind? { next < tokens.count ? tokens[next].kind : nil }

    private mutating func take(_ mark: Character) -> Bool {
        guard kind == .mark(mark) else { return false }
        next += 1
        return true
    }

    // MARK: Structure

    private mutating func list() -> [[UInt8]]? {
        guard take("[") else { return nil }
        if take("]") { return [] }
        var elements: [[UInt8]] = []
        while let element = value() {
            elements.append(element)
            if take("]") { return elements }
            guard take(",") else { return nil }
        }
        return nil
    }

    /// The object around the list: everything in it but the list's elements is valid JSON.
    private mutating func object() -> (elements: [[UInt8]], envelope: OracleJSON?)? {
        guard take("{") else { return nil }
        var found: (elements: [[UInt8]], envelope: OracleJSON?) = ([], nil)
        if take("}") { return found }
        while kind == .quoted, let key = value().flatMap({ OracleJSON.document($0)?.text }), take(":") {
            if key == "events", kind == .mark("[") {
                guard let elements = list() else { return nil }
                found.elements = elements
            } else {
                guard let member = value().flatMap({ OracleJSON.document($0) }) else { return nil }
                if key == "events" { found.elements = [] }
                if key == "site_id" { found.envelope = member }
            }
            if take("}") { return found }
            guard take(",") else { return nil }
        }
        return nil
    }

    /// The bytes of one value: a token, or everything up to the bracket that closes the first one.
    private mutating func value() -> [UInt8]? {
        let first = next
        var open: [Character] = []
        repeat {
            switch kind {
            case .mark("["): open.append("]")
            case .mark("{"): open.append("}")
            case .mark("]"), .mark("}"):
                guard let closer = open.popLast(), kind == .mark(closer) else { return nil }
            case .mark: if open.isEmpty { return nil }
            case .quoted, .word: break
            case nil: return nil
            }
            next += 1
        } while !open.isEmpty
        return Array(body[tokens[first].range.lowerBound..<tokens[next - 1].range.upperBound])
    }
}
