/// Reads JSON by RFC 8259 to the letter, or the JSON5 that people write.
struct JSONReader {
    let bytes: [UInt8]
    let dialect: JSONDialect
    let depthMaximum: Int
    private var next: Int

    init(bytes: [UInt8], dialect: JSONDialect, depthMaximum: Int) {
        self.bytes = bytes
        self.dialect = dialect
        self.depthMaximum = depthMaximum
        next = Self.markLength(bytes)
    }

    /// Bytes of the byte order mark at the beginning.
    static func markLength(_ bytes: [UInt8]) -> Int { bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0 }

    mutating func document() throws(JSONFault) -> JSONValue {
        let value = try value(depth: 0)
        try skipBlanks()
        guard next == bytes.count else { throw fault("nothing may follow the value") }
        return value
    }

    // MARK: Values

    private mutating func value(depth: Int) throws(JSONFault) -> JSONValue {
        try skipBlanks()
        switch peek {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "'") where isRelaxed: return .string(try string())
        case UInt8(ascii: "t") where take("true"): return .bool(true)
        case UInt8(ascii: "f") where take("false"): return .bool(false)
        case UInt8(ascii: "n") where take("null"): return .null
        case let byte? where 0x30...0x39 ~= byte || byte == UInt8(ascii: "-"): return try number()
        case UInt8(ascii: "+") where isRelaxed, UInt8(ascii: ".") where isRelaxed: return try number()
        default: throw fault("a value is expected here")
        }
    }

    private mutating func object(depth: Int) throws(JSONFault) -> JSONValue {
        try enter(depth)
        var members: [String: JSONValue] = [:]
        try skipBlanks()
        if take("}") { return .object(members) }
        while true {
            let name = try memberName()
            try skipBlanks()
            guard take(":") else { throw fault("':' is expected here") }
            members[name] = try value(depth: depth)
            try skipBlanks()
            if take("}") { return .object(members) }
            guard take(",") else { throw fault("',' or '}' is expected here") }
            try skipBlanks()
            if isRelaxed, take("}") { return .object(members) }
        }
    }

    private mutating func memberName() throws(JSONFault) -> String {
        switch peek {
        case UInt8(ascii: "\""): return try string()
        case UInt8(ascii: "'") where isRelaxed: return try string()
        default:
            let start = next
            if isRelaxed { while let byte = peek, Self.isOfBareName(byte) { next += 1 } }
            guard next > start, !(0x30...0x39 ~= bytes[start]),
                let name = String(validating: bytes[start..<next], as: UTF8.self)
            else {
                next = start
                throw fault(isRelaxed ? "a member name is expected here" : "a member name in \"\" is expected here")
            }
            return name
        }
    }

    private static func isOfBareName(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "_"), UInt8(ascii: "$"), 0x80...: true
        default: false
        }
    }

    private mutating func array(depth: Int) throws(JSONFault) -> JSONValue {
        try enter(depth)
        var elements: [JSONValue] = []
        try skipBlanks()
        if take("]") { return .array(elements) }
        while true {
            elements.append(try value(depth: depth))
            try skipBlanks()
            if take("]") { return .array(elements) }
            guard take(",") else { throw fault("',' or ']' is expected here") }
            try skipBlanks()
            if isRelaxed, take("]") { return .array(elements) }
        }
    }

    /// Passes the bracket of an object or array.
    private mutating func enter(_ depth: Int) throws(JSONFault) {
        guard depth <= depthMaximum else { throw fault("nested deeper than \(depthMaximum)") }
        next += 1
    }

    // MARK: Strings

    private mutating func string() throws(JSONFault) -> String {
        let start = next
        let quote = bytes[next]
        next += 1
        var text: [UInt8] = []
        while let byte = peek {
            switch byte {
            case quote:
                next += 1
                guard let valid = String(validating: text, as: UTF8.self) else {
                    throw fault("the string is not UTF-8", at: start)
                }
                return valid
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20:
                let isLineEnd = byte == 0x0a || byte == 0x0d
                throw fault(
                    isLineEnd ? "the line ends inside a string" : "a control character in a string has to be escaped")
            default:
                text.append(byte)
                next += 1
            }
        }
        throw fault("the string does not end", at: start)
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONFault) {
        let start = next
        next += 1
        let byte = peek
        next += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(bytes[next - 1])
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text += String(try unicode(from: start)).utf8
        case UInt8(ascii: "'") where isRelaxed: text.append(bytes[next - 1])
        // A string goes on in the next line.
        case 0x0a where isRelaxed: break
        case 0x0d where isRelaxed: _ = take("\n")
        default: throw fault("an escape that JSON does not know", at: start)
        }
    }

    /// The character of an escape that begins at `start`.
    private mutating func unicode(from start: Int) throws(JSONFault) -> Character {
        let broken = fault("\\u and four hexadecimal digits are expected here", at: start)
        guard let high = hexadecimal() else { throw broken }
        if let scalar = Unicode.Scalar(high) { return Character(scalar) }
        guard 0xd800...0xdbff ~= high, take("\\u"), let low = hexadecimal(), 0xdc00...0xdfff ~= low,
            let scalar = Unicode.Scalar(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))
        else { throw fault("half of a character: \\ud800 to \\udfff come in pairs", at: start) }
        return Character(scalar)
    }

    private mutating func hexadecimal() -> UInt32? {
        guard bytes.count - next >= 4 else { return nil }
        var value: UInt32 = 0
        for byte in bytes[next..<next + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            value = value << 4 | UInt32(digit)
        }
        next += 4
        return value
    }

    // MARK: Numbers

    private mutating func number() throws(JSONFault) -> JSONValue {
        let start = next
        var text = ""
        if isRelaxed, take("+") {} else if take("-") { text = "-" }
        let whole = digits()
        text += whole.isEmpty && isRelaxed && peek == UInt8(ascii: ".") ? "0" : whole
        guard text.last?.isNumber == true, whole.count < 2 || whole.first != "0" else {
            throw fault("the number is malformed", at: start)
        }
        if take(".") {
            let fraction = digits()
            guard !fraction.isEmpty || isRelaxed && !whole.isEmpty else {
                throw fault("the number is malformed", at: start)
            }
            if !fraction.isEmpty { text += "." + fraction }
        }
        let exponent = next
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            guard !digits().isEmpty else { throw fault("the number is malformed", at: start) }
            text += String(decoding: bytes[exponent..<next], as: UTF8.self)
        }
        return .number(text)
    }

    private mutating func digits() -> String {
        let start = next
        while let byte = peek, 0x30...0x39 ~= byte { next += 1 }
        return String(decoding: bytes[start..<next], as: UTF8.self)
    }

    // MARK: Bytes

    private var isRelaxed: Bool { dialect == .relaxed }

    private var peek: UInt8? { next < bytes.count ? bytes[next] : nil }

    private func fault(_ message: String, at offset: Int? = nil) -> JSONFault {
        let isAtEnd = offset == nil && next >= bytes.count
        return JSONFault(at: offset ?? next, of: bytes, isAtEnd ? "the text ends too early; \(message)" : message)
    }

    private mutating func skipBlanks() throws(JSONFault) {
        while true {
            while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d { next += 1 }
            guard isRelaxed else { return }
            if take("//") {
                while let byte = peek, byte != 0x0a, byte != 0x0d { next += 1 }
            } else if take("/*") {
                let start = next - 2
                while !take("*/") {
                    guard next < bytes.count else { throw fault("the comment does not end", at: start) }
                    next += 1
                }
            } else if !take("\u{A0}"), !take("\u{FEFF}"), !take("\u{B}"), !take("\u{C}") {
                return
            }
        }
    }

    private mutating func take(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { text in
            guard bytes.count - next >= text.count, bytes[next..<next + text.count].elementsEqual(text) else {
                return false
            }
            next += text.count
            return true
        }
    }
}
