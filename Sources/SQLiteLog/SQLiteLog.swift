internal import Clocks
public import EventLog
public import EventModel
internal import Locks
internal import SQLite

/// The embedded log: one SQLite file, one partition, durable before it acknowledges.
///
/// One process writes (``open(path:limits:)``), others may read (``openReader(path:limits:)``). Each append is one
/// transaction and one sync, in sequence: callers should combine their records, as the gateway's log thread does.
/// Offsets start at 0 and have no gaps but those that are declared as skipped (SPEC 7.4). Records are kept forever; do
/// not delete any by hand.
public final class SQLiteLog: SkippableLog {
    public let epoch: LogEpoch
    public let partitionCount: Int32 = 1
    public var path: String { readers.path }

    /// The state for appends, one call at a time.
    private struct Writing {
        /// nil once closed.
        var writer: LogWriter?
        /// Set by tests; makes commits fail.
        var hook: LogWriter.CommitHook?
    }

    private let writing: Guarded<Writing>
    /// Whether this process opened the log for writing.
    private let isWriter: Bool
    private let readers: ReaderPool
    /// The end and the newest records in the writing process. Other processes only use its wake-ups.
    private let tail: Monitor<Tail>

    /// How often a reader in another process polls for new records: half of the 50 ms in which it must show them.
    private static let pollMilliseconds = 25

    /// Opens the log for writing and reading; creates the file if necessary, but not its directory.
    ///
    /// - Parameter foldedTo: how far projections have folded a log: one that ends before has lost records.
    /// - Throws: ``LogError``: `.inUse` when there is already a writer, `.corrupt` when the file is not a log, is damaged
    ///   or lacks records that were acknowledged, and then nothing was changed; `.unavailable` when it cannot be opened.
    public static func open(
        path: String, limits: SQLiteLogLimits = SQLiteLogLimits(), foldedTo: LogInspection.FoldedTo = { _ in nil }
    ) throws(LogError) -> SQLiteLog {
        let writer = try LogWriter(path: path, checkpointPages: limits.checkpointPages, foldedTo: foldedTo)
        return SQLiteLog(path: path, writer: writer, limits: limits)
    }

    /// Fails if another process is writing the log. What it has just begun to write looks like damage.
    /// - Throws: ``LogError``: `.inUse`, or `.unavailable` when nobody could write there.
    public static func checkIsFree(path: String) throws(LogError) { try LogWriter.checkIsFree(path) }

    /// Opens the log of another process for reading; appends are `.unavailable`.
    ///
    /// Also works when no process is writing. SQLite requires that this user may write to the file's directory.
    /// - Throws: ``LogError``: `.unavailable` when there is no log yet, `.corrupt` when the file is not a log, or lacks
    ///   records that were acknowledged.
    public static func openReader(
        path: String, limits: SQLiteLogLimits = SQLiteLogLimits()
    ) throws(LogError) -> SQLiteLog {
        let readers = ReaderPool(path: path, idleMaximum: limits.idleReadersMaximum)
        do {
            // In this order: a running writer acknowledges what can be read.
            let known = AcknowledgedEnd.read(log: path)
            return try readers.withSession { session in
                if let known, known.epoch == session.epoch, try session.endOffset() < known.end {
                    _ = try LogInspection(path: path)
                }
                return SQLiteLog(epoch: session.epoch, readers: readers)
            }
        } catch {
            throw LogError(error, whileDoing: "open", at: path)
        }
    }

    private init(path: String, writer: sending LogWriter, limits: SQLiteLogLimits) {
        epoch = writer.epoch
        readers = ReaderPool(path: path, idleMaximum: limits.idleReadersMaximum)
        tail = Monitor(Tail(end: writer.end, bytesMaximum: limits.tailBytesMaximum))
        writing = Guarded(Writing(writer: writer))
        isWriter = true
    }

    private init(epoch: LogEpoch, readers: ReaderPool) {
        self.epoch = epoch
        self.readers = readers
        tail = Monitor(Tail(end: .zero, bytesMaximum: 0))
        writing = Guarded(Writing())
        isWriter = false
    }

    /// What an operator can do about a damaged log, in words that follow a message.
    public static func salvageAdvice(_ path: String) -> String { LogAdvice.salvage(path) }

    /// Stops writing: waits for the commit in progress. After that, appends are `.unavailable`, and another process may
    /// open the log for writing. Records in memory stay readable. Releasing the last reference does the same.
    public func close() {
        readers.closeIdle()
        writing.withLock { $0.writer = nil }
    }

    // MARK: EventLog

    public func append(_ records: [NewRecord]) throws(LogError) -> [RecordPosition] {
        guard isWriter else {
            throw LogError(
                .unavailable, "this process opened the log for reading only", hint: "send it to the writing process")
        }
        guard !records.isEmpty else { return [] }
        for record in records { try record.check() }
        let first = try write(records)
        return records.indices.map {
            RecordPosition(partition: PartitionIndex(0), offset: LogOffset(first.value + Int64($0)))
        }
    }

    /// - Returns: the offset of the first record.
    private func write(_ records: [NewRecord]) throws(LogError) -> LogOffset {
        try writing.withLock { (writing) throws(LogError) in
            guard let writer = writing.writer else { throw LogError(.unavailable, "the log is closed") }
            defer { writer.checkpointIfDue() }
            let first = try writer.write(records, hook: writing.hook)
            // Under the lock, so that readers see records in offset order, and before the append returns.
            tail.update { $0.append(records, from: first) }
            return first
        }
    }

    public func read(
        _ partition: PartitionIndex, from offset: LogOffset, byteLimit: Int, _ body: (LogRecord) throws -> Void
    ) throws -> LogOffset {
        try check(partition)
        guard isWriter else { return try readFile(from: offset, before: nil, byteLimit: byteLimit, body) }
        let (inMemory, end) = tail.withLock { ($0.slice(from: offset, byteLimit: byteLimit), $0.end) }
        guard offset >= .zero, offset <= end else { throw LogError.noOffset(offset, start: .zero, end: end) }
        guard let inMemory else { return try readFile(from: offset, before: end, byteLimit: byteLimit, body) }
        var next = offset
        for record in inMemory {
            try record.withLogRecord(at: next, body)
            next = next.next
        }
        return next
    }

    private func readFile(
        from offset: LogOffset, before end: LogOffset?, byteLimit: Int, _ body: (LogRecord) throws -> Void
    ) throws -> LogOffset {
        try readers.withSession { session in
            if end == nil {
                let end = try session.endOffset()
                guard offset >= .zero, offset <= end else { throw LogError.noOffset(offset, start: .zero, end: end) }
            }
            return try session.read(from: offset, before: end, byteLimit: byteLimit, body)
        }
    }

    public func skips(_ partition: PartitionIndex) throws(LogError) -> [LogSkip] {
        try check(partition)
        do {
            return try readers.withSession { try $0.skips() }
        } catch {
            throw LogError(error, whileDoing: "read", at: readers.path)
        }
    }

    public func declare(_ skip: LogSkip, in partition: PartitionIndex) throws(LogError) {
        try check(partition)
        try writing.withLock { (writing) throws(LogError) in
            guard let writer = writing.writer else { throw LogError(.unavailable, "the log is not open for writing") }
            try writer.declare(skip)
            tail.update { $0.forget(before: skip.next) }
        }
    }

    public func startOffset(_ partition: PartitionIndex) throws(LogError) -> LogOffset {
        try check(partition)
        return .zero
    }

    public func endOffset(_ partition: PartitionIndex) throws(LogError) -> LogOffset {
        try check(partition)
        if isWriter { return tail.withLock { $0.end } }
        do {
            return try readers.withSession { try $0.endOffset() }
        } catch {
            throw LogError(error, whileDoing: "read", at: readers.path)
        }
    }

    public func offset(_ partition: PartitionIndex, at time: Timestamp) throws(LogError) -> LogOffset {
        try check(partition)
        do {
            return try readers.withSession { try $0.offset(at: time) }
        } catch {
            throw LogError(error, whileDoing: "read", at: readers.path)
        }
    }

    public func endOffset(_ partition: PartitionIndex, upTo time: Timestamp) throws(LogError) -> LogOffset {
        try check(partition)
        do {
            return try readers.withSession { try $0.endOffset(upTo: time) }
        } catch {
            throw LogError(error, whileDoing: "read", at: readers.path)
        }
    }

    public func waitForRecord(_ partition: PartitionIndex, at offset: LogOffset, timeoutMilliseconds: Int) -> Bool {
        guard partition.value == 0 else { return false }
        let wakes = tail.withLock { $0.wakes }
        if !isWriter { return pollForRecord(at: offset, timeoutMilliseconds: timeoutMilliseconds, wakes: wakes) }
        return tail.wait(milliseconds: timeoutMilliseconds) { tail in
            if offset < tail.end { return true }
            return tail.wakes == wakes ? nil : false
        } ?? false
    }

    /// One process gets no notification of another's commit, so this one has to poll.
    private func pollForRecord(at offset: LogOffset, timeoutMilliseconds: Int, wakes: Int) -> Bool {
        let clock = SystemClock()
        let deadline = clock.uptime.advanced(milliseconds: timeoutMilliseconds)
        while true {
            // The caller's next read reports the failure.
            if let end = try? endOffset(PartitionIndex(0)), offset < end { return true }
            let left = min(Self.pollMilliseconds, clock.uptime.milliseconds(until: deadline))
            guard left > 0 else { return false }
            let isWoken: Void? = tail.wait(milliseconds: left) { $0.wakes == wakes ? nil : () }
            if isWoken != nil { return false }
        }
    }

    public func wakeReaders() { tail.update { $0.wakes += 1 } }

    private func check(_ partition: PartitionIndex) throws(LogError) {
        guard partition.value == 0 else { throw .noPartition(partition, of: partitionCount) }
    }

    // MARK: For tests

    /// Makes commits fail; nil ends this.
    func onCommit(_ hook: LogWriter.CommitHook?) { writing.withLock { $0.hook = hook } }

    /// Runs `body` with the writer while no append is in progress.
    func withWriter<Result>(_ body: (LogWriter) throws -> Result) throws -> Result? {
        try writing.withLock { try $0.writer.map(body) }
    }
}
