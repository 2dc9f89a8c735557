public import EventLog
public import EventModel

/// A log of one partition for simulations on one thread: it answers at once, and each append meets the fate that the
/// simulation has chosen for it.
///
/// `@unchecked Sendable`: a simulation has one thread, and nothing here blocks or hands anything to another.
public final class SimulatedLog: EventLog, @unchecked Sendable {
    /// What becomes of one append.
    public enum AppendFate: String, CaseIterable, Sendable {
        /// Stored and acknowledged.
        case stored
        /// Nothing is stored, and the caller knows it: disk full, broker away.
        case refused
        /// Stored, but the acknowledgement is lost.
        case acknowledgementLost
        /// Nothing is stored, and the caller does not know it.
        case requestLost
        /// A retry below the log's own checks stored everything twice; the first copy is acknowledged.
        case repeated
    }

    public let epoch: LogEpoch
    public let partitionCount: Int32 = 1
    public private(set) var records: [NewRecord] = []
    /// The fate of the next append; ``AppendFate/stored`` again after it.
    public var nextFate = AppendFate.stored
    /// While true no append is stored, whatever its fate: the disk is full.
    public var isFull = false
    /// While true nothing can be read.
    public var isAway = false

    public init(epoch: LogEpoch) { self.epoch = epoch }

    public var end: LogOffset { LogOffset(Int64(records.count)) }

    public func append(_ new: [NewRecord]) throws(LogError) -> [RecordPosition] {
        let fate = isFull ? .refused : nextFate
        nextFate = .stored
        let first = records.count
        switch fate {
        case .refused: throw LogError(.unavailable, "the simulated log refuses the append")
        case .requestLost: throw LogError(.uncertain, "the simulated request is lost")
        case .stored: records += new
        case .repeated: records += new + new
        case .acknowledgementLost:
            records += new
            throw LogError(.uncertain, "the simulated acknowledgement is lost")
        }
        return new.indices.map {
            RecordPosition(partition: PartitionIndex(0), offset: LogOffset(Int64(first + $0)))
        }
    }

    public func read(
        _ partition: PartitionIndex, from offset: LogOffset, byteLimit: Int, _ body: (LogRecord) throws -> Void
    ) throws -> LogOffset {
        try checkAvailable()
        guard offset >= .zero, offset <= end else { throw LogError(.outOfRange, "no offset \(offset.value)") }
        var next = offset
        var bytes = 0
        while next < end, next == offset || bytes < byteLimit {
            let record = records[Int(next.value)]
            bytes += record.payload.count
            try record.withLogRecord(at: next, body)
            next = next.next
        }
        return next
    }

    public func startOffset(_ partition: PartitionIndex) throws(LogError) -> LogOffset {
        try checkAvailable()
        return .zero
    }

    public func endOffset(_ partition: PartitionIndex) throws(LogError) -> LogOffset {
        try checkAvailable()
        return end
    }

    public func knownEnd(_ partition: PartitionIndex) throws(LogError) -> KnownEnd {
        KnownEnd(offset: try endOffset(partition), ageMicroseconds: 0)
    }

    public func offset(_ partition: PartitionIndex, at time: Timestamp) throws(LogError) -> LogOffset {
        try checkAvailable()
        return LogOffset(Int64(records.firstIndex { $0.createdAt >= time } ?? records.count))
    }

    /// Never waits: in a simulation time passes only between steps.
    public func waitForRecord(_ partition: PartitionIndex, at offset: LogOffset, timeoutMilliseconds: Int) -> Bool {
        offset < end
    }

    public func wakeReaders() {}

    private func checkAvailable() throws(LogError) {
        if isAway { throw LogError(.unavailable, "the simulated log is away") }
    }
}
