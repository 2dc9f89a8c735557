public import EventLog
public import EventModel
internal import Foundation
internal import Locks
internal import SQLite

/// The newest full definition of each site, names included, each with its revision: log epoch and offset (DESIGN 3).
///
/// One file, written by this process only. The log holds the definitions without names. If the file lags behind the log
/// after a crash between the two, it is repaired from what the fold knows.
public final class RegistryStore: DefinitionRegistry {
    private struct Handle: ~Copyable {
        let connection: Connection
        let upsert: Statement
        /// The contents of the file, so that an unchanged definition costs no write.
        var stored: [SiteID: RecordPosition]
    }

    private let handle: Guarded<Handle>
    private let epoch: LogEpoch

    /// Opens `registry.sqlite`; creates it if it is missing.
    /// - Throws: `SQLiteError`.
    public init(path: String, epoch: LogEpoch) throws {
        self.epoch = epoch
        let connection = try Connection(path: path, .writer)
        try connection.execute(
            """
            CREATE TABLE IF NOT EXISTS definitions (
                site_id BLOB PRIMARY KEY, epoch BLOB NOT NULL, log_partition INTEGER NOT NULL,
                log_offset INTEGER NOT NULL,
                version INTEGER NOT NULL, created_at INTEGER NOT NULL, definition BLOB NOT NULL
            ) WITHOUT ROWID
            """)
        let upsert = try connection.prepare(
            """
            INSERT OR REPLACE INTO definitions
                (site_id, epoch, log_partition, log_offset, version, created_at, definition)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            """)
        handle = Guarded(Handle(connection: connection, upsert: upsert, stored: [:]))
    }

    public var isShared: Bool { false }

    public var failure: String? { nil }

    public func readToEnd(timeoutMilliseconds: Int) -> Bool { true }

    public func store(_ definition: PlacedDefinition, _ done: @escaping @Sendable ((any Error)?) -> Void) {
        do {
            try store(definition)
        } catch {
            return done(error)
        }
        done(nil)
    }

    private func store(_ placed: PlacedDefinition) throws {
        try handle.withLock { handle in
            let site = placed.siteID
            if handle.stored[site] == placed.position { return }
            try handle.upsert.bind(1, site.bytes)
            try handle.upsert.bind(2, epoch.bytes)
            try handle.upsert.bind(3, Int64(placed.position.partition.value))
            try handle.upsert.bind(4, placed.position.offset.value)
            try handle.upsert.bind(5, Int64(bitPattern: placed.version))
            try handle.upsert.bind(6, placed.createdAt.microseconds)
            try handle.upsert.bind(7, StoredDefinition(placed).json)
            try handle.upsert.run()
            handle.stored[site] = placed.position
        }
    }

    /// All definitions written for this log; rows of another log do not apply.
    public func load(_ changed: @escaping @Sendable (PlacedDefinition) -> Void) throws -> [PlacedDefinition] {
        try handle.withLock { handle in
            let definitions = try Self.definitions(handle.connection, epoch)
            for placed in definitions { handle.stored[placed.siteID] = placed.position }
            return definitions
        }
    }

    /// The definitions that another process's file holds for a log, without writing to it; none if there is no file.
    /// - Throws: `SQLiteError`.
    public static func read(path: String, epoch: LogEpoch) throws -> [PlacedDefinition] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        return try definitions(Connection(path: path, .reader), epoch)
    }

    private static func definitions(_ connection: Connection, _ epoch: LogEpoch) throws -> [PlacedDefinition] {
        let rows = try connection.prepare(
            """
            SELECT site_id, log_partition, log_offset, version, created_at, definition FROM definitions
            WHERE epoch = ?1
            """)
        try rows.bind(1, epoch.bytes)
        var definitions: [PlacedDefinition] = []
        try rows.forEachRow { row in
            let site = SiteID(bytes: row.blob(0))
            let position = RecordPosition(
                partition: PartitionIndex(Int32(row.int64(1))), offset: LogOffset(row.int64(2)))
            let stored = try StoredDefinition(row.blob(5), site: site)
            definitions.append(
                PlacedDefinition(
                    definition: stored.definition, version: UInt64(bitPattern: row.int64(3)),
                    createdAt: Timestamp(microseconds: row.int64(4)), position: position, former: stored.former))
        }
        return definitions
    }
}
