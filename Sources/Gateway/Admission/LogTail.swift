internal import Clocks
internal import Crypto
internal import EventLog
internal import EventModel
internal import Observability

/// What a gateway must remember from before its start, read from the newest records of the log (SPEC 2.5, 2.6).
///
/// Reads all partitions in turn, backwards from their ends, so that whenever it stops, it has the newest records of
/// each. Best effort: the fold still recognises the duplicates that this misses.
struct LogTail {
    /// The newest records of one partition.
    struct Partition {
        var window: DuplicateWindow
        var newestStamp = Timestamp.earliest
        /// In log order, without names.
        var definitions: [(record: DefinitionRecord, position: RecordPosition)] = []
    }

    /// Limits for reading.
    struct Bounds: Sendable {
        /// Events over all partitions: adds a second or two to the start.
        var eventsMaximum = 2_000_000
        /// Time over all partitions, give or take one read.
        var milliseconds = 10_000
    }

    private(set) var partitions: [Partition]
    /// The answers to Idempotency-Keys.
    private(set) var idempotency = IdempotencyTable()
    /// Number of events read.
    private(set) var eventCount = 0
    /// The definitions of all partitions; those of one site are in log order.
    var definitions: [(record: DefinitionRecord, position: RecordPosition)] { partitions.flatMap(\.definitions) }

    private let log: any EventLog
    private let bounds: Bounds
    private let clock: any ProcessClock
    private let deadline: MonotonicTime
    private let journal: Journal
    private var cursors: [Cursor] = []
    private var batch = EventBatch(siteID: SiteID(bytes: []))
    private var remembered: [Remembered] = []
    private var answerBytes = 0

    private struct Cursor {
        var first: LogOffset
        /// Everything from this offset on has been read.
        var end: LogOffset
        var recordCount: Int64 = 0
        var eventCount = 0
        var isDone: Bool { first >= end }

        /// The first and the smallest number of records per read; later reads adapt to the number of events in them.
        private static let chunkRecordsMinimum: Int64 = 256
        /// Upper limit: large enough for few broker requests, small enough to check the time often.
        private static let chunkRecordsMaximum: Int64 = 16_384

        /// The next range to read, with about `events` in it.
        func chunk(events: Int) -> Range<LogOffset> {
            var records = Self.chunkRecordsMinimum
            if recordCount > 0 {
                let eventsPerRecord = max(1, Int64(eventCount) / recordCount)
                records = min(max(Int64(events) / eventsPerRecord, records), Self.chunkRecordsMaximum)
            }
            return max(first, LogOffset(end.value - records))..<end
        }
    }

    private struct Remembered {
        var claim: IdempotencyClaim
        var answer: StoredAnswer
    }

    /// Approximate bytes per read, so that a broker gets few requests.
    private static let readBytes = 8 << 20

    /// Reads the records of the last 24 hours, newest first, until it has enough.
    /// - Parameters:
    ///   - journal: Where partitions are named that cannot be read now; they do not keep a gateway from starting.
    init(
        _ log: any EventLog, now: Timestamp, bounds: Bounds = Bounds(), budget: WindowBudget,
        clock: any ProcessClock, journal: Journal
    ) throws {
        self.log = log
        self.bounds = bounds
        self.journal = journal
        self.clock = clock
        deadline = clock.uptime.advanced(milliseconds: bounds.milliseconds)
        partitions = (0..<log.partitionCount).map { _ in Partition(window: DuplicateWindow(budget: budget)) }
        for partition in 0..<log.partitionCount {
            cursors.append(try open(PartitionIndex(partition), since: now - IdempotencyTable.keptMicroseconds))
        }
        try readAll()
        // Of several records with one key, the newest has the answer that was given: a gateway appends again under a
        // key only while the log has acknowledged none of the earlier tries.
        var known: Set<SHA256Digest> = []
        let given = remembered.filter { known.insert($0.claim.digest).inserted }
        // In the order in which they will be dropped from the table.
        for entry in given.sorted(by: { $0.answer.createdAt < $1.answer.createdAt }) {
            idempotency.finish(entry.claim, entry.answer)
        }
        remembered = []
        for partition in partitions.indices { partitions[partition].window.maintain() }
    }

    private var isTimeUp: Bool { clock.uptime >= deadline }

    private func open(_ partition: PartitionIndex, since time: Timestamp) throws -> Cursor {
        try attempt(partition, orElse: Cursor(first: .zero, end: .zero)) {
            let end = try log.endOffset(partition)
            guard !isTimeUp else { return Cursor(first: end, end: end) }
            return Cursor(first: max(try log.startOffset(partition), try log.offset(partition, at: time)), end: end)
        }
    }

    private mutating func readAll() throws {
        while true {
            let open = cursors.indices.filter { !cursors[$0].isDone }
            guard !open.isEmpty else { return }
            // Each gets an equal part of what is left.
            let share = (bounds.eventsMaximum - eventCount) / open.count
            for number in open {
                guard eventCount < bounds.eventsMaximum, !isTimeUp else { return }
                let chunk = cursors[number].chunk(events: share)
                cursors[number].end = try attempt(PartitionIndex(Int32(number)), orElse: cursors[number].first) {
                    try read(number, chunk)
                    return chunk.lowerBound
                }
            }
        }
    }

    /// A log that does not answer now, or has just dropped its oldest records, does not prevent a start; one that
    /// cannot be decoded does.
    private func attempt<Result>(
        _ partition: PartitionIndex, orElse fallback: Result, _ body: () throws -> Result
    ) throws -> Result {
        do {
            return try body()
        } catch let error as LogError where error.isRetriable || error.code == .outOfRange {
            journal.record(.logTailUnreadable(partition, error))
            return fallback
        }
    }

    private mutating func read(_ number: Int, _ offsets: Range<LogOffset>) throws {
        let partition = PartitionIndex(Int32(number))
        var definitions: [(record: DefinitionRecord, position: RecordPosition)] = []
        var answers: [Remembered] = []
        var next = offsets.lowerBound
        while next < offsets.upperBound, next == offsets.lowerBound || !isTimeUp {
            let before = next
            next = try log.read(partition, from: next, byteLimit: Self.readBytes) { record in
                guard record.offset < offsets.upperBound else { return }
                let position = RecordPosition(partition: partition, offset: record.offset)
                cursors[number].recordCount += 1
                switch try RecordCodec.decode(record.payload, into: &batch) {
                case .events:
                    take(batch, of: number)
                    if let entry = Self.remembered(batch, at: position) { answers.append(entry) }
                case .definition(let definition):
                    partitions[number].newestStamp = max(partitions[number].newestStamp, definition.createdAt)
                    definitions.append((definition, position))
                }
            }
            if next == before { break }
        }
        partitions[number].definitions.insert(contentsOf: definitions, at: 0)
        keep(answers)
    }

    /// The newest came first; more than the table keeps would only use memory.
    private mutating func keep(_ answers: [Remembered]) {
        for entry in answers.reversed() where answerBytes < IdempotencyTable.bytesMaximum {
            answerBytes += IdempotencyTable.entryBytes + entry.answer.json.count
            remembered.append(entry)
        }
    }

    private mutating func take(_ batch: borrowing EventBatch, of number: Int) {
        partitions[number].newestStamp = max(partitions[number].newestStamp, batch.createdAt)
        eventCount += max(1, batch.count)
        cursors[number].eventCount += max(1, batch.count)
        let site = partitions[number].window.window(of: batch.siteID)
        let ids = batch.ids.bytes
        ids.withUnsafeBytes { bytes in
            for event in 0..<batch.count {
                let worker = UnsafeRawBufferPointer(rebasing: bytes[batch.ids.range(of: Int(batch.workers[event]))])
                let slot = site.slot(of: worker, hash: IDHash.of(worker))
                let key = SiteWindow.key(time: batch.times[event], type: batch.types[event])
                _ = site.insert(key, of: slot, batch.marks[event].eventClass)
            }
        }
    }

    private static func remembered(_ batch: borrowing EventBatch, at position: RecordPosition) -> Remembered? {
        guard let idempotency = batch.idempotency, let hash = SHA256Digest(bytes: idempotency.bodyHash) else {
            return nil
        }
        let claim = IdempotencyClaim(
            apiKeyID: idempotency.apiKeyID, path: idempotency.path, key: idempotency.key, bodyHash: hash)
        let answer = StoredAnswer(
            status: Int(idempotency.status), json: idempotency.answer, createdAt: batch.createdAt, position: position)
        return Remembered(claim: claim, answer: answer)
    }
}
