internal import EventLog
internal import EventModel
internal import Timeline

/// Makes sure that the log still is the one that was folded: the topic could have been made anew under its name, or
/// retention could have passed the fold.
enum AnchorCheck {
    /// Time that a log gets to hand out a record that stands in it.
    static let waitMilliseconds = 10_000

    /// Compares the last record that was folded with what stands there now.
    ///
    /// A record that retention removed cannot be compared and need not be: what comes next is still there.
    /// - Returns: the log's end.
    /// - Throws: ``ProjectorError`` when the log is another one or lacks records; `LogError` when it cannot be read.
    static func run(
        _ log: any EventLog, _ partition: PartitionIndex, next: LogOffset, fingerprint: RecordFingerprint?
    ) throws -> LogOffset {
        let start = try log.startOffset(partition)
        if next < start { throw ProjectorError.recordsAreGone(next: next, start: start) }
        let end = try log.endOffset(partition)
        if next > end { throw ProjectorError.logIsShorter(next: next, end: end) }
        let place = LogOffset(next.value - 1)
        guard let fingerprint, place >= start else { return end }
        do {
            let found = try self.fingerprint(log, partition, at: place)
            if found != fingerprint { throw ProjectorError.logIsAnother(at: place) }
        } catch let error as LogError where error.code == .outOfRange {
            // Retention may have removed it just now.
            let start = try log.startOffset(partition)
            if next < start { throw ProjectorError.recordsAreGone(next: next, start: start) }
            if place >= start { throw error }
        }
        return end
    }

    /// - Returns: nil when something else than a record of this offset is handed out.
    private static func fingerprint(
        _ log: any EventLog, _ partition: PartitionIndex, at place: LogOffset
    ) throws -> RecordFingerprint? {
        let deadline = ContinuousClock.now + .milliseconds(waitMilliseconds)
        while true {
            var found: (offset: LogOffset, fingerprint: RecordFingerprint)?
            _ = try log.read(partition, from: place, byteLimit: 1) { record in
                if found == nil { found = (record.offset, RecordFingerprint(record)) }
            }
            if let found { return found.offset == place ? found.fingerprint : nil }
            // Logs that fetch in the background hand out nothing until it has come.
            guard ContinuousClock.now < deadline else {
                throw LogError(.unavailable, "the record at offset \(place.value) was not handed out in time")
            }
            _ = log.waitForRecord(partition, at: place, timeoutMilliseconds: 100)
        }
    }
}

extension RecordFingerprint {
    init(_ record: LogRecord) {
        self.init(createdAt: record.createdAt, checksum: CRC32C.checksum(record.payload))
    }
}
