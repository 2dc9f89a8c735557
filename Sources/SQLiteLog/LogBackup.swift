public import EventLog
public import EventModel
internal import SQLite

/// Writes a copy of a log that is the same log: with its epoch, offsets and skips. So projections and definitions of the
/// original belong to the copy, too, as far as it goes.
///
/// Records are copied in portions, so that a writer of the original is never kept waiting and its write-ahead log stays
/// short (DESIGN 1.9). Every row is compared with its check. A copy that was broken off is gone on with. For one thread
/// at a time.
public final class LogBackup {
    private let original: Connection
    private let session: ReadSession
    private let copy: Connection
    private let checks: RowCheck
    private let select: Statement
    private let insertion: RecordInsertion
    /// Rows of the original from this offset on have checks.
    private let checkedFrom: Int64
    private let path: String
    /// Largest created_at of all records of the copy.
    private var newest = Int64.min
    public let epoch: LogEpoch
    /// Where the copy ends.
    public private(set) var end = LogOffset.zero

    /// What is copied at a time: some tens of milliseconds.
    private static let portionBytes = 4 << 20

    /// Opens the log at `path` for reading and the copy for writing; goes on with a copy of the same log.
    /// - Throws: ``LogError``; `.inUse` when a copy of another log is at `destination`.
    public init(of path: String, to destination: String) throws(LogError) {
        self.path = path
        do {
            original = try Connection(path: path, .reader)
            session = try ReadSession(original)
            epoch = session.epoch
            var options = ConnectionOptions.writer
            options.pageBytes = LogFormat.pageBytes
            options.synchronous = .normal
            copy = try Connection(path: destination, options)
            try LogFormat.createIfEmpty(copy, epoch: epoch)
            let found = try LogFormat.check(copy).epoch
            guard found == epoch else {
                throw LogError(.inUse, "\(destination) is log \(found), not log \(epoch)", hint: "name another folder")
            }
            checks = RowCheck(epoch)
            let head = try LogFormat.check(original)
            checkedFrom = head.checkedFrom
            select = try original.prepare(
                """
                SELECT offset, created_at, key, headers, payload, \(head.hasChecks ? "row_check" : "NULL") FROM records
                WHERE offset >= ?1 AND offset < ?2 ORDER BY offset
                """)
            insertion = try RecordInsertion(copy, checks)
            try findEnd()
        } catch { throw LogError(error, whileDoing: "copy", at: path) }
    }

    private func findEnd() throws {
        end = LogOffset(try copy.integer("SELECT max(offset) + 1 FROM records") ?? 0)
        let spans = try copy.integer("SELECT max(span) + 1 FROM spans") ?? 0
        let rest = "SELECT max(created_at) FROM records WHERE offset >= \(spans * LogFormat.recordsPerSpan)"
        newest = max(
            try copy.integer("SELECT newest FROM spans ORDER BY span DESC LIMIT 1") ?? .min,
            try copy.integer(rest) ?? .min)
    }

    /// Where the original ends now.
    public func originalEnd() throws(LogError) -> LogOffset {
        do { return try session.endOffset() } catch { throw LogError(error, whileDoing: "copy", at: path) }
    }

    /// Copies the records from ``end`` up to an offset.
    ///
    /// - Parameter goesOn: asked after every portion with the end of the copy; false ends it there.
    /// - Returns: whether it came to its end.
    /// - Throws: ``LogError`` `.corrupt` for a record that is not what was written and that nobody declared as skipped;
    ///   `.unavailable` when nothing can be read or written.
    public func run(before limit: LogOffset, goesOn: (LogOffset) -> Bool) throws(LogError) -> Bool {
        do {
            while end < limit {
                let before = end
                let skips = try session.skips()
                try copy.transaction { try copyPortion(before: limit, skips) }
                guard goesOn(end) else { return false }
                // The rest is skipped, and there are no rows.
                if end == before { break }
            }
            return true
        } catch { throw LogError(error, whileDoing: "copy", at: path) }
    }

    private func copyPortion(before limit: LogOffset, _ skips: [LogSkip]) throws {
        try select.bind(1, end.value)
        try select.bind(2, limit.value)
        defer { select.reset() }
        var bytes = 0
        while bytes < Self.portionBytes, try select.step() {
            let offset = LogOffset(select.int64(0))
            if offset > end, !skips.cover(end..<offset) {
                throw LogError(
                    .corrupt, "\(path): offset \(end.value) is missing, \(offset.value) follows",
                    hint: LogAdvice.salvage(path))
            }
            bytes += try copyRow(offset, isSkipped: skips.cover(offset..<offset.next))
        }
    }

    /// Copies the current row.
    /// - Returns: its bytes.
    private func copyRow(_ offset: LogOffset, isSkipped: Bool) throws -> Int {
        let (createdAt, key, payload) = (select.int64(1), select.blob(2), select.blob(4))
        let headers = select.isNull(3) ? nil : select.blob(3)
        try RecordColumns.with(
            offset: offset.value, createdAt: createdAt, key: key[...], headers: headers?[...], payload: payload[...]
        ) { columns in
            let isSound = !select.isNull(5) && select.int64(5) == checks.ofRecord(columns)
            guard isSound || isSkipped || offset.value < checkedFrom else {
                throw LogError.damagedRow("the record at offset \(offset.value)", path)
            }
            try insertion.insert(columns)
        }
        try writeSpans(through: offset, createdAt)
        end = offset.next
        return key.count + (headers?.count ?? 0) + payload.count
    }

    private func writeSpans(through offset: LogOffset, _ createdAt: Int64) throws {
        let size = LogFormat.recordsPerSpan
        for span in end.value / size..<offset.value / size { try insertion.insertSpan(span, newest: newest) }
        newest = max(newest, createdAt)
        if offset.next.value % size == 0 { try insertion.insertSpan(offset.value / size, newest: newest) }
    }

    /// Completes the copy, and waits for the device.
    ///
    /// - Returns: what is skipped in it.
    /// - Throws: ``LogError``
    public func finish() throws(LogError) -> [LogSkip] {
        do {
            let skips = try session.skips().filter { $0.first < end }.map { skip in
                var skip = skip
                skip.next = min(skip.next, end)
                return skip
            }
            try copy.transaction {
                try copy.execute("DELETE FROM skips")
                for skip in skips { try SkipTable.insert(skip, copy, checks) }
            }
            try copy.execute("PRAGMA synchronous = FULL")
            try copy.checkpoint(.truncate)
            try AcknowledgedEnd(log: copy.path).write(AcknowledgedEnd.Content(epoch: epoch, end: end))
            return skips
        } catch { throw LogError(error, whileDoing: "copy", at: path) }
    }

    /// What ``check(_:goesOn:)`` found.
    public struct Content: Equatable, Sendable {
        public var epoch: LogEpoch
        public var end: LogOffset
        /// Events in the records.
        public var events: Int64 = 0
        /// Whether all records were read.
        public var isWhole = true
    }

    /// Reads a log that nobody writes from its beginning to its end, and makes no file beside it.
    ///
    /// - Parameter goesOn: asked after every portion with the offsets read and all offsets; false ends it.
    /// - Throws: ``LogError`` for the first record that is not what was written.
    public static func check(_ path: String, goesOn: (Int64, Int64) -> Bool) throws -> Content {
        do {
            let session = try ReadSession(Connection(path: path, ConnectionOptions(mode: .fileAlone)))
            var content = Content(epoch: session.epoch, end: try session.endOffset())
            var batch = EventBatch(siteID: SiteID(bytes: []))
            var next = LogOffset.zero
            while next < content.end {
                let before = next
                next = try session.read(from: next, before: content.end, byteLimit: portionBytes) { record in
                    let kind: RecordCodec.Kind
                    do throws(CodecError) { kind = try RecordCodec.decode(record.payload, into: &batch) } catch {
                        throw LogError(
                            .corrupt, "\(path): the record at offset \(record.offset.value) cannot be read: \(error)")
                    }
                    if case .events = kind { content.events += Int64(batch.count) }
                }
                guard goesOn(next.value, content.end.value) else {
                    content.isWhole = false
                    break
                }
                guard next > before else { break }
            }
            return content
        } catch { throw LogError(error, whileDoing: "read", at: path) }
    }
}
