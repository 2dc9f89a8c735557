internal import Crypto
internal import EventModel
internal import JSON

/// The value of a record in `andon.keys.v1`; the record's key is the id of the API key.
///
/// The newest record of an id is in force, but a revocation is never undone. The secret is not stored: `secret_hash` is
/// its SHA-256 in hexadecimal. No `sites`: all; `rate_limit` null: the gateways' own limits, 0: none. A record without
/// a value ends the key and erases it.
///
///     {"id":"3f9a61c02b7d4e5f","name":"camera 3","role":"ingest","sites":["plant-1"],"rate_limit":null,
///      "secret_hash":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
///      "created_at":"2026-01-12T08:00:00.000000Z","revoked_at":null}
enum KeyRecord {
    static func json(_ key: APIKey) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("id", key.id)
            json.member("name", key.name)
            json.member("role", key.role.rawValue)
            json.key("sites")
            json.array { json in for site in key.sites { json.string(site.text) } }
            json.key("rate_limit")
            json.integer(orNull: key.rateLimit.map { Int64($0) })
            json.member("secret_hash", key.secretHash.hex)
            json.member("created_at", key.createdAt.formatted)
            json.key("revoked_at")
            json.string(orNull: key.revokedAt?.formatted)
        }
        return json.bytes
    }

    /// nil if the bytes are not a valid record of this id, or if this version does not know the role: then the key
    /// grants nothing.
    static func key(_ bytes: [UInt8], id: String) -> APIKey? {
        guard case .object(let members)? = JSONValue(bytes, depthMaximum: Limits.jsonDepthMaximum),
            members["id"] == .string(id), case .string(let name)? = members["name"],
            case .string(let roleName)? = members["role"], let role = Role(rawValue: roleName),
            case .array(let sites)? = members["sites"],
            case .string(let hex)? = members["secret_hash"], let hashBytes = Hex.decode(hex),
            let hash = SHA256Digest(bytes: hashBytes),
            case .string(let created)? = members["created_at"], let createdAt = Timestamp(rfc3339: created)
        else { return nil }
        var key = APIKey(
            id: id, name: name, role: role, sites: [], rateLimit: nil, createdAt: createdAt, revokedAt: nil,
            secretHash: hash)
        for site in sites {
            // Leaving it out would bind the key to fewer sites, or to all if none remained.
            guard case .string(let text) = site, SiteID(text).isValid else { return nil }
            key.sites.append(SiteID(text))
        }
        // Both are always written: a record without one is damaged, and the key could have been revoked.
        switch members["rate_limit"] {
        case .null: break
        case .number(let text):
            guard let limit = Int(text), limit >= 0 else { return nil }
            key.rateLimit = limit
        default: return nil
        }
        switch members["revoked_at"] {
        case .null: break
        case .string(let text):
            guard let time = Timestamp(rfc3339: text) else { return nil }
            key.revokedAt = time
        default: return nil
        }
        return key
    }
}
