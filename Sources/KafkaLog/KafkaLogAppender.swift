import EventLog
import EventModel
internal import Locks

/// Appending to the events topic: the writing half of ``KafkaLog``.
final class LogAppender: Sendable {
    private let producer: KafkaProducer
    private let topic: String
    private let partitionCount: Int32
    /// Held while the records of one call are handed over, so that they stay together.
    private let order = Guarded(())

    init(_ producer: KafkaProducer, _ topic: String, _ partitionCount: Int32) {
        self.producer = producer
        self.topic = topic
        self.partitionCount = partitionCount
    }

    var timeoutMicroseconds: Int64 { Int64(producer.deliveryTimeoutMilliseconds) * 1000 }

    func close() { producer.close() }

    func append(_ records: [NewRecord]) throws(LogError) -> [RecordPosition] {
        for record in records { try record.check() }
        guard !records.isEmpty else { return [] }
        let deliveries = Deliveries(count: records.count)
        order.withLock { _ in
            for (index, record) in records.enumerated() {
                do throws(LogError) {
                    try producer.send(producerRecord(record), to: deliveries, index: index)
                } catch {
                    // The records after it must not be appended without it.
                    return deliveries.refuse(from: index, error)
                }
            }
        }
        return try deliveries.wait()
    }

    private func producerRecord(_ record: NewRecord) -> ProducerRecord {
        let header = RecordHeader(name: RecordTime.header, value: RecordTime.encode(record.createdAt))
        let milliseconds = RecordTime.milliseconds(record.createdAt)
        return ProducerRecord(
            topic: topic, partition: Partitioner.partition(of: record.key, partitionCount: partitionCount),
            key: record.key, value: record.payload, headers: record.headers + [header],
            timestamp: Timestamp(microseconds: milliseconds * 1000))
    }
}

/// The outcomes of the records of one call; its caller waits for all of them.
final class Deliveries: DeliveryReceiver {
    private struct State {
        var results: [Result<RecordPosition, LogError>?]
        var missing: Int
    }

    private let state: Monitor<State>

    init(count: Int) {
        state = Monitor(State(results: Array(repeating: nil, count: count), missing: count))
    }

    func delivered(_ index: Int, _ result: Result<RecordPosition, LogError>) {
        let isLast = state.withLock { state in
            guard state.results[index] == nil else { return false }
            state.results[index] = result
            state.missing -= 1
            return state.missing == 0
        }
        // Woken once, not for each record.
        if isLast { state.update { _ in } }
    }

    /// The producer took none of the records from `index` on.
    func refuse(from index: Int, _ error: LogError) {
        let count = state.withLock { $0.results.count }
        for index in index..<count { delivered(index, .failure(error)) }
    }

    /// - Throws: the first error when it is certain that no record is in the log, else `.uncertain`.
    func wait() throws(LogError) -> [RecordPosition] {
        let results = state.wait { $0.missing == 0 ? $0.results.compactMap { $0 } : nil }
        var positions: [RecordPosition] = []
        var failure: LogError?
        var isUncertain = false
        for result in results {
            switch result {
            case .success(let position): positions.append(position)
            case .failure(let error):
                failure = failure ?? error
                isUncertain = isUncertain || error.code == .uncertain
            }
        }
        guard var failure else { return positions }
        if isUncertain || !positions.isEmpty { failure.code = .uncertain }
        throw failure
    }
}
