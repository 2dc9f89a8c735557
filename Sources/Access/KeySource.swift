internal import Crypto
public import EventModel

/// Where a gateway looks API keys up: at every request, so it answers from memory.
///
/// Implementations: ``KeyStore`` (a file) and ``TopicKeyStore``.
public protocol KeySource: AnyObject, Sendable {
    /// The key that `text` is, if it is one and not revoked.
    func key(_ text: String) -> APIKey?

    /// Why new and revoked keys no longer get here; nil while they do.
    var failure: String? { get }
}

/// Making, listing and revoking API keys (SPEC 8.2).
public protocol KeyAdministration: AnyObject, Sendable {
    /// Makes a key; when it returns, the key is stored durably.
    ///
    /// - Parameters:
    ///   - sites: Those that it is bound to; empty: all.
    ///   - rateLimit: See ``APIKey/rateLimit``.
    /// - Returns: the key as it is to be sent, which cannot be had again, and what is kept of it.
    func create(
        role: Role, sites: [SiteID], name: String, rateLimit: Int?, at now: Timestamp
    ) throws -> (text: String, key: APIKey)

    /// All keys, revoked ones too, oldest first.
    func list() throws -> [APIKey]

    /// Ends a key; when it returns, that is stored durably.
    /// - Returns: false when there is no such key or it was revoked before.
    func revoke(id: String, at now: Timestamp) throws -> Bool
}

extension APIKey {
    /// Makes a key at random.
    static func random(
        role: Role, sites: [SiteID], name: String, rateLimit: Int?, at now: Timestamp
    ) -> (text: String, key: APIKey) {
        let text = APIKeyText.random()
        let key = APIKey(
            id: text.id, name: name, role: role, sites: sites, rateLimit: rateLimit, createdAt: now, revokedAt: nil,
            secretHash: text.secretHash)
        return (text.text, key)
    }

    /// Whether `sent` is this key, and it may still be used.
    func isValid(for sent: APIKeyText) -> Bool {
        constantTimeEqual(secretHash.bytes, sent.secretHash.bytes) && revokedAt == nil
    }
}
