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
        if next < start { throw ProjectorError.recordsAreGone(next: next, start: start) }
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
            if next < start { throw ProjectorError.recordsAreGone(next: next, start: start) }
            if last >= start { throw error }
        }
        return end
    }

    /// - Returns: nil when the log returns no record with this offset, or something that is no record of Andon.
    private static func fingerprint(
        _ log: any EventLog, _ partition: PartitionIndex, at offset: LogOffset
    ) throws -> RecordFingerprint? {
        for _ in 0..<attemptsMaximum {
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
