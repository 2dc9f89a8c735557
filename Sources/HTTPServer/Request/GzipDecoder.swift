import CZlib

/// Decompresses gzip piece by piece, for files: the caller hands in what it has read and takes out what came of it.
public final class GzipDecoder {
    /// The input is damaged, or is not gzip.
    public struct Damaged: Error {
        public init() {}
    }

    private let stream: InflateStream
    private var input: [UInt8] = []
    private var used = 0
    private var isAtMemberEnd = false

    /// nil where zlib has no memory.
    public init?() {
        guard let stream = InflateStream() else { return nil }
        self.stream = stream
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
                guard stream.reset() else { throw Damaged() }
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
        let state = stream.state
        return input.withUnsafeMutableBufferPointer { input in
            let rest = UnsafeMutableBufferPointer(rebasing: input[used...])
            state.pointee.next_in = rest.baseAddress
            state.pointee.avail_in = UInt32(clamping: rest.count)
            state.pointee.next_out = buffer.baseAddress
            state.pointee.avail_out = UInt32(clamping: buffer.count)
            let status = CZlib.inflate(state, Z_NO_FLUSH)
            used += min(rest.count, Int(UInt32(clamping: rest.count))) - Int(state.pointee.avail_in)
            count = buffer.count - Int(state.pointee.avail_out)
            return status
        }
    }
}
