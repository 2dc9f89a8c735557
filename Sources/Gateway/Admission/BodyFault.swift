/// Why the body as a whole is refused (SPEC 2.5).
package enum BodyFault: Error, Equatable {
    /// Not JSON, and not a list either whose events can be told apart; where that shows.
    case malformed(BodyPlace)
    /// UTF-16, as some tools of Windows write it.
    case utf16
    case tooDeep
    case noEvents
    /// Something else than an object where one event is expected.
    case notOneEvent
    /// Something without a list of events where several are expected, e.g. a bare event.
    case noList
    case tooManyEvents
    case noMemory
}

/// A place in a body, for the message to its sender.
package struct BodyPlace: Equatable, Sendable {
    /// Bytes before it.
    package var offset: Int
    /// From 1.
    package var line: Int
    /// Character of the line, from 1.
    package var column: Int

    package init(offset: Int, line: Int, column: Int) {
        (self.offset, self.line, self.column) = (offset, line, column)
    }

    /// - Parameter offset: At most the number of bytes.
    init(offset: Int, in body: UnsafeRawBufferPointer) {
        self.init(offset: offset, line: 1, column: 1)
        // A byte order mark is no character of the text.
        let mark = body.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
        for byte in body.prefix(offset).dropFirst(mark) {
            if byte == UInt8(ascii: "\n") {
                (line, column) = (line + 1, 1)
            } else if byte & 0xc0 != 0x80 {
                // Every byte but those that continue a character.
                column += 1
            }
        }
    }
}
