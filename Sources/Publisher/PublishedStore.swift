internal import EventModel
internal import Foundation
internal import SQLite
internal import Timeline

/// An hour of a site whose figures must be checked.
struct DueHour: Hashable, Sendable {
    var site: SiteID
    var grid: HourGrid
    /// Microseconds.
    var start: Int64
    /// Identifies the request: a later request for the hour is not satisfied by what was published before.
    var request: Int64
    var causes: DueCauses = []
}

/// How far the hours of a site were made due for their final records.
struct FinishedHours: Equatable {
    /// Start of the first hour that was not; nil: none was.
    var start: Int64?
    /// Those before this one are gone over once more, for ``causes``. Microseconds.
    var until: Int64 = 0
    var causes: DueCauses = []

    /// Why an hour that begins then is due.
    func causes(at start: Int64) -> DueCauses { start < until ? causes : [] }
}

/// The contents of the metric topics' own partition, and the due hours; a separate file next to the projections.
///
/// The whole file may be lost: the topics hold what was published, and then everything is due. One thread at a time.
final class PublishedStore {
    let connection: Connection
    private let getMeta: Statement
    private let putMeta: Statement
    private let getState: Statement
    private let putState: Statement
    private let removeState: Statement
    private let listStates: Statement
    private let putDue: Statement
    private let removeDue: Statement
    private let listDue: Statement
    private var lastRequest: Int64

    /// Raised with every change of the tables; an older file is dropped and filled again from the topics.
    private static let format: Int64 = 6

    private static let tables = """
        CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE published (site BLOB NOT NULL, start INTEGER NOT NULL, kind INTEGER NOT NULL, entity BLOB NOT NULL,
            epoch TEXT NOT NULL, log_offset INTEGER NOT NULL, status TEXT NOT NULL, as_of INTEGER NOT NULL,
            fold INTEGER NOT NULL, figures BLOB NOT NULL, topic_offset INTEGER NOT NULL,
            PRIMARY KEY (site, start, kind, entity)) WITHOUT ROWID;
        CREATE TABLE due (start INTEGER NOT NULL, grid INTEGER NOT NULL, site BLOB NOT NULL, request INTEGER NOT NULL,
            causes INTEGER NOT NULL, PRIMARY KEY (start, grid, site)) WITHOUT ROWID;
        CREATE TABLE finished (site BLOB NOT NULL, grid INTEGER NOT NULL, start INTEGER, until INTEGER NOT NULL,
            causes INTEGER NOT NULL, PRIMARY KEY (site, grid)) WITHOUT ROWID;
        """

    init(path: String) throws {
        let made = try PublishedStore.open(path)
        connection = made
        getMeta = try made.prepare("SELECT value FROM meta WHERE name = ?")
        putMeta = try made.prepare("INSERT OR REPLACE INTO meta VALUES (?, ?)")
        getState = try made.prepare(
            "SELECT topic_offset FROM published WHERE site = ? AND start = ? AND kind = ? AND entity = ?")
        putState = try made.prepare("INSERT OR REPLACE INTO published VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        removeState = try made.prepare(
            "DELETE FROM published WHERE site = ? AND start = ? AND kind = ? AND entity = ?")
        listStates = try made.prepare(
            """
            SELECT entity, epoch, log_offset, status, as_of, fold, figures FROM published
            WHERE site = ? AND start = ? AND kind = ?
            """)
        putDue = try made.prepare(
            """
            INSERT INTO due VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT DO UPDATE SET request = ?4, causes = causes | ?5
            """)
        removeDue = try made.prepare("DELETE FROM due WHERE start = ? AND grid = ? AND site = ? AND request = ?")
        listDue = try made.prepare(
            """
            SELECT start, grid, site, request, causes FROM due WHERE start <= ?1 AND (start, grid, site) < (?2, ?3, ?4)
            ORDER BY start DESC, grid DESC, site DESC LIMIT ?5
            """)
        lastRequest = try made.integer("SELECT max(request) FROM due") ?? 0
    }

    private static func open(_ path: String) throws -> Connection {
        // Whatever a crash loses is read again from the topics.
        let options = ConnectionOptions(mode: .writer, synchronous: .normal, cacheBytes: 4 << 20)
        var connection = try Connection(path: path, options)
        let isNew = try connection.integer("SELECT count(*) FROM sqlite_master") == 0
        if !isNew, try connection.integer("PRAGMA user_version") != format {
            connection = try Connection(path: ":memory:", options)
            for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
            return try open(path)
        }
        if isNew {
            try connection.transaction {
                try connection.execute(tables)
                try connection.execute(outboxTables)
                try connection.execute("PRAGMA user_version = \(format)")
            }
        }
        return connection
    }

    func transaction<Result>(_ body: () throws -> Result) throws -> Result { try connection.transaction(body) }

    // MARK: Positions

    func meta(_ name: String) throws -> Int64 {
        defer { getMeta.reset() }
        try getMeta.bind(1, name)
        return try getMeta.step() ? getMeta.int64(0) : 0
    }

    func setMeta(_ name: String, _ value: Int64) throws {
        try putMeta.bind(1, name)
        try putMeta.bind(2, value)
        try putMeta.run()
    }

    /// The instant up to which anything published is known to reach; nil where nothing was published.
    func publishedUntil() throws -> Int64? { try connection.integer("SELECT max(as_of) FROM published") }

    // MARK: Published states

    /// The newest states of one hour, by entity.
    func states(_ site: SiteID, _ start: Int64, _ kind: MetricKind) throws -> [[UInt8]: PublishedState] {
        var states: [[UInt8]: PublishedState] = [:]
        try listStates.bind(1, site.bytes)
        try listStates.bind(2, start)
        try listStates.bind(3, Int64(kind.rawValue))
        try listStates.forEachRow { row in
            // A row that cannot be decoded counts as missing: the entity is published again.
            guard let figures = PublishedFigures(stored: row.blob(6), kind) else { return }
            states[row.blob(0)] = PublishedState(
                epoch: row.text(1), offset: LogOffset(row.int64(2)),
                status: MetricStatus(rawValue: row.text(3)) ?? .provisional, asOf: row.int64(4), fold: row.int64(5),
                figures: figures)
        }
        return states
    }

    /// Records the state at `offset` of the topic, unless something newer is known.
    /// - Returns: whether it was new.
    @discardableResult
    func note(_ key: MetricKey, _ kind: MetricKind, _ state: PublishedState?, at offset: Int64) throws -> Bool {
        let entity = MetricKey.entityBytes(key.entity)
        func bindKey(_ statement: Statement) throws {
            try statement.bind(1, key.site.bytes)
            try statement.bind(2, key.hourStart)
            try statement.bind(3, Int64(kind.rawValue))
            try statement.bind(4, entity)
        }
        try bindKey(getState)
        let known = try getState.step() ? getState.int64(0) : -1
        getState.reset()
        guard offset > known else { return false }
        guard let state else {
            try bindKey(removeState)
            try removeState.run()
            return true
        }
        try bindKey(putState)
        try putState.bind(5, state.epoch)
        try putState.bind(6, state.offset.value)
        try putState.bind(7, state.status.rawValue)
        try putState.bind(8, state.asOf)
        try putState.bind(9, state.fold)
        try putState.bind(10, state.figures.stored)
        try putState.bind(11, offset)
        try putState.run()
        return true
    }

    /// The topic was replaced: forgets everything about it.
    func forget(_ kind: MetricKind) throws {
        try connection.execute("DELETE FROM published WHERE kind = \(kind.rawValue)")
    }

    // MARK: Due hours

    /// An hour that begins before 1970, where a zone's hours are shifted, has no valid time for a key. One that is due
    /// already is so for these causes too.
    func addDue(_ site: SiteID, _ grid: HourGrid, _ start: Int64, _ causes: DueCauses = []) throws {
        guard start >= 0 else { return }
        lastRequest += 1
        try putDue.bind(1, start)
        try putDue.bind(2, grid.rawValue)
        try putDue.bind(3, site.bytes)
        try putDue.bind(4, lastRequest)
        try putDue.bind(5, causes.rawValue)
        try putDue.run()
    }

    /// Makes every published hour and shift of a site due: under other rules some begin where none of the site's does any
    /// more, and into some no state extends any more.
    func addPublished(_ site: SiteID, _ causes: DueCauses) throws {
        for grid in [HourGrid.site, .shift] {
            let kinds = grid.kinds.map { String($0.rawValue) }.joined(separator: ", ")
            let rows = try connection.prepare(
                "SELECT DISTINCT start FROM published WHERE site = ? AND kind IN (\(kinds))")
            try rows.bind(1, site.bytes)
            var starts: [Int64] = []
            try rows.forEachRow { starts.append($0.int64(0)) }
            for start in starts { try addDue(site, grid, start, causes) }
        }
    }

    /// Due hours that have begun, newest first, starting after one returned before.
    func due(after last: DueHour?, now: Int64, limit: Int) throws -> [DueHour] {
        try listDue.bind(1, now)
        try listDue.bind(2, last?.start ?? Int64.max)
        try listDue.bind(3, last?.grid.rawValue ?? Int64.max)
        try listDue.bind(4, last?.site.bytes ?? [])
        try listDue.bind(5, limit)
        var hours: [DueHour] = []
        try listDue.forEachRow { row in
            hours.append(
                DueHour(
                    site: SiteID(bytes: row.blob(2)), grid: HourGrid(rawValue: row.int64(1)) ?? .site,
                    start: row.int64(0), request: row.int64(3), causes: DueCauses(rawValue: row.int64(4))))
        }
        return hours
    }

    func removeDue(_ hour: DueHour) throws {
        try removeDue.bind(1, hour.start)
        try removeDue.bind(2, hour.grid.rawValue)
        try removeDue.bind(3, hour.site.bytes)
        try removeDue.bind(4, hour.request)
        try removeDue.run()
    }

    // MARK: Finished hours

    func finished(_ site: SiteID, _ grid: HourGrid) throws -> FinishedHours {
        let row = try connection.prepare("SELECT start, until, causes FROM finished WHERE site = ? AND grid = ?")
        try row.bind(1, site.bytes)
        try row.bind(2, grid.rawValue)
        guard try row.step() else { return FinishedHours() }
        return FinishedHours(
            start: row.isNull(0) ? nil : row.int64(0), until: row.int64(1),
            causes: DueCauses(rawValue: row.int64(2)))
    }

    func setFinished(_ site: SiteID, _ grid: HourGrid, _ hours: FinishedHours) throws {
        let row = try connection.prepare("INSERT OR REPLACE INTO finished VALUES (?, ?, ?, ?, ?)")
        try row.bind(1, site.bytes)
        try row.bind(2, grid.rawValue)
        try row.bind(3, hours.start ?? 0)
        try row.bind(4, hours.until)
        try row.bind(5, hours.causes.rawValue)
        try row.run()
    }

    /// All hours are gone over once more.
    func forgetFinished(_ causes: DueCauses) throws {
        try connection.execute(
            """
            UPDATE finished SET until = max(until, coalesce(start, 0)), causes = causes | \(causes.rawValue),
                start = NULL
            """)
    }
}

extension FoldParameters {
    /// Whether one of the site's hours begins at `time`, in microseconds.
    func isHourStart(_ time: Int64) -> Bool { start(of: hour(of: time)) == time }
}
