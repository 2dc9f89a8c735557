public import EventLog
public import EventModel
internal import Locks

/// The topics beside the embedded log, in a file: what a process on Kafka publishes for other systems, and nothing else
/// (DESIGN 3).
///
/// Compacted as it is written: of every key the newest record stays, and of every topic the newest so many keys. A thread
/// writes what waits as one group. The file may be lost: then everything is published again.
public final class SQLiteTopics: Topics {
    struct Pending: Sendable {
        var record: TopicRecord
        var done: @Sendable (Result<RecordPosition, LogError>) -> Void
    }

    struct State: Sendable {
        var waiting: [Pending] = []
        /// By topic: the place after the last committed record.
        var ends: [String: Int64]
        var isClosed = false
    }

    private struct Writer: ~Copyable {
        let table: TopicTable
        /// Rows of each topic.
        var counts: [String: Int]
    }

    /// Records that may wait to be written: some 10 MB.
    static let waitingMaximum = 10_000

    let state: Monitor<State>
    private let writer: Guarded<Writer>
    private let reader: Guarded<TopicReader>
    private let recordsMaximum: Int
    private let thread = Guarded<BackgroundThread?>(nil)

    /// Opens the file; creates it if it is missing, and makes it anew if it is damaged.
    /// - Parameters:
    ///   - topics: others do not exist.
    ///   - recordsMaximum: keys that a topic keeps; a tenth more may stay for a while.
    /// - Throws: ``LogError`` when the file cannot be written.
    public init(path: String, topics: [String], recordsMaximum: Int) throws(LogError) {
        self.recordsMaximum = recordsMaximum
        do {
            let table = try TopicTable(path: path, topics: topics)
            var ends: [String: Int64] = [:]
            var counts: [String: Int] = [:]
            for topic in topics {
                ends[topic] = try table.end(topic)
                counts[topic] = try table.count(topic)
            }
            state = Monitor(State(ends: ends))
            writer = Guarded(Writer(table: table, counts: counts))
            reader = Guarded(try TopicReader(path: path))
        } catch { throw LogError(.unavailable, "\(path) cannot be opened: \(error)") }
        let started = BackgroundThread.start("topics") { [self] in
            while let group = next() { write(group) }
        }
        thread.withLock { $0 = started }
    }

    /// Writes what waits, and takes nothing any more.
    public func close() {
        state.update { $0.isClosed = true }
        thread.withLock { $0 }?.join()
    }

    public func partitionCount(_ topic: String) throws(LogError) -> Int32 {
        guard state.withLock({ $0.ends[topic] }) != nil else {
            throw LogError(.unavailable, "there is no topic \(topic)")
        }
        return 1
    }

    public func send(
        _ record: TopicRecord, _ done: @escaping @Sendable (Result<RecordPosition, LogError>) -> Void
    ) throws(LogError) {
        let count = try partitionCount(record.topic)
        if let partition = record.partition, partition != PartitionIndex(0) {
            throw .noPartition(partition, of: count)
        }
        let isTaken = state.update { state in
            guard !state.isClosed, state.waiting.count < Self.waitingMaximum else { return false }
            state.waiting.append(Pending(record: record, done: done))
            return true
        }
        guard isTaken else { throw LogError(.unavailable, "too many records wait, or the topics are closed") }
    }

    public func follow(
        _ topic: String, _ partitions: [PartitionIndex]?, from start: TopicStart,
        _ handle: @escaping @Sendable (FollowedRecord) -> Void
    ) throws(LogError) -> any TopicFollowing {
        let count = try partitionCount(topic)
        for partition in partitions ?? [] where partition != PartitionIndex(0) {
            throw .noPartition(partition, of: count)
        }
        let place: Int64 =
            switch start {
            case .beginning: 0
            case .end: end(topic)
            case .offsets(let offsets): offsets[PartitionIndex(0)]?.value ?? 0
            }
        let following = SQLiteFollowing(self, topic, from: place)
        following.start(handle)
        return following
    }

    /// A page of a topic, for readers outside the process.
    /// - Parameter sites: whose records; nil for all.
    /// - Throws: ``LogError`` when the file cannot be read.
    public func page(
        _ topic: String, from place: LogOffset, limit: Int, sites: [SiteID]? = nil
    ) throws(LogError) -> TopicPage {
        // Records that are committed later belong to the next page.
        let end = end(topic)
        let (found, source) = try records(topic, from: place.value, limit: limit, sites: sites)
        let read = found.last.map { $0.position.offset.value + 1 } ?? place.value
        let next = found.count == limit ? read : max(end, read)
        return TopicPage(records: found, next: LogOffset(next), isAtEnd: next >= end, source: source)
    }

    func records(
        _ topic: String, from place: Int64, limit: Int, sites: [SiteID]? = nil
    ) throws(LogError) -> (records: [FollowedRecord], source: String) {
        do {
            return try reader.withLock { reader in
                (try reader.records(topic, from: place, limit: limit, sites: sites), reader.source)
            }
        } catch { throw LogError(.unavailable, "the topics cannot be read: \(error)") }
    }

    private func end(_ topic: String) -> Int64 { state.withLock { $0.ends[topic] ?? 0 } }

    // MARK: Writing

    /// Everything that waits; nil once it is closed and nothing waits.
    private func next() -> [Pending]? {
        state.wait { state -> [Pending]?? in
            if state.waiting.isEmpty { return state.isClosed ? .some(nil) : nil }
            defer { state.waiting = [] }
            return .some(state.waiting)
        }
    }

    private func write(_ group: [Pending]) {
        let ends = state.withLock { $0.ends }
        do {
            let (places, newEnds) = try writer.withLock { writer in
                try Self.write(group.map(\.record), &writer, ends, recordsMaximum)
            }
            state.update { $0.ends = newEnds }
            for (pending, place) in zip(group, places) {
                pending.done(
                    .success(RecordPosition(partition: PartitionIndex(0), offset: LogOffset(place))))
            }
        } catch {
            let failure = LogError(.unavailable, "the topics cannot be written: \(error)")
            for pending in group { pending.done(.failure(failure)) }
        }
    }

    private static func write(
        _ records: [TopicRecord], _ writer: inout Writer, _ ends: [String: Int64], _ recordsMaximum: Int
    ) throws -> (places: [Int64], ends: [String: Int64]) {
        var ends = ends
        var places: [Int64] = []
        try writer.table.transaction {
            for record in records {
                let place = ends[record.topic] ?? 0
                try writer.table.put(record, at: place)
                places.append(place)
                ends[record.topic] = place + 1
            }
        }
        // Some of them replaced others: counted again only when there may be too many.
        for record in records { writer.counts[record.topic, default: 0] += 1 }
        for topic in Set(records.map(\.topic)) where writer.counts[topic]! > recordsMaximum + recordsMaximum / 10 {
            try writer.table.trim(topic, to: recordsMaximum)
            writer.counts[topic] = try writer.table.count(topic)
        }
        return (places, ends)
    }
}
