internal import EventLog
internal import EventModel
internal import SQLite

/// Writes a log record by record at given offsets, in any order.
final class SalvagedLogWriter {
    private let connection: Connection
    private let epoch: LogEpoch
    private let checks: RowCheck
    private let insert: Statement
    private let path: String
    private(set) var records: Int64 = 0

    init(path: String) throws {
        var options = ConnectionOptions.writer
        options.pageBytes = LogFormat.pageBytes
        options.synchronous = .normal
        self.path = path
        connection = try Connection(path: path, options)
        try LogFormat.createIfEmpty(connection)
        epoch = try LogFormat.check(connection).epoch
        checks = RowCheck(epoch)
        insert = try connection.prepare(
            """
            INSERT OR IGNORE INTO records (offset, created_at, key, headers, payload, row_check)
            VALUES (?, ?, ?, ?, ?, ?)
            """)
    }

    func transaction(_ body: () throws -> Void) throws { try connection.transaction(body) }

    /// Adds a record, unless there is one with its offset.
    func add(_ row: StoredRow) throws {
        let (key, payload, headers) = (Array(row.key), Array(row.payload), row.headers.map { Array($0) })
        try insert.bind(1, row.offset)
        try insert.bind(2, row.createdAt)
        try insert.bind(3, key)
        if let headers { try insert.bind(4, headers) } else { try insert.bindNull(4) }
        try insert.bind(5, payload)
        let check = key.withUnsafeBytes { key in
            payload.withUnsafeBytes { payload in
                func sum(_ headers: UnsafeRawBufferPointer?) -> Int64 {
                    checks.ofRecord(
                        offset: row.offset, createdAt: row.createdAt, key: key, headers: headers, payload: payload)
                }
                return headers.map { $0.withUnsafeBytes { sum($0) } } ?? sum(nil)
            }
        }
        try insert.bind(6, check)
        try insert.run()
        records += Int64(connection.changes)
    }

    /// Declares what is missing, completes the log and waits for the device.
    func finish(reason: String, by: String, at time: Timestamp, known: LogOffset) throws -> LogSalvage.Outcome {
        var outcome = LogSalvage.Outcome()
        outcome.records = records
        var spans: [(span: Int64, newest: Int64)] = []
        var newest = Int64.min
        let select = try connection.prepare("SELECT offset, created_at FROM records ORDER BY offset")
        try select.forEachRow { row in
            let offset = LogOffset(row.int64(0))
            if offset > outcome.end { outcome.missing.append(outcome.end..<offset) }
            for span in outcome.end.value / LogFormat.recordsPerSpan..<offset.value / LogFormat.recordsPerSpan {
                spans.append((span, newest))
            }
            newest = max(newest, row.int64(1))
            outcome.end = offset.next
            if offset.next.value % LogFormat.recordsPerSpan == 0 {
                spans.append((offset.value / LogFormat.recordsPerSpan, newest))
            }
        }
        outcome.missingAfterEnd = max(0, known.value - outcome.end.value)
        try connection.transaction {
            for missing in outcome.missing {
                let skip = LogSkip(
                    first: missing.lowerBound, next: missing.upperBound, reason: reason, by: by, at: time)
                try SkipTable.insert(skip, connection, checks)
            }
            try write(spans)
        }
        try connection.execute("PRAGMA synchronous = FULL")
        try connection.checkpoint(.truncate)
        try AcknowledgedEnd(log: path).write(AcknowledgedEnd.Content(epoch: epoch, end: outcome.end))
        return outcome
    }

    private func write(_ spans: [(span: Int64, newest: Int64)]) throws {
        let insert = try connection.prepare("INSERT OR REPLACE INTO spans (span, newest, row_check) VALUES (?, ?, ?)")
        for (span, newest) in spans {
            try insert.bind(1, span)
            try insert.bind(2, newest)
            try insert.bind(3, checks.ofSpan(span, newest: newest))
            try insert.run()
        }
    }
}
