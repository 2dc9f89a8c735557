internal import CSQLite

/// A compiled statement.
///
/// Used like its ``Connection``, by one thread at a time. A class, because callers keep statements in tables and
/// optional fields; it frees the handle when the last reference goes. Parameters count from 1, columns from 0, as in
/// SQLite. Bindings stay until they are replaced.
public final class Statement {
    public let connection: Connection
    private let handle: OpaquePointer

    init(connection: Connection, handle: OpaquePointer) {
        self.connection = connection
        self.handle = handle
    }

    deinit { sqlite3_finalize(handle) }

    // MARK: Parameters

    public func bind(_ index: Int, _ value: Int64) throws(SQLiteError) {
        try checkBinding(sqlite3_bind_int64(handle, Int32(index), value))
    }

    public func bind(_ index: Int, _ value: Int) throws(SQLiteError) {
        try checkBinding(sqlite3_bind_int64(handle, Int32(index), Int64(value)))
    }

    public func bind(_ index: Int, _ value: Double) throws(SQLiteError) {
        try checkBinding(sqlite3_bind_double(handle, Int32(index), value))
    }

    public func bindNull(_ index: Int) throws(SQLiteError) {
        try checkBinding(sqlite3_bind_null(handle, Int32(index)))
    }

    /// Binds a copy of the text.
    public func bind(_ index: Int, _ value: String) throws(SQLiteError) {
        var value = value
        let code = value.withUTF8 { text in
            text.withMemoryRebound(to: CChar.self) {
                guard let start = $0.baseAddress else {
                    return andon_sqlite_bind_text_copied(handle, Int32(index), "", 0)
                }
                return andon_sqlite_bind_text_copied(handle, Int32(index), start, UInt64($0.count))
            }
        }
        try checkBinding(code)
    }

    /// Binds a copy of the bytes.
    public func bind(_ index: Int, _ value: [UInt8]) throws(SQLiteError) {
        try checkBinding(
            value.withUnsafeBytes { bytes in
                guard let start = bytes.baseAddress, !bytes.isEmpty else {
                    return sqlite3_bind_zeroblob(handle, Int32(index), 0)
                }
                return andon_sqlite_bind_blob_copied(handle, Int32(index), start, UInt64(bytes.count))
            })
    }

    /// Binds the bytes where they are, without a copy.
    ///
    /// They must stay valid and unchanged until the parameter is bound again or ``clearBindings()`` was called, not only
    /// until the next ``step()``.
    public func bind(_ index: Int, borrowing bytes: UnsafeRawBufferPointer) throws(SQLiteError) {
        // A nil pointer would bind NULL, which is something else than no bytes.
        guard let start = bytes.baseAddress, !bytes.isEmpty else {
            return try checkBinding(sqlite3_bind_zeroblob(handle, Int32(index), 0))
        }
        try checkBinding(andon_sqlite_bind_blob_borrowed(handle, Int32(index), start, UInt64(bytes.count)))
    }

    /// Sets all parameters to NULL.
    public func clearBindings() { sqlite3_clear_bindings(handle) }

    // MARK: Running

    /// Goes to the next row.
    /// - Returns: false when there is none; then, as after an error, the statement is reset and holds no lock.
    public func step() throws(SQLiteError) -> Bool {
        let code = sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        let failure = code == SQLITE_DONE ? nil : connection.error(code, sql)
        sqlite3_reset(handle)
        if let failure { throw failure }
        return false
    }

    /// Runs to the end, for statements whose rows do not matter.
    public func run() throws(SQLiteError) {
        while try step() {}
    }

    /// Back to before the first row; lets go of the read lock. Bindings stay.
    public func reset() { sqlite3_reset(handle) }

    /// Hands every row to `body` and resets the statement, also when `body` throws.
    public func forEachRow(_ body: (Statement) throws -> Void) throws {
        defer { reset() }
        while try step() { try body(self) }
    }

    // MARK: Columns of the current row

    public func int64(_ column: Int) -> Int64 { sqlite3_column_int64(handle, Int32(column)) }
    public func int(_ column: Int) -> Int { Int(sqlite3_column_int64(handle, Int32(column))) }
    public func double(_ column: Int) -> Double { sqlite3_column_double(handle, Int32(column)) }
    public func isNull(_ column: Int) -> Bool { sqlite3_column_type(handle, Int32(column)) == SQLITE_NULL }

    /// The text of a column; empty when it is NULL.
    public func text(_ column: Int) -> String {
        guard let start = sqlite3_column_text(handle, Int32(column)) else { return "" }
        let count = Int(sqlite3_column_bytes(handle, Int32(column)))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    /// A copy of the bytes of a column; empty when it is NULL.
    public func blob(_ column: Int) -> [UInt8] { withBlob(column) { Array($0) } }

    /// The bytes of a column without a copy; they are valid only inside `body`, which must not touch the statement.
    @inline(__always)
    public func withBlob<Result, Failure: Error>(
        _ column: Int, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // In this order: asking for the count first could convert the value.
        let start = sqlite3_column_blob(handle, Int32(column))
        let count = start == nil ? 0 : Int(sqlite3_column_bytes(handle, Int32(column)))
        return try body(UnsafeRawBufferPointer(start: start, count: count))
    }

    // MARK: Errors

    private var sql: String { sqlite3_sql(handle).map { String(cString: $0) } ?? "" }

    private func checkBinding(_ code: Int32) throws(SQLiteError) {
        guard code == SQLITE_OK else { throw connection.error(code, "bind in \(sql)") }
    }
}
