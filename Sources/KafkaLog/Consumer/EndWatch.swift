import EventLog
import EventModel
internal import Locks

/// The thread that asks brokers where partitions end, and whether an offset or topic that they denied is really gone, so
/// that neither readers nor the polling thread wait for an answer.
final class EndWatch: Sendable {
    private struct State {
        var isWanted = false
        var isStopping = false
    }

    private let consumer: LogConsumer
    private let topic: String
    private let state = Monitor(State())
    private let ended = Latch()

    init(_ consumer: LogConsumer, topic: String) {
        self.consumer = consumer
        self.topic = topic
    }

    func start(_ partitions: [PartitionReader]) {
        BackgroundThread.start("kafka-ends") { [self] in
            while pause() { check(partitions) }
            ended.open()
        }
    }

    /// Returns when the thread has ended, which may take as long as a pending request.
    func stop() {
        state.update { $0.isStopping = true }
        ended.wait()
    }

    /// Checks at once.
    func checkNow() {
        if state.withLock({ $0.isWanted }) { return }
        state.update { $0.isWanted = true }
    }

    private func pause() -> Bool {
        _ = state.wait(milliseconds: ReaderLimits.endIntervalMilliseconds) { state -> Bool? in
            state.isWanted || state.isStopping ? true : nil
        }
        return state.withLock { state in
            state.isWanted = false
            return !state.isStopping
        }
    }

    private func check(_ partitions: [PartitionReader]) {
        let now = BrokerTime.microseconds
        let interests = partitions.map { ($0, $0.interest(now: now)) }
        for (reader, interest) in interests where interest.isInDoubt { resolveDoubt(reader) }
        askEnds(interests.filter { $0.1.isUsed }.map { $0.0 })
    }

    private func askEnds(_ readers: [PartitionReader]) {
        guard !readers.isEmpty else { return }
        let askedAt = BrokerTime.microseconds
        let ends = consumer.ends(readers.map(\.partition))
        for reader in readers {
            if let end = ends[reader.partition] { reader.observe(end: end, askedAt: askedAt) }
        }
        if ends.isEmpty, isTopicGone {
            for reader in readers { reader.denied() }
            return
        }
        // One partition without a leader fails the request for all; the others must still be asked.
        guard ends.isEmpty, readers.count > 1 else { return }
        for reader in readers where !state.withLock({ $0.isStopping }) {
            let askedAt = BrokerTime.microseconds
            if let end = consumer.ends([reader.partition])[reader.partition] {
                reader.observe(end: end, askedAt: askedAt)
            }
        }
    }

    private func resolveDoubt(_ reader: PartitionReader) {
        do {
            let range = try consumer.range(reader.partition)
            reader.rangeKnown(start: range.start, end: range.end)
        } catch {
            // Without an answer the doubt stays, and is asked about again.
            if isTopicGone { reader.topicUnknown(topic) }
        }
    }

    /// Whether a broker answers that it does not know the topic.
    private var isTopicGone: Bool {
        do throws(LogError) {
            _ = try consumer.partitionCount()
            return false
        } catch {
            return error.code == .outOfRange
        }
    }
}
