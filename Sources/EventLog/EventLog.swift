public import EventModel
public import Observability

/// The ordered, partitioned, durable log: the truth from which all else can be rebuilt (DESIGN 1.1).
///
/// Implementations: ``InMemoryLog``, `SQLiteLog`, `KafkaLog`; all pass the same contract tests. Calls may come from any thread.
public protocol EventLog: AnyObject, Sendable {
    /// Identity of this log; a copy or a new log has another one (DESIGN 1.3, 1.11).
    var epoch: LogEpoch { get }
    var partitionCount: Int32 { get }

    /// Appends all records, in order, or none, and returns once they are durable.
    ///
    /// Blocks the calling thread. Group records into one call: each call costs a sync (SQLite) or a round trip (Kafka).
    /// - Returns: where each record stands.
    /// - Throws: ``LogError``; then nothing was appended (`.unavailable`), or whether it was is not known
    ///   (`.uncertain`), and sending again is safe by SPEC 2.6.
    func append(_ records: [NewRecord]) throws(LogError) -> [RecordPosition]

    /// Longest time for which ``append(_:)`` may go on trying, so that callers stop early enough for SPEC 2.8; 0 for logs
    /// that append at once or fail.
    var appendTimeoutMicroseconds: Int64 { get }

    /// Hands records from `offset` on to `body`, in order, until `byteLimit` bytes of payload were handed out (at least
    /// one record) or the log ends. The bytes are valid only inside `body`.
    /// - Returns: the offset to go on from.
    /// - Throws: ``LogError`` or what `body` throws.
    func read(
        _ partition: PartitionIndex, from offset: LogOffset, byteLimit: Int, _ body: (LogRecord) throws -> Void
    ) throws -> LogOffset

    /// First offset that is still there.
    func startOffset(_ partition: PartitionIndex) throws(LogError) -> LogOffset

    /// The offset that the next record gets: everything acknowledged stands before it.
    func endOffset(_ partition: PartitionIndex) throws(LogError) -> LogOffset

    /// The end as it is known without asking anybody, and how old that knowledge is: for questions, which must not wait
    /// for a broker. Never before ``endOffset(_:)`` of that age.
    func knownEnd(_ partition: PartitionIndex) throws(LogError) -> KnownEnd

    /// The smallest offset whose record's created_at is at or after `time`, else the end (SPEC 7.3).
    func offset(_ partition: PartitionIndex, at time: Timestamp) throws(LogError) -> LogOffset

    /// Blocks until a record at or after `offset` is there, the timeout has passed or ``wakeReaders()`` was called.
    /// - Returns: whether there is one.
    func waitForRecord(_ partition: PartitionIndex, at offset: LogOffset, timeoutMilliseconds: Int) -> Bool

    /// Ends every ``waitForRecord(_:at:timeoutMilliseconds:)`` of this process at once, e.g. to stop.
    func wakeReaders()
}

/// The end of a partition as it was seen a while ago.
public struct KnownEnd: Sendable, Equatable {
    public var offset: LogOffset
    /// How long ago it was looked at; 0: now.
    public var ageMicroseconds: Int64

    public init(offset: LogOffset, ageMicroseconds: Int64) {
        self.offset = offset
        self.ageMicroseconds = ageMicroseconds
    }
}

extension EventLog {
    /// For logs that append at once or fail.
    public var appendTimeoutMicroseconds: Int64 { 0 }

    /// For logs whose end can be looked at without waiting.
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
    /// The site; it picks the partition.
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

/// A record as it is read; the pointers are valid only inside the call that hands it out.
public struct LogRecord {
    public var offset: LogOffset
    public var createdAt: Timestamp
    public var key: UnsafeRawBufferPointer
    public var payload: UnsafeRawBufferPointer
    /// Decoded on demand: most readers never look.
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

/// What can go wrong with a log.
public struct LogError: OperatorError {
    /// Open: more codes can come.
    public struct Code: Hashable, Sendable {
        let name: String
        /// Nothing was appended; sending again later may work (disk full, log closed).
        public static let unavailable = Code(name: "log_unavailable")
        /// Whether the records were appended is not known.
        public static let uncertain = Code(name: "log_uncertain")
        /// Another process writes this log.
        public static let inUse = Code(name: "log_in_use")
        /// The stored bytes are not a log of this format.
        public static let corrupt = Code(name: "log_corrupt")
        /// The record breaks a limit.
        public static let invalidRecord = Code(name: "log_invalid_record")
        /// The offset is not, or no longer, in the log.
        public static let outOfRange = Code(name: "log_out_of_range")
    }

    public var code: Code
    public var message: String
    /// What an operator can do about it.
    public var hint: String?

    public init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    public var name: String { code.name }
    public var isRetriable: Bool { code == .unavailable || code == .uncertain }
}
