internal import Crypto
internal import EventModel
internal import Locks

/// What an Idempotency-Key stands for in one request (SPEC 2.5).
struct IdempotencyClaim {
    /// Names API key, path and Idempotency-Key together.
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

    /// As the record keeps it.
    func record(status: Int, answer: [UInt8]) -> Idempotency {
        Idempotency(
            apiKeyID: apiKeyID, path: path, key: key, bodyHash: bodyHash.bytes, status: UInt32(status), answer: answer)
    }
}

/// An answer as it was first given.
struct StoredAnswer: Equatable {
    var status: Int
    /// JSON without created_at and position.
    var json: [UInt8]
    var createdAt: Timestamp
    var position: RecordPosition?
}

/// The Idempotency-Keys of the last 24 hours, bounded in bytes: the oldest go first.
final class IdempotencyTable: Sendable {
    static let keptMicroseconds = 24 * Microseconds.hour

    enum Outcome: Equatable {
        /// The caller owns the key now, until ``finish(_:_:)`` or ``forget(_:)``.
        case claimed
        /// Another request with this key waits for its answer: 409.
        case inFlight
        /// The key came with another body: 422.
        case otherBody
        case answered(StoredAnswer)
    }

    private struct Entry {
        var bodyHash: SHA256Digest
        var answer: StoredAnswer?
    }

    private struct State {
        var entries: [SHA256Digest: Entry] = [:]
        /// Answered keys by age, from `first` on.
        var order: [SHA256Digest] = []
        var first = 0
        var bytes = 0
    }

    private let state = Guarded(State())
    private let bytesMaximum: Int
    /// 64 MiB hold some 150 thousand answers, a day of 100 requests a minute.
    static let bytesMaximum = 64 << 20
    /// What an entry takes beside the JSON of its answer, about.
    static let entryBytes = 256

    init(bytesMaximum: Int = IdempotencyTable.bytesMaximum) { self.bytesMaximum = bytesMaximum }

    func begin(_ claim: IdempotencyClaim, now: Timestamp) -> Outcome {
        state.withLock { state in
            Self.expire(&state, now: now)
            guard let entry = state.entries[claim.digest] else {
                state.entries[claim.digest] = Entry(bodyHash: claim.bodyHash)
                return .claimed
            }
            guard entry.bodyHash == claim.bodyHash else { return .otherBody }
            return entry.answer.map { .answered($0) } ?? .inFlight
        }
    }

    /// Keeps the answer. Also used to fill the table from the log.
    func finish(_ claim: IdempotencyClaim, _ answer: StoredAnswer) {
        state.withLock { state in
            if let earlier = state.entries[claim.digest], earlier.answer != nil { return }
            state.entries[claim.digest] = Entry(bodyHash: claim.bodyHash, answer: answer)
            state.order.append(claim.digest)
            state.bytes += Self.entryBytes + answer.json.count
            while state.bytes > bytesMaximum, state.first < state.order.count { Self.removeOldest(&state) }
        }
    }

    /// Gives the key free again: nothing was stored, so the client is to send again.
    func forget(_ claim: IdempotencyClaim) {
        state.withLock { state in
            if let entry = state.entries[claim.digest], entry.answer == nil { state.entries[claim.digest] = nil }
        }
    }

    var count: Int { state.withLock { $0.entries.count } }

    private static func expire(_ state: inout State, now: Timestamp) {
        while state.first < state.order.count,
            let answer = state.entries[state.order[state.first]]?.answer, now - answer.createdAt >= keptMicroseconds
        {
            removeOldest(&state)
        }
    }

    private static func removeOldest(_ state: inout State) {
        if let answer = state.entries.removeValue(forKey: state.order[state.first])?.answer {
            state.bytes -= entryBytes + answer.json.count
        }
        state.first += 1
        // Moved up now and then, so that each removal costs little.
        if state.first * 2 > state.order.count {
            state.order.removeFirst(state.first)
            state.first = 0
        }
    }
}
