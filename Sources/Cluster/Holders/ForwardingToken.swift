internal import Crypto

/// Proves that a forwarded question comes from a process of the same cluster: 256 random bits of the holder's process,
/// which it announces where only the cluster can read.
public struct ForwardingToken: Sendable, Hashable, CustomStringConvertible {
    static let byteCount = 32
    private let bytes: [UInt8]

    /// An unpredictable one; every process makes its own when it starts.
    public static func random() -> ForwardingToken { ForwardingToken(bytes: SecureRandom.bytes(byteCount)) }

    /// Reads 64 hexadecimal digits; nil when the text is anything else.
    public init?(hex: some StringProtocol) {
        guard let bytes = Hex.decode(hex), bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// 64 lower-case hexadecimal digits. A secret: for the record and the header, never for a message.
    public var hex: String { Hex.encode(bytes) }

    /// Compares in a time that does not depend on the bytes.
    func isSame(as other: ForwardingToken) -> Bool { constantTimeEqual(bytes, other.bytes) }

    /// Reveals nothing, so that no log contains the token.
    public var description: String { "(secret)" }
}
