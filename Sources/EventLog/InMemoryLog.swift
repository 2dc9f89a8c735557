public import EventModel
internal import Locks

/// The in-memory twin of the log, for tests, demonstrations and simulations; lives as long as the object.
///
/// Tests can hold appends, make them fail before anything is stored, or report a failure although everything was.
public final class InMemoryLog: SkippableLog {
    /// When an append hook is called.
    public enum AppendMoment: Sendable {
        /// Nothing is stored yet; if the hook throws, nothing will be. The hook may block.
        case before
        /// Everything is stored and visible to readers; if the hook throws, the append fails nevertheless, as when the
        /// acknowledgement is lost.
        case after
    }
    public typealias AppendHook = @Sendable (AppendMoment, [NewRecord]) throws(LogError) -> Void

    private struct State {
        var partitions: [Partition]
        var wakes = 0
        var hook: AppendHook?
        var failures: [LogError] = []
        var readFailure: LogError?
        var isHeld = false
        var heldAppends = 0
    }

    private struct Partition {
        var records: [NewRecord] = []
        /// Largest created_at up to each record. It never decreases, although created_at may, so a binary search finds
        /// the first record at or after a time.
        var newest: [Timestamp] = []
        var skips: [LogSkip] = []

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

    /// - Parameter epoch: for tests that need a known one; random by default.
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
        let slice = try slice(partition, from: offset, byteLimit: byteLimit)
        for (offset, record) in slice.records { try record.withLogRecord(at: offset, body) }
        return slice.next
    }

    public func skips(_ partition: PartitionIndex) throws(LogError) -> [LogSkip] {
        try withPartition(partition) { $0.skips }
    }

    public func look(at position: RecordPosition) throws(LogError) -> LogFinding {
        try withPartition(position.partition) { (content) throws(LogError) in
            guard position.offset >= .zero, position.offset < content.end else {
                throw .noOffset(position.offset, start: .zero, end: content.end)
            }
            return .record(content.records[Int(position.offset.value)])
        }
    }

    public func skipCommand(at position: RecordPosition) -> String? { "andon log skip \(position)" }

    public func declare(_ skip: LogSkip, in partition: PartitionIndex) throws(LogError) {
        try state.update { (state) throws(LogError) in
            guard state.partitions.indices.contains(Int(partition.value)) else {
                throw .noPartition(partition, of: partitionCount)
            }
            let end = state.partitions[Int(partition.value)].end
            try skip.check(start: .zero, end: end)
            try state.partitions[Int(partition.value)].skips.add(skip)
        }
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

    public func endOffset(_ partition: PartitionIndex, upTo time: Timestamp) throws(LogError) -> LogOffset {
        try withPartition(partition) { content in
            LogOffset(Int64((content.records.lastIndex { $0.createdAt <= time } ?? -1) + 1))
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
            if let failure = state.readFailure { throw failure }
            return try body(state.partitions[Int(partition.value)])
        }
    }

    /// Taken under the lock, so that `body` runs outside of it; shares the bytes instead of copying them.
    private func slice(
        _ partition: PartitionIndex, from offset: LogOffset, byteLimit: Int
    ) throws(LogError) -> (records: [(LogOffset, NewRecord)], next: LogOffset) {
        try withPartition(partition) { (content) throws(LogError) in
            guard offset >= .zero, offset <= content.end else {
                throw .noOffset(offset, start: .zero, end: content.end)
            }
            // Not a slice: it would make the next append copy the whole log.
            var records: [(LogOffset, NewRecord)] = []
            var next = content.skips.passing(offset)
            var bytes = 0
            while next < content.end, records.isEmpty || bytes < byteLimit {
                let record = content.records[Int(next.value)]
                records.append((next, record))
                bytes += record.payload.count
                next = content.skips.passing(next.next)
            }
            return (records, next)
        }
    }

    // MARK: Faults

    /// Calls `hook` before and after every append from now on; nil removes it.
    public func onAppend(_ hook: AppendHook?) { state.withLock { $0.hook = hook } }

    /// Makes the next `count` appends fail without storing anything.
    public func failNextAppends(_ count: Int, with error: LogError? = nil) {
        let error = error ?? LogError(.unavailable, "the log failed as the test asked for")
        state.withLock { $0.failures += Array(repeating: error, count: count) }
    }

    /// Makes every read, and every question about start and end, fail; nil ends that.
    public func failReads(with error: LogError?) { state.update { $0.readFailure = error } }

    /// Makes appends wait before they store anything, until ``releaseAppends()``.
    ///
    /// A failure requested in the meantime takes effect on release.
    public func holdAppends() { state.withLock { $0.isHeld = true } }

    /// Lets held appends continue.
    public func releaseAppends() { state.update { $0.isHeld = false } }

    /// Waits until at least `count` appends are held, so that a test knows that they have arrived.
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
