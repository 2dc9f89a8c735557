/// HMAC with SHA-256 (RFC 2104): shows a receiver that a message comes from whoever knows the secret.
public enum HMACSHA256 {
    private static let blockBytes = 64

    /// - Parameter key: of any length.
    public static func of(_ message: [UInt8], key: [UInt8]) -> SHA256Digest {
        var block = key.count > blockBytes ? SHA256Digest.of(key).bytes : key
        block += [UInt8](repeating: 0, count: blockBytes - block.count)
        var inner = SHA256Hasher()
        inner.update(block.map { $0 ^ 0x36 })
        inner.update(message)
        var outer = SHA256Hasher()
        outer.update(block.map { $0 ^ 0x5c })
        outer.update(inner.finish().bytes)
        return outer.finish()
    }
}
