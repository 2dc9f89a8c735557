internal import Clocks
internal import Crypto
internal import EventLog
internal import EventModel
internal import Observability

/// What a gateway must remember from before its start, read from the newest records of the log (SPEC 2.5, 2.6).
///
/// Reads all partitions in turn, backwards from their ends, so that whenever it stops, it has the newest records of
/// each. Best effort: the fold still recognises the duplicates that this misses. Answers to Idempotency-Keys are read
/// from as far back as the gateway's file does not know them, up to 24 hours.
struct LogTail {
    /// The newest records of one partition.
    struct Partition {
        var window: DuplicateWindow
        /// The newest created_at since time was last set back (SPEC 2.9).
        var newestStamp = Timestamp.earliest
        /// Whether a record that sets time back has been read: older records say nothing about the newest stamp then.
        var isSetBack = false
        var definitions: [SiteID: Definitions] = [:]
        /// The first record found that nobody can decode.
        var unreadable: RecordPosition?
        /// A record of a newer version: it may change what may be admitted.
        var newerFormat: RecordPosition?
    }

    /// The definitions of one site. Each may take megabytes, so only the newest is kept.
    struct Definitions {
        /// Without names.
        var newest: DefinitionRecord
        var position: RecordPosition
        /// Offsets of those before it.
        var earlier: [LogOffset] = []
    }

    /// Limits for reading.
    struct Bounds: Sendable {
        /// Events over all partitions for the duplicate windows: adds a second or two to the start.
        var eventsMaximum = 2_000_000
        /// Time over all partitions, give or take one read.
        var milliseconds = 10_000
    }

    private(set) var partitions: [Partition]
    /// Number of events read for the windows.
    private(set) var eventCount = 0
    /// Number of records read.
    var recordCount: Int64 { cursors.reduce(0) { $0 + $1.recordCount } }
    /// The definitions of all sites.
    var definitions: [Definitions] { partitions.flatMap(\.definitions.values) }

    private let log: any EventLog
    private let bounds: Bounds
    private let clock: any ProcessClock
    private let deadline: MonotonicTime
    private let journal: Journal
    private let answers: AnswerKeeper
    private let now: Timestamp
    private var cursors: [Cursor] = []
    private var batch = EventBatch(siteID: SiteID(bytes: []))
    private var hashes: [UInt64] = []
    /// Whether what is read now is for the windows too.
    private var fillsWindows = true

    private struct Cursor {
        /// The first record of the last 24 hours.
        var first: LogOffset
        /// The first record whose answer is not known.
        var firstAnswer: LogOffset
        /// Everything from this offset on has been read.
        var end: LogOffset
        /// Whether something from ``firstAnswer`` on could not be read.
        var lacksAnswers = false
        var recordCount: Int64 = 0
        var eventCount = 0

        /// - Parameter isFull: Whether the duplicate windows have enough.
        func isDone(_ isFull: Bool) -> Bool { (isFull ? firstAnswer : first) >= end }

        /// Whether all answers are known.
        var hasAnswers: Bool { isDone(true) && !lacksAnswers }

        /// Notes that what is before an offset cannot be read now.
        mutating func giveUp(before offset: LogOffset) {
            if offset > firstAnswer { lacksAnswers = true }
        }

        /// The first and the smallest number of records per read; later reads adapt to the number of events in them.
        private static let chunkRecordsMinimum: Int64 = 256
        /// Upper limit: large enough for few broker requests, small enough to check the time often.
        private static let chunkRecordsMaximum: Int64 = 16_384

        /// The next range to read, with about `events` in it.
        func chunk(events: Int, _ isFull: Bool) -> Range<LogOffset> {
            var records = Self.chunkRecordsMinimum
            if recordCount > 0 {
                let eventsPerRecord = max(1, Int64(eventCount) / recordCount)
                records = min(max(Int64(events) / eventsPerRecord, records), Self.chunkRecordsMaximum)
            }
            return max(isFull ? firstAnswer : first, LogOffset(end.value - records))..<end
        }
    }

    /// Approximate bytes per read, so that a broker gets few requests.
    private static let readBytes = 8 << 20

    /// Events of a chunk when only answers are wanted.
    private static let answerEvents = 100_000

    /// Reads the records of the last 24 hours, newest first, until it has enough.
    /// - Parameters:
    ///   - answers: Gets the answers to Idempotency-Keys that it does not know.
    ///   - journal: Where partitions are named that cannot be read now; they do not keep a gateway from starting.
    init(
        _ log: any EventLog, now: Timestamp, bounds: Bounds = Bounds(), budget: WindowBudget, answers: AnswerKeeper,
        clock: any ProcessClock, journal: Journal
    ) throws {
        self.log = log
        self.now = now
        self.bounds = bounds
        self.journal = journal
        self.clock = clock
        self.answers = answers
        deadline = clock.uptime.advanced(milliseconds: bounds.milliseconds)
        partitions = (0..<log.partitionCount).map { _ in Partition(window: DuplicateWindow(budget: budget)) }
        for partition in 0..<log.partitionCount {
            cursors.append(try open(PartitionIndex(partition), since: now - IdempotencyTable.keptMicroseconds))
        }
        let ends = cursors.map(\.end)
        try readAll()
        if cursors.contains(where: { !$0.hasAnswers }) {
            journal.record(.answersIncomplete(seconds: bounds.milliseconds / 1000))
        }
        for (number, end) in ends.enumerated() { settle(number, end) }
        for partition in partitions.indices { partitions[partition].window.maintain() }
    }

    /// Takes a source that the fold in this process knows.
    mutating func remember(_ source: SourceIDs, of site: SiteID) {
        let partition = Partitioner.partition(of: site.bytes, partitionCount: Int32(partitions.count))
        _ = partitions[Int(partition.value)].window.window(of: site).admit(Source(source))
    }

    /// What was not read, or is of a newer version, is left to a later start.
    private func settle(_ number: Int, _ end: LogOffset) {
        let partition = PartitionIndex(Int32(number))
        guard cursors[number].hasAnswers, partitions[number].newerFormat == nil else {
            return answers.hold(partition, now: now)
        }
        if end > .zero { answers.settled(partition, next: end) }
    }

    private var isTimeUp: Bool { clock.uptime >= deadline }

    private func open(_ partition: PartitionIndex, since time: Timestamp) throws -> Cursor {
        try attempt(partition) {
            let end = try log.endOffset(partition)
            let known = answers.known(partition)
            guard !isTimeUp else { return Cursor(first: end, firstAnswer: known ?? .zero, end: end) }
            let first = max(try log.startOffset(partition), try log.offset(partition, at: time))
            return Cursor(first: first, firstAnswer: max(first, known ?? first), end: end)
        } ?? Cursor(first: .zero, firstAnswer: .zero, end: .zero, lacksAnswers: true)
    }

    private mutating func readAll() throws {
        while true {
            let isFull = eventCount >= bounds.eventsMaximum
            let open = cursors.indices.filter { !cursors[$0].isDone(isFull) }
            guard !open.isEmpty else { return }
            // Each gets an equal part of what is left.
            let share = isFull ? Self.answerEvents : (bounds.eventsMaximum - eventCount) / open.count
            fillsWindows = !isFull
            for number in open {
                guard isFull || eventCount < bounds.eventsMaximum else { break }
                guard !isTimeUp else { return }
                let chunk = cursors[number].chunk(events: share, isFull)
                let isRead: Void? = try attempt(PartitionIndex(Int32(number))) { try read(number, chunk) }
                if isRead == nil { cursors[number].giveUp(before: chunk.upperBound) }
                cursors[number].end = isRead == nil ? cursors[number].first : chunk.lowerBound
            }
        }
    }

    /// A log that does not answer now, or has just dropped its oldest records, does not prevent a start.
    /// - Returns: nil for such a log.
    private func attempt<Result>(_ partition: PartitionIndex, _ body: () throws -> Result) throws -> Result? {
        do {
            return try body()
        } catch let error as LogError where error.isRetriable || error.code == .outOfRange {
            journal.record(.logTailUnreadable(partition, error))
            return nil
        }
    }

    private mutating func read(_ number: Int, _ offsets: Range<LogOffset>) throws {
        let partition = PartitionIndex(Int32(number))
        var definitions: [SiteID: Definitions] = [:]
        var found: [KeptAnswer] = []
        var newest = Timestamp.earliest
        var isSetBack = false
        var next = offsets.lowerBound
        while next < offsets.upperBound, next == offsets.lowerBound || !isTimeUp {
            let before = next
            next = try Self.passingGaps(log, partition, from: next, journal) { record in
                guard record.offset < offsets.upperBound else { return }
                let position = RecordPosition(partition: partition, offset: record.offset)
                cursors[number].recordCount += 1
                switch decode(record, at: position) {
                case nil: return
                case .events:
                    newest = max(newest, batch.createdAt)
                    take(batch, of: number)
                    guard record.offset >= cursors[number].firstAnswer else { return }
                    if let answer = KeptAnswer(batch, at: position) { found.append(answer) }
                case .definition(let definition):
                    newest = max(newest, definition.createdAt)
                    let site = definition.definition.siteID
                    if let before = definitions[site]?.position.offset {
                        definitions[site]?.earlier.append(before)
                        definitions[site]?.newest = definition
                        definitions[site]?.position = position
                    } else {
                        definitions[site] = Definitions(newest: definition, position: position)
                    }
                case .clockSetBack(let record): (newest, isSetBack) = (record.createdAt, true)
                }
            }
            if next == before { break }
        }
        if next < offsets.upperBound { cursors[number].giveUp(before: offsets.upperBound) }
        if !partitions[number].isSetBack {
            partitions[number].newestStamp = max(partitions[number].newestStamp, newest)
            partitions[number].isSetBack = isSetBack
        }
        // What was read before is newer.
        partitions[number].definitions.merge(definitions) { newer, older in
            var merged = newer
            merged.earlier += older.earlier + [older.position.offset]
            return merged
        }
        answers.remember(found.reversed(), of: partition, now: now)
    }

    /// Goes on behind records that are missing. The fold stands still there; what is admitted meanwhile is durable, and is
    /// folded when an operator has declared them as skipped (SPEC 7.4).
    private static func passingGaps(
        _ log: any EventLog, _ partition: PartitionIndex, from offset: LogOffset, _ journal: Journal,
        _ body: (LogRecord) throws -> Void
    ) throws -> LogOffset {
        do {
            return try log.read(partition, from: offset, byteLimit: readBytes, body)
        } catch let error as LogError where error.code == .recordsMissing {
            journal.record(.logTailUnreadable(partition, error))
            return max(offset, error.missing?.upperBound ?? offset)
        }
    }

    /// - Returns: nil for what is no record of Andon, and for one of a newer version.
    private mutating func decode(_ record: LogRecord, at position: RecordPosition) -> RecordCodec.Kind? {
        do throws(CodecError) {
            return try RecordCodec.decode(record.payload, into: &batch)
        } catch {
            let number = Int(position.partition.value)
            if partitions[number].unreadable == nil {
                journal.record(.recordUnreadable(log.name(of: position), position, error))
                partitions[number].unreadable = position
            }
            if error.code == .unknownFormat { partitions[number].newerFormat = position }
            return nil
        }
    }

    private mutating func take(_ batch: borrowing EventBatch, of number: Int) {
        cursors[number].eventCount += max(1, batch.count)
        guard fillsWindows else { return }
        eventCount += max(1, batch.count)
        let site = partitions[number].window.window(of: batch.siteID)
        let ids = batch.ids.bytes
        ids.withUnsafeBytes { bytes in
            hashes.removeAll(keepingCapacity: true)
            for id in 0..<batch.ids.count {
                hashes.append(IDHash.of(UnsafeRawBufferPointer(rebasing: bytes[batch.ids.range(of: id)])))
            }
            for event in 0..<batch.count {
                let mark = batch.marks[event]
                let hash = hashes[Int(batch.workers[event])]
                let id = UnsafeRawBufferPointer(rebasing: bytes[batch.ids.range(of: Int(batch.workers[event]))])
                let slot =
                    mark == .unknownWorker ? site.strangerSlot(of: id, hash: hash) : site.slot(of: id, hash: hash)
                var key = SiteWindow.key(time: batch.times[event], type: batch.types[event])
                if slot == SiteWindow.stranger { key = SiteWindow.strangerKey(key, hash: hash) }
                _ = site.insert(key, of: slot, mark.eventClass)
                if mark.eventClass != .quarantined { _ = site.admit(Source(event, of: batch, hashes)) }
            }
        }
    }
}
