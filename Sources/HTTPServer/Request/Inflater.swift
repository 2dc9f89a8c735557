import CZlib

/// Decompresses gzip as it arrives, never beyond a limit.
final class Inflater {
    enum Outcome {
        case ok
        /// More output than allowed.
        case tooLarge
        /// The server's memory for bodies is used up.
        case noMemory
        /// Not gzip, damaged, or followed by something else.
        case damaged
    }

    /// Allocated for good: zlib keeps the address.
    private let stream: UnsafeMutablePointer<z_stream>
    /// At the end of a member: the body may end here, and another member may begin.
    private var isAtMemberEnd = false
    private var hasInput = false

    /// 15 bits of window, and a gzip header rather than a zlib one.
    private static let windowBits: Int32 = 15 + 16

    /// nil where zlib has no memory.
    init?() {
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

    /// Ready for another body.
    func reset() -> Bool {
        isAtMemberEnd = false
        hasInput = false
        return inflateReset(stream) == Z_OK
    }

    /// True where the input so far is whole members and nothing else.
    var isComplete: Bool { isAtMemberEnd && hasInput }

    /// Inflates `input` onto the end of `output`, which never holds more than `bytesMaximum`.
    func inflate(_ input: UnsafeRawBufferPointer, onto output: BodyBuffer, bytesMaximum: Int) -> Outcome {
        guard let start = input.baseAddress, !input.isEmpty else { return .ok }
        hasInput = true
        stream.pointee.next_in = UnsafeMutablePointer(mutating: start.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(clamping: input.count)
        while true {
            if isAtMemberEnd {
                guard stream.pointee.avail_in > 0 else { return .ok }
                guard inflateReset(stream) == Z_OK else { return .damaged }
                isAtMemberEnd = false
            }
            // One byte more than allowed shows that there is too much without inflating the rest.
            guard output.reserve(min(4096, bytesMaximum - output.count + 1)) else { return .noMemory }
            let room = min(output.room.count, bytesMaximum - output.count + 1, 1 << 30)
            stream.pointee.next_out = output.room.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(room)
            let status = CZlib.inflate(stream, Z_NO_FLUSH)
            output.advance(room - Int(stream.pointee.avail_out))
            if output.count > bytesMaximum { return .tooLarge }
            switch status {
            case Z_STREAM_END: isAtMemberEnd = true
            case Z_OK: break
            // No progress possible: everything was read.
            case Z_BUF_ERROR: return .ok
            default: return .damaged
            }
            if stream.pointee.avail_in == 0, stream.pointee.avail_out > 0 { return .ok }
        }
    }
}
