public import EventModel
internal import Foundation
internal import SQLite
public import Timeline

/// The projections of one partition in one SQLite file, together with the position they stand at (DESIGN 1.5).
///
/// One writer, which alone checkpoints (DESIGN 1.9); readers have connections of their own. What is lost here is made
/// again from the log, so commits do not wait for the disk (`synchronous=NORMAL`).
/// `commit` is called by one thread at a time.
public final class ProjectionStore: @unchecked Sendable {
    // Unchecked: the writer is used by the committing thread alone, which `commit` demands of its callers.
    private let writer: Connection
    private let writes: CommitWriter
    private let feed: ChangeFeedWriter?
    public let path: String

    /// Database page size and cache of the writer. The cache holds the pages of a large commit only in part: the
    /// rest spills into the write-ahead log, where it goes anyway.
    static let pageBytes = 4096
    static let writerCacheBytes = 16 << 20
    static let readerCacheBytes = 2 << 20

    /// Version of the fold that the rows come from: nobody publishes over figures of a higher one (DESIGN 1.11).
    public static var foldVersion: Int64 { StoreSchema.fold }

    /// Opens the store, or makes a new one where there is none or one of another format, fold, spec or log.
    ///
    /// - Parameters:
    ///   - logEpoch: identity of the log that is folded; a store of another log is put aside, not used.
    ///   - keepsFeed: whether commits note what they change, for a publisher (DESIGN 3). A store that was ever written
    ///     without is put aside when it is opened with it, because what it did not note is lost.
    /// - Returns: the store; what it holds is read with ``load()``.
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
        feed = keepsFeed ? try ChangeFeedWriter(connection) : nil
        writes = try CommitWriter(connection, feed: feed)
        // From now on, or not: whoever opens it next has to know.
        try connection.execute(
            "UPDATE meta SET value = \(keepsFeed ? "value" : "0") WHERE name = '\(MetaName.hasFeed.rawValue)'")
    }

    /// Lets the next commit forget the quarantined events of all records before `offset`: they are published.
    public func forgetQuarantined(before offset: LogOffset) { feed?.forgetQuarantined(before: offset) }

    private static func createTables(_ connection: Connection, _ logEpoch: [UInt8]) throws {
        try connection.transaction {
            try connection.execute(StoreSchema.tables)
            let insert = try connection.prepare("INSERT INTO meta (name, value) VALUES (?, ?)")
            let values: [(MetaName, Int64)] = [
                (.format, StoreSchema.format), (.fold, StoreSchema.fold), (.spec, StoreSchema.spec),
                (.nextOffset, 0), (.pageCount, 0), (.generation, 0), (.hasFeed, 1),
                // Tells one store from another that was made anew: its generations begin again.
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

    /// Whether there is a store at `path` that this program can read and that was folded from this log.
    public static func isCurrent(path: String, logEpoch: [UInt8]) -> Bool {
        FileManager.default.fileExists(atPath: path) && (try? matches(path, logEpoch)) == true
    }

    /// Whether the file is a store of this program's versions and of this log.
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

    /// Renames a store that cannot be used; it can be thrown away once the new one is made.
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

    /// What the file holds, as a fold that goes on from there.
    public func load() throws -> PartitionFold { try reader().load() }

    /// Writes everything of `set` and its position in one transaction.
    ///
    /// - Throws: ``StoreError``; then nothing was written, and the same set can be committed again when it is retriable.
    public func commit(_ set: CommitSet) throws(StoreError) {
        do { try writer.transaction { try writes.write(set) } } catch {
            throw StoreError.wrap("projections at \(path) cannot be committed", error)
        }
    }

    /// A reader with a connection of its own.
    public func reader() throws -> StoreReader { try StoreReader(path: path) }
}
