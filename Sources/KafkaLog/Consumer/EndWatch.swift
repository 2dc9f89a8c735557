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
    private let partitionCount: Int32
    /// Used by the thread alone.
    private let count = Guarded((askedAt: BrokerTime.microseconds, seen: Int32?.none))
    private let state = Monitor(State())
    private let ended = Latch()

    /// - Parameter partitionCount: how many partitions of the topic are used.
    init(_ consumer: LogConsumer, topic: String, partitionCount: Int32) {
        self.consumer = consumer
        self.topic = topic
        self.partitionCount = partitionCount
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
        checkCount(now)
    }

    /// Says once that the topic was given other partitions: they are not used, because they would move the sites.
    private func checkCount(_ now: Int64) {
        let isDue = count.withLock { count in
            guard now - count.askedAt >= ReaderLimits.countIntervalMicroseconds else { return false }
            count.askedAt = now
            return true
        }
        guard isDue, let found = try? consumer.partitionCount() else { return }
        let isNews = count.withLock { count in
            defer { count.seen = found }
            return count.seen != found
        }
        guard isNews, found != partitionCount else { return }
        consumer.settings.journal.record(.partitionsChanged(topic, found: found, used: partitionCount))
    }

    private func askEnds(_ readers: [PartitionReader]) {
        guard !readers.isEmpty else { return }
        let askedAt = BrokerTime.microseconds
        let ends = consumer.ends(readers.map(\.partition))
        for reader in readers {
            if let end = ends[reader.partition] { observe(reader, end, askedAt) }
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
                observe(reader, end, askedAt)
            }
        }
    }

    private func observe(_ reader: PartitionReader, _ end: LogOffset, _ askedAt: Int64) {
        guard let place = reader.observe(end: end, askedAt: askedAt) else { return }
        consumer.settings.journal.record(.fetchingRestarted(topic, reader.partition, at: place, end: end))
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
