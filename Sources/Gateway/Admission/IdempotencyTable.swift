internal import Crypto
internal import EventModel

/// The Idempotency-Keys of the last 24 hours, bounded in bytes: the oldest are dropped first.
package struct IdempotencyTable: Sendable {
    static let keptMicroseconds = 24 * Microseconds.hour

    enum Outcome: Equatable {
        /// The caller owns the key now, until ``finish(_:_:)`` or ``forget(_:)``.
        case claimed
        /// Another request with this key is waiting for its answer: 409.
        case inFlight
        /// The key was used with another body: 422.
        case otherBody
        case answered(StoredAnswer)
    }

    private struct Entry {
        var bodyHash: SHA256Digest
        var answer: StoredAnswer?
    }

    private var entries: [SHA256Digest: Entry] = [:]
    /// Answered keys by age, starting at `first`.
    private var order: [SHA256Digest] = []
    private var first = 0
    private var bytes = 0
    private let bytesMaximum: Int
    /// 64 MiB hold some 150 thousand answers, a day of 100 requests a minute.
    static let bytesMaximum = 64 << 20
    /// Approximate memory of an entry in addition to the JSON of its answer.
    static let entryBytes = 256

    package init() { self.init(bytesMaximum: Self.bytesMaximum) }

    init(bytesMaximum: Int) { self.bytesMaximum = bytesMaximum }

    mutating func begin(_ claim: IdempotencyClaim, now: Timestamp) -> Outcome {
        expire(now: now)
        guard let entry = entries[claim.digest] else {
            entries[claim.digest] = Entry(bodyHash: claim.bodyHash)
            return .claimed
        }
        guard entry.bodyHash == claim.bodyHash else { return .otherBody }
        return entry.answer.map { .answered($0) } ?? .inFlight
    }

    /// Stores the answer. Also used to fill the table from the log.
    mutating func finish(_ claim: IdempotencyClaim, _ answer: StoredAnswer) {
        if let earlier = entries[claim.digest], earlier.answer != nil { return }
        entries[claim.digest] = Entry(bodyHash: claim.bodyHash, answer: answer)
        order.append(claim.digest)
        bytes += Self.entryBytes + answer.json.count
        while bytes > bytesMaximum, first < order.count { removeOldest() }
    }

    /// Frees the key: nothing was stored, so the client may send again.
    mutating func forget(_ claim: IdempotencyClaim) {
        if let entry = entries[claim.digest], entry.answer == nil { entries[claim.digest] = nil }
    }

    var count: Int { entries.count }

    private mutating func expire(now: Timestamp) {
        while first < order.count,
            let answer = entries[order[first]]?.answer, now - answer.createdAt >= Self.keptMicroseconds
        {
            removeOldest()
        }
    }

    private mutating func removeOldest() {
        if let answer = entries.removeValue(forKey: order[first])?.answer {
            bytes -= Self.entryBytes + answer.json.count
        }
        first += 1
        // Compacted only now and then, so that each removal is cheap.
        if first * 2 > order.count {
            order.removeFirst(first)
            first = 0
        }
    }
}
