public import EventLog
public import EventModel
internal import Locks

/// A log in memory with the faults of real ones: it cannot be read for a while, is recreated under the same name, loses
/// its beginning to retention, or knows its end only from a while ago.
public final class FaultyLog: SkippableLog {
    private struct State {
        var inner: InMemoryLog
        var starts: [PartitionIndex: LogOffset] = [:]
        var errors: [PartitionIndex: LogError] = [:]
        var knownEnds: [PartitionIndex: KnownEnd] = [:]
        var failedCalls = 0
        var readBytesMaximum = 0
    }

    public let epoch: LogEpoch
    public let partitionCount: Int32
    private let state: Monitor<State>

    public init(partitionCount: Int32 = 1) {
        let inner = InMemoryLog(partitionCount: partitionCount)
        epoch = inner.epoch
        self.partitionCount = partitionCount
        state = Monitor(State(inner: inner))
    }

    private var inner: InMemoryLog { state.withLock { $0.inner } }

    // MARK: Faults

    /// Replaces the log by an empty one with the same identity, like a topic that is deleted and created again.
    public func recreate() {
        let fresh = InMemoryLog(partitionCount: partitionCount, epoch: epoch)
        let old = state.update { state in
            defer {
                state.inner = fresh
                state.starts = [:]
            }
            return state.inner
        }
        old.wakeReaders()
    }

    /// Removes the records before `start`, as retention does.
    public func removeRecords(_ partition: PartitionIndex, before start: LogOffset) {
        state.update { $0.starts[partition] = start }
        wakeReaders()
    }

    /// Makes every read, and every question about start and end, fail; nil ends that.
    public func fail(_ partition: PartitionIndex, with error: LogError?) {
        state.update { $0.errors[partition] = error }
        wakeReaders()
    }

    /// Blocks until ``fail(_:with:)`` has made `count` more calls fail.
    public func waitForFailedCalls(_ count: Int) {
        let before = state.withLock { $0.failedCalls }
        state.wait { $0.failedCalls >= before + count ? () : nil }
    }

    /// What ``knownEnd(_:)`` answers; nil: the truth.
    public func setKnownEnd(_ partition: PartitionIndex, _ end: KnownEnd?) {
        state.update { $0.knownEnds[partition] = end }
    }

    /// The largest limit that a read was given.
    public var readBytesMaximum: Int { state.withLock { $0.readBytesMaximum } }

    // MARK: EventLog

    public func append(_ records: [NewRecord]) throws(LogError) -> [RecordPosition] { try inner.append(records) }

    public func read(
        _ partition: PartitionIndex, from offset: LogOffset, byteLimit: Int, _ body: (LogRecord) throws -> Void
    ) throws -> LogOffset {
        let log = try passGate(partition)
        let start = state.withLock { state in
            state.readBytesMaximum = max(state.readBytesMaximum, byteLimit)
            return state.starts[partition] ?? .zero
        }
        guard try offset >= start || log.skips(partition).passing(offset) >= start else {
            throw LogError(.outOfRange, "offset \(offset.value) is gone")
        }
        return try log.read(partition, from: offset, byteLimit: byteLimit, body)
    }

    public func skips(_ partition: PartitionIndex) throws(LogError) -> [LogSkip] {
        try passGate(partition).skips(partition)
    }

    public func look(at position: RecordPosition) throws(LogError) -> LogFinding {
        try passGate(position.partition).look(at: position)
    }

    public func skipCommand(at position: RecordPosition) -> String? { inner.skipCommand(at: position) }

    /// See ``SkippableLog``; a log that is recreated has none.
    public func declare(_ skip: LogSkip, in partition: PartitionIndex) throws(LogError) {
        try inner.declare(skip, in: partition)
        wakeReaders()
    }

    public func startOffset(_ partition: PartitionIndex) throws(LogError) -> LogOffset {
        _ = try passGate(partition)
        return state.withLock { $0.starts[partition] ?? .zero }
    }

    public func endOffset(_ partition: PartitionIndex) throws(LogError) -> LogOffset {
        try passGate(partition).endOffset(partition)
    }

    public func knownEnd(_ partition: PartitionIndex) throws(LogError) -> KnownEnd {
        if let end = state.withLock({ $0.knownEnds[partition] }) { return end }
        return try inner.knownEnd(partition)
    }

    public func offset(_ partition: PartitionIndex, at time: Timestamp) throws(LogError) -> LogOffset {
        try passGate(partition).offset(partition, at: time)
    }

    public func waitForRecord(_ partition: PartitionIndex, at offset: LogOffset, timeoutMilliseconds: Int) -> Bool {
        inner.waitForRecord(partition, at: offset, timeoutMilliseconds: timeoutMilliseconds)
    }

    public func wakeReaders() { inner.wakeReaders() }

    private func passGate(_ partition: PartitionIndex) throws(LogError) -> InMemoryLog {
        try state.update { (state) throws(LogError) in
            guard let error = state.errors[partition] else { return state.inner }
            state.failedCalls += 1
            throw error
        }
    }
}
