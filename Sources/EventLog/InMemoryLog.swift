public import EventModel
internal import Locks

/// The log's twin in memory, for tests, demonstrations and simulations; lasts as long as the object.
///
/// Tests can hold appends, let them fail before anything is stored, or report a failure after it was.
public final class InMemoryLog: EventLog {
    /// When an append hook is called.
    public enum AppendMoment: Sendable {
        /// Nothing is stored yet; what the hook throws keeps it so. It may block.
        case before
        /// All is stored and readers see it; what the hook throws is reported nevertheless, as when the
        /// acknowledgement is lost.
        case after
    }
    public typealias AppendHook = @Sendable (AppendMoment, [NewRecord]) throws(LogError) -> Void

    private struct State {
        var partitions: [Partition]
        var wakes = 0
        var hook: AppendHook?
        var failures: [LogError] = []
        var isHeld = false
        var heldAppends = 0
    }

    private struct Partition {
        var records: [NewRecord] = []
        /// Largest created_at up to each record: rises with the offset although created_at need not, so that the first
        /// record at or after a time is found by halving.
        var newest: [Timestamp] = []

        var end: LogOffset { LogOffset(Int64(records.count)) }

        mutating func append(_ record: NewRecord) -> LogOffset {
            records.append(record)
            newest.append(max(newest.last ?? record.createdAt, record.createdAt))
            return LogOffset(Int64(records.count - 1))
        }
    }

    public let epoch: LogEpoch
    public let partitionCount: Int32
    private let state: Monitor<State>

    /// - Parameter epoch: given by tests that need a known one; otherwise random.
    public init(partitionCount: Int32 = 1, epoch: LogEpoch? = nil) {
        precondition(partitionCount > 0)
        self.partitionCount = partitionCount
        self.epoch = epoch ?? .random()
        state = Monitor(State(partitions: Array(repeating: Partition(), count: Int(partitionCount))))
    }

    // MARK: EventLog

    public func append(_ records: [NewRecord]) throws(LogError) -> [RecordPosition] {
        for record in records { try record.check() }
        let (hook, failure) = passGate()
        try hook?(.before, records)
        if let failure { throw failure }
        let positions = state.update { state in
            records.map { record in
                let partition = Partitioner.partition(of: record.key, partitionCount: partitionCount)
                let offset = state.partitions[Int(partition.value)].append(record)
                return RecordPosition(partition: partition, offset: offset)
            }
        }
        try hook?(.after, records)
        return positions
    }

    public func read(
        _ partition: PartitionIndex, from offset: LogOffset, byteLimit: Int, _ body: (LogRecord) throws -> Void
    ) throws -> LogOffset {
        var next = offset
        for record in try slice(partition, from: offset, byteLimit: byteLimit) {
            try record.withLogRecord(at: next, body)
            next = next.next
        }
        return next
    }

    public func startOffset(_ partition: PartitionIndex) throws(LogError) -> LogOffset {
        try withPartition(partition) { _ in .zero }
    }

    public func endOffset(_ partition: PartitionIndex) throws(LogError) -> LogOffset {
        try withPartition(partition) { $0.end }
    }

    public func offset(_ partition: PartitionIndex, at time: Timestamp) throws(LogError) -> LogOffset {
        try withPartition(partition) { content in
            var low = 0
            var high = content.newest.count
            while low < high {
                let middle = (low + high) / 2
                if content.newest[middle] < time { low = middle + 1 } else { high = middle }
            }
            return LogOffset(Int64(low))
        }
    }

    public func waitForRecord(_ partition: PartitionIndex, at offset: LogOffset, timeoutMilliseconds: Int) -> Bool {
        guard (0..<partitionCount).contains(partition.value) else { return false }
        let wakes = state.withLock { $0.wakes }
        return state.wait(milliseconds: timeoutMilliseconds) { state in
            if offset < state.partitions[Int(partition.value)].end { return true }
            return state.wakes == wakes ? nil : false
        } ?? false
    }

    public func wakeReaders() { state.update { $0.wakes += 1 } }

    private func withPartition<Result>(
        _ partition: PartitionIndex, _ body: (Partition) throws(LogError) -> Result
    ) throws(LogError) -> Result {
        try state.withLock { (state) throws(LogError) in
            guard state.partitions.indices.contains(Int(partition.value)) else {
                throw .noPartition(partition, of: partitionCount)
            }
            return try body(state.partitions[Int(partition.value)])
        }
    }

    /// Taken under the lock, so that `body` runs outside of it; the bytes are shared, not copied.
    private func slice(
        _ partition: PartitionIndex, from offset: LogOffset, byteLimit: Int
    ) throws(LogError) -> [NewRecord] {
        try withPartition(partition) { (content) throws(LogError) in
            guard offset >= .zero, offset <= content.end else {
                throw .noOffset(offset, start: .zero, end: content.end)
            }
            let first = Int(offset.value)
            var last = first
            var bytes = 0
            while last < content.records.count, last == first || bytes < byteLimit {
                bytes += content.records[last].payload.count
                last += 1
            }
            // Not a slice: that would make the next append copy the whole log.
            return Array(content.records[first..<last])
        }
    }

    // MARK: Faults

    /// Calls `hook` before and after every append from now on; nil ends that.
    public func onAppend(_ hook: AppendHook?) { state.withLock { $0.hook = hook } }

    /// Lets the next `count` appends fail with nothing stored.
    public func failNextAppends(_ count: Int, with error: LogError? = nil) {
        let error = error ?? LogError(.unavailable, "the log failed as the test asked for")
        state.withLock { $0.failures += Array(repeating: error, count: count) }
    }

    /// Lets appends wait, before they store anything, until ``releaseAppends()``.
    ///
    /// A failure asked for meanwhile strikes them when they are released.
    public func holdAppends() { state.withLock { $0.isHeld = true } }

    /// Lets held appends go on.
    public func releaseAppends() { state.update { $0.isHeld = false } }

    /// Waits until at least `count` appends are held; the way for a test to know that they arrived.
    public func waitForHeldAppends(_ count: Int) {
        state.wait { $0.heldAppends >= count ? () : nil }
    }

    private func passGate() -> (hook: AppendHook?, failure: LogError?) {
        state.update { $0.heldAppends += 1 }
        return state.wait { state in
            guard !state.isHeld else { return nil }
            state.heldAppends -= 1
            return (state.hook, state.failures.isEmpty ? nil : state.failures.removeFirst())
        }
    }
}

extension LogEpoch {
    /// A new identity.
    public static func random() -> LogEpoch {
        var generator = SystemRandomNumberGenerator()
        return LogEpoch(bytes: (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }
}
