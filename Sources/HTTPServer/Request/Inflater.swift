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

    private let stream: InflateStream
    /// At the end of a member: the body may end here, and another member may begin.
    private var isAtMemberEnd = false
    private var hasInput = false

    /// nil where zlib has no memory.
    init?() {
        guard let stream = InflateStream() else { return nil }
        self.stream = stream
    }

    /// Ready for another body.
    func reset() -> Bool {
        isAtMemberEnd = false
        hasInput = false
        return stream.reset()
    }

    /// True where the input so far is whole members and nothing else.
    var isComplete: Bool { isAtMemberEnd && hasInput }

    /// Inflates `input` onto the end of `output`, which never holds more than `bytesMaximum`.
    func inflate(_ input: UnsafeRawBufferPointer, onto output: BodyBuffer, bytesMaximum: Int) -> Outcome {
        guard let start = input.baseAddress, !input.isEmpty else { return .ok }
        hasInput = true
        let state = stream.state
        state.pointee.next_in = UnsafeMutablePointer(mutating: start.assumingMemoryBound(to: UInt8.self))
        state.pointee.avail_in = UInt32(clamping: input.count)
        while true {
            if isAtMemberEnd {
                guard state.pointee.avail_in > 0 else { return .ok }
                guard stream.reset() else { return .damaged }
                isAtMemberEnd = false
            }
            // One byte more than allowed shows that there is too much without inflating the rest.
            guard output.reserve(min(4096, bytesMaximum - output.count + 1)) else { return .noMemory }
            let room = min(output.room.count, bytesMaximum - output.count + 1, 1 << 30)
            state.pointee.next_out = output.room.baseAddress?.assumingMemoryBound(to: UInt8.self)
            state.pointee.avail_out = UInt32(room)
            let status = CZlib.inflate(state, Z_NO_FLUSH)
            output.advance(room - Int(state.pointee.avail_out))
            if output.count > bytesMaximum { return .tooLarge }
            switch status {
            case Z_STREAM_END: isAtMemberEnd = true
            case Z_OK: break
            // No progress possible: everything was read.
            case Z_BUF_ERROR: return .ok
            default: return .damaged
            }
            if state.pointee.avail_in == 0, state.pointee.avail_out > 0 { return .ok }
        }
    }
}
