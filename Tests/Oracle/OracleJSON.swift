internal import Foundation

/// A JSON value as the admission oracle sees it: read the slow way, scalar by scalar.
indirect enum OracleJSON {
    case null
    case bool
    case number(String)
    case string(String)
    case array([OracleJSON])
    /// In the order of the text; of equal keys the last wins (SPEC 2.1).
    case object([(key: String, value: OracleJSON)])

    /// One whole document; nil for text that is none.
    static func document(_ bytes: [UInt8]) -> OracleJSON? {
        guard let text = String(bytes: bytes, encoding: .utf8) else { return nil }
        var scanner = OracleScanner(Array(text.unicodeScalars))
        guard let value = scanner.value() else { return nil }
        scanner.skipBlanks()
        return scanner.isAtEnd ? value : nil
    }

    /// The last member of this name; nil where there is none, and for what is no object.
    func member(_ name: String) -> OracleJSON? {
        guard case .object(let members) = self else { return nil }
        return members.last { Array($0.key.utf8) == Array(name.utf8) }?.value
    }

    /// Levels of arrays and objects.
    var depth: Int {
        switch self {
        case .array(let elements): 1 + (elements.map(\.depth).max() ?? 0)
        case .object(let members): 1 + (members.map(\.value.depth).max() ?? 0)
        default: 0
        }
    }

    var isNull: Bool { if case .null = self { true } else { false } }
    var text: String? { if case .string(let text) = self { text } else { nil } }
    var digits: String? { if case .number(let digits) = self { digits } else { nil } }
}

private struct OracleScanner {
    let scalars: [Unicode.Scalar]
    var at = 0

    init(_ scalars: [Unicode.Scalar]) { self.scalars = scalars }

    var isAtEnd: Bool { at == scalars.count }

    private var next: Unicode.Scalar? { at < scalars.count ? scalars[at] : nil }

    mutating func skipBlanks() {
        while let scalar = next, " \t\r\n".unicodeScalars.contains(scalar) { at += 1 }
    }

    private mutating func take(_ text: String) -> Bool {
        let wanted = Array(text.unicodeScalars)
        guard scalars.count - at >= wanted.count, Array(scalars[at..<at + wanted.count]) == wanted else { return false }
        at += wanted.count
        return true
    }

    mutating func value() -> OracleJSON? {
        skipBlanks()
        if take("null") { return .null }
        if take("true") || take("false") { return .bool }
        if next == "\"" { return string().map { .string($0) } }
        if take("[") { return array() }
        if take("{") { return object() }
        return number()
    }

    private mutating func array() -> OracleJSON? {
        var elements: [OracleJSON] = []
        skipBlanks()
        if take("]") { return .array([]) }
        while true {
            guard let element = value() else { return nil }
            elements.append(element)
            skipBlanks()
            if take("]") { return .array(elements) }
            guard take(",") else { return nil }
        }
    }

    private mutating func object() -> OracleJSON? {
        var members: [(key: String, value: OracleJSON)] = []
        skipBlanks()
        if take("}") { return .object([]) }
        while true {
            skipBlanks()
            guard next == "\"", let key = string() else { return nil }
            skipBlanks()
            guard take(":"), let member = value() else { return nil }
            members.append((key, member))
            skipBlanks()
            if take("}") { return .object(members) }
            guard take(",") else { return nil }
        }
    }

    private mutating func string() -> String? {
        at += 1
        // UTF-16, so that two escapes can make one character.
        var units: [UInt16] = []
        while let scalar = next {
            at += 1
            if scalar == "\"" {
                let text = String(decoding: units, as: UTF16.self)
                return Array(text.utf16) == units ? text : nil
            }
            guard scalar.value >= 0x20 else { return nil }
            guard scalar == "\\" else {
                units += Array(String(scalar).utf16)
                continue
            }
            guard let kind = next else { return nil }
            at += 1
            switch kind {
            case "\"", "\\", "/": units.append(UInt16(kind.value))
            case "b": units.append(8)
            case "f": units.append(12)
            case "n": units.append(10)
            case "r": units.append(13)
            case "t": units.append(9)
            case "u":
                guard scalars.count - at >= 4 else { return nil }
                let digits = String(String.UnicodeScalarView(scalars[at..<at + 4]))
                guard digits.allSatisfy(\.isHexDigit), let unit = UInt16(digits, radix: 16) else { return nil }
                units.append(unit)
                at += 4
            default: return nil
            }
        }
        return nil
    }

    private mutating func number() -> OracleJSON? {
        let rest = String(String.UnicodeScalarView(scalars[at...].prefix(200)))
        guard let match = rest.prefixMatch(of: /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/) else { return nil }
        at += match.output.0.unicodeScalars.count
        return .number(String(match.output.0))
    }
}
