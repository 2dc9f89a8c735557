internal import EventLog
internal import SQLite

/// The tables of a log file, and how to recognize one.
///
/// `records` has one row per record, with the offset as rowid. `spans` answers "first record at or after a time"
/// without an index on every record, although created_at may decrease: row *i* is written with the last record of
/// offsets [1024 *i*, 1024 (*i* + 1)) and contains the largest created_at of **all** records up to that one. This value
/// never decreases, so a binary search finds the span in which it first reaches a time. The first record of that span
/// at or after the time is the first one in the whole log. `skips` has the offsets that readers pass over: an operator
/// declared them, or a salvage found nothing there.
///
/// Every row has a ``RowCheck``. Rows that format 1 wrote have none: `log.checked_from` says which.
enum LogFormat {
    /// Incremented when older programs could misread the file.
    static let version: Int64 = 2
    /// "AnLg" in the file's header, for `file(1)` and for the check below.
    private static let applicationID: Int64 = 0x416E_4C67
    static let recordsPerSpan: Int64 = 1024
    static let epochBytes = 16
    /// 8 KiB hold seven records of a hundred events; 4 KiB would hold three and stay a quarter empty. Measured: 1.4 times
    /// as fast for writing in groups and for reading, and no slower for single records. 16 KiB gains little.
    static let pageBytes = 8192

    /// What the file says about itself.
    struct Head {
        var epoch: LogEpoch
        /// Rows from this offset on have checks; in a file of format 1 none has.
        var checkedFrom: Int64
        var hasChecks: Bool { checkedFrom < .max }
    }

    /// Creates the tables in an empty file.
    static func createIfEmpty(_ connection: Connection, epoch: LogEpoch = .random()) throws {
        guard try isEmpty(connection) else { return }
        try connection.transaction {
            try connection.execute("PRAGMA application_id = \(applicationID)")
            try connection.execute(
                """
                CREATE TABLE log(
                    version INTEGER NOT NULL, epoch BLOB NOT NULL, checked_from INTEGER, row_check INTEGER);
                CREATE TABLE records(
                    offset INTEGER PRIMARY KEY, created_at INTEGER NOT NULL, key BLOB NOT NULL, headers BLOB,
                    payload BLOB NOT NULL, row_check INTEGER);
                CREATE TABLE spans(span INTEGER PRIMARY KEY, newest INTEGER NOT NULL, row_check INTEGER);
                """)
            try connection.execute(skips)
            let insert = try connection.prepare("INSERT INTO log VALUES (?, ?, 0, ?)")
            try insert.bind(1, version)
            try insert.bind(2, epoch.bytes)
            try insert.bind(3, RowCheck(epoch).ofLog(version: version, checkedFrom: 0))
            try insert.run()
        }
    }

    private static let skips =
        """
        CREATE TABLE skips(
            first INTEGER PRIMARY KEY, next INTEGER NOT NULL, reason TEXT NOT NULL, declared_by TEXT NOT NULL,
            declared_at INTEGER NOT NULL, row_check INTEGER NOT NULL)
        """

    /// Brings a file of format 1 to this one. Its rows stay as they are; only later ones get checks.
    static func upgrade(_ connection: Connection) throws {
        guard try connection.integer("SELECT version FROM log") == 1 else { return }
        try connection.transaction {
            let epoch = try check(connection).epoch
            let end = try connection.integer("SELECT max(offset) + 1 FROM records") ?? 0
            for table in ["records", "spans", "log"] {
                try connection.execute("ALTER TABLE \(table) ADD COLUMN row_check INTEGER")
            }
            try connection.execute("ALTER TABLE log ADD COLUMN checked_from INTEGER")
            try connection.execute(skips)
            let sum = RowCheck(epoch).ofLog(version: version, checkedFrom: end)
            try connection.execute("UPDATE log SET version = \(version), checked_from = \(end), row_check = \(sum)")
        }
    }

    /// Checks that the file is a log that this program can read.
    /// - Throws: ``LogError``: `.corrupt` for anything else.
    static func check(_ connection: Connection) throws -> Head {
        if try connection.options.mode == .reader && isEmpty(connection) {
            throw LogError(
                .unavailable, "\(connection.path) is still empty", hint: "start the process that writes it first")
        }
        guard try connection.integer("PRAGMA application_id") == applicationID else {
            throw LogError(
                .corrupt, "\(connection.path) is an SQLite file, but no Andon log",
                hint: "give the path of another file, or \(LogAdvice.salvage(connection.path))")
        }
        let select = try connection.prepare("SELECT * FROM log")
        guard try select.step(), select.blob(1).count == epochBytes else {
            throw LogError(
                .corrupt, "\(connection.path) does not say its format", hint: LogAdvice.salvage(connection.path))
        }
        let (found, epoch) = (select.int64(0), LogEpoch(bytes: select.blob(1)))
        guard found != 1 else { return Head(epoch: epoch, checkedFrom: .max) }
        guard found == version else {
            throw LogError(
                .corrupt, "\(connection.path) has log format \(found); this program reads format \(version)",
                hint: found > version ? "use the newer program that wrote it" : LogAdvice.salvage(connection.path))
        }
        return try checked(connection, epoch)
    }

    /// By their names: a file that was upgraded has them in another order.
    private static func checked(_ connection: Connection, _ epoch: LogEpoch) throws -> Head {
        let select = try connection.prepare("SELECT checked_from, row_check FROM log")
        guard try select.step(), select.int64(0) >= 0,
            RowCheck(epoch).ofLog(version: version, checkedFrom: select.int64(0)) == select.int64(1)
        else { throw LogError.damagedRow("the row that names the log", connection.path) }
        return Head(epoch: epoch, checkedFrom: select.int64(0))
    }

    static func isEmpty(_ connection: Connection) throws -> Bool {
        try connection.integer("SELECT count(*) FROM sqlite_schema") == 0
    }
}

/// What an operator can do about a damaged log.
enum LogAdvice {
    static func salvage(_ path: String) -> String {
        "andon log salvage --data-dir \(folder(path)) --to NEW_DIR writes all that is sound into a new data directory"
    }

    static func renew(_ path: String) -> String {
        "andon renew log --data-dir \(folder(path)) puts what is left aside, and the next start begins an empty log"
    }

    private static func folder(_ path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }
}

extension LogError {
    /// A row does not match its check.
    static func damagedRow(_ what: String, _ path: String) -> LogError {
        LogError(.corrupt, "\(path): \(what) is not what was written", hint: LogAdvice.salvage(path))
    }

    /// The log error for an SQLite failure that changed nothing.
    /// - Parameter path: the log's file.
    init(_ error: any Error, whileDoing action: String, at path: String) {
        switch error {
        case let error as LogError: self = error
        case let error as SQLiteError where error.isCorrupt:
            self.init(.corrupt, "the log failed to \(action): \(error.message)", hint: LogAdvice.salvage(path))
        case let error as SQLiteError:
            self.init(.unavailable, "the log failed to \(action): \(error.message)", hint: error.hint)
        default: self.init(.unavailable, "the log failed to \(action): \(error)")
        }
    }
}
