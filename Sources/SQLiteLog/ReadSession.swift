internal import EventLog
internal import EventModel
internal import Locks
internal import SQLite

/// A read-only connection with its statements; for one thread at a time, see ``ReaderPool``.
final class ReadSession {
    let connection: Connection
    var epoch: LogEpoch { head.epoch }
    private let head: LogFormat.Head
    private let checks: RowCheck
    private let records: Statement
    private let end: Statement
    private let span: Statement
    private let firstSince: Statement
    private let lastUpTo: Statement
    /// nil in a file of format 1.
    private let skipTable: SkipTable?

    /// Kept for its memory.
    private var copied = CopiedRecords()

    /// - Throws: `.corrupt` for a file that is not a log, `.unavailable` when there is none.
    convenience init(path: String) throws(LogError) {
        do {
            try self.init(Connection(path: path, .reader))
        } catch {
            throw LogError(error, whileDoing: "open \(path)", at: path)
        }
    }

    init(_ connection: Connection) throws {
        self.connection = connection
        head = try LogFormat.check(connection)
        checks = RowCheck(head.epoch)
        let check = head.hasChecks ? "row_check" : "NULL"
        records = try connection.prepare(
            """
            SELECT offset, created_at, key, headers, payload, \(check) FROM records WHERE offset >= ?1 AND offset < ?2
            ORDER BY offset
            """)
        end = try connection.prepare("SELECT max(offset) + 1 FROM records")
        span = try connection.prepare("SELECT newest, \(check) FROM spans WHERE span = ?")
        firstSince = try connection.prepare(
            "SELECT offset FROM records WHERE offset >= ?1 AND created_at >= ?2 ORDER BY offset LIMIT 1")
        lastUpTo = try connection.prepare(
            """
            SELECT offset FROM records WHERE offset >= ?1 AND offset < ?2 AND created_at <= ?3
            ORDER BY offset DESC LIMIT 1
            """)
        skipTable = head.hasChecks ? try SkipTable(connection, checks) : nil
    }

    /// The offsets that hold no record, in order.
    func skips() throws -> [LogSkip] { try skipTable?.load() ?? [] }

    func endOffset() throws(SQLiteError) -> LogOffset {
        defer { end.reset() }
        return LogOffset(try end.step() ? end.int64(0) : 0)
    }

    /// Hands out records in portions that were copied before: while `body` runs, however long, nothing holds the file,
    /// and its write-ahead log can begin anew (DESIGN 1.9).
    func read(
        from offset: LogOffset, before end: LogOffset?, byteLimit: Int, _ body: (LogRecord) throws -> Void
    ) throws -> LogOffset {
        var portion = CopiedRecords()
        swap(&portion, &copied)
        defer {
            portion.forget()
            swap(&portion, &copied)
        }
        // Before the rows: what is declared later may still be handed out, but nothing is missed.
        let skips = try skips()
        var next = skips.passing(offset)
        var bytes = 0
        repeat {
            portion.forget()
            try copy(from: next, before: end, skips, byteLimit: min(byteLimit - bytes, Self.portionBytes), to: &portion)
            try portion.forEach(from: next, body)
            next = skips.passing(LogOffset(next.value + Int64(portion.count)))
            bytes += portion.payloadBytes
        } while bytes < byteLimit && !portion.isLast
        return next
    }

    /// What is copied at a time: some milliseconds.
    private static let portionBytes = 1 << 20

    /// Copies at least one record, if there is one, up to the limit or to what is skipped.
    private func copy(
        from offset: LogOffset, before end: LogOffset?, _ skips: [LogSkip], byteLimit: Int,
        to portion: inout CopiedRecords
    ) throws {
        try records.bind(1, offset.value)
        try records.bind(2, end?.value ?? .max)
        defer { records.reset() }
        var next = offset
        while next == offset || portion.payloadBytes < byteLimit {
            guard try records.step() else {
                portion.isLast = true
                return
            }
            guard records.int64(0) == next.value else {
                // What comes before the gap is handed out first.
                if next > offset { return }
                throw LogError(
                    .corrupt, "\(connection.path): offset \(next.value) is missing, \(records.int64(0)) follows",
                    hint: LogAdvice.salvage(connection.path))
            }
            let isSound = records.withBlob(2) { key in records.withBlob(4) { isAsWritten(next, key, $0) } }
            guard isSound else {
                if next > offset { return }
                throw LogError.damagedRow("the record at offset \(next.value)", connection.path)
            }
            portion.append(records)
            next = next.next
            guard skips.passing(next) == next else { return }
        }
    }

    /// Whether the current row is.
    private func isAsWritten(
        _ offset: LogOffset, _ key: UnsafeRawBufferPointer, _ payload: UnsafeRawBufferPointer
    ) -> Bool {
        // Written before rows had checks.
        guard offset.value >= head.checkedFrom else { return true }
        func sum(_ headers: UnsafeRawBufferPointer?) -> Int64 {
            checks.ofRecord(
                RecordColumns(
                    offset: offset.value, createdAt: records.int64(1), key: key, headers: headers, payload: payload))
        }
        let expected = records.isNull(3) ? sum(nil) : records.withBlob(3) { sum($0) }
        return !records.isNull(5) && records.int64(5) == expected
    }

    /// Checks the record and the span that new ones are written behind.
    /// - Throws: ``LogError`` `.corrupt` when one of them is not what was written.
    func checkNewest(before end: LogOffset) throws {
        guard end > .zero else { return }
        _ = try read(from: LogOffset(end.value - 1), before: end, byteLimit: 1) { _ in }
        let spans = end.value / LogFormat.recordsPerSpan
        if spans > 0 { _ = try newest(ofSpan: spans - 1) }
    }

    /// See ``LogFormat`` for why this is exact.
    func offset(at time: Timestamp) throws -> LogOffset {
        try connection.read {
            let end = try endOffset()
            var low: Int64 = 0
            var high = end.value / LogFormat.recordsPerSpan
            while low < high {
                let middle = (low + high) / 2
                if try newest(ofSpan: middle) < time.microseconds { low = middle + 1 } else { high = middle }
            }
            try firstSince.bind(1, low * LogFormat.recordsPerSpan)
            try firstSince.bind(2, time.microseconds)
            defer { firstSince.reset() }
            return try firstSince.step() ? LogOffset(firstSince.int64(0)) : end
        }
    }

    /// Looks for the record from the end on, in portions: no read transaction lasts (DESIGN 1.9).
    func endOffset(upTo time: Timestamp) throws -> LogOffset {
        var end = try endOffset().value
        while end > 0 {
            let start = max(0, end - Self.recordsPerSearch)
            try lastUpTo.bind(1, start)
            try lastUpTo.bind(2, end)
            try lastUpTo.bind(3, time.microseconds)
            defer { lastUpTo.reset() }
            if try lastUpTo.step() { return LogOffset(lastUpTo.int64(0)).next }
            end = start
        }
        return .zero
    }

    /// Some tens of milliseconds.
    private static let recordsPerSearch: Int64 = 50_000

    private func newest(ofSpan index: Int64) throws -> Int64 {
        try span.bind(1, index)
        defer { span.reset() }
        guard try span.step() else {
            throw LogError(
                .corrupt, "\(connection.path): span \(index) is missing", hint: LogAdvice.salvage(connection.path))
        }
        let isChecked = (index + 1) * LogFormat.recordsPerSpan > head.checkedFrom
        guard !isChecked || !span.isNull(1) && span.int64(1) == checks.ofSpan(index, newest: span.int64(0)) else {
            throw LogError.damagedRow("span \(index)", connection.path)
        }
        return span.int64(0)
    }
}

/// Read connections, one per reading thread; keeps a few idle ones.
///
/// `@unchecked Sendable`: a session belongs to the thread that took it.
final class ReaderPool: @unchecked Sendable {
    let path: String
    private let idleMaximum: Int
    private let idle = Monitor<[ReadSession]>([])

    init(path: String, idleMaximum: Int) {
        self.path = path
        self.idleMaximum = idleMaximum
    }

    /// - Throws: ``LogError`` or any error of `body`.
    func withSession<Result>(_ body: (ReadSession) throws -> Result) throws -> Result {
        let session = try idle.withLock { $0.popLast() } ?? ReadSession(path: path)
        defer {
            idle.withLock { idle in
                if idle.count < idleMaximum { idle.append(session) }
            }
        }
        do {
            return try body(session)
        } catch let error as SQLiteError {
            throw LogError(error, whileDoing: "read", at: path)
        }
    }

    func closeIdle() { idle.withLock { $0.removeAll() } }
}
