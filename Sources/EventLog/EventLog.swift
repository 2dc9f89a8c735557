public import EventModel
public import Observability

/// The ordered, partitioned, durable log: the source of truth from which everything else can be rebuilt (DESIGN 1.1).
///
/// Implementations: ``InMemoryLog``, `SQLiteLog`, `KafkaLog`; all pass the same contract tests. Callable from any
/// thread.
public protocol EventLog: AnyObject, Sendable {
    /// Identity of this log; a copy or a new log has a different one (DESIGN 1.3, 1.11).
    var epoch: LogEpoch { get }
    var partitionCount: Int32 { get }

    /// Appends all records, in order, or none, and returns once they are durable.
    ///
    /// Blocks the calling thread. Combine records into one call: each call costs a sync (SQLite) or a round trip
    /// (Kafka).
    /// - Returns: the position of each record.
    /// - Throws: ``LogError``: `.unavailable` when nothing was appended, `.uncertain` when that is unknown. Sending
    ///   again is safe by SPEC 2.6.
    func append(_ records: [NewRecord]) throws(LogError) -> [RecordPosition]

    /// Maximum time that ``append(_:)`` may keep trying, so that callers can stop early enough for SPEC 2.8; 0 for logs
    /// whose appends succeed or fail immediately.
    var appendTimeoutMicroseconds: Int64 { get }

    /// Asks whether appends can succeed now, without appending. Blocks for a few seconds at most.
    /// - Returns: for each partition that takes nothing at the moment the reason; empty where nothing is known.
    func appendTroubles() -> [PartitionIndex: LogError]

    /// Calls `body` with the records from `offset` on, in order, until their payloads reach `byteLimit` bytes (at least
    /// one record) or the log ends. The bytes are valid only inside `body`. Offsets of ``skips(_:)`` are passed over.
    /// - Returns: the offset at which to continue.
    /// - Throws: ``LogError`` or any error of `body`.
    func read(
        _ partition: PartitionIndex, from offset: LogOffset, byteLimit: Int, _ body: (LogRecord) throws -> Void
    ) throws -> LogOffset

    /// The offsets that reading passes over, in order; none in most logs.
    ///
    /// - Returns: all that were declared before the call.
    func skips(_ partition: PartitionIndex) throws(LogError) -> [LogSkip]

    /// Names a place in this log for messages, e.g. "offset 17 of partition 3 of topic andon.events.v1".
    func name(of position: RecordPosition) -> String

    /// The command that passes over a record that cannot be read; nil where nothing can be skipped.
    func skipCommand(at position: RecordPosition) -> String?

    /// The first offset that the log still has.
    func startOffset(_ partition: PartitionIndex) throws(LogError) -> LogOffset

    /// The offset of the next record: all acknowledged records are before it.
    func endOffset(_ partition: PartitionIndex) throws(LogError) -> LogOffset

    /// The end as known without a request, and the age of that knowledge: for questions, which must not wait for a
    /// broker. Never less than ``endOffset(_:)`` was at that time.
    func knownEnd(_ partition: PartitionIndex) throws(LogError) -> KnownEnd

    /// The smallest offset whose record's created_at is at or after `time`, otherwise the end (SPEC 7.3).
    func offset(_ partition: PartitionIndex, at time: Timestamp) throws(LogError) -> LogOffset

    /// The offset after the last record whose created_at is at or before `time`: whoever wants what was known then need
    /// not read on (SPEC 7.3). The start where there is none; the end in logs that would have to read everything.
    func endOffset(_ partition: PartitionIndex, upTo time: Timestamp) throws(LogError) -> LogOffset

    /// Blocks until there is a record at or after `offset`, the timeout has passed or ``wakeReaders()`` is called.
    /// - Returns: whether there is such a record.
    func waitForRecord(_ partition: PartitionIndex, at offset: LogOffset, timeoutMilliseconds: Int) -> Bool

    /// Ends every ``waitForRecord(_:at:timeoutMilliseconds:)`` in this process immediately, e.g. to stop.
    func wakeReaders()
}

/// The end of a partition as observed some time ago.
public struct KnownEnd: Sendable, Equatable {
    public var offset: LogOffset
    /// Age of the observation; 0 means now.
    public var ageMicroseconds: Int64

    public init(offset: LogOffset, ageMicroseconds: Int64) {
        self.offset = offset
        self.ageMicroseconds = ageMicroseconds
    }
}

extension EventLog {
    /// For logs whose appends succeed or fail immediately.
    public var appendTimeoutMicroseconds: Int64 { 0 }

    /// For logs that would have to read everything.
    public func endOffset(_ partition: PartitionIndex, upTo time: Timestamp) throws(LogError) -> LogOffset {
        try endOffset(partition)
    }

    /// For logs in which nothing can be skipped.
    public func skips(_ partition: PartitionIndex) throws(LogError) -> [LogSkip] { [] }

    /// For logs that only know by appending.
    public func appendTroubles() -> [PartitionIndex: LogError] { [:] }

    /// For logs in which nothing can be skipped.
    public func skipCommand(at position: RecordPosition) -> String? { nil }

    /// For logs whose partitions have no names.
    public func name(of position: RecordPosition) -> String {
        "offset \(position.offset.value) of partition \(position.partition.value)"
    }

    /// For logs that know their end without waiting.
    public func knownEnd(_ partition: PartitionIndex) throws(LogError) -> KnownEnd {
        KnownEnd(offset: try endOffset(partition), ageMicroseconds: 0)
    }
}

/// Identity of a log: 16 bytes.
public struct LogEpoch: Hashable, Sendable, CustomStringConvertible {
    public var bytes: [UInt8]
    public init(bytes: [UInt8]) { self.bytes = bytes }
    public var description: String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// A record to append.
public struct NewRecord: Sendable {
    /// The site; determines the partition.
    public var key: [UInt8]
    /// created_at of the record's content.
    public var createdAt: Timestamp
    public var headers: [RecordHeader]
    public var payload: [UInt8]

    public init(key: [UInt8], createdAt: Timestamp, headers: [RecordHeader] = [], payload: [UInt8]) {
        self.key = key
        self.createdAt = createdAt
        self.headers = headers
        self.payload = payload
    }
}

public struct RecordHeader: Sendable, Equatable {
    public var name: String
    public var value: [UInt8]
    public init(name: String, value: [UInt8]) {
        self.name = name
        self.value = value
    }
}

/// A record during a read; the pointers are valid only inside the call that passes it.
public struct LogRecord {
    public var offset: LogOffset
    public var createdAt: Timestamp
    public var key: UnsafeRawBufferPointer
    public var payload: UnsafeRawBufferPointer
    /// Decoded on demand: most readers never need them.
    public var headers: () -> [RecordHeader]

    public init(
        offset: LogOffset, createdAt: Timestamp, key: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer,
        headers: @escaping () -> [RecordHeader]
    ) {
        self.offset = offset
        self.createdAt = createdAt
        self.key = key
        self.payload = payload
        self.headers = headers
    }
}

/// Why a log operation failed.
public struct LogError: OperatorError {
    /// Not an enum, so that codes can be added.
    public struct Code: Hashable, Sendable {
        let name: String
        /// Nothing was appended; sending again later may work (disk full, log closed).
        public static let unavailable = Code(name: "log_unavailable")
        /// It is unknown whether the records were appended.
        public static let uncertain = Code(name: "log_uncertain")
        /// Another process is writing this log.
        public static let inUse = Code(name: "log_in_use")
        /// The stored bytes are not a log in this format.
        public static let corrupt = Code(name: "log_corrupt")
        /// The record exceeds a limit.
        public static let invalidRecord = Code(name: "log_invalid_record")
        /// Records are missing between others, and nobody has declared them as skipped (SPEC 7.4).
        public static let recordsMissing = Code(name: "log_records_missing")
        /// The log does not have this offset, or no longer.
        public static let outOfRange = Code(name: "log_out_of_range")
    }

    public var code: Code
    public var message: String
    /// What an operator can do about it.
    public var hint: String?
    /// Which offsets are missing; nil unless the code is ``Code/recordsMissing``.
    public var missing: Range<LogOffset>?

    public init(_ code: Code, _ message: String, hint: String? = nil, missing: Range<LogOffset>? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.missing = missing
    }

    public var name: String { code.name }
    public var isRetriable: Bool { code == .unavailable || code == .uncertain }
}
