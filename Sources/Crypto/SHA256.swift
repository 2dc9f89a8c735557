internal import CCrypto

/// A SHA-256 digest: 32 bytes, stored inline so that tables of digests allocate nothing for each entry.
public struct SHA256Digest: Hashable, Sendable, CustomStringConvertible {
    public static let byteCount = 32
    // Big-endian words, so that neither comparing nor printing depends on the machine's byte order.
    private var words: (UInt64, UInt64, UInt64, UInt64)

    /// The digest whose bytes these are; nil unless there are exactly 32.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        var words: [UInt64] = [0, 0, 0, 0]
        for (index, byte) in bytes.enumerated() { words[index / 8] = words[index / 8] << 8 | UInt64(byte) }
        self.words = (words[0], words[1], words[2], words[3])
    }

    /// Hashes `bytes` at once.
    public static func of(_ bytes: UnsafeRawBufferPointer) -> SHA256Digest {
        var hasher = SHA256Hasher()
        hasher.update(bytes)
        return hasher.finish()
    }

    /// Hashes `bytes` at once.
    public static func of(_ bytes: [UInt8]) -> SHA256Digest { bytes.withUnsafeBytes { of($0) } }

    public var bytes: [UInt8] {
        [words.0, words.1, words.2, words.3].flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64($0))) }
        }
    }

    /// 64 lower-case hexadecimal digits.
    public var hex: String { Hex.encode(bytes) }
    public var description: String { hex }

    public static func == (left: Self, right: Self) -> Bool { left.words == right.words }
    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}

/// SHA-256 over bytes that arrive in pieces; uses the CPU's instructions where it has them.
public struct SHA256Hasher: ~Copyable {
    private let context: OpaquePointer

    // Looked up once: libcrypto's search by name takes longer than hashing a small body.
    // Safe to share: libcrypto's method tables are immutable and their reference counts atomic.
    nonisolated(unsafe) private static let method: OpaquePointer? = EVP_MD_fetch(nil, "SHA256", nil)

    public init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, Self.method, nil) == 1 else {
            preconditionFailure("libcrypto lacks SHA-256 or memory")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 0 else { return }
        precondition(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1, "SHA-256 cannot fail here")
    }

    public mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// The digest of all bytes so far; ends the hasher.
    public consuming func finish() -> SHA256Digest {
        let digest = [UInt8](unsafeUninitializedCapacity: SHA256Digest.byteCount) { buffer, count in
            precondition(EVP_DigestFinal_ex(context, buffer.baseAddress, nil) == 1, "SHA-256 cannot fail here")
            count = SHA256Digest.byteCount
        }
        guard let result = SHA256Digest(bytes: digest) else { preconditionFailure("a digest has 32 bytes") }
        return result
    }
}
