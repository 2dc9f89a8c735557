internal import CRdKafka
import EventLog
import EventModel
internal import Locks

/// The one thread that fetches: it starts and stops partitions as their machines decide, and delivers what arrives.
///
/// `@unchecked Sendable`: `started` belongs to the thread; the rest is behind the lock or immutable.
final class PollingThread: @unchecked Sendable {
    private struct State {
        var unreconciled: Set<PartitionIndex> = []
        var isStopping = false
    }

    private let consumer: LogConsumer
    private let state = Monitor(State())
    private let ended = Latch()
    private var started: Set<PartitionIndex> = []
    private var tidiedAt: Int64 = 0

    private static let pollMilliseconds: Int32 = 200
    private static let tidyMicroseconds: Int64 = 1_000_000

    init(_ consumer: LogConsumer) { self.consumer = consumer }

    func start(_ partitions: [PartitionReader]) {
        BackgroundThread.start("kafka-reader") { [self] in
            while let unreconciled = takeUnreconciled() {
                for partition in unreconciled { reconcile(partitions[Int(partition.value)]) }
                tidy(partitions)
                consumer.poll(milliseconds: Self.pollMilliseconds) { distribute($0, partitions) }
            }
            for partition in started { consumer.stop(partition) }
            ended.open()
        }
    }

    /// Returns when the thread has ended and all partitions are stopped.
    func stop() {
        state.withLock { $0.isStopping = true }
        consumer.wake()
        ended.wait()
    }

    /// Makes the thread check soon what the partition's machine wants.
    func requestReconcile(_ partition: PartitionIndex) {
        state.withLock { _ = $0.unreconciled.insert(partition) }
        consumer.wake()
    }

    private func takeUnreconciled() -> Set<PartitionIndex>? {
        state.withLock { state in
            guard !state.isStopping else { return nil }
            defer { state.unreconciled.removeAll() }
            return state.unreconciled
        }
    }

    private func reconcile(_ reader: PartitionReader) {
        let order = reader.reconcile()
        guard order != .leave else { return }
        if started.remove(reader.partition) != nil { consumer.stop(reader.partition) }
        guard case .startAt(let offset) = order else { return }
        do {
            try consumer.start(reader.partition, at: offset)
            started.insert(reader.partition)
        } catch {
            reader.fail(error)
        }
    }

    /// Hands over runs of messages of one partition, so that each lock is taken once.
    private func distribute(_ messages: ArraySlice<FetchedMessage>, _ partitions: [PartitionReader]) {
        var rest = messages
        while let first = rest.first {
            guard first.error == RD_KAFKA_RESP_ERR_NO_ERROR else {
                handleError(first, partitions)
                first.release()
                rest = rest.dropFirst()
                continue
            }
            let run = rest.prefix { $0.partition == first.partition && $0.error == RD_KAFKA_RESP_ERR_NO_ERROR }
            let reader = partitions[Int(first.partition)]
            if reader.deliver(run) { reconcile(reader) }
            rest = rest[run.endIndex...]
        }
    }

    private func handleError(_ message: FetchedMessage, _ partitions: [PartitionReader]) {
        guard partitions.indices.contains(Int(message.partition)) else { return }
        let reader = partitions[Int(message.partition)]
        switch KafkaErrorCode(message.error) {
        case .partitionEnd:
            if reader.reachedEnd(message.offset) { reconcile(reader) }
        case .autoOffsetReset, .offsetOutOfRange: reader.denied()
        case let code where code.isUnknownTopic: reader.denied()
        case let code where code.isRefusal || code == .badMessage:
            reader.fail(code.logError("reading partition \(message.partition)", detail: message.text))
            reconcile(reader)
        default:
            // A broker is away or busy; librdkafka continues by itself.
            break
        }
    }

    private func tidy(_ partitions: [PartitionReader]) {
        let now = BrokerTime.microseconds
        guard now - tidiedAt >= Self.tidyMicroseconds else { return }
        tidiedAt = now
        let heldBytes = ReaderLimits.heldBytes(usedPartitions: started.count)
        for reader in partitions { _ = reader.tidy(now: now, heldBytesMaximum: heldBytes) }
    }
}
