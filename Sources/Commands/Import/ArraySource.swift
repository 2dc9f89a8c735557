/// A JSON array of events, read element by element: it may be larger than the memory.
struct ArraySource: EventSource {
    private var cursor: ByteCursor
    private let name: String
    private let elementBytesMaximum: Int
    private var hasBegun = false
    private var hasEnded = false

    init(_ stream: ByteStream, elementBytesMaximum: Int) {
        cursor = ByteCursor(stream)
        name = stream.name
        self.elementBytesMaximum = elementBytesMaximum
    }

    mutating func next() throws(CommandFailure) -> SourceEvent? {
        guard !hasEnded else { return nil }
        try cursor.skipBlanks()
        if hasBegun {
            guard let separator = try cursor.take() else { throw cutOff() }
            if separator == UInt8(ascii: "]") { return try end() }
            guard separator == UInt8(ascii: ",") else { throw broken("',' or ']' has to follow an element") }
        } else {
            hasBegun = true
            _ = try cursor.take()
            try cursor.skipBlanks()
            if try cursor.peek() == UInt8(ascii: "]") {
                _ = try cursor.take()
                return try end()
            }
        }
        try cursor.skipBlanks()
        return try element()
    }

    /// The text of one element, up to the comma or bracket behind it, as one line.
    private mutating func element() throws(CommandFailure) -> SourceEvent {
        let line = cursor.line
        var text: [UInt8] = []
        var count = 0
        var depth = 0
        var (isInString, isEscaped) = (false, false)
        while true {
            guard let byte = try cursor.peek() else { throw cutOff() }
            if !isInString {
                if depth == 0, byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") { break }
                switch byte {
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"): depth = max(0, depth - 1)
                case UInt8(ascii: "\""): isInString = true
                default: break
                }
            } else if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
            }
            _ = try cursor.take()
            count += 1
            if count <= elementBytesMaximum { text.append(Self.inOneLine(byte, isInString)) } else { text = [] }
        }
        while text.last == 0x20 || text.last == 0x09 { text.removeLast() }
        let isTooLarge = count > elementBytesMaximum
        let content: SourceEvent.Content =
            isTooLarge
            ? .unreadable(code: "too_large", reason: "longer than a request may be; it was not sent", text: [])
            : text.isEmpty
                ? .unreadable(code: "invalid_json", reason: "there is no element between two commas", text: [])
                : .json(text)
        return SourceEvent(line: line, content: content, end: cursor.offset, endLine: cursor.line)
    }

    /// Between tokens a line end is a space; inside a string it is as wrong as the control character in its place.
    private static func inOneLine(_ byte: UInt8, _ isInString: Bool) -> UInt8 {
        guard byte == 0x0a || byte == 0x0d else { return byte }
        return isInString ? 0x01 : 0x20
    }

    private mutating func end() throws(CommandFailure) -> SourceEvent? {
        hasEnded = true
        try cursor.skipBlanks()
        guard try cursor.peek() == nil else { throw broken("something follows the end of the array") }
        return nil
    }

    private func cutOff() -> CommandFailure { broken("it ends in the middle: the file was cut off") }

    private func broken(_ why: String) -> CommandFailure {
        CommandFailure(
            .badData, "\(name) is no JSON array from line \(cursor.line) on", why: why,
            next: "repair the file; if it has one event a line, name that with --format ndjson")
    }
}
