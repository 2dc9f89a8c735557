/// The parts of a request target (RFC 9112 3.2), still encoded.
struct RequestTarget {
    /// From its first slash; `*` of `OPTIONS *` stands for itself.
    let path: ArraySlice<UInt8>
    /// Without the question mark; nil where there is none.
    let query: ArraySlice<UInt8>?

    /// - Returns: nil where the target has neither origin, absolute nor asterisk form.
    init?(_ bytes: ArraySlice<UInt8>) {
        // Raw spaces and control characters have no place in a target, nor has a fragment.
        guard !bytes.contains(where: { $0 <= 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "#") }) else { return nil }
        guard let start = Self.pathStart(bytes) else { return nil }
        let mark = bytes[start...].firstIndex(of: UInt8(ascii: "?"))
        let path = bytes[start..<(mark ?? bytes.endIndex)]
        self.path = path.isEmpty ? [UInt8(ascii: "/")] : path
        query = mark.map { bytes[($0 + 1)...] }
    }

    /// Path and query in origin form, still encoded. Only targets whose parts are UTF-8 reach a handler.
    var originForm: String { originForm(path) }

    /// The same for a path that ends with a slash.
    var originFormWithoutLastSlash: String { originForm(path.dropLast()) }

    private func originForm(_ path: ArraySlice<UInt8>) -> String {
        String(decoding: path, as: UTF8.self) + (query.map { "?" + String(decoding: $0, as: UTF8.self) } ?? "")
    }

    /// Where the path begins: at once, or after `http://authority`.
    private static func pathStart(_ bytes: ArraySlice<UInt8>) -> Int? {
        guard let first = bytes.first else { return nil }
        if first == UInt8(ascii: "/") || bytes.elementsEqual("*".utf8) { return bytes.startIndex }
        for scheme in ["http://", "https://"] {
            let prefix = bytes.prefix(scheme.utf8.count).map { $0 | 0x20 }
            guard prefix == scheme.utf8.map({ $0 | 0x20 }) else { continue }
            let authority = bytes.dropFirst(scheme.utf8.count)
            let end = authority.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") }
            return end ?? bytes.endIndex
        }
        return nil
    }
}

/// Percent-decoding that tells malformed text apart.
enum PercentDecoding {
    /// - Parameter plusIsSpace: True in queries, where `+` stands for a space.
    /// - Returns: nil where an escape is cut or not hexadecimal, and where the result holds NUL or is not UTF-8.
    static func decode(_ bytes: ArraySlice<UInt8>, plusIsSpace: Bool) -> String? {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            var byte = bytes[index]
            if byte == UInt8(ascii: "%") {
                guard index + 2 < bytes.endIndex, let high = hexadecimal(bytes[index + 1]),
                    let low = hexadecimal(bytes[index + 2])
                else { return nil }
                byte = high << 4 | low
                index += 2
            } else if byte == UInt8(ascii: "+"), plusIsSpace {
                byte = UInt8(ascii: " ")
            }
            guard byte != 0 else { return nil }
            decoded.append(byte)
            index += 1
        }
        return String(validating: decoded, as: UTF8.self)
    }

    /// Pairs of a query in their order, duplicates kept. A name without `=` has an empty value.
    /// - Returns: nil where any part is malformed.
    static func decodeQuery(_ query: ArraySlice<UInt8>) -> [(name: String, value: String)]? {
        var pairs: [(name: String, value: String)] = []
        for part in query.split(separator: UInt8(ascii: "&")) {
            let equals = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
            guard let name = decode(part[..<equals], plusIsSpace: true),
                let value = decode(part[equals...].dropFirst(), plusIsSpace: true)
            else { return nil }
            pairs.append((name, value))
        }
        return pairs
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
