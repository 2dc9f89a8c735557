internal import Crypto
public import EventModel

/// What a key may do, within its sites unless the key is for all sites (SPEC 8.2).
public enum Role: String, Sendable, CaseIterable {
    /// Sends events.
    case ingest
    /// Reads figures and lists.
    case viewer
    /// Sends and reads; replay, quarantine, corrections.
    case `operator`
    /// Everything: definitions and keys too.
    case admin

    /// Whether a key with this role may do what `need` requires.
    public func allows(_ need: Role) -> Bool {
        switch self {
        case .admin: true
        case .operator: need != .admin
        case .ingest, .viewer: need == self
        }
    }
}

/// An API key as stored: everything but its secret (DESIGN 6).
public struct APIKey: Sendable, Equatable {
    /// Public part of the key; identifies it in lists, logs and records.
    public var id: String
    public var name: String
    public var role: Role
    /// The sites it is bound to; empty: all.
    public var sites: [SiteID]
    /// Requests a minute, in place of the limits by address and key; nil: those limits apply; 0: no limit.
    public var rateLimit: Int?
    public var createdAt: Timestamp
    public var revokedAt: Timestamp?
    var secretHash: SHA256Digest

    /// The key's only site; requests need not name it (SPEC 2.2, 8.5).
    public var onlySite: SiteID? { sites.count == 1 ? sites[0] : nil }

    public func allows(site: SiteID) -> Bool { sites.isEmpty || sites.contains(site) }
}

/// A key as shown once and sent with every request: `andon_<id>_<secret>`.
struct APIKeyText {
    static let idBytes = 8
    static let secretBytes = 32

    var id: String
    var secret: [UInt8]

    /// A new key.
    static func random() -> APIKeyText {
        APIKeyText(id: Hex.encode(SecureRandom.bytes(idBytes)), secret: SecureRandom.bytes(secretBytes))
    }

    var text: String { "andon_\(id)_\(Base64URL.encode(secret))" }
    var secretHash: SHA256Digest { SHA256Digest.of(secret) }

    private init(id: String, secret: [UInt8]) {
        self.id = id
        self.secret = secret
    }

    /// nil if the text is not a key.
    init?(_ text: String) {
        let parts = text.split(separator: "_", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "andon", parts[1].utf8.count == 2 * Self.idBytes,
            let secret = Base64URL.decode(parts[2]), secret.count == Self.secretBytes
        else { return nil }
        self.init(id: String(parts[1]), secret: secret)
    }
}
