internal import Foundation

/// Lines of a file with their end offsets, so that a reader can resume there later.
///
/// Holds one block and one line; a line longer than the limit is reported, not kept.
struct LineReader: ~Copyable {
    /// One line without its end.
    enum Line: Equatable {
        case text([UInt8])
        /// Longer than the limit: only its length is known.
        case tooLong(byteCount: Int)
    }

    private static let blockBytes = 1 << 20
    private let descriptor: Int32
    private let lineBytesMaximum: Int
    private var block: [UInt8] = []
    private var next = 0
    /// Offset in the file of the first byte that no returned line contains.
    private(set) var offset: Int64

    /// Opens the file at `path` and seeks to `offset`.
    init(path: String, offset: Int64, lineBytesMaximum: Int) throws(CommandFailure) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        self.offset = offset
        self.lineBytesMaximum = lineBytesMaximum
        guard descriptor >= 0, lseek(descriptor, off_t(offset), SEEK_SET) == off_t(offset) else {
            throw CommandFailure(.badData, "cannot read '\(path)'", why: String(cString: strerror(errno)))
        }
    }

    deinit { close(descriptor) }

    /// The next line; nil at the end of the file.
    mutating func line() throws(CommandFailure) -> Line? {
        var line: [UInt8] = []
        var length = 0
        while true {
            if next == block.count, try !fill() { break }
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

    /// Reads the next block; false at the end of the file.
    private mutating func fill() throws(CommandFailure) -> Bool {
        next = 0
        let file = descriptor
        block = [UInt8](unsafeUninitializedCapacity: Self.blockBytes) { buffer, count in
            var got = 0
            repeat { got = read(file, buffer.baseAddress, buffer.count) } while got < 0 && errno == EINTR
            count = max(0, got)
        }
        return !block.isEmpty
    }
}
