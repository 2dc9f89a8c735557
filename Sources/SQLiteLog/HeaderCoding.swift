internal import EventLog

/// Encodes the headers of a row: name and value of each, both with a length prefix (4 bytes, little-endian). NULL when
/// there are no headers.
enum HeaderCoding {
    static func encode(_ headers: [RecordHeader]) -> [UInt8] {
        var bytes: [UInt8] = []
        for header in headers {
            append(Array(header.name.utf8), to: &bytes)
            append(header.value, to: &bytes)
        }
        return bytes
    }

    /// Stops at the first length that does not fit; this only happens in a damaged file.
    static func decode(_ bytes: UnsafeRawBufferPointer) -> [RecordHeader] {
        var rest = bytes[...]
        var headers: [RecordHeader] = []
        while let name = next(&rest), let value = next(&rest) {
            headers.append(RecordHeader(name: String(decoding: name, as: UTF8.self), value: Array(value)))
        }
        return headers
    }

    private static func append(_ part: [UInt8], to bytes: inout [UInt8]) {
        withUnsafeBytes(of: UInt32(part.count).littleEndian) { bytes += $0 }
        bytes += part
    }

    private static func next(_ rest: inout Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer>? {
        guard rest.count >= 4 else { return nil }
        let count = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        rest = rest.dropFirst(4)
        guard count <= rest.count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}
