public import EventLog
public import EventModel
internal import Foundation
internal import Locks
internal import SQLite

/// The newest full definition of each site, names included, each with its revision: log epoch and offset (DESIGN 3).
///
/// One file, written by this process only, with a rollback journal: what is committed stands in the file itself. The log
/// holds the definitions without names. If the file lags behind the log after a crash between the two, it is repaired
/// from what the log says (``RegistryComparison``). A row that is not what was written is refused, never left out: only
/// the registry knows the names of people.
public final class RegistryStore: DefinitionRegistry {
    private struct Handle: ~Copyable {
        let connection: Connection
        let upsert: Statement
        /// Checks of the rows in the file, so that an unchanged definition costs no write.
        var stored: [SiteID: Int64] = [:]
    }

    private let handle: Guarded<Handle>
    private let epoch: LogEpoch
    private let path: String

    /// Opens `registry.sqlite`; creates it if it is missing.
    /// - Throws: ``RegistryError``: `.damaged` before anything is written to it.
    public init(path: String, epoch: LogEpoch) throws(RegistryError) {
        self.epoch = epoch
        self.path = path
        try Self.checkWriteAheadLog(path)
        do {
            let connection = try Connection(path: path, .shared)
            try connection.execute(RegistryRow.table)
            try Self.checkStructure(connection)
            try Self.addChecks(connection)
            let upsert = try connection.prepare(
                """
                INSERT OR REPLACE INTO definitions (\(RegistryRow.columns)) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                """)
            handle = Guarded(Handle(connection: connection, upsert: upsert))
        } catch { throw RegistryError(error, at: path) }
    }

    /// Earlier versions kept one, and opening the file copies from it what stands before a damaged frame.
    private static func checkWriteAheadLog(_ path: String) throws(RegistryError) {
        let survey: WriteAheadLogSurvey?
        do { survey = try WriteAheadLogSurvey.ofDatabase(at: path, pageBytes: 4096) } catch {
            throw RegistryError(error, at: path)
        }
        guard let survey, survey.isDamaged || survey.transactionsBeyond > 0 else { return }
        throw .damaged("\(path)-wal is not what was written")
    }

    private static func checkStructure(_ connection: Connection) throws {
        guard let damage = try connection.structuralDamage() else { return }
        throw RegistryError.damaged("\(connection.path) is not what was written: \(damage)")
    }

    private static func hasChecks(_ connection: Connection) throws(SQLiteError) -> Bool {
        try connection.hasColumn("row_check", in: "definitions")
    }

    /// Takes over a file whose rows have no checks, once.
    private static func addChecks(_ connection: Connection) throws {
        guard try !hasChecks(connection) else { return }
        var rows = RegistryRows()
        try rows.read(connection, isOld: true)
        if let damage = rows.damaged.first { throw damage }
        try connection.transaction {
            try connection.execute("ALTER TABLE definitions ADD COLUMN row_check INTEGER")
            let update = try connection.prepare("UPDATE definitions SET row_check = ?2 WHERE site_id = ?1")
            for row in rows.sound.values {
                try update.bind(1, row.site.bytes)
                try update.bind(2, row.check)
                try update.run()
            }
        }
    }

    public var isShared: Bool { false }

    public var failure: String? { nil }

    public func readToEnd(timeoutMilliseconds: Int) -> Bool { true }

    public func store(_ definition: PlacedDefinition, _ done: @escaping @Sendable ((any Error)?) -> Void) {
        do throws(RegistryError) {
            try storeNow(definition)
        } catch {
            return done(error)
        }
        done(nil)
    }

    /// Writes a definition unless it is stored already, and returns when it is durable.
    public func storeNow(_ definition: PlacedDefinition) throws(RegistryError) {
        do { try store(RegistryRow(definition, epoch)) } catch { throw RegistryError(error, at: path) }
    }

    private func store(_ row: RegistryRow) throws {
        try handle.withLock { handle in
            let check = row.check
            if handle.stored[row.site] == check { return }
            try row.bind(to: handle.upsert)
            try handle.upsert.run()
            handle.stored[row.site] = check
        }
    }

    /// All definitions written for this log; rows of another log do not apply.
    /// - Throws: ``RegistryError``
    public func load(_ changed: @escaping @Sendable (PlacedDefinition) -> Void) throws -> [PlacedDefinition] {
        try handle.withLock { handle in
            do {
                var rows = RegistryRows()
                try rows.read(handle.connection, isOld: false)
                if let damage = rows.damaged.first { throw damage }
                handle.stored = rows.sound.mapValues(\.check)
                return try rows.sound.values.filter { $0.epoch == epoch }.map { try $0.placed() }
            } catch { throw RegistryError(error, at: path) }
        }
    }

    // MARK: Without writing

    /// The definitions that another process's file holds for a log, without writing to it; none if there is no file.
    /// - Throws: ``RegistryError``
    public static func read(path: String, epoch: LogEpoch) throws(RegistryError) -> [PlacedDefinition] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        try checkWriteAheadLog(path)
        var rows = RegistryRows()
        do {
            let connection = try Connection(path: path, .reader)
            try checkStructure(connection)
            guard try hasTable(connection) else { return [] }
            try rows.read(connection, isOld: !hasChecks(connection))
            if let damage = rows.damaged.first { throw damage }
            return try rows.sound.values.filter { $0.epoch == epoch }.map { try $0.placed() }
        } catch { throw RegistryError(error, at: path) }
    }

    /// Whether a file has definitions, and none of them is of this log.
    public static func isOfAnotherLog(path: String, epoch: LogEpoch) -> Bool {
        let rows = salvage(path: path).sound
        return !rows.isEmpty && !rows.contains { $0.epoch == epoch }
    }

    /// The definitions in a file that are what was written, with the log that they are of, whatever else is damaged.
    /// - Returns: them, and what cannot be read.
    public static func salvage(path: String) -> (sound: [(epoch: LogEpoch, placed: PlacedDefinition)], damage: [String])
    {
        var rows = RegistryRows()
        var damage: [String] = []
        do {
            let connection = try Connection(path: path, .reader)
            let isOld = try !hasChecks(connection)
            for backwards in [false, true] {
                do { try rows.read(connection, isOld: isOld, backwards: backwards) } catch {
                    damage.append(RegistryError(error, at: path).message)
                }
            }
        } catch { damage.append(RegistryError(error, at: path).message) }
        let sound = rows.sound.values.compactMap { row in (try? row.placed()).map { (row.epoch, $0) } }
        return (sound, rows.damaged.map(\.message) + damage.prefix(1))
    }

    private static func hasTable(_ connection: Connection) throws(SQLiteError) -> Bool {
        try connection.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'definitions'") == 1
    }
}
