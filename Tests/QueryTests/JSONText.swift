import HTTPServer
import Testing

/// JSON with its numbers as text: answers are compared digit by digit, which a `Double` would hide.
enum JSONText: Equatable {
    case object([String: JSONText])
    case array([JSONText])
    case string(String)
    case number(String)
    case bool(Bool)
    case null

    subscript(_ key: String) -> JSONText? {
        guard case .object(let members) = self else { return nil }
        return members[key]
    }

    subscript(_ index: Int) -> JSONText? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    var elements: [JSONText] {
        guard case .array(let elements) = self else { return [] }
        return elements
    }

    var keys: Set<String> {
        guard case .object(let members) = self else { return [] }
        return Set(members.keys)
    }

    var text: String? {
        switch self {
        case .string(let text), .number(let text): text
        default: nil
        }
    }

    static func integer(_ value: some BinaryInteger) -> JSONText { .number(String(value)) }
}

struct JSONTextError: Error { let at: Int }

extension JSONText {
    init(_ bytes: [UInt8]) throws {
        var reader = Reader(bytes: bytes)
        self = try reader.value()
        guard reader.index == bytes.count else { throw JSONTextError(at: reader.index) }
    }

    private struct Reader {
        let bytes: [UInt8]
        var index = 0

        private var next: Character { index < bytes.count ? Character(Unicode.Scalar(bytes[index])) : "\0" }

        mutating func value() throws -> JSONText {
            switch next {
            case "{": return try object()
            case "[": return try array()
            case "\"": return .string(try string())
            case "t": return try literal("true", .bool(true))
            case "f": return try literal("false", .bool(false))
            case "n": return try literal("null", .null)
            default: return try number()
            }
        }

        private mutating func literal(_ text: String, _ value: JSONText) throws -> JSONText {
            for character in text { try take(character) }
            return value
        }

        private mutating func take(_ character: Character) throws {
            guard next == character else { throw JSONTextError(at: index) }
            index += 1
        }

        private mutating func number() throws -> JSONText {
            let start = index
            while "-0123456789.".contains(next) { index += 1 }
            guard index > start else { throw JSONTextError(at: index) }
            return .number(String(decoding: bytes[start..<index], as: UTF8.self))
        }

        private mutating func string() throws -> String {
            try take("\"")
            var text: [UInt8] = []
            while next != "\"" {
                guard index < bytes.count else { throw JSONTextError(at: index) }
                if next == "\\" { index += 1 }  // Tests use no other escapes than quote and backslash.
                text.append(bytes[index])
                index += 1
            }
            index += 1
            return String(decoding: text, as: UTF8.self)
        }

        private mutating func array() throws -> JSONText {
            try take("[")
            var elements: [JSONText] = []
            while next != "]" {
                if !elements.isEmpty { try take(",") }
                elements.append(try value())
            }
            try take("]")
            return .array(elements)
        }

        private mutating func object() throws -> JSONText {
            try take("{")
            var members: [String: JSONText] = [:]
            while next != "}" {
                if !members.isEmpty { try take(",") }
                let key = try string()
                try take(":")
                guard members.updateValue(try value(), forKey: key) == nil else { throw JSONTextError(at: index) }
            }
            try take("}")
            return .object(members)
        }
    }
}
