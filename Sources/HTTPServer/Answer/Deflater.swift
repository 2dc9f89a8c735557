import CZlib

/// Compresses into gzip, piece by piece.
///
/// A window of 4 KiB and small tables, about 40 KiB in all: a JSON answer repeats its names at short distances, and many
/// streams may be open at once.
final class Deflater {
    enum Flush: Int32 {
        /// Output comes when it is worth it.
        case none = 0
        /// Everything so far can be decoded from what is output.
        case all = 2
        /// The end of the whole.
        case end = 4
    }

    struct Progress {
        var readBytes: Int
        var writtenBytes: Int
        /// The trailer is written.
        var isAtEnd: Bool
    }

    /// Allocated for good: zlib keeps the address.
    private let stream: UnsafeMutablePointer<z_stream>

    /// 12 bits of window, and a gzip header rather than a zlib one.
    private static let windowBits: Int32 = 12 + 16
    private static let memoryLevel: Int32 = 5
    /// Seen with lists of workers: as small as level 3, in half the time of level 5.
    private static let level: Int32 = 2

    /// nil where zlib has no memory.
    init?() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let status = deflateInit2_(
            stream, Self.level, Z_DEFLATED, Self.windowBits, Self.memoryLevel, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else {
            stream.deallocate()
            return nil
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// Ready for another body.
    func reset() -> Bool { deflateReset(stream) == Z_OK }

    /// Compresses as much of the input as the output has room for. Where the output became full, call again with the rest
    /// and the same flush.
    func deflate(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, _ flush: Flush
    ) -> Progress {
        let start = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.next_in = UnsafeMutablePointer(mutating: start)
        stream.pointee.avail_in = UInt32(input.count)
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(output.count)
        let status = CZlib.deflate(stream, flush.rawValue)
        return Progress(
            readBytes: input.count - Int(stream.pointee.avail_in),
            writtenBytes: output.count - Int(stream.pointee.avail_out), isAtEnd: status == Z_STREAM_END)
    }

    /// A whole body; nil where there is no memory for it.
    static func gzip(_ body: [UInt8]) -> [UInt8]? {
        let stock = ThreadStock.current
        guard let deflater = stock.deflater() else { return nil }
        defer { stock.giveBack(deflater) }
        var coded: [UInt8] = []
        coded.reserveCapacity(body.count / 4)
        var read = 0
        var isAtEnd = false
        body.withUnsafeBytes { body in
            withUnsafeTemporaryAllocation(byteCount: 16 * 1024, alignment: 16) { piece in
                while !isAtEnd {
                    // zlib counts in 32 bits.
                    let input = body[read..<min(body.count, read + (1 << 30))]
                    let flush = input.endIndex == body.count ? Flush.end : .none
                    let progress = deflater.deflate(UnsafeRawBufferPointer(rebasing: input), into: piece, flush)
                    coded.append(contentsOf: piece[..<progress.writtenBytes])
                    read += progress.readBytes
                    isAtEnd = progress.isAtEnd
                }
            }
        }
        return coded
    }
}
