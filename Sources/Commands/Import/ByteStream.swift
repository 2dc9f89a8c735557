internal import Files
internal import Foundation
internal import HTTPServer

/// The bytes of an import's input, block by block: a file or stdin, decompressed where it is gzip.
///
/// Offsets count decompressed bytes, so that an import goes on at the same place whichever form the file has.
final class ByteStream {
    static let blockBytes = 1 << 20
    private static let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]

    /// For messages.
    let name: String
    private let descriptor: Int32
    private let isFile: Bool
    private var decoder: GzipDecoder?
    /// Read ahead, to see what kind of input it is.
    private var ahead: [UInt8]?
    /// Offset of the first byte of the next block.
    private(set) var offset: Int64 = 0
    /// How much of the file itself was read: for the progress, which knows only the size of that.
    private(set) var fileOffset: Int64 = 0

    /// Opens a file, or stdin for `-`.
    /// - Throws: 65 if it cannot be read, or is UTF-16.
    init(path: String) throws(CommandFailure) {
        isFile = path != "-"
        name = isFile ? "'\(path)'" : "stdin"
        descriptor = isFile ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO
        guard descriptor >= 0 else {
            throw CommandFailure(.badData, "cannot read \(name)", why: FileFailure.last.reason)
        }
        var head = try read()
        if head.starts(with: [0x1f, 0x8b]) {
            decoder = GzipDecoder()
            decoder?.feed(head)
            head = try decompressed()
        }
        guard !Self.isUTF16(head) else {
            throw CommandFailure(
                .badData, "\(name) is UTF-16, not UTF-8", why: "Windows tools write that as 'Unicode'",
                next: "iconv -f UTF-16 -t UTF-8 FILE > NEW-FILE, and import that")
        }
        if head.starts(with: Self.byteOrderMark) {
            head.removeFirst(Self.byteOrderMark.count)
            offset += Int64(Self.byteOrderMark.count)
        }
        ahead = head
    }

    deinit { if isFile { close(descriptor) } }

    /// Whether the input is compressed.
    var isCompressed: Bool { decoder != nil }

    /// The first bytes, which the next block holds too.
    var head: [UInt8] { ahead ?? [] }

    /// The next block; empty at the end.
    func block() throws(CommandFailure) -> [UInt8] {
        let block: [UInt8]
        if let waiting = ahead {
            ahead = nil
            block = waiting
        } else {
            block = try decoder == nil ? read() : decompressed()
        }
        offset += Int64(block.count)
        return block
    }

    /// Goes on at a later offset.
    func skip(to target: Int64) throws(CommandFailure) {
        if isFile, decoder == nil {
            ahead = nil
            offset = max(offset, target)
            guard lseek(descriptor, off_t(offset), SEEK_SET) == off_t(offset) else { throw failure(.last) }
            fileOffset = offset
            return
        }
        while offset < target {
            let block = try block()
            guard !block.isEmpty else { return }
            guard offset > target else { continue }
            let rest = [UInt8](block.suffix(Int(offset - target)))
            offset = target
            ahead = rest
        }
    }

    private func decompressed() throws(CommandFailure) -> [UInt8] {
        guard let decoder else { return [] }
        do {
            while true {
                let output = try decoder.output(bytesMaximum: Self.blockBytes)
                if !output.isEmpty { return output }
                let isComplete = decoder.isComplete
                let input = try read()
                if input.isEmpty {
                    guard isComplete else {
                        throw failure(FileFailure("the compressed data ends in the middle: the file was cut off"))
                    }
                    return []
                }
                decoder.feed(input)
            }
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw failure(FileFailure("the compressed data is damaged"))
        }
    }

    private func read() throws(CommandFailure) -> [UInt8] {
        var failed = false
        let block = [UInt8](unsafeUninitializedCapacity: Self.blockBytes) { [descriptor] buffer, count in
            var got = 0
            repeat { got = Glibc.read(descriptor, buffer.baseAddress, buffer.count) } while got < 0 && errno == EINTR
            failed = got < 0
            count = max(0, got)
        }
        guard !failed else { throw failure(.last) }
        fileOffset += Int64(block.count)
        return block
    }

    private func failure(_ cause: FileFailure) -> CommandFailure {
        CommandFailure(.badData, "cannot read \(name)", why: cause.reason)
    }

    /// Text of ASCII characters in UTF-16 has a zero in each pair; UTF-8 of JSON or CSV begins with none.
    private static func isUTF16(_ head: [UInt8]) -> Bool {
        guard head.count >= 2 else { return false }
        return head.starts(with: [0xff, 0xfe]) || head.starts(with: [0xfe, 0xff]) || head[0] == 0 || head[1] == 0
    }
}

/// The bytes of a stream one at a time, with their place.
struct ByteCursor {
    private let stream: ByteStream
    private var block: [UInt8] = []
    private var next = 0
    /// Offset of the next byte.
    private(set) var offset: Int64
    /// Number of the line that holds the next byte, from 1.
    private(set) var line: Int64 = 1

    init(_ stream: ByteStream) {
        self.stream = stream
        offset = stream.offset
    }

    /// The next byte, which stays; nil at the end.
    mutating func peek() throws(CommandFailure) -> UInt8? {
        if next == block.count {
            block = try stream.block()
            next = 0
            guard !block.isEmpty else { return nil }
        }
        return block[next]
    }

    /// The next byte; nil at the end.
    mutating func take() throws(CommandFailure) -> UInt8? {
        guard let byte = try peek() else { return nil }
        next += 1
        offset += 1
        if byte == UInt8(ascii: "\n") { line += 1 }
        return byte
    }

    /// Passes over spaces and line ends.
    mutating func skipBlanks() throws(CommandFailure) {
        while let byte = try peek(), byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d { _ = try take() }
    }
}
