internal import Foundation
internal import SQLite
public import Timeline

/// The projections of one partition in one SQLite file, together with their position in the log (DESIGN 1.5).
///
/// There is one writer, and only the writer checkpoints (DESIGN 1.9); readers have their own connections. Commits do
/// not wait for the disk (`synchronous=NORMAL`), because anything lost here can be rebuilt from the log. Only one
/// thread at a time may call `commit`.
public final class ProjectionStore: @unchecked Sendable {
    // Unchecked: only the committing thread uses the writer; callers of `commit` must ensure this.
    private let writer: Connection
    private let writes: CommitWriter
    public let path: String

    /// Database page size and cache of the writer. The cache holds only part of the pages of a large commit: the rest
    /// spills into the write-ahead log, where it ends up anyway.
    static let pageBytes = 4096
    static let writerCacheBytes = 16 << 20
    static let readerCacheBytes = 2 << 20

    /// Version of the fold that produced the rows; a publisher never overwrites figures of a higher version
    /// (DESIGN 1.11).
    public static var foldVersion: Int64 { StoreSchema.fold }

    /// Opens the store; creates one if there is none or if its format, fold, spec or log differs.
    ///
    /// - Parameters:
    ///   - logEpoch: identity of the log to fold; a store of another log is put aside, not used.
    ///   - keepsFeed: whether commits record their changes for a publisher (DESIGN 3). A store that was ever written
    ///     without a feed is put aside when opened with one, because the changes since are unknown.
    /// - Returns: the store; use ``load()`` to read its content.
    public static func open(
        path: String, logEpoch: [UInt8], keepsFeed: Bool = false
    ) throws -> ProjectionStore {
        do {
            let exists = FileManager.default.fileExists(atPath: path)
            if exists, try !matches(path, logEpoch, needsFeed: keepsFeed) { try putAside(path) }
            return try ProjectionStore(path: path, logEpoch: logEpoch, keepsFeed: keepsFeed)
        } catch { throw StoreError.wrap("projections at \(path) cannot be opened", error) }
    }

    private init(path: String, logEpoch: [UInt8], keepsFeed: Bool) throws {
        let connection = try Connection(
            path: path,
            ConnectionOptions(
                mode: .writer, synchronous: .normal, pageBytes: ProjectionStore.pageBytes,
                cacheBytes: ProjectionStore.writerCacheBytes))
        if try connection.integer("SELECT count(*) FROM sqlite_master WHERE name = 'meta'") == 0 {
            try ProjectionStore.createTables(connection, logEpoch)
        }
        self.path = path
        writer = connection
        writes = try CommitWriter(connection, feed: keepsFeed ? try ChangeFeedWriter(connection) : nil)
        // Record whether the feed is kept from now on: the next open must know.
        try connection.execute(
            "UPDATE meta SET value = \(keepsFeed ? "value" : "0") WHERE name = '\(MetaName.hasFeed.rawValue)'")
    }

    private static func createTables(_ connection: Connection, _ logEpoch: [UInt8]) throws {
        try connection.transaction {
            try connection.execute(StoreSchema.tables)
            let insert = try connection.prepare("INSERT INTO meta (name, value) VALUES (?, ?)")
            let values: [(MetaName, Int64)] = [
                (.format, StoreSchema.format), (.fold, StoreSchema.fold), (.spec, StoreSchema.spec),
                (.nextOffset, 0), (.pageCount, 0), (.generation, 0), (.hasFeed, 1),
                // Distinguishes a recreated store, whose generations start again, from the old one.
                (.storeID, Int64.random(in: 1...Int64.max)),
            ]
            for (name, value) in values {
                try insert.bind(1, name.rawValue)
                try insert.bind(2, value)
                try insert.run()
            }
            try insert.bind(1, MetaName.logEpoch.rawValue)
            try insert.bind(2, logEpoch)
            try insert.run()
        }
    }

    /// Whether `path` has a store that this program can read and that was folded from this log.
    public static func isCurrent(path: String, logEpoch: [UInt8]) -> Bool {
        FileManager.default.fileExists(atPath: path) && (try? matches(path, logEpoch)) == true
    }

    /// Whether the file is a store with this program's versions and of this log.
    private static func matches(_ path: String, _ logEpoch: [UInt8], needsFeed: Bool = false) throws -> Bool {
        let reader = try Connection(path: path, .reader)
        guard try reader.integer("SELECT count(*) FROM sqlite_master WHERE name = 'meta'") == 1 else { return true }
        let versions: [(MetaName, Int64)] = [
            (.format, StoreSchema.format), (.fold, StoreSchema.fold), (.spec, StoreSchema.spec),
        ]
        for (name, value) in versions where try reader.integer(name) != value { return false }
        if needsFeed, try reader.integer(.hasFeed) != 1 { return false }
        let epoch = try reader.prepare("SELECT value FROM meta WHERE name = '\(MetaName.logEpoch.rawValue)'")
        guard try epoch.step() else { return false }
        return epoch.blob(0) == logEpoch
    }

    /// Renames an unusable store; the renamed file can be deleted once the new store is built.
    private static func putAside(_ path: String) throws {
        let files = FileManager.default
        let aside = path + ".old"
        for suffix in ["", "-wal", "-shm"] {
            if files.fileExists(atPath: aside + suffix) { try files.removeItem(atPath: aside + suffix) }
            if files.fileExists(atPath: path + suffix) {
                try files.moveItem(atPath: path + suffix, toPath: aside + suffix)
            }
        }
    }

    /// Loads the content of the file as a fold that continues from there.
    public func load() throws -> PartitionFold { try reader().load() }

    /// Writes all of `set` and its position in one transaction.
    ///
    /// - Throws: ``StoreError``; then nothing was written, and if it is retriable, the same set can be committed again.
    public func commit(_ set: CommitSet) throws(StoreError) {
        do { try writer.transaction { try writes.write(set) } } catch {
            throw StoreError.wrap("projections at \(path) cannot be committed", error)
        }
    }

    /// A reader with its own connection.
    public func reader() throws -> StoreReader { try StoreReader(path: path) }
}
