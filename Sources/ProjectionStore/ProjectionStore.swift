public import EventModel
internal import Foundation
internal import Observability
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
    private let room: LogRoom
    private let turns: ReadingTurns
    private let limits: StoreLimits
    public let path: String
    /// What it was opened with.
    public let needs: StoreHead.Needs
    private let restoring: Restoring?
    /// Why another store was not used when this one was opened; nil if there was none, or if it was.
    public let replacement: StoreReplacement?
    /// Whether it holds what was written to it; all of its readers note damage here.
    public let condition = StoreCondition()

    /// The cache of the writer holds only part of the pages of a large commit: the rest spills into the write-ahead
    /// log, where it ends up anyway. Every page carries a checksum, so that nothing is answered from a damaged file.
    static let writerOptions = ConnectionOptions(
        mode: .writer, synchronous: .normal, cacheBytes: 16 << 20, checkpointPages: 0, checksPages: true)
    static let readerOptions = ConnectionOptions(mode: .reader, cacheBytes: 2 << 20, checksPages: true)
    /// For a file that nobody writes.
    static let copyOptions = ConnectionOptions(mode: .fileAlone, cacheBytes: 2 << 20, checksPages: true)

    /// Version of the fold that produced the rows; a publisher never overwrites figures of a higher version
    /// (DESIGN 1.11).
    public static var foldVersion: Int64 { StoreSchema.fold }
    /// Version of tables and blobs: a store of another one cannot be read.
    public static var formatVersion: Int64 { StoreSchema.format }

    /// Makes a store of what was kept of an earlier one, a snapshot, at a path where nothing is.
    ///
    /// Returns false, and leaves nothing there, where nothing that was kept fits. What it throws ends the opening.
    public typealias Restoring = @Sendable (_ path: String) throws -> Bool

    /// Opens the store; creates one if there is none, or if the one that is there is damaged: that is put aside.
    ///
    /// - Parameters:
    ///   - logEpoch: identity of the log to fold.
    ///   - keepsFeed: whether commits record their changes for a publisher (DESIGN 3).
    /// - Returns: the store; use ``load()`` to read its content.
    /// - Throws: ``StoreError`` for a store of another format, fold, spec or log, or one that was ever written without the
    ///   feed that is needed; ``GenerationDirectory`` knows what to do with it.
    public static func open(
        path: String, logEpoch: [UInt8], keepsFeed: Bool = false, limits: StoreLimits = StoreLimits()
    ) throws -> ProjectionStore {
        try open(path: path, StoreHead.Needs(logEpoch: logEpoch, feed: keepsFeed), limits: limits)
    }

    /// - Parameters:
    ///   - replacement: why the store that was there before, elsewhere, is not used.
    ///   - restoring: what makes a store in place of one that is not there, or is damaged, now or later; where it makes
    ///     none, an empty one is made.
    public static func open(
        path: String, _ needs: StoreHead.Needs, limits: StoreLimits = StoreLimits(),
        insteadOf replacement: StoreReplacement? = nil, restoring: Restoring? = nil
    ) throws -> ProjectionStore {
        do {
            do {
                switch try StoreHead.read(path: path) {
                case .nothing: _ = try restoring?(path)
                case .head(let head) where head.fits(needs): break
                case .head, .otherFormat: throw StoreError.other(path)
                case .damaged(let reason): return try make(path, needs, limits, .damaged(reason), restoring)
                }
                if let damage = try StoreReplacement.ofCommits(at: path) {
                    return try make(path, needs, limits, damage, restoring)
                }
                return try ProjectionStore(path, needs, limits, replacement, restoring)
            } catch  where error.isStoreDamage {
                return try make(path, needs, limits, .damaged(error.forOperator.message), restoring)
            }
        } catch { throw StoreError.wrap("projections at \(path) cannot be opened", error) }
    }

    /// Opens a store of another fold to answer from it; nothing may be committed to it.
    static func openAsItIs(path: String, limits: StoreLimits) throws -> ProjectionStore {
        do { return try ProjectionStore(path, nil, limits, nil, nil) } catch {
            throw StoreError.wrap("projections at \(path) cannot be opened", error)
        }
    }

    /// Puts this store aside because it is damaged, and makes another one in its place, restored or empty, which the log
    /// fills again.
    ///
    /// Nobody may commit to this one any more. Its readers may go on until they are done.
    public func replaced(because damage: any Error) throws -> ProjectionStore {
        do {
            let reason = StoreReplacement.damaged(damage.forOperator.message)
            return try ProjectionStore.make(path, needs, limits, reason, restoring)
        } catch { throw StoreError.wrap("projections at \(path) cannot be made anew", error) }
    }

    private static func make(
        _ path: String, _ needs: StoreHead.Needs, _ limits: StoreLimits, _ replacement: StoreReplacement,
        _ restoring: Restoring?
    ) throws -> ProjectionStore {
        try StoreReplacement.replace(path, restoring: restoring)
        return try ProjectionStore(path, needs, limits, replacement, restoring)
    }

    /// - Parameter needs: nil to leave everything as it is.
    private init(
        _ path: String, _ needs: StoreHead.Needs?, _ limits: StoreLimits, _ replacement: StoreReplacement?,
        _ restoring: Restoring?
    ) throws {
        self.limits = limits
        self.restoring = restoring
        self.needs = needs ?? StoreHead.Needs(logEpoch: [])
        self.replacement = replacement
        let connection = try Connection(path: path, ProjectionStore.writerOptions)
        if let needs, try !connection.hasStore() { try ProjectionStore.createTables(connection, needs) }
        self.path = path
        writer = connection
        turns = ReadingTurns(limits)
        room = LogRoom(connection, turns, limits)
        let keepsFeed = needs?.feed ?? false
        writes = try CommitWriter(connection, feed: keepsFeed ? try ChangeFeedWriter(connection) : nil)
        guard needs != nil else { return }
        // Record whether the feed is kept from now on: the next open must know.
        if !keepsFeed {
            try connection.set(.hasFeed, 0)
        } else if try connection.integer(.hasFeed) != 1 {
            // Another id tells a publisher that it must look at everything.
            try connection.transaction {
                try connection.execute("DELETE FROM changed_hour")
                try connection.set(.storeID, Int64.random(in: 1...Int64.max))
                try connection.set(.hasFeed, 1)
            }
        }
    }

    private static func createTables(_ connection: Connection, _ needs: StoreHead.Needs) throws {
        try connection.transaction {
            try connection.execute(StoreSchema.tables)
            let insert = try connection.prepare("INSERT INTO meta (name, value) VALUES (?, ?)")
            let values: [(MetaName, Int64)] = [
                (.format, needs.versions.format), (.fold, needs.versions.fold), (.spec, needs.versions.spec),
                (.nextOffset, 0), (.pageCount, 0), (.generation, 0), (.hasFeed, 1), (.answersFrom, 0),
                // Distinguishes a recreated store, whose generations start again, from the old one.
                (.storeID, Int64.random(in: 1...Int64.max)),
            ]
            for (name, value) in values {
                try insert.bind(1, name.rawValue)
                try insert.bind(2, value)
                try insert.run()
            }
            try insert.bind(1, MetaName.logEpoch.rawValue)
            try insert.bind(2, needs.logEpoch)
            try insert.run()
        }
    }

    /// Whether `path` has a store that this program can go on with and that was folded from this log.
    public static func isCurrent(path: String, logEpoch: [UInt8]) -> Bool {
        guard case .head(let head)? = try? StoreHead.read(path: path) else { return false }
        return head.fits(StoreHead.Needs(logEpoch: logEpoch))
    }

    /// Why no fold of this program can go on with the store at `path`, as far as its head tells; nil when one can, or when
    /// there is none.
    public static func replacement(path: String, logEpoch: [UInt8]) throws -> StoreReplacement? {
        switch try StoreHead.read(path: path) {
        case .nothing: nil
        case .head(let head): head.fits(StoreHead.Needs(logEpoch: logEpoch)) ? nil : .otherVersion
        case .otherFormat: .otherVersion
        case .damaged(let reason): .damaged(reason)
        }
    }

    /// From which offset on questions are answered: 0, or where a store stood that this one replaces.
    public func answersFrom() throws -> LogOffset {
        do { return LogOffset(try writer.integer(.answersFrom) ?? 0) } catch {
            throw StoreError.wrap("projections at \(path) cannot be read", error)
        }
    }

    /// Sets ``answersFrom()``. For the thread that commits, or before it starts.
    public func answer(from offset: LogOffset) throws {
        do {
            try writer.execute(
                "UPDATE meta SET value = \(offset.value) WHERE name = '\(MetaName.answersFrom.rawValue)'")
        } catch { throw StoreError.wrap("projections at \(path) cannot be written", error) }
    }

    /// Lets a store into which nothing was folded begin at an offset: it holds just what follows (SPEC 7.3). For the
    /// thread that commits, before it loads.
    public func begin(at offset: LogOffset) throws {
        do {
            try writer.execute(
                """
                UPDATE meta SET value = \(offset.value) WHERE name = '\(MetaName.nextOffset.rawValue)' AND value = 0
                """)
        } catch { throw StoreError.wrap("projections at \(path) cannot be written", error) }
    }

    /// Loads the content of the file as a fold that continues from there.
    public func load() throws -> PartitionFold { try reader().load() }

    /// Writes all of `set` and its position in one transaction. Waits for readers when the write-ahead log has no room
    /// left, so that it stays within its limit (DESIGN 1.9).
    ///
    /// - Throws: ``StoreError``; then nothing was written, and if it is retriable, the same set can be committed again.
    public func commit(_ set: CommitSet) throws(StoreError) {
        do {
            try room.make(for: set.estimatedPages)
            try writer.transaction { try writes.write(set) }
        } catch {
            throw condition.noted("projections at \(path) cannot be committed", error)
        }
        room.committed()
    }

    /// Copies the newest commit into a file, while commits and questions go on; see ``StoreCopy``.
    ///
    /// - Returns: whether `progress` let it come to its end.
    /// - Throws: ``StoreError``; retriable when commits left no room for it. The file is not to be used then.
    public func copy(to destination: String, _ progress: StoreCopy.Progress) throws -> Bool {
        let reading = try turns.begin(isCopy: true)
        defer { turns.end(reading) }
        do {
            return try StoreCopy.run(
                from: path, to: destination, pagesPerStep: limits.pagesCopiedPerStep, isCut: { reading.isOver },
                progress)
        } catch { throw condition.noted("projections at \(path) cannot be copied", error) }
    }

    /// A reader with its own connection.
    public func reader() throws -> StoreReader { try StoreReader(path: path, condition: condition, turns: turns) }
}
