public import EventLog
public import EventModel
public import Timeline

/// Verifies that the log is still the one that was folded: the topic may have been recreated under the same name, or
/// retention may have overtaken the fold.
public enum LogIdentityCheck {
    /// How long a log may take to return a record that it has, in number and duration of attempts.
    static let attemptsMaximum = 100
    static let attemptMilliseconds = 100

    /// Compares the last folded record with the one in the log now.
    ///
    /// A record that retention removed cannot be compared, and need not be: the next record is still there.
    /// - Returns: the log's end.
    /// - Throws: ``ProjectorError`` when the log is a different one or lacks records; `LogError` when it cannot be
    ///   read.
    public static func run(
        _ log: any EventLog, _ partition: PartitionIndex, next: LogOffset, fingerprint: RecordFingerprint?
    ) throws -> LogOffset {
        let start = try log.startOffset(partition)
        try checkStart(log, partition, next: next, start: start, fingerprint)
        let end = try log.endOffset(partition)
        if next > end { throw ProjectorError.logIsShorter(next: next, end: end) }
        let last = LogOffset(next.value - 1)
        guard let fingerprint, last >= start else { return end }
        do {
            let found = try self.fingerprint(log, partition, at: last)
            if found != fingerprint { throw ProjectorError.logIsAnother(at: last) }
        } catch let error as LogError where error.code == .outOfRange {
            // Retention may have just removed it.
            let start = try log.startOffset(partition)
            try checkStart(log, partition, next: next, start: start, fingerprint)
            if last >= start { throw error }
        }
        return end
    }

    /// - Throws: ``ProjectorError`` where records before the log's beginning are missing that nobody has declared as
    ///   skipped (SPEC 7.4).
    private static func checkStart(
        _ log: any EventLog, _ partition: PartitionIndex, next: LogOffset, start: LogOffset,
        _ fingerprint: RecordFingerprint?
    ) throws {
        guard next < start, !(try log.skips(partition).cover(next..<start)) else { return }
        // Only to say when they were received; the log may be empty or away.
        let first = try? self.fingerprint(log, partition, at: start, attempts: 1)
        throw ProjectorError.recordsAreGone(
            next..<start, after: fingerprint?.createdAt, before: first?.createdAt,
            command: log.skipCommand(at: RecordPosition(partition: partition, offset: next)))
    }

    /// - Returns: nil when the log returns no record with this offset, or something that is no record of Andon.
    private static func fingerprint(
        _ log: any EventLog, _ partition: PartitionIndex, at offset: LogOffset, attempts: Int = attemptsMaximum
    ) throws -> RecordFingerprint? {
        for _ in 0..<attempts {
            var found: (offset: LogOffset, fingerprint: RecordFingerprint?)?
            _ = try log.read(partition, from: offset, byteLimit: 1) { record in
                if found == nil { found = (record.offset, try? RecordFingerprint(record)) }
            }
            if let found { return found.offset == offset ? found.fingerprint : nil }
            // Logs that fetch in the background return nothing until the record has arrived.
            _ = log.waitForRecord(partition, at: offset, timeoutMilliseconds: attemptMilliseconds)
        }
        throw LogError(.unavailable, "the record at offset \(offset.value) was not handed out in time")
    }
}

extension RecordFingerprint {
    /// - Throws: `CodecError` for bytes that are not a record.
    init(_ record: LogRecord) throws(CodecError) {
        self.init(createdAt: record.createdAt, checksum: try RecordCodec.statedChecksum(record.payload))
    }
}
