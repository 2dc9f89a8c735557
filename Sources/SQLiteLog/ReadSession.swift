internal import EventLog
internal import EventModel
internal import Locks
internal import SQLite

/// A read-only connection with its statements; for one thread at a time, see ``ReaderPool``.
final class ReadSession {
    let connection: Connection
    let epoch: LogEpoch
    private let records: Statement
    private let end: Statement
    private let span: Statement
    private let firstSince: Statement

    private static let noHeaders: @Sendable () -> [RecordHeader] = { [] }

    /// - Throws: `.corrupt` for a file that is not a log, `.unavailable` when there is none.
    init(path: String) throws(LogError) {
        do {
            connection = try Connection(path: path, .reader)
            epoch = try LogFormat.check(connection)
            records = try connection.prepare(
                """
                SELECT offset, created_at, key, headers, payload FROM records WHERE offset >= ?1 AND offset < ?2
                ORDER BY offset
                """)
            end = try connection.prepare("SELECT max(offset) + 1 FROM records")
            span = try connection.prepare("SELECT newest FROM spans WHERE span = ?")
            firstSince = try connection.prepare(
                "SELECT offset FROM records WHERE offset >= ?1 AND created_at >= ?2 ORDER BY offset LIMIT 1")
        } catch {
            throw LogError(error, whileDoing: "open \(path)")
        }
    }

    func endOffset() throws(SQLiteError) -> LogOffset {
        defer { end.reset() }
        return LogOffset(try end.step() ? end.int64(0) : 0)
    }

    /// Reads rows in one snapshot, which ends with the call.
    func read(
        from offset: LogOffset, before end: LogOffset?, byteLimit: Int, _ body: (LogRecord) throws -> Void
    ) throws -> LogOffset {
        try records.bind(1, offset.value)
        try records.bind(2, end?.value ?? .max)
        defer { records.reset() }
        var next = offset
        var bytes = 0
        while next == offset || bytes < byteLimit, try records.step() {
            guard records.int64(0) == next.value else {
                throw LogError(
                    .corrupt, "\(connection.path): offset \(next.value) is missing, \(records.int64(0)) follows",
                    hint: "restore the file from a copy")
            }
            bytes += try handOut(next, body)
            next = next.next
        }
        return next
    }

    /// - Returns: the size of the payload in bytes.
    private func handOut(_ offset: LogOffset, _ body: (LogRecord) throws -> Void) throws -> Int {
        try records.withBlob(2) { key in
            try records.withBlob(4) { payload in
                // Almost no record has headers, and a capturing closure costs an allocation.
                let headers = records.isNull(3) ? Self.noHeaders : decodeHeaders
                try body(
                    LogRecord(
                        offset: offset, createdAt: Timestamp(microseconds: records.int64(1)), key: key,
                        payload: payload, headers: headers))
                return payload.count
            }
        }
    }

    private func decodeHeaders() -> [RecordHeader] { records.withBlob(3) { HeaderCoding.decode($0) } }

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

    private func newest(ofSpan index: Int64) throws -> Int64 {
        try span.bind(1, index)
        defer { span.reset() }
        guard try span.step() else {
            throw LogError(
                .corrupt, "\(connection.path): span \(index) is missing", hint: "restore the file from a copy")
        }
        return span.int64(0)
    }
}

/// Read connections, one per reading thread; keeps a few idle ones.
///
/// `@unchecked Sendable`: a session belongs to the thread that took it.
final class ReaderPool: @unchecked Sendable {
    private let path: String
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
            throw LogError(error, whileDoing: "read")
        }
    }

    func closeIdle() { idle.withLock { $0.removeAll() } }
}
