internal import EventLog
internal import EventModel
internal import SQLite

/// Writes a log record by record at given offsets, in any order.
final class SalvagedLogWriter {
    private let connection: Connection
    private let epoch: LogEpoch
    private let checks: RowCheck
    private let insertion: RecordInsertion
    private let path: String
    private(set) var records: Int64 = 0
    /// Those that were declared in the damaged log, in order.
    private var skips: [LogSkip] = []

    init(path: String) throws {
        var options = ConnectionOptions.writer
        options.pageBytes = LogFormat.pageBytes
        options.synchronous = .normal
        self.path = path
        connection = try Connection(path: path, options)
        try LogFormat.createIfEmpty(connection)
        epoch = try LogFormat.check(connection).epoch
        checks = RowCheck(epoch)
        insertion = try RecordInsertion(connection, checks, keepsPresent: true)
    }

    func transaction(_ body: () throws -> Void) throws { try connection.transaction(body) }

    /// Adds a row of the damaged log that belongs before an offset, unless there is one already in its place.
    func add(_ row: StoredRow, before end: Int64) throws {
        switch row {
        case .record(let record):
            guard record.offset < end else { return }
            try record.withColumns { try insertion.insert($0) }
            records += Int64(connection.changes)
        case .skip(let skip, _):
            guard skip.next.value <= end else { return }
            // Fails for one that was found before.
            try? skips.add(skip)
        }
    }

    /// Declares what is missing, completes the log and waits for the device.
    func finish(reason: String, by: String, at time: Timestamp, known: LogOffset) throws -> LogSalvage.Outcome {
        var outcome = LogSalvage.Outcome()
        outcome.records = records
        var gaps: [Range<LogOffset>] = []
        var spans: [(span: Int64, newest: Int64)] = []
        var newest = Int64.min
        let select = try connection.prepare("SELECT offset, created_at FROM records ORDER BY offset")
        try select.forEachRow { row in
            let offset = LogOffset(row.int64(0))
            if offset > outcome.end { gaps.append(outcome.end..<offset) }
            for span in outcome.end.value / LogFormat.recordsPerSpan..<offset.value / LogFormat.recordsPerSpan {
                spans.append((span, newest))
            }
            newest = max(newest, row.int64(1))
            outcome.end = offset.next
            if offset.next.value % LogFormat.recordsPerSpan == 0 {
                spans.append((offset.value / LogFormat.recordsPerSpan, newest))
            }
        }
        keepSkips(before: outcome.end)
        outcome.missing = unskipped(gaps)
        outcome.missingAfterEnd = max(0, known.value - outcome.end.value)
        try connection.transaction {
            let lost = outcome.missing.map {
                LogSkip(first: $0.lowerBound, next: $0.upperBound, reason: reason, by: by, at: time)
            }
            for skip in skips + lost { try SkipTable.insert(skip, connection, checks) }
            for (span, newest) in spans { try insertion.insertSpan(span, newest: newest) }
        }
        try connection.execute("PRAGMA synchronous = FULL")
        try connection.checkpoint(.truncate)
        try AcknowledgedEnd(log: path).write(AcknowledgedEnd.Content(epoch: epoch, end: outcome.end))
        return outcome
    }

    /// Cuts the skips off at the end of the log: what is appended there is new, and must be read.
    private func keepSkips(before end: LogOffset) {
        skips = skips.compactMap { skip in
            var skip = skip
            skip.next = min(skip.next, end)
            return skip.first < skip.next ? skip : nil
        }
    }

    /// The parts of gaps that no skip covers.
    /// - Parameter gaps: in order.
    private func unskipped(_ gaps: [Range<LogOffset>]) -> [Range<LogOffset>] {
        var parts: [Range<LogOffset>] = []
        var rest = skips[...]
        for gap in gaps {
            var place = gap.lowerBound
            while let skip = rest.first, skip.first < gap.upperBound {
                if place < skip.first { parts.append(place..<skip.first) }
                place = max(place, skip.next)
                // It may cover a part of the next gap.
                guard place <= gap.upperBound else { break }
                rest.removeFirst()
            }
            if place < gap.upperBound { parts.append(place..<gap.upperBound) }
        }
        return parts
    }
}
