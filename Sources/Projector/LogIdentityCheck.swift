public import EventLog
public import EventModel
public import Timeline

/// Makes sure that the log still is the one that was folded: the topic could have been created again under its name, or
/// retention could have passed the fold.
public enum LogIdentityCheck {
    /// Time that a log gets to hand out a record that it holds, and how it is divided.
    static let attemptsMaximum = 100
    static let attemptMilliseconds = 100

    /// Compares the last record that was folded with the one that is there now.
    ///
    /// A record that retention removed cannot be compared and need not be: what comes next is still there.
    /// - Returns: the log's end.
    /// - Throws: ``ProjectorError`` when the log is another one or lacks records; `LogError` when it cannot be read.
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
            // Retention may have removed it just now.
            let start = try log.startOffset(partition)
            if next < start { throw ProjectorError.recordsAreGone(next: next, start: start) }
            if last >= start { throw error }
        }
        return end
    }

    /// - Returns: nil when something else than a record of this offset is handed out.
    private static func fingerprint(
        _ log: any EventLog, _ partition: PartitionIndex, at offset: LogOffset
    ) throws -> RecordFingerprint? {
        for _ in 0..<attemptsMaximum {
            var found: (offset: LogOffset, fingerprint: RecordFingerprint)?
            _ = try log.read(partition, from: offset, byteLimit: 1) { record in
                if found == nil { found = (record.offset, RecordFingerprint(record)) }
            }
            if let found { return found.offset == offset ? found.fingerprint : nil }
            // Logs that fetch in the background hand out nothing until it has come.
            _ = log.waitForRecord(partition, at: offset, timeoutMilliseconds: attemptMilliseconds)
        }
        throw LogError(.unavailable, "the record at offset \(offset.value) was not handed out in time")
    }
}

extension RecordFingerprint {
    init(_ record: LogRecord) {
        self.init(createdAt: record.createdAt, checksum: CRC32C.checksum(record.payload))
    }
}
