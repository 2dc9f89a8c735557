/// Which texts are taken for JSON.
public enum JSONDialect: Sendable {
    /// RFC 8259 to the letter: what programs send.
    case strict
    /// What people write, by JSON5: comments, commas at the end of lists, member names without quotes, strings in single
    /// quotes, numbers with a leading sign or point. Values mean the same, so hexadecimal and infinite numbers are none.
    case relaxed
}

/// A JSON document as values, for everything but events: definitions, stored records, configuration, answers.
///
/// Numbers keep their text, so that 0.7 is exactly 700,000 ppm. Of equal keys the last wins, as for events (SPEC 2.1).
public enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// A whole number.
    public static func integer(_ value: some BinaryInteger) -> JSONValue { .number(String(value)) }

    /// Reads one document.
    ///
    /// - Throws: ``JSONFault``, also where the document is nested deeper than `depthMaximum`.
    public init(
        reading bytes: some Sequence<UInt8>, _ dialect: JSONDialect = .strict,
        depthMaximum: Int = JSONValue.depthMaximum
    ) throws(JSONFault) {
        var reader = JSONReader(bytes: Array(bytes), dialect: dialect, depthMaximum: depthMaximum)
        self = try reader.document()
    }

    /// Reads one document by RFC 8259; nil when the bytes are anything else, or nested deeper than `depthMaximum`.
    public init?(_ bytes: some Sequence<UInt8>, depthMaximum: Int = JSONValue.depthMaximum) {
        guard let value = try? JSONValue(reading: bytes, depthMaximum: depthMaximum) else { return nil }
        self = value
    }

    /// Reads what people write, ``JSONDialect/relaxed``; nil when the bytes are not even that.
    public init?(relaxed bytes: some Sequence<UInt8>) {
        guard let value = try? JSONValue(reading: bytes, .relaxed) else { return nil }
        self = value
    }

    /// Nesting that any document of Andon may have (SPEC 2.5).
    public static let depthMaximum = 64

    /// A member of an object; nil for anything else.
    public subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members[name]
    }

    /// The elements of an array; none for anything else.
    public var items: [JSONValue] {
        guard case .array(let values) = self else { return [] }
        return values
    }

    /// A string or a number as text; nil for anything else.
    public var text: String? {
        switch self {
        case .string(let value), .number(let value): value
        case .null, .bool, .array, .object: nil
        }
    }
}

extension JSONWriter {
    /// A whole document, members in the order of their names.
    public mutating func value(_ value: JSONValue) {
        switch value {
        case .null: null()
        case .bool(let flag): bool(flag)
        case .number(let text): raw(text.utf8)
        case .string(let text): string(text)
        case .array(let values): array { writer in for value in values { writer.value(value) } }
        case .object(let members):
            object { writer in
                for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                    writer.key(name)
                    writer.value(member)
                }
            }
        }
    }
}
