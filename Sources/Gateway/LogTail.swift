internal import Crypto
internal import EventLog
internal import EventModel

/// What a gateway has to remember from before its start; the log's newest records tell it (SPEC 2.5, 2.6).
struct LogTail {
    private(set) var window = DuplicateWindow()
    private(set) var newestStamp = Timestamp.earliest
    /// The definitions in the tail, in the order of the log, without names.
    private(set) var definitions: [(record: DefinitionRecord, position: RecordPosition)] = []

    /// Events read at most: a second or two of starting time.
    static let eventsMaximum = 2_000_000
    /// Records read at once.
    private static let chunkRecords: Int64 = 4096
    private static let readBytes = 1 << 20

    private struct Remembered {
        var claim: IdempotencyClaim
        var answer: StoredAnswer
    }

    private var batch = EventBatch(siteID: SiteID(bytes: []))
    private var eventsRead = 0

    /// Reads the records of the last 24 hours, the newest first, until there are enough.
    init(_ log: any EventLog, now: Timestamp, into idempotency: IdempotencyTable) throws {
        for partition in 0..<log.partitionCount {
            let partition = PartitionIndex(partition)
            eventsRead = 0
            var first = try log.startOffset(partition)
            first = max(first, try log.offset(partition, at: now - IdempotencyTable.keptMicroseconds))
            var end = try log.endOffset(partition)
            var chunks: [[Remembered]] = []
            var found: [[(DefinitionRecord, RecordPosition)]] = []
            while first < end, eventsRead < Self.eventsMaximum {
                let start = max(first, LogOffset(end.value - Self.chunkRecords))
                let chunk = try read(log, partition, start..<end)
                chunks.append(chunk.remembered)
                found.append(chunk.definitions)
                end = start
            }
            // Chunk by chunk from behind, so that the oldest come first.
            for chunk in chunks.reversed() {
                for entry in chunk { idempotency.finish(entry.claim, entry.answer) }
            }
            definitions.append(contentsOf: found.reversed().joined().map { (record: $0.0, position: $0.1) })
        }
        window.maintain()
    }

    private mutating func read(
        _ log: any EventLog, _ partition: PartitionIndex, _ offsets: Range<LogOffset>
    ) throws -> (remembered: [Remembered], definitions: [(DefinitionRecord, RecordPosition)]) {
        var remembered: [Remembered] = []
        var definitions: [(DefinitionRecord, RecordPosition)] = []
        var next = offsets.lowerBound
        while next < offsets.upperBound {
            let before = next
            next = try log.read(partition, from: next, byteLimit: Self.readBytes) { record in
                guard record.offset < offsets.upperBound else { return }
                let position = RecordPosition(partition: partition, offset: record.offset)
                switch try RecordCodec.decode(record.payload, into: &batch) {
                case .events:
                    take(batch)
                    if let entry = Self.remembered(batch, at: position) { remembered.append(entry) }
                case .definition(let definition):
                    newestStamp = max(newestStamp, definition.createdAt)
                    definitions.append((definition, position))
                }
            }
            if next == before { break }
        }
        return (remembered, definitions)
    }

    private mutating func take(_ batch: borrowing EventBatch) {
        newestStamp = max(newestStamp, batch.createdAt)
        eventsRead += max(1, batch.count)
        let site = window.window(of: batch.siteID)
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
