/// Where and why a text is not JSON.
public struct JSONFault: Error, Equatable, Sendable, CustomStringConvertible {
    /// Counts from 1.
    public var line: Int
    /// The character of the line, which counts from 1.
    public var column: Int
    /// What is wrong there, in one clause without a full stop.
    public var message: String

    public init(line: Int, column: Int, message: String) {
        self.line = line
        self.column = column
        self.message = message
    }

    /// - Parameter offset: The byte at which reading had to end.
    init(at offset: Int, of bytes: [UInt8], _ message: String) {
        let before = bytes[..<min(offset, bytes.count)]
        let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? JSONReader.markLength(bytes)
        line = 1 + before.count { $0 == UInt8(ascii: "\n") }
        // Bytes that continue a character of UTF-8 are not counted.
        column = 1 + before.dropFirst(start).count { $0 & 0xc0 != 0x80 }
        self.message = message
    }

    public var description: String { "line \(line), column \(column): \(message)" }
}
