internal import EventLog
internal import EventModel
internal import Foundation
internal import SQLite

/// The rows of ``SQLiteTopics``: of every key the newest record, and of every topic the newest so many keys.
///
/// One thread at a time.
final class TopicTable {
    private let connection: Connection
    private let put: Statement
    private let raise: Statement
    private let trim: Statement
    private let countRows: Statement

    /// Raised with every change of the tables; an older file is dropped, and its records are published again.
    private static let format: Int64 = 1

    /// The site is what stands before the first slash of a key.
    private static let tables = """
        CREATE TABLE topic (name TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE source (id TEXT NOT NULL);
        CREATE TABLE record (topic TEXT NOT NULL, key BLOB NOT NULL, place INTEGER NOT NULL, site BLOB NOT NULL,
            value BLOB, headers BLOB NOT NULL, time INTEGER NOT NULL, PRIMARY KEY (topic, key));
        CREATE UNIQUE INDEX record_place ON record (topic, place);
        """

    static let readerOptions = ConnectionOptions(mode: .reader, cacheBytes: 1 << 20)

    init(path: String, topics: [String]) throws {
        connection = try Self.open(path)
        put = try connection.prepare("INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?, ?, ?, ?)")
        raise = try connection.prepare("UPDATE topic SET next = ?2 WHERE name = ?1")
        trim = try connection.prepare(
            """
            DELETE FROM record WHERE topic = ?1 AND place < (
                SELECT place FROM record WHERE topic = ?1 ORDER BY place DESC LIMIT 1 OFFSET ?2)
            """)
        countRows = try connection.prepare("SELECT count(*) FROM record WHERE topic = ?")
        try connection.transaction {
            let add = try connection.prepare("INSERT OR IGNORE INTO topic VALUES (?, 0)")
            for topic in topics {
                try add.bind(1, topic)
                try add.run()
            }
        }
    }

    /// A file that is damaged, or of another format, is dropped.
    private static func open(_ path: String) throws -> Connection {
        do { return try existing(path) } catch is SQLiteError {}
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
        return try existing(path)
    }

    private static func existing(_ path: String) throws -> Connection {
        // A publisher that remembers what it sent must find it here after a power failure.
        let connection = try Connection(path: path, ConnectionOptions(mode: .writer, synchronous: .full))
        if try connection.integer("SELECT count(*) FROM sqlite_master") == 0 {
            let id = String(UInt32.random(in: .min ... .max), radix: 16)
            try connection.transaction {
                try connection.execute(tables)
                try connection.execute("INSERT INTO source VALUES ('\(id)')")
                try connection.execute("PRAGMA user_version = \(format)")
            }
        }
        guard try connection.integer("PRAGMA user_version") == format else {
            throw SQLiteError(extendedCode: 11, message: "\(path) has another format")
        }
        return connection
    }

    func transaction<Result>(_ body: () throws -> Result) throws -> Result { try connection.transaction(body) }

    func end(_ topic: String) throws -> Int64 {
        let row = try connection.prepare("SELECT next FROM topic WHERE name = ?")
        try row.bind(1, topic)
        return try row.step() ? row.int64(0) : 0
    }

    /// Replaces the record of a key, at a place after all others.
    func put(_ record: TopicRecord, at place: Int64) throws {
        try put.bind(1, record.topic)
        try put.bind(2, record.key)
        try put.bind(3, place)
        try put.bind(4, Array(record.key.prefix { $0 != UInt8(ascii: "/") }))
        if let value = record.value { try put.bind(5, value) } else { try put.bindNull(5) }
        try put.bind(6, HeaderCoding.encode(record.headers))
        try put.bind(7, record.timestamp.microseconds)
        try put.run()
        try raise.bind(1, record.topic)
        try raise.bind(2, place + 1)
        try raise.run()
    }

    func count(_ topic: String) throws -> Int {
        try countRows.bind(1, topic)
        defer { countRows.reset() }
        return try countRows.step() ? countRows.int(0) : 0
    }

    /// Removes all but the newest `count` keys.
    func trim(_ topic: String, to count: Int) throws {
        try trim.bind(1, topic)
        try trim.bind(2, max(0, count - 1))
        try trim.run()
    }
}

/// Reads what a ``TopicTable`` has committed; one thread at a time.
final class TopicReader {
    private let connection: Connection
    let source: String

    init(path: String) throws {
        connection = try Connection(path: path, TopicTable.readerOptions)
        let row = try connection.prepare("SELECT id FROM source")
        source = try row.step() ? row.text(0) : ""
    }

    /// - Parameter sites: nil for all.
    func records(
        _ topic: String, from place: Int64, limit: Int, sites: [SiteID]? = nil
    ) throws -> [FollowedRecord] {
        let named = sites.map { sites in " AND site IN (\(sites.map { _ in "?" }.joined(separator: ", ")))" } ?? ""
        let rows = try connection.prepare(
            """
            SELECT place, key, value, headers, time FROM record WHERE topic = ? AND place >= ?\(named)
            ORDER BY place LIMIT \(limit)
            """)
        try rows.bind(1, topic)
        try rows.bind(2, place)
        for (index, site) in (sites ?? []).enumerated() { try rows.bind(3 + index, site.bytes) }
        var records: [FollowedRecord] = []
        try rows.forEachRow { row in
            records.append(
                FollowedRecord(
                    position: RecordPosition(partition: PartitionIndex(0), offset: LogOffset(row.int64(0))),
                    key: row.blob(1), value: row.isNull(2) ? nil : row.blob(2),
                    headers: row.withBlob(3) { HeaderCoding.decode($0) },
                    timestamp: Timestamp(microseconds: row.int64(4))))
        }
        return records
    }
}
