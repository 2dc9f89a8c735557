internal import Crypto
public import EventLog
public import EventModel
internal import Locks

/// The log as a Kafka topic (DESIGN 3, 4): `TopicNames.events`, with one partition of the topic for each of the log.
///
/// Records carry created_at in a header, to the microsecond; Kafka's own timestamp is rounded down to milliseconds. Only
/// Andon may write the topic, and without transactions: their markers take offsets and look like lost records. What else
/// gets there an operator can declare as skipped; the ``LogBook`` keeps it. It also says how many partitions the topic was
/// made with: those are used, however many were added since.
/// While no broker can be reached, a reader waits, and it continues by itself.
///
/// ``read(_:from:byteLimit:_:)`` hands out the fetched bytes without a copy. A read that continues where the last read of
/// the partition ended costs nothing extra; any other read asks the broker, so two readers that take turns at different
/// offsets of one partition are slow.
public final class KafkaLog: SkippableLog {
    /// What a process does with the log.
    public enum Role: Sendable {
        case readOnly
        case readAndAppend
    }

    public let epoch: LogEpoch
    public let partitionCount: Int32
    private let topic: String
    let settings: KafkaSettings
    /// nil where there is no topic for it.
    let book: LogBook?
    let reader: LogReader
    private let appender: LogAppender?

    /// Opens the topic and learns its partitions.
    ///
    /// - Throws: ``LogError`` `.outOfRange` when the topic does not exist or has lost partitions, `.unavailable` when no
    ///   broker answers within five seconds, the topic of keys cannot be read to its end within thirty, or the settings
    ///   are refused.
    public static func open(_ settings: KafkaSettings, role: Role = .readAndAppend) throws(LogError) -> KafkaLog {
        let topic = settings.names.events
        let consumer = try LogConsumer(settings, topic: topic)
        var book: LogBook?
        do throws(LogError) {
            let found = try Patience.ask { isLast throws(LogError) in
                do throws(LogError) { return try consumer.partitionCount() } catch {
                    if isLast || error.code != .outOfRange { throw error }
                    return nil
                }
            }
            let clusterID = try consumer.clusterID()
            book = try consumer.partitionCount(of: settings.names.keys).map { count throws(LogError) in
                try LogBook(settings, topicPartitions: count)
            }
            let partitionCount = book?.partitionCount ?? found
            guard partitionCount <= found else {
                throw .partitionsAreGone(topic, found: found, recorded: partitionCount)
            }
            let appender =
                role == .readOnly ? nil : LogAppender(try KafkaProducer(settings), topic, partitionCount)
            return KafkaLog(
                settings, epoch: .kafka(clusterID: clusterID, topic: topic), appender: appender,
                reader: LogReader(consumer, topic: topic, partitionCount: partitionCount, book: book),
                partitionCount: partitionCount, book: book)
        } catch {
            book?.stop()
            consumer.close()
            throw error
        }
    }

    private init(
        _ settings: KafkaSettings, epoch: LogEpoch, appender: LogAppender?, reader: LogReader, partitionCount: Int32,
        book: LogBook?
    ) {
        self.settings = settings
        self.book = book
        topic = settings.names.events
        self.epoch = epoch
        self.appender = appender
        self.reader = reader
        self.partitionCount = partitionCount
    }

    deinit { close() }

    /// With how many partitions the topic was made, as the ``LogBook`` says; nil where nobody has recorded it.
    public var recordedPartitionCount: Int32? { book?.partitionCount }

    /// Records the number of partitions of a topic that was made before that was done.
    /// - Throws: ``LogError`` when that is not durable.
    public func recordPartitionCount(_ topics: any Topics, at now: Timestamp) throws(LogError) {
        try book?.record(partitionCount: partitionCount, topics, at: now)
    }

    /// Ends all waits, then waits for running appends and for readers to release their records. Every later call fails.
    /// Must not be called from inside a reader.
    public func close() {
        appender?.close()
        reader.close()
    }

    /// The producer's delivery deadline, after which a record is no longer sent.
    public var appendTimeoutMicroseconds: Int64 { appender?.timeoutMicroseconds ?? 0 }

    /// Asks the brokers who leads the partitions.
    public func appendTroubles() -> [PartitionIndex: LogError] { reader.troubles() }

    public func append(_ records: [NewRecord]) throws(LogError) -> [RecordPosition] {
        guard let appender else {
            throw LogError(.unavailable, "the log was opened for reading only")
        }
        let positions = try appender.append(records)
        for position in positions { reader.acknowledged(position) }
        return positions
    }

    /// Hands out what was fetched; waits up to ten seconds for records that are known to exist.
    ///
    /// - Returns: `offset` also when no broker answers in that time, or ``wakeReaders()`` was called.
    /// - Throws: ``LogError`` `.outOfRange` when the offset does not exist (any more), `.recordsMissing` when
    ///   records are missing between others; the next read tries again. What `body` throws.
    public func read(
        _ partition: PartitionIndex, from offset: LogOffset, byteLimit: Int, _ body: (LogRecord) throws -> Void
    ) throws -> LogOffset {
        try reader.read(partition, from: passingGone(offset, of: partition), byteLimit: byteLimit, body)
    }

    public func startOffset(_ partition: PartitionIndex) throws(LogError) -> LogOffset {
        try reader.startOffset(partition)
    }

    /// Asks the partition's leader.
    public func endOffset(_ partition: PartitionIndex) throws(LogError) -> LogOffset {
        try reader.endOffset(partition)
    }

    /// Asks a broker only the first time. After that the end is refreshed twice a second in the background, as long as
    /// somebody reads the partition or asks for its end.
    public func knownEnd(_ partition: PartitionIndex) throws(LogError) -> KnownEnd {
        try reader.knownEnd(partition)
    }

    public func offset(_ partition: PartitionIndex, at time: Timestamp) throws(LogError) -> LogOffset {
        try reader.offset(partition, at: time)
    }

    /// Returns true where reading the partition has failed, so that the reader reads and learns why.
    public func waitForRecord(_ partition: PartitionIndex, at offset: LogOffset, timeoutMilliseconds: Int) -> Bool {
        reader.waitForRecord(partition, at: offset, timeoutMilliseconds: timeoutMilliseconds)
    }

    /// Ends reads that wait, too.
    public func wakeReaders() { reader.wakeReaders() }

    /// Limits a partition to fewer bytes, so that a test need not send many.
    func limitBuffersForTest(bytes: Int) { reader.limitBuffers(bytes: bytes) }

    /// How often fetching was stopped because a buffer was full.
    var pausesForTest: Int { reader.pauses }
}

extension LogEpoch {
    /// Identity of a topic: cluster and name. Only its records show whether a topic was deleted and created again.
    static func kafka(clusterID: String, topic: String) -> LogEpoch {
        let text = ["andon log", clusterID, topic].map { Array($0.utf8) }.joined(separator: [0])
        return LogEpoch(bytes: Array(SHA256Digest.of(Array(text)).bytes.prefix(16)))
    }
}
