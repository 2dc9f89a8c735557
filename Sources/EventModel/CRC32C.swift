internal import CChecksum

/// CRC-32C (Castagnoli): detects damaged bytes in storage.
public enum CRC32C {
    @unsafe
    public static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        guard let start = bytes.baseAddress else { return 0 }
        return unsafe andon_crc32c(start, bytes.count)
    }
}
