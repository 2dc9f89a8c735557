internal import Crypto
public import EventModel

/// Where a gateway looks up API keys: on every request, so it answers from memory.
///
/// Implementations: ``KeyStore`` (a file) and ``TopicKeyStore``.
public protocol KeySource: AnyObject, Sendable {
    /// The key that `text` denotes, if it exists and is not revoked.
    func key(_ text: String) -> APIKey?

    /// Whether the key with this id exists and is not revoked: for what goes on after a request.
    func isInForce(id: String) -> Bool

    /// Why new and revoked keys no longer arrive; nil while they do.
    var failure: String? { get }
}

/// Creating, listing and revoking API keys (SPEC 8.2).
public protocol KeyAdministration: AnyObject, Sendable {
    /// Creates a key; when it returns, the key is stored durably.
    ///
    /// - Parameters:
    ///   - sites: Sites that the key is bound to; empty: all.
    ///   - rateLimit: See ``APIKey/rateLimit``.
    /// - Returns: the key to send, which cannot be retrieved again, and what is stored of it.
    func create(
        role: Role, sites: [SiteID], name: String, rateLimit: Int?, at now: Timestamp
    ) throws -> (text: String, key: APIKey)

    /// All keys, including revoked ones, oldest first.
    func list() throws -> [APIKey]

    /// Revokes a key; when it returns, the revocation is stored durably.
    /// - Returns: false if there is no such key or it was already revoked.
    func revoke(id: String, at now: Timestamp) throws -> Bool
}

extension APIKey {
    /// Creates a random key.
    static func random(
        role: Role, sites: [SiteID], name: String, rateLimit: Int?, at now: Timestamp
    ) -> (text: String, key: APIKey) {
        let text = APIKeyText.random()
        let key = APIKey(
            id: text.id, name: name, role: role, sites: sites, rateLimit: rateLimit, createdAt: now, revokedAt: nil,
            secretHash: text.secretHash)
        return (text.text, key)
    }

    /// Whether `sent` is this key, and it is not revoked.
    func isValid(for sent: APIKeyText) -> Bool {
        constantTimeEqual(secretHash.bytes, sent.secretHash.bytes) && revokedAt == nil
    }
}
