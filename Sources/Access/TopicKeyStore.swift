public import EventLog
public import EventModel
internal import Locks
public import Observability

/// The API keys as a compacted topic (DESIGN 3). Every gateway follows it, so a new or revoked key takes effect
/// everywhere within a second; `andon key … --brokers` writes it.
public final class TopicKeyStore: KeySource, KeyAdministration {
    /// Longest time to read to the end, and to wait for a delivery.
    public static let waitMillisecondsMaximum = 60_000

    /// The keys in the topic; separate from the store, so that following does not keep the store alive.
    final class Table: Sendable {
        /// A monitor, so that tests can wait for updates.
        let keys = Monitor<[String: APIKey]>([:])
        private let journal: Journal
        /// Whether the keys that were there at the start have been read: from then on changes are recorded.
        private let isCurrent = Latch()

        fileprivate init(_ journal: Journal) { self.journal = journal }

        subscript(id: String) -> APIKey? { keys.withLock { $0[id] } }
        var all: [APIKey] { keys.withLock { Array($0.values) } }

        func handle(_ record: FollowedRecord) {
            // Beside the keys stands the log book, under `log/…`.
            guard let id = String(validating: record.key, as: UTF8.self), !id.contains("/") else { return }
            guard let value = record.value else { return keys.update { $0[id] = nil } }
            guard let key = KeyRecord.key(value, id: id) else {
                // It may be a revocation that this version cannot decode.
                keys.update { keys in
                    if keys[id]?.revokedAt == nil { keys[id]?.revokedAt = record.timestamp }
                }
                return journal.record(.keyRecordUnreadable(id, at: record.position))
            }
            if !take(key) { journal.record(.keyLeftOut(id)) }
        }

        func take(_ key: APIKey) -> Bool {
            let (isTaken, event) = keys.update { keys -> (Bool, JournalEvent?) in
                var key = key
                let before = keys[key.id]
                guard before != nil || keys.count < KeyStore.keysMaximum else { return (false, nil) }
                // A revocation is final, whatever is written after it.
                key.revokedAt = before?.revokedAt ?? key.revokedAt
                keys[key.id] = key
                return (true, JournalEvent.keyChanged(from: before, to: key))
            }
            if let event, isCurrent.isOpen { journal.record(event) }
            return isTaken
        }

        /// Records changes from now on.
        func begin() { isCurrent.open() }
    }

    private let topics: any Topics
    private let topic: String
    let table: Table
    private let following: any TopicFollowing

    /// Reads all existing keys, and continues to follow the topic.
    /// - Throws: ``LogError`` when the topic cannot be read to its end.
    public init(
        topics: any Topics, names: TopicNames = TopicNames(), journal: Journal = .silent
    ) throws(LogError) {
        self.topics = topics
        topic = names.keys
        let table = Table(journal)
        self.table = table
        following = try topics.follow(names.keys, nil, from: .beginning) { table.handle($0) }
        do throws(LogError) {
            try readToEnd()
            table.begin()
        } catch {
            following.stop()
            throw error
        }
    }

    /// Stops reading; the keys read so far stay.
    public func stop() { following.stop() }

    public var failure: String? { following.failure.map { "the API keys cannot be read: \($0)" } }

    public func key(_ text: String) -> APIKey? {
        guard let sent = APIKeyText(text), let known = table[sent.id], known.isValid(for: sent) else { return nil }
        return known
    }

    public func isInForce(id: String) -> Bool { table[id].map { $0.revokedAt == nil } ?? false }

    // MARK: Administration

    public func create(
        role: Role, sites: [SiteID] = [], name: String = "", rateLimit: Int? = nil, at now: Timestamp
    ) throws -> (text: String, key: APIKey) {
        let (text, key) = APIKey.random(role: role, sites: sites, name: name, rateLimit: rateLimit, at: now)
        try write(key, at: now)
        return (text, key)
    }

    public func list() throws -> [APIKey] {
        try readToEnd()
        return table.all.sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
    }

    public func revoke(id: String, at now: Timestamp) throws -> Bool {
        try readToEnd()
        guard var key = table[id], key.revokedAt == nil else { return false }
        key.revokedAt = now
        try write(key, at: now)
        return true
    }

    /// Returns once the record is durable and in force here.
    private func write(_ key: APIKey, at now: Timestamp) throws(LogError) {
        let delivered = Monitor<Result<RecordPosition, LogError>?>(nil)
        try topics.send(
            TopicRecord(topic: topic, key: Array(key.id.utf8), value: KeyRecord.json(key), timestamp: now)
        ) { result in delivered.update { $0 = result } }
        guard let result = delivered.wait(milliseconds: Self.waitMillisecondsMaximum, until: { $0 }) else {
            throw LogError(
                .uncertain, "no broker has confirmed the API key", hint: "list the keys to see whether it is there")
        }
        _ = try result.get()
        _ = table.take(key)
    }

    private func readToEnd() throws(LogError) {
        guard following.readToEnd(timeoutMilliseconds: Self.waitMillisecondsMaximum) else {
            throw following.failure
                ?? LogError(
                    .unavailable, "the topic \(topic) could not be read to its end",
                    hint: "check that the brokers of its partitions are up")
        }
    }
}
