public import Clocks
internal import Crypto
public import EventModel
internal import Foundation
internal import Locks
public import Observability
internal import SQLite

/// The API keys of a data directory, in `keys.sqlite`.
///
/// Any process that uses the directory may create, list and revoke keys. A running gateway checks for changes at most
/// every half second, so a new or revoked key takes effect within a second (SPEC 8.2).
public final class KeyStore: KeySource, KeyAdministration {
    /// Maximum number of keys per directory, so that a process can hold them all in memory.
    public static let keysMaximum = 100_000
    private static let refreshMilliseconds = 500

    private struct State: ~Copyable {
        let connection: Connection
        var keys: [String: APIKey] = [:]
        /// `PRAGMA data_version` at the last check: it changes when another connection has committed.
        var dataVersion: Int64?
        var lookedAt: MonotonicTime?
    }

    private let state: Guarded<State>
    private let clock: any ProcessClock
    private let journal: Journal

    /// Opens the keys; creates the file if it is missing.
    /// - Throws: `SQLiteError`.
    /// - Parameter journal: where changes are recorded that other processes make.
    public init(path: String, clock: any ProcessClock = .system, journal: Journal = .silent) throws {
        self.clock = clock
        self.journal = journal
        let connection = try Connection(path: path, .shared)
        try connection.execute(
            """
            CREATE TABLE IF NOT EXISTS keys (
                id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, sites TEXT NOT NULL, rate_limit INTEGER,
                secret_hash BLOB NOT NULL, created_at INTEGER NOT NULL, revoked_at INTEGER
            ) WITHOUT ROWID
            """)
        state = Guarded(State(connection: connection))
        try state.withLock { try Self.reload(&$0) }
    }

    // MARK: Administration

    public func create(
        role: Role, sites: [SiteID] = [], name: String = "", rateLimit: Int? = nil, at now: Timestamp
    ) throws -> (text: String, key: APIKey) {
        let (text, key) = APIKey.random(role: role, sites: sites, name: name, rateLimit: rateLimit, at: now)
        try state.withLock { state in
            let insert = try state.connection.prepare(
                """
                INSERT INTO keys (id, name, role, sites, rate_limit, secret_hash, created_at)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                """)
            try insert.bind(1, key.id)
            try insert.bind(2, name)
            try insert.bind(3, role.rawValue)
            // Site ids contain no spaces.
            try insert.bind(4, sites.map(\.text).joined(separator: " "))
            if let rateLimit { try insert.bind(5, rateLimit) } else { try insert.bindNull(5) }
            try insert.bind(6, key.secretHash.bytes)
            try insert.bind(7, now.microseconds)
            try insert.run()
            try Self.reload(&state)
        }
        return (text, key)
    }

    public func list() throws -> [APIKey] {
        try state.withLock { state in
            try Self.reload(&state)
            return state.keys.values.sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
        }
    }

    public func revoke(id: String, at now: Timestamp) throws -> Bool {
        try state.withLock { state in
            let update = try state.connection.prepare(
                "UPDATE keys SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL")
            try update.bind(1, id)
            try update.bind(2, now.microseconds)
            try update.run()
            let changed = state.connection.changes > 0
            try Self.reload(&state)
            return changed
        }
    }

    // MARK: Look-up

    /// Always nil: keys of other processes are read from the same file.
    public var failure: String? { nil }

    public func key(_ text: String) -> APIKey? {
        guard let sent = APIKeyText(text) else { return nil }
        let now = clock.uptime
        let known = state.withLock { state in
            if state.lookedAt.map({ $0.advanced(milliseconds: Self.refreshMilliseconds) <= now }) ?? true {
                state.lookedAt = now
                // While another process commits, the keys of half a second ago stay in force.
                try? refresh(&state)
            }
            return state.keys[sent.id]
        }
        guard let known, known.isValid(for: sent) else { return nil }
        return known
    }

    private func refresh(_ state: inout State) throws {
        let version = try state.connection.integer("PRAGMA data_version")
        guard version != state.dataVersion else { return }
        let before = state.keys
        try Self.reload(&state)
        state.dataVersion = version
        for (id, key) in state.keys {
            if let event = JournalEvent.keyChanged(from: before[id], to: key) { journal.record(event) }
        }
    }

    private static func reload(_ state: inout State) throws {
        let rows = try state.connection.prepare(
            """
            SELECT id, name, role, sites, rate_limit, secret_hash, created_at, revoked_at FROM keys
            ORDER BY created_at DESC LIMIT \(keysMaximum)
            """)
        var keys: [String: APIKey] = [:]
        try rows.forEachRow { row in
            // A role or hash that this version does not know grants nothing.
            guard let role = Role(rawValue: row.text(2)), let hash = SHA256Digest(bytes: row.blob(5)) else { return }
            // A damaged list grants nothing: read with fewer sites, or none, the key would open the wrong ones or all.
            let sites = row.text(3).split(separator: " ").map { SiteID($0) }
            guard sites.allSatisfy(\.isValid), sites.map(\.text).joined(separator: " ") == row.text(3) else { return }
            keys[row.text(0)] = APIKey(
                id: row.text(0), name: row.text(1), role: role,
                sites: sites, rateLimit: row.isNull(4) ? nil : row.int(4),
                createdAt: Timestamp(microseconds: row.int64(6)),
                revokedAt: row.isNull(7) ? nil : Timestamp(microseconds: row.int64(7)), secretHash: hash)
        }
        state.keys = keys
    }
}
