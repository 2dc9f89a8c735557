internal import Crypto
internal import EventModel

/// An Idempotency-Key as a request brings it (SPEC 2.5).
package struct SentKey {
    package var key: String
    /// Id of the API key and path of the request: another client's keys are different keys.
    package var apiKeyID: String
    package var path: String

    package init(_ key: String, apiKeyID: String, path: String) {
        self.key = key
        self.apiKeyID = apiKeyID
        self.path = path
    }
}

/// What an Idempotency-Key means for one request (SPEC 2.5).
struct IdempotencyClaim {
    /// Identifies the combination of API key, path and Idempotency-Key.
    var digest: SHA256Digest
    var apiKeyID: [UInt8]
    var path: [UInt8]
    var key: [UInt8]
    var bodyHash: SHA256Digest

    init(apiKeyID: [UInt8], path: [UInt8], key: [UInt8], bodyHash: SHA256Digest) {
        self.apiKeyID = apiKeyID
        self.path = path
        self.key = key
        self.bodyHash = bodyHash
        var hasher = SHA256Hasher()
        for part in [apiKeyID, path, key] {
            hasher.update([UInt8(truncatingIfNeeded: part.count >> 8), UInt8(truncatingIfNeeded: part.count)])
            hasher.update(part)
        }
        digest = hasher.finish()
    }

    /// The site counts as part of the body: an answer for one site must never be returned for another.
    init(_ sent: SentKey, site: SiteID, body: UnsafeRawBufferPointer) {
        var hasher = SHA256Hasher()
        hasher.update(site.bytes + [0])
        hasher.update(body)
        self.init(
            apiKeyID: Array(sent.apiKeyID.utf8), path: Array(sent.path.utf8), key: Array(sent.key.utf8),
            bodyHash: hasher.finish())
    }

    /// Whose room the answer takes.
    var owner: AnswerOwner { AnswerOwner(apiKeyID: apiKeyID) }

    /// In the form that the record stores.
    func record(_ verdicts: VerdictRuns) -> Idempotency {
        Idempotency(apiKeyID: apiKeyID, path: path, key: key, bodyHash: bodyHash.bytes, verdicts: verdicts)
    }
}

/// The API key that sent a request with an Idempotency-Key: answers are kept in room of its own.
struct AnswerOwner: Hashable, Comparable, Sendable {
    /// Bits of the hash of its id, which is all that the file needs to know.
    var bits: Int64

    init(bits: Int64) { self.bits = bits }

    init(apiKeyID: [UInt8]) {
        bits = SHA256Digest.of(apiKeyID).bytes.prefix(8).reduce(0) { $0 << 8 | Int64($1) }
    }

    static func < (left: Self, right: Self) -> Bool { left.bits < right.bits }
}
