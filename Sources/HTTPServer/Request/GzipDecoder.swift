import CZlib

/// Decompresses gzip piece by piece, for files: the caller hands in what it has read and takes out what came of it.
public final class GzipDecoder {
    /// The input is damaged, or is not gzip.
    public struct Damaged: Error {
        public init() {}
    }

    /// Allocated for good: zlib keeps the address.
    private let stream: UnsafeMutablePointer<z_stream>
    private var input: [UInt8] = []
    private var used = 0
    private var isAtMemberEnd = false

    /// 15 bits of window, and a gzip header rather than a zlib one.
    private static let windowBits: Int32 = 15 + 16

    /// nil where zlib has no memory.
    public init?() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let status = inflateInit2_(stream, Self.windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else {
            stream.deallocate()
            return nil
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Whether the input so far is whole members: then the file may end here.
    public var isComplete: Bool { isAtMemberEnd && used == input.count }

    /// Adds the next bytes of the file; only once ``output(bytesMaximum:)`` has asked for them.
    public func feed(_ bytes: [UInt8]) {
        input = bytes
        used = 0
    }

    /// The next decompressed bytes, at most so many; empty if more input is needed.
    /// - Throws: ``Damaged``
    public func output(bytesMaximum: Int) throws(Damaged) -> [UInt8] {
        var status = Z_OK
        while used < input.count || status == Z_OK {
            if isAtMemberEnd {
                guard used < input.count else { return [] }
                guard inflateReset(stream) == Z_OK else { throw Damaged() }
                isAtMemberEnd = false
            }
            let output = [UInt8](unsafeUninitializedCapacity: bytesMaximum) { buffer, count in
                status = inflate(onto: buffer, &count)
            }
            switch status {
            case Z_OK, Z_BUF_ERROR: break
            case Z_STREAM_END: isAtMemberEnd = true
            default: throw Damaged()
            }
            if !output.isEmpty { return output }
            if status == Z_BUF_ERROR { return [] }
        }
        return []
    }

    private func inflate(onto buffer: UnsafeMutableBufferPointer<UInt8>, _ count: inout Int) -> Int32 {
        input.withUnsafeMutableBufferPointer { input in
            let rest = UnsafeMutableBufferPointer(rebasing: input[used...])
            stream.pointee.next_in = rest.baseAddress
            stream.pointee.avail_in = UInt32(clamping: rest.count)
            stream.pointee.next_out = buffer.baseAddress
            stream.pointee.avail_out = UInt32(clamping: buffer.count)
            let status = CZlib.inflate(stream, Z_NO_FLUSH)
            used += min(rest.count, Int(UInt32(clamping: rest.count))) - Int(stream.pointee.avail_in)
            count = buffer.count - Int(stream.pointee.avail_out)
            return status
        }
    }
}
