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
        var rows = KeyRows()
        /// `PRAGMA data_version` at the last check: it changes when another connection has committed.
        var dataVersion: Int64?
        var lookedAt: MonotonicTime?
    }

    private let state: Guarded<State>
    private let path: String
    private let clock: any ProcessClock
    private let journal: Journal

    /// Opens the keys; creates the file if it is missing.
    ///
    /// - Parameter journal: where changes are recorded that other processes make, and keys that cannot be read.
    /// - Throws: ``KeyError``: `.damaged` when not even the rest of the file can be trusted.
    public init(
        path: String, clock: any ProcessClock = .system, journal: Journal = .silent
    ) throws(KeyError) {
        self.path = path
        self.clock = clock
        self.journal = journal
        do {
            let connection = try Connection(path: path, .shared)
            try connection.execute(KeyRow.table)
            if let damage = try connection.structuralDamage() {
                throw KeyError.damaged("\(path) is not what was written: \(damage)")
            }
            try Self.addChecks(connection)
            state = Guarded(State(connection: connection))
            try state.withLock { try reload(&$0) }
        } catch { throw KeyError(error, at: path) }
    }

    /// Takes over a file whose rows have no checks, once.
    private static func addChecks(_ connection: Connection) throws {
        guard try !connection.hasColumn("row_check", in: "keys") else { return }
        try connection.transaction {
            // Another process may have done it just now.
            guard try !connection.hasColumn("row_check", in: "keys") else { return }
            try connection.execute("ALTER TABLE keys ADD COLUMN row_check BLOB")
            var rows: [KeyRow] = []
            try connection.prepare("SELECT \(KeyRow.columns) FROM keys").forEachRow { rows.append(KeyRow($0)) }
            let update = try connection.prepare("UPDATE keys SET row_check = ?2 WHERE id = ?1")
            // One that grants nothing is not made valid by a check.
            for row in rows where row.key != nil {
                try update.bind(1, row.id)
                try update.bind(2, row.check)
                try update.run()
            }
        }
    }

    // MARK: Administration

    public func create(
        role: Role, sites: [SiteID] = [], name: String = "", rateLimit: Int? = nil, at now: Timestamp
    ) throws -> (text: String, key: APIKey) {
        let (text, key) = APIKey.random(role: role, sites: sites, name: name, rateLimit: rateLimit, at: now)
        try write { state in try Self.insert(key, state.connection) }
        return (text, key)
    }

    private static func insert(_ key: APIKey, _ connection: Connection) throws {
        let insert = try connection.prepare(
            "INSERT INTO keys (\(KeyRow.columns)) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")
        try KeyRow(key).bind(to: insert)
        try insert.run()
    }

    public func list() throws -> [APIKey] {
        try write { state in
            state.rows.keys.values.sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
        }
    }

    public func revoke(id: String, at now: Timestamp) throws -> Bool {
        try write { state in
            // Read and written in one transaction: the check covers the whole row.
            try state.connection.transaction {
                var rows = KeyRows()
                try rows.read(state.connection)
                guard var key = rows.keys[id], key.revokedAt == nil else { return false }
                key.revokedAt = now
                let update = try state.connection.prepare(
                    "UPDATE keys SET revoked_at = ?2, row_check = ?3 WHERE id = ?1")
                try update.bind(1, id)
                try update.bind(2, now.microseconds)
                try update.bind(3, KeyRow(key).check)
                try update.run()
                return true
            }
        }
    }

    /// Adds keys that another file had, with their secrets' hashes; one that is there already stays.
    public func adopt(_ keys: [APIKey]) throws {
        try write { state in
            for key in keys where state.rows.keys[key.id] == nil { try Self.insert(key, state.connection) }
        }
    }

    /// Runs `body` between two readings of the file.
    private func write<Result>(_ body: (inout State) throws -> Result) throws -> Result {
        try state.withLock { state in
            do {
                try reload(&state)
                let result = try body(&state)
                try reload(&state)
                return result
            } catch { throw KeyError(error, at: path) }
        }
    }

    /// The ids of keys that open nothing because their rows are not what was written.
    public var damaged: [String] { state.withLock { $0.rows.damaged } }

    /// The keys in a file that are what was written, whatever else is damaged, without writing to it.
    /// - Returns: them, and what cannot be read.
    public static func salvage(path: String) -> (sound: [APIKey], damage: [String]) {
        var rows = KeyRows()
        var damage: [String] = []
        do {
            let connection = try Connection(path: path, .reader)
            let isOld = try !connection.hasColumn("row_check", in: "keys")
            for backwards in [false, true] {
                do { try rows.read(connection, isOld: isOld, backwards: backwards) } catch {
                    damage.append(KeyError(error, at: path).message)
                }
            }
            if let wrong = try connection.structuralDamage() {
                damage.append("\(path) is not what was written: \(wrong)")
            }
        } catch { damage.append(KeyError(error, at: path).message) }
        return (Array(rows.keys.values), rows.damaged.map { "key \(printable($0))" } + damage.prefix(1))
    }

    /// Looks at a file without writing to it.
    /// - Returns: the ids of keys that open nothing because their rows are not what was written.
    /// - Throws: ``KeyError``: `.damaged` when not even the rest of the file can be trusted.
    public static func inspect(path: String) throws(KeyError) -> [String] {
        do {
            let connection = try Connection(path: path, .reader)
            if let wrong = try connection.structuralDamage() {
                throw KeyError.damaged("\(path) is not what was written: \(wrong)")
            }
            guard try connection.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'keys'") == 1 else {
                return []
            }
            var rows = KeyRows()
            try rows.read(connection, isOld: !connection.hasColumn("row_check", in: "keys"))
            return rows.damaged.map(printable)
        } catch { throw KeyError(error, at: path) }
    }

    /// A damaged id may be anything.
    static func printable(_ id: String) -> String {
        !id.isEmpty && id.allSatisfy(\.isHexDigit) ? id : "whose id is damaged"
    }

    // MARK: Look-up

    /// Always nil: keys of other processes are read from the same file.
    public var failure: String? { nil }

    public func key(_ text: String) -> APIKey? {
        guard let sent = APIKeyText(text), let known = known(sent.id), known.isValid(for: sent) else { return nil }
        return known
    }

    public func isInForce(id: String) -> Bool { known(id).map { $0.revokedAt == nil } ?? false }

    private func known(_ id: String) -> APIKey? {
        let now = clock.uptime
        return state.withLock { state in
            if state.lookedAt.map({ $0.advanced(milliseconds: Self.refreshMilliseconds) <= now }) ?? true {
                state.lookedAt = now
                // While another process commits, the keys of half a second ago stay in force.
                try? refresh(&state)
            }
            return state.rows.keys[id]
        }
    }

    private func refresh(_ state: inout State) throws {
        let version = try state.connection.integer("PRAGMA data_version")
        guard version != state.dataVersion else { return }
        let before = state.rows.keys
        try reload(&state)
        state.dataVersion = version
        for (id, key) in state.rows.keys {
            if let event = JournalEvent.keyChanged(from: before[id], to: key) { journal.record(event) }
        }
    }

    private func reload(_ state: inout State) throws {
        var rows = KeyRows()
        try rows.read(state.connection)
        for id in rows.damaged where !state.rows.damaged.contains(id) {
            journal.record(.keyDamaged(Self.printable(id)))
        }
        state.rows = rows
    }
}
