public import Foundation

extension JSONValue {
    /// Reads what people write: JSON5, that is JSON with comments, trailing commas and bare member names.
    ///
    /// Numbers are exact decimals. nil when the bytes are not even that.
    public init?(relaxed bytes: Data) {
        let decoder = JSONDecoder()
        decoder.allowsJSON5 = true
        guard let document = try? decoder.decode(Relaxed.self, from: bytes) else { return nil }
        self = document.value
    }

    private struct Relaxed: Decodable {
        var value: JSONValue

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                value = .null
            } else if let flag = try? container.decode(Bool.self) {
                value = .bool(flag)
            } else if let number = try? container.decode(Decimal.self) {
                value = .number("\(number)")
            } else if let text = try? container.decode(String.self) {
                value = .string(text)
            } else if let elements = try? container.decode([Relaxed].self) {
                value = .array(elements.map(\.value))
            } else {
                value = .object(try container.decode([String: Relaxed].self).mapValues(\.value))
            }
        }
    }
}
