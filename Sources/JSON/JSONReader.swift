/// Reads JSON by RFC 8259 to the letter.
struct JSONReader {
    let bytes: [UInt8]
    let depthMaximum: Int
    private var next = 0

    init(bytes: [UInt8], depthMaximum: Int) {
        self.bytes = bytes
        self.depthMaximum = depthMaximum
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { next = 3 }
    }

    mutating func document() -> JSONValue? {
        guard let value = value(depth: 0) else { return nil }
        skipBlanks()
        return next == bytes.count ? value : nil
    }

    private mutating func value(depth: Int) -> JSONValue? {
        skipBlanks()
        switch peek {
        case UInt8(ascii: "{"): return object(depth: depth + 1)
        case UInt8(ascii: "["): return array(depth: depth + 1)
        case UInt8(ascii: "\""): return string().map { .string($0) }
        case UInt8(ascii: "t"): return take("true") ? .bool(true) : nil
        case UInt8(ascii: "f"): return take("false") ? .bool(false) : nil
        case UInt8(ascii: "n"): return take("null") ? .null : nil
        default: return number()
        }
    }

    private mutating func object(depth: Int) -> JSONValue? {
        guard depth <= depthMaximum else { return nil }
        next += 1
        var members: [String: JSONValue] = [:]
        skipBlanks()
        if take("}") { return .object([:]) }
        while true {
            skipBlanks()
            guard peek == UInt8(ascii: "\""), let key = string() else { return nil }
            skipBlanks()
            guard take(":"), let member = value(depth: depth) else { return nil }
            members[key] = member
            skipBlanks()
            if take("}") { return .object(members) }
            guard take(",") else { return nil }
        }
    }

    private mutating func array(depth: Int) -> JSONValue? {
        guard depth <= depthMaximum else { return nil }
        next += 1
        var elements: [JSONValue] = []
        skipBlanks()
        if take("]") { return .array([]) }
        while true {
            guard let element = value(depth: depth) else { return nil }
            elements.append(element)
            skipBlanks()
            if take("]") { return .array(elements) }
            guard take(",") else { return nil }
        }
    }

    private mutating func string() -> String? {
        next += 1
        var text: [UInt8] = []
        while let byte = peek {
            next += 1
            switch byte {
            case UInt8(ascii: "\""): return String(validating: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let character = escape() else { return nil }
                text.append(contentsOf: String(character).utf8)
            case 0..<0x20: return nil
            default: text.append(byte)
            }
        }
        return nil
    }

    private mutating func escape() -> Unicode.Scalar? {
        guard let byte = peek else { return nil }
        next += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            guard let high = hexadecimal() else { return nil }
            guard 0xd800...0xdbff ~= high else { return Unicode.Scalar(high) }
            guard take("\\u"), let low = hexadecimal(), 0xdc00...0xdfff ~= low else { return nil }
            return Unicode.Scalar(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))
        default: return nil
        }
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

    private mutating func number() -> JSONValue? {
        let start = next
        _ = take("-")
        if !take("0") { guard digits() else { return nil } }
        if take(".") { guard digits() else { return nil } }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            guard digits() else { return nil }
        }
        return .number(String(decoding: bytes[start..<next], as: UTF8.self))
    }

    private mutating func digits() -> Bool {
        let start = next
        while let byte = peek, 0x30...0x39 ~= byte { next += 1 }
        return next > start
    }

    private var peek: UInt8? { next < bytes.count ? bytes[next] : nil }

    private mutating func skipBlanks() {
        while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d { next += 1 }
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
