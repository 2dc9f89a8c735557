internal import CSQLite
internal import Glibc

/// One connection to an SQLite file in WAL mode.
///
/// Rules (DESIGN 1.9): one writer per file; only it checkpoints; readers are read-only. The version that Debian ships
/// can damage a file when two connections checkpoint at once, so a reader neither checkpoints nor tidies up on close.
///
/// `@unchecked Sendable`: SQLite's own locking is off. A connection and its statements belong to one thread at a time;
/// they may be handed over to another thread, but never be used by two at once. Only ``interrupt()`` may be called from
/// anywhere, while the connection is known to live.
public final class Connection: @unchecked Sendable {
    public let path: String
    public let options: ConnectionOptions
    let handle: OpaquePointer

    /// Opens the file.
    /// - Parameter path: a file; its folder must exist. A writer creates the file.
    /// - Throws: ``SQLiteError``, e.g. with ``SQLiteError/cannotOpen``.
    public init(path: String, _ options: ConnectionOptions) throws(SQLiteError) {
        self.path = path
        self.options = options
        let access =
            switch options.mode {
            case .writer, .shared: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
            case .reader: SQLITE_OPEN_READONLY
            case .fileAlone: SQLITE_OPEN_READONLY | SQLITE_OPEN_URI
            }
        if options.mode == .writer || options.mode == .shared { Self.makeForOwner(path) }
        let name = Self.name(path, options.mode)
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(
            name, &opened, access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
            options.checksPages ? andon_sqlite_checked_vfs() : nil)
        guard let opened, code == SQLITE_OK else {
            let message = opened.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            sqlite3_close_v2(opened)
            if code == andon_sqlite_damaged_page { throw SQLiteError.damagedPage }
            throw SQLiteError(extendedCode: code, message: "cannot open \(path): \(message)")
        }
        handle = opened
        sqlite3_busy_timeout(handle, options.busyTimeoutMilliseconds)
        try configure()
    }

    // Statements keep their connection alive, so none is left here.
    deinit { sqlite3_close_v2(handle) }

    /// Makes a file that is not there yet, for its owner alone; what SQLite puts beside it gets the same mode.
    ///
    /// A file that is there is not touched: closing it would end the locks that other connections of this process hold.
    private static func makeForOwner(_ path: String) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor >= 0 { close(descriptor) }
    }

    /// Debian's SQLite takes names that begin with "file:" for URIs.
    private static func name(_ path: String, _ mode: ConnectionOptions.Mode) -> String {
        guard mode == .fileAlone else { return path.hasPrefix("file:") ? "./" + path : path }
        let reserved: [Character: String] = ["%": "%25", "?": "%3f", "#": "%23"]
        return "file:" + path.map { reserved[$0] ?? String($0) }.joined() + "?immutable=1"
    }

    private func configure() throws(SQLiteError) {
        try execute("PRAGMA cache_size = -\(max(1, options.cacheBytes / 1024))")
        try execute("PRAGMA mmap_size = \(options.memoryMapBytes)")
        try execute("PRAGMA temp_store = MEMORY")
        switch options.mode {
        case .writer:
            if options.checksPages { try check(andon_sqlite_reserve_check_bytes(handle), "set up") }
            try execute("PRAGMA page_size = \(options.pageBytes)")
            let journal = try prepare("PRAGMA journal_mode = WAL")
            guard try journal.step(), journal.text(0) == "wal" else {
                throw SQLiteError(extendedCode: SQLITE_CANTOPEN, message: "cannot keep a write-ahead log for \(path)")
            }
            journal.reset()
            try execute("PRAGMA synchronous = \(options.synchronous.rawValue)")
            try execute("PRAGMA wal_autocheckpoint = \(options.checkpointPages)")
            try execute("PRAGMA journal_size_limit = \(options.walBytesKept)")
            try execute("PRAGMA secure_delete = \(options.erasesDeleted ? 1 : 0)")
        case .fileAlone: try execute("PRAGMA query_only = 1")
        case .reader:
            try check(andon_sqlite_no_checkpoint_on_close(handle), "set up")
            try execute("PRAGMA wal_autocheckpoint = 0")
            try execute("PRAGMA query_only = 1")
        case .shared:
            let journal = try prepare("PRAGMA journal_mode = DELETE")
            guard try journal.step(), journal.text(0) == "delete" else {
                throw SQLiteError(extendedCode: SQLITE_CANTOPEN, message: "\(path) is kept with a write-ahead log")
            }
            journal.reset()
            try execute("PRAGMA synchronous = FULL")
        }
    }

    /// The version of the SQLite library in use, e.g. `3.40.1`.
    public static var libraryVersion: String { String(cString: sqlite3_libversion()) }

    // MARK: Statements

    /// Runs one or more statements whose rows do not matter.
    public func execute(_ sql: String) throws(SQLiteError) {
        try check(sqlite3_exec(handle, sql, nil, nil, nil), sql)
    }

    /// Compiles one statement, to be kept and used many times.
    public func prepare(_ sql: String) throws(SQLiteError) -> Statement {
        var statement: OpaquePointer?
        let code = sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        guard code == SQLITE_OK, let statement else { throw error(code, sql) }
        return Statement(connection: self, handle: statement)
    }

    /// The integer in the first column of the first row; nil without a row or when it is NULL.
    public func integer(_ sql: String) throws(SQLiteError) -> Int64? {
        let statement = try prepare(sql)
        guard try statement.step(), !statement.isNull(0) else { return nil }
        return statement.int64(0)
    }

    /// The rowid of the newest row that this connection inserted.
    public var lastInsertRowID: Int64 { sqlite3_last_insert_rowid(handle) }
    /// Rows that the newest INSERT, UPDATE or DELETE changed.
    public var changes: Int { Int(sqlite3_changes64(handle)) }
    /// Whether a transaction is open.
    public var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// Ends what the connection is doing, from any thread; that call throws ``SQLiteError/isInterrupted``.
    public func interrupt() { sqlite3_interrupt(handle) }

    /// Changes how long a call waits for another connection's lock.
    public func setBusyTimeout(milliseconds: Int32) { sqlite3_busy_timeout(handle, milliseconds) }

    /// Pages that this connection wrote since it was opened or the counter was last set back.
    public func pagesWritten(andReset resets: Bool = false) -> Int {
        var current: Int32 = 0
        var highest: Int32 = 0
        sqlite3_db_status(handle, SQLITE_DBSTATUS_CACHE_WRITE, &current, &highest, resets ? 1 : 0)
        return Int(current)
    }

    // MARK: Errors

    func check(_ code: Int32, _ doing: @autoclosure () -> String) throws(SQLiteError) {
        guard code == SQLITE_OK else { throw error(code, doing()) }
    }

    func error(_ code: Int32, _ doing: String) -> SQLiteError {
        if code == andon_sqlite_damaged_page { return SQLiteError.damagedPage }
        let text = String(cString: sqlite3_errmsg(handle))
        let line = String(doing.prefix(120).map { $0.isNewline ? " " : $0 })
        return SQLiteError(extendedCode: code, message: "\(path): \(text) [\(line)]")
    }
}
