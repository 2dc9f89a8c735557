/// Lines of an input with their end offsets, so that a reader can resume there later.
///
/// Holds one block and one line; a line longer than the limit is reported, not kept.
struct LineReader {
    /// One line without its end.
    enum Line: Equatable {
        case text([UInt8])
        /// Longer than the limit: only its length is known.
        case tooLong(byteCount: Int)
    }

    private let stream: ByteStream
    private let lineBytesMaximum: Int
    private var block: [UInt8] = []
    private var next = 0
    /// Offset of the first byte that no returned line contains.
    private(set) var offset: Int64

    /// Goes on at `offset` of a stream that nobody has read from.
    init(_ stream: ByteStream, offset: Int64, lineBytesMaximum: Int) throws(CommandFailure) {
        self.stream = stream
        self.lineBytesMaximum = lineBytesMaximum
        if offset > stream.offset { try stream.skip(to: offset) }
        self.offset = stream.offset
    }

    /// Opens the file at `path` and seeks to `offset`.
    init(path: String, offset: Int64, lineBytesMaximum: Int) throws(CommandFailure) {
        try self.init(try ByteStream(path: path), offset: offset, lineBytesMaximum: lineBytesMaximum)
    }

    /// The next line; nil at the end.
    mutating func line() throws(CommandFailure) -> Line? {
        var line: [UInt8] = []
        var length = 0
        while true {
            if next == block.count {
                block = try stream.block()
                next = 0
                if block.isEmpty { break }
            }
            let rest = block[next...]
            let end = rest.firstIndex(of: UInt8(ascii: "\n"))
            let piece = rest[..<(end ?? block.count)]
            length += piece.count
            if length <= lineBytesMaximum { line += piece } else { line = [] }
            offset += Int64(piece.count)
            next += piece.count
            if end != nil {
                next += 1
                offset += 1
                return length <= lineBytesMaximum ? .text(line) : .tooLong(byteCount: length)
            }
        }
        guard length > 0 else { return nil }
        return length <= lineBytesMaximum ? .text(line) : .tooLong(byteCount: length)
    }
}
