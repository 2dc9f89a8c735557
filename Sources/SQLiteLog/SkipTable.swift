internal import EventLog
internal import EventModel
internal import SQLite

/// The offsets of a log that readers pass over (SPEC 7.4), in the log's own file.
struct SkipTable {
    private let select: Statement
    private let checks: RowCheck

    init(_ connection: Connection, _ checks: RowCheck) throws(SQLiteError) {
        select = try connection.prepare(
            "SELECT first, next, reason, declared_by, declared_at, row_check FROM skips ORDER BY first")
        self.checks = checks
    }

    /// All of them, in order.
    /// - Throws: ``LogError`` `.corrupt` for one that is not what was written.
    func load() throws -> [LogSkip] {
        var skips: [LogSkip] = []
        try select.forEachRow { row in
            let skip = LogSkip(
                first: LogOffset(row.int64(0)), next: LogOffset(row.int64(1)), reason: row.text(2), by: row.text(3),
                at: Timestamp(microseconds: row.int64(4)))
            guard checks.ofSkip(skip) == row.int64(5) else {
                throw LogError.damagedRow("the skip at offset \(skip.first.value)", select.connection.path)
            }
            skips.append(skip)
        }
        return skips
    }

    /// Adds one, in the transaction of the caller if there is one.
    static func insert(_ skip: LogSkip, _ connection: Connection, _ checks: RowCheck) throws(SQLiteError) {
        let insert = try connection.prepare(
            """
            INSERT INTO skips (first, next, reason, declared_by, declared_at, row_check) VALUES (?, ?, ?, ?, ?, ?)
            """)
        try insert.bind(1, skip.first.value)
        try insert.bind(2, skip.next.value)
        try insert.bind(3, skip.reason)
        try insert.bind(4, skip.by)
        try insert.bind(5, skip.at.microseconds)
        try insert.bind(6, checks.ofSkip(skip))
        try insert.run()
    }
}
