internal import EventLog
internal import EventModel
internal import Foundation
internal import Locks
internal import SQLite

/// The only writer of a log file: one transaction and one sync per group of records.
///
/// For one thread at a time; ``SQLiteLog`` ensures this.
final class LogWriter {
    /// When a test can make a commit fail.
    enum CommitMoment: Sendable { case before, after }
    typealias CommitHook = @Sendable (CommitMoment) throws(SQLiteError) -> Void

    /// Released after closing the connection: closing copies the write-ahead log into the file, and no other process
    /// may write during that time.
    private let lock: FileLock
    private var open: Open?
    private let checkpointPages: Int
    let epoch: LogEpoch
    private let checks: RowCheck
    private let acknowledged: AcknowledgedEnd

    /// Offsets that hold no record, in order.
    private(set) var skips: [LogSkip] = []
    /// The offset of the next record.
    private(set) var end: LogOffset = .zero
    /// Largest created_at of all records.
    private var newest = Timestamp(microseconds: .min)
    /// A commit failed, and it is unknown whether it took effect.
    private var isInDoubt = false
    private var pagesSinceCheckpoint = 0

    private struct Open {
        let connection: Connection
        let begin: Statement
        let commit: Statement
        let insertion: RecordInsertion
    }

    /// Fails if another process has the log.
    static func checkIsFree(_ path: String) throws(LogError) { _ = try lock(path + ".lock") }

    private static func lock(_ path: String) throws(LogError) -> FileLock {
        do throws(FileLockFailure) {
            return try FileLock(path: path)
        } catch {
            switch error {
            case .unusable(let reason):
                throw LogError(
                    .unavailable, "cannot open \(path): \(reason)",
                    hint: "check that the folder exists and that this user may write there")
            case .inUse(let holder):
                let owner = holder.map { " by process \($0)" } ?? ""
                throw LogError(
                    .inUse, "\(path) is locked\(owner): a log has one writer",
                    hint: "stop that process first, or send it what is to be written")
            }
        }
    }

    /// Takes the lock, looks at what is there, opens or creates the file and finds the end of the log.
    ///
    /// Nothing is written before all that was acknowledged, or folded, was found.
    /// - Throws: `.inUse`, `.corrupt` or `.unavailable`.
    init(path: String, checkpointPages: Int, foldedTo: LogInspection.FoldedTo) throws(LogError) {
        lock = try Self.lock(path + ".lock")
        self.checkpointPages = checkpointPages
        let found = try LogInspection(path: path, foldedTo: foldedTo)
        if found.hasTornTransaction { try Self.keepWriteAheadLog(path) }
        acknowledged = try AcknowledgedEnd(log: path)
        do {
            var options = ConnectionOptions.writer
            options.pageBytes = LogFormat.pageBytes
            options.checkpointPages = 0  // see checkpointIfDue
            let connection = try Connection(path: path, options)
            try LogFormat.createIfEmpty(connection)
            try LogFormat.upgrade(connection)
            epoch = try LogFormat.check(connection).epoch
            checks = RowCheck(epoch)
            open = Open(
                connection: connection,
                begin: try connection.prepare("BEGIN IMMEDIATE"), commit: try connection.prepare("COMMIT"),
                insertion: try RecordInsertion(connection, checks))
            skips = try SkipTable(connection, checks).load()
            try findEnd(connection)
        } catch {
            throw LogError(error, whileDoing: "open", at: path)
        }
        acknowledged.write(AcknowledgedEnd.Content(epoch: epoch, end: end))
    }

    /// Keeps a copy of a write-ahead log whose end nobody will read any more.
    private static func keepWriteAheadLog(_ path: String) throws(LogError) {
        let kept = path + "-wal.torn"
        do {
            if FileManager.default.fileExists(atPath: kept) { try FileManager.default.removeItem(atPath: kept) }
            try FileManager.default.copyItem(atPath: path + "-wal", toPath: kept)
        } catch {
            throw LogError(
                .unavailable, "cannot copy \(path)-wal: \((error as NSError).localizedDescription)",
                hint: "make room on the disk, and start again")
        }
    }

    deinit { open = nil }

    private func findEnd(_ connection: Connection) throws {
        let spans = try connection.integer("SELECT max(span) + 1 FROM spans") ?? 0
        let inSpans = try connection.integer("SELECT newest FROM spans ORDER BY span DESC LIMIT 1") ?? .min
        let afterSpans =
            try connection.integer(
                "SELECT max(created_at) FROM records WHERE offset >= \(spans * LogFormat.recordsPerSpan)") ?? .min
        newest = Timestamp(microseconds: max(inSpans, afterSpans))
        end = LogOffset(try connection.integer("SELECT max(offset) + 1 FROM records") ?? 0)
    }

    /// Writes the records in order and syncs.
    /// - Returns: the offset of the first record.
    /// - Throws: `.unavailable` when nothing was written, `.uncertain` when that is unknown.
    func write(_ records: [NewRecord], hook: CommitHook?) throws(LogError) -> LogOffset {
        guard let open else { throw LogError(.unavailable, "the log is closed") }
        let first: LogOffset
        var next: LogOffset
        var newest: Timestamp
        do {
            if isInDoubt {
                try findEnd(open.connection)
                isInDoubt = false
            }
            (first, next, newest) = (end, end, self.newest)
            try open.begin.run()
            for record in records {
                newest = max(newest, record.createdAt)
                try insert(record, at: next, newest: newest, open)
                next = next.next
            }
            try hook?(.before)
        } catch {
            open.connection.rollBack()
            throw LogError(error, whileDoing: "write", at: open.connection.path)
        }
        try commit(open, hook: hook)
        (end, self.newest) = (next, newest)
        acknowledged.write(AcknowledgedEnd.Content(epoch: epoch, end: end))
        return first
    }

    /// Declares offsets as skipped and syncs.
    /// - Throws: `.outOfRange`, `.invalidRecord`, or `.unavailable` when nothing was written.
    func declare(_ skip: LogSkip) throws(LogError) {
        guard let open else { throw LogError(.unavailable, "the log is closed") }
        try skip.check(start: .zero, end: end)
        var added = skips
        try added.add(skip)
        do {
            try open.connection.transaction { try SkipTable.insert(skip, open.connection, checks) }
        } catch { throw LogError(error, whileDoing: "write", at: open.connection.path) }
        skips = added
    }

    private func insert(_ record: NewRecord, at offset: LogOffset, newest: Timestamp, _ open: Open) throws {
        let headers = record.headers.isEmpty ? nil : HeaderCoding.encode(record.headers)
        try RecordColumns.with(
            offset: offset.value, createdAt: record.createdAt.microseconds, key: record.key[...],
            headers: headers?[...], payload: record.payload[...]
        ) { try open.insertion.insert($0) }
        guard offset.next.value % LogFormat.recordsPerSpan == 0 else { return }
        try open.insertion.insertSpan(offset.value / LogFormat.recordsPerSpan, newest: newest.microseconds)
    }

    private func commit(_ open: Open, hook: CommitHook?) throws(LogError) {
        do throws(SQLiteError) {
            try open.commit.run()
            try hook?(.after)
        } catch {
            open.connection.rollBack()
            // When the disk is full or the file locked, the last page of the commit was not written. After an IO error
            // it may have been: a crash now could bring the transaction back.
            guard error.isFull || error.isBusy else {
                isInDoubt = true
                throw LogError(
                    .uncertain, "the log may or may not have written: \(error.message)",
                    hint: error.hint ?? "send the same records again")
            }
            throw LogError(error, whileDoing: "commit", at: open.connection.path)
        }
    }

    /// Copies the write-ahead log into the file once it has grown.
    ///
    /// With readers that never pause, the write-ahead log keeps growing; at four times the limit this waits for the
    /// readers and truncates it.
    func checkpointIfDue() {
        guard let connection = open?.connection else { return }
        pagesSinceCheckpoint += connection.pagesWritten(andReset: true)
        guard pagesSinceCheckpoint >= checkpointPages else { return }
        pagesSinceCheckpoint = 0
        // On failure everything stays in the write-ahead log, where it is just as safe; the next call tries again.
        guard let result = try? connection.checkpoint(.passive), result.logPages > 4 * checkpointPages else { return }
        connection.setBusyTimeout(milliseconds: 200)
        _ = try? connection.checkpoint(.restart)
        connection.setBusyTimeout(milliseconds: connection.options.busyTimeoutMilliseconds)
    }

    /// For tests: limits the file to this many pages, as if the disk were full; nil removes the limit.
    func limitPages(to pages: Int?) throws(SQLiteError) {
        try open?.connection.execute("PRAGMA max_page_count = \(pages ?? 1_073_741_823)")
    }

    /// For tests: the value of a PRAGMA of the writing connection.
    func pragma(_ name: String) throws(SQLiteError) -> Int? {
        try open?.connection.integer("PRAGMA \(name)").map { Int($0) }
    }
}
