internal import CCrypto

/// Random bytes for secrets, from libcrypto's generator.
public enum SecureRandom {
    /// `count` unpredictable bytes.
    public static func bytes(_ count: Int) -> [UInt8] {
        // All empty arrays share one buffer. The initializer below would write a length into it, from any thread.
        guard count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            // A secret without entropy is no secret: stopping is the only safe answer.
            precondition(RAND_bytes(buffer.baseAddress, Int32(count)) == 1, "the system provides no random bytes")
            initialized = count
        }
    }
}

/// Whether both hold the same bytes. Takes a time that depends on the lengths only; for secrets and their hashes.
public func constantTimeEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return CRYPTO_memcmp(left, right, left.count) == 0
}
