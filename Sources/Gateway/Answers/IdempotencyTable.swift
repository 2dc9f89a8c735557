internal import Crypto
internal import EventModel

/// The Idempotency-Keys that are in flight, and answers in memory: all of the last 24 hours, or only those that are not
/// in the file yet (``AnswerFile``).
///
/// Bounded in bytes. Where there is no room left, the API key with the most gives up its oldest, so that none pushes out
/// what another one was answered.
package struct IdempotencyTable: Sendable {
    static let keptMicroseconds = 24 * Microseconds.hour

    enum Outcome: Equatable {
        /// The caller owns the key now, until ``finish(_:_:)`` or ``forget(_:)``.
        case claimed
        /// Another request with this key is waiting for its answer: 409.
        case inFlight
        /// The key was used with another body: 422.
        case otherBody
        case answered(KeptAnswer)
    }

    private struct Entry {
        var bodyHash: SHA256Digest
        var answer: KeptAnswer?
    }

    /// The answers of one API key by age.
    private struct Ages {
        var names: [SHA256Digest] = []
        /// Before it all are gone.
        var first = 0
        /// Those that were found behind ``names``, the newest first.
        var older: [SHA256Digest] = []
        var bytes = 0

        var oldest: SHA256Digest? { older.last ?? (first < names.count ? names[first] : nil) }

        mutating func removeOldest() {
            guard older.isEmpty else {
                older.removeLast()
                return
            }
            first += 1
            // Compacted only now and then, so that each removal is cheap.
            if first * 2 > names.count {
                names.removeFirst(first)
                first = 0
            }
        }
    }

    private var entries: [SHA256Digest: Entry] = [:]
    private var owners: [AnswerOwner: Ages] = [:]
    /// Names of answers that are not in the file yet, by age. Some may be gone.
    private var unwritten: [SHA256Digest] = []
    private var bytes = 0
    private let bytesMaximum: Int
    private let hasFile: Bool
    /// The time by which the last request was looked up. No answer's created_at: that follows a clock that jumps ahead.
    private var now = Timestamp.earliest
    /// How often answers have left for the file.
    private(set) var departures: UInt64 = 0
    /// 64 MiB hold some 250 thousand answers, a day of three requests a second.
    static let bytesMaximum = 64 << 20
    /// Approximate memory of an entry in addition to its verdicts.
    static let entryBytes = 256

    package init() { self.init(bytesMaximum: Self.bytesMaximum) }

    /// - Parameter hasFile: Whether answers leave for a file.
    init(bytesMaximum: Int = Self.bytesMaximum, hasFile: Bool = false) {
        self.bytesMaximum = bytesMaximum
        self.hasFile = hasFile
    }

    mutating func begin(_ claim: IdempotencyClaim, now: Timestamp) -> Outcome {
        self.now = now
        expire(claim.owner, now: now)
        guard let entry = entries[claim.digest] else {
            entries[claim.digest] = Entry(bodyHash: claim.bodyHash)
            return .claimed
        }
        guard entry.bodyHash == claim.bodyHash else { return .otherBody }
        return entry.answer.map { .answered($0) } ?? .inFlight
    }

    /// Stores the answer.
    mutating func finish(_ claim: IdempotencyClaim, _ answer: KeptAnswer) {
        if let earlier = entries[claim.digest], earlier.answer != nil { return }
        owners[answer.owner, default: Ages()].names.append(answer.name)
        if hasFile { unwritten.append(answer.name) }
        add(answer)
    }

    /// Stores an answer of before the start, found in the log: call it with the newest first.
    mutating func remember(_ answer: KeptAnswer) {
        guard entries[answer.name] == nil else { return }
        owners[answer.owner, default: Ages()].older.append(answer.name)
        add(answer)
    }

    private mutating func add(_ answer: KeptAnswer) {
        entries[answer.name] = Entry(bodyHash: answer.bodyHash, answer: answer)
        owners[answer.owner]?.bytes += Self.size(answer)
        bytes += Self.size(answer)
        if bytes > bytesMaximum { makeRoom() }
        // Where the file cannot be written, names of answers that are gone must not heap up.
        if unwritten.count > 1024 + 2 * entries.count { unwritten.removeAll { entries[$0]?.answer == nil } }
    }

    /// Frees the key: nothing was stored, so the client may send again.
    mutating func forget(_ claim: IdempotencyClaim) {
        if let entry = entries[claim.digest], entry.answer == nil { entries[claim.digest] = nil }
    }

    var count: Int { entries.count }

    // MARK: The file

    /// The oldest answers that are not in the file yet, whether that is all of them, and the time by which others are too
    /// old.
    mutating func takeUnwritten(
        _ countMaximum: Int
    ) -> (answers: [KeptAnswer], isLast: Bool, now: Timestamp) {
        let taken = unwritten.prefix(countMaximum).compactMap { entries[$0]?.answer }
        unwritten.removeFirst(min(countMaximum, unwritten.count))
        return (taken, unwritten.isEmpty, now)
    }

    /// They are in the file now.
    mutating func leave(_ written: [KeptAnswer]) {
        departures += 1
        for answer in written where entries[answer.name]?.answer == answer {
            // By age, so what is removed is nearly always the oldest.
            while let oldest = owners[answer.owner]?.oldest {
                removeOldest(of: answer.owner)
                if oldest == answer.name { break }
            }
        }
    }

    /// They could not be written: they stay, as long as there is room.
    mutating func takeBack(_ failed: [KeptAnswer]) { unwritten.insert(contentsOf: failed.map(\.name), at: 0) }

    // MARK: Room

    private static func size(_ answer: KeptAnswer) -> Int { entryBytes + 4 * answer.verdicts.runs.count }

    private mutating func expire(_ owner: AnswerOwner, now: Timestamp) {
        while let oldest = owners[owner]?.oldest, let answer = entries[oldest]?.answer, answer.isExpired(at: now) {
            removeOldest(of: owner)
        }
    }

    /// Frees a sixteenth at once, so that looking for who has the most is rare.
    private mutating func makeRoom() {
        for owner in Array(owners.keys) { expire(owner, now: now) }
        while bytes > bytesMaximum - bytesMaximum / 16, let most = owners.max(by: { $0.value.bytes < $1.value.bytes }) {
            let goal = most.value.bytes - max(1, bytesMaximum / 256)
            while let left = owners[most.key]?.bytes, left > goal { removeOldest(of: most.key) }
        }
    }

    private mutating func removeOldest(of owner: AnswerOwner) {
        guard let name = owners[owner]?.oldest else {
            owners[owner] = nil
            return
        }
        owners[owner]?.removeOldest()
        guard let answer = entries[name]?.answer else { return }
        entries[name] = nil
        owners[owner]?.bytes -= Self.size(answer)
        bytes -= Self.size(answer)
        if owners[owner]?.oldest == nil { owners[owner] = nil }
    }
}
