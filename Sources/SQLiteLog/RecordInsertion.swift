internal import SQLite

/// The columns of a record's row, where they lie in memory.
struct RecordColumns {
    var offset: Int64
    var createdAt: Int64
    var key: UnsafeRawBufferPointer
    /// nil when the column is NULL.
    var headers: UnsafeRawBufferPointer?
    var payload: UnsafeRawBufferPointer

    /// Calls `body` with the columns of a row; they are valid only inside of it.
    static func with<Result>(
        offset: Int64, createdAt: Int64, key: ArraySlice<UInt8>, headers: ArraySlice<UInt8>?,
        payload: ArraySlice<UInt8>, _ body: (RecordColumns) throws -> Result
    ) rethrows -> Result {
        try key.withUnsafeBytes { key in
            try payload.withUnsafeBytes { payload in
                func columns(_ headers: UnsafeRawBufferPointer?) -> RecordColumns {
                    RecordColumns(offset: offset, createdAt: createdAt, key: key, headers: headers, payload: payload)
                }
                guard let headers else { return try body(columns(nil)) }
                return try headers.withUnsafeBytes { try body(columns($0)) }
            }
        }
    }
}

/// The statements that write records and spans.
struct RecordInsertion {
    private let record: Statement
    private let span: Statement
    private let checks: RowCheck

    /// - Parameter keepsPresent: a record that has the offset already stays, and that is no error.
    init(_ connection: Connection, _ checks: RowCheck, keepsPresent: Bool = false) throws(SQLiteError) {
        self.checks = checks
        let insert = keepsPresent ? "INSERT OR IGNORE" : "INSERT"
        record = try connection.prepare(
            """
            \(insert) INTO records (offset, created_at, key, headers, payload, row_check) VALUES (?, ?, ?, ?, ?, ?)
            """)
        span = try connection.prepare("INSERT INTO spans (span, newest, row_check) VALUES (?, ?, ?)")
    }

    func insert(_ columns: RecordColumns) throws(SQLiteError) {
        // The bytes must not stay bound beyond their lifetime.
        defer { record.clearBindings() }
        try record.bind(1, columns.offset)
        try record.bind(2, columns.createdAt)
        try record.bind(3, borrowing: columns.key)
        if let headers = columns.headers { try record.bind(4, borrowing: headers) } else { try record.bindNull(4) }
        try record.bind(5, borrowing: columns.payload)
        try record.bind(6, checks.ofRecord(columns))
        try record.run()
    }

    /// - Parameter newest: the largest created_at of all records up to the end of the span.
    func insertSpan(_ index: Int64, newest: Int64) throws(SQLiteError) {
        try span.bind(1, index)
        try span.bind(2, newest)
        try span.bind(3, checks.ofSpan(index, newest: newest))
        try span.run()
    }
}
