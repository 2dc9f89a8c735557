internal import EventLog
internal import SQLite

/// The tables of a log file, and how to recognize one.
///
/// `records` has one row per record, with the offset as rowid. `spans` answers "first record at or after a time"
/// without an index on every record, although created_at may decrease: row *i* is written with the last record of
/// offsets [1024 *i*, 1024 (*i* + 1)) and contains the largest created_at of **all** records up to that one. This value
/// never decreases, so a binary search finds the span in which it first reaches a time. The first record of that span
/// at or after the time is the first one in the whole log.
enum LogFormat {
    /// Incremented when older programs could misread the file.
    static let version: Int64 = 1
    /// "AnLg" in the file's header, for `file(1)` and for the check below.
    private static let applicationID: Int64 = 0x416E_4C67
    static let recordsPerSpan: Int64 = 1024

    /// Creates the tables in an empty file.
    static func createIfEmpty(_ connection: Connection) throws {
        guard try isEmpty(connection) else { return }
        try connection.transaction {
            try connection.execute("PRAGMA application_id = \(applicationID)")
            try connection.execute(
                """
                CREATE TABLE log(version INTEGER NOT NULL, epoch BLOB NOT NULL);
                CREATE TABLE records(
                    offset INTEGER PRIMARY KEY, created_at INTEGER NOT NULL, key BLOB NOT NULL, headers BLOB,
                    payload BLOB NOT NULL);
                CREATE TABLE spans(span INTEGER PRIMARY KEY, newest INTEGER NOT NULL);
                """)
            let insert = try connection.prepare("INSERT INTO log VALUES (?, ?)")
            try insert.bind(1, version)
            try insert.bind(2, LogEpoch.random().bytes)
            try insert.run()
        }
    }

    /// Checks that the file is a log that this program can read.
    /// - Returns: its identity.
    /// - Throws: ``LogError``: `.corrupt` for anything else.
    static func check(_ connection: Connection) throws -> LogEpoch {
        if try connection.options.mode == .reader && isEmpty(connection) {
            throw LogError(
                .unavailable, "\(connection.path) is still empty", hint: "start the process that writes it first")
        }
        guard try connection.integer("PRAGMA application_id") == applicationID else {
            throw LogError(
                .corrupt, "\(connection.path) is an SQLite file, but no Andon log",
                hint: "give the path of another file")
        }
        let select = try connection.prepare("SELECT version, epoch FROM log")
        guard try select.step() else {
            throw LogError(.corrupt, "\(connection.path) does not say its format", hint: "restore it from a copy")
        }
        let found = select.int64(0)
        guard found == version else {
            throw LogError(
                .corrupt, "\(connection.path) has log format \(found); this program reads format \(version)",
                hint: found > version ? "use the newer program that wrote it" : "use the program that wrote it")
        }
        return LogEpoch(bytes: select.blob(1))
    }

    private static func isEmpty(_ connection: Connection) throws -> Bool {
        try connection.integer("SELECT count(*) FROM sqlite_schema") == 0
    }
}

extension LogError {
    /// The log error for an SQLite failure that changed nothing.
    init(_ error: any Error, whileDoing action: String) {
        switch error {
        case let error as LogError: self = error
        case let error as SQLiteError:
            self.init(
                error.isCorrupt ? .corrupt : .unavailable, "the log failed to \(action): \(error.message)",
                hint: error.hint)
        default: self.init(.unavailable, "the log failed to \(action): \(error)")
        }
    }
}
