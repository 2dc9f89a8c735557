internal import CCrypto

/// Random bytes fit for secrets, from libcrypto's generator.
public enum SecureRandom {
    /// `count` unpredictable bytes.
    public static func bytes(_ count: Int) -> [UInt8] {
        // All empty arrays share one place, into which the initializer below would write a length, on any thread.
        guard count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            // Without entropy no secret may be made: stopping is the only safe answer.
            precondition(RAND_bytes(buffer.baseAddress, Int32(count)) == 1, "the system gives no random bytes")
            initialized = count
        }
    }
}

/// Whether both are the same bytes, in a time that depends on their lengths only; for secrets and their hashes.
public func constantTimeEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return CRYPTO_memcmp(left, right, left.count) == 0
}
