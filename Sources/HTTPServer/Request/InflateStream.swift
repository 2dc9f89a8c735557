import CZlib

/// zlib's state for reading gzip, freed with its owner.
final class InflateStream {
    /// Allocated for good: zlib keeps the address.
    let state: UnsafeMutablePointer<z_stream>

    /// 15 bits of window, and a gzip header rather than a zlib one.
    private static let windowBits: Int32 = 15 + 16

    /// nil where zlib has no memory.
    init?() {
        state = .allocate(capacity: 1)
        state.initialize(to: z_stream())
        let status = inflateInit2_(state, Self.windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else {
            state.deallocate()
            return nil
        }
    }

    deinit {
        inflateEnd(state)
        state.deallocate()
    }

    /// Ready for another member.
    func reset() -> Bool { inflateReset(state) == Z_OK }
}
