import EventLog
import EventModel
internal import Locks
internal import Observability

/// Reading of the events topic: the reading half of ``KafkaLog``.
final class LogReader: Sendable {
    private let consumer: LogConsumer
    private let partitions: [PartitionReader]
    private let polling: PollingThread
    private let ends: EndWatch
    /// nil where there is no topic for it.
    private let book: LogBook?
    /// Pending requests; librdkafka's handle must outlive them.
    private let questions = Monitor((count: 0, isClosed: false))

    /// - Parameter book: what is passed over; stopped by ``close()``.
    init(_ consumer: LogConsumer, topic: String, partitionCount: Int32, book: LogBook?) {
        self.consumer = consumer
        self.book = book
        let polling = PollingThread(consumer)
        let ends = EndWatch(consumer, topic: topic, partitionCount: partitionCount)
        let signals = ReaderSignals(requestReconcile: { polling.requestReconcile($0) }, askEnds: { ends.checkNow() })
        partitions = (0..<partitionCount).map { PartitionReader(partition: PartitionIndex($0), signals: signals) }
        self.polling = polling
        self.ends = ends
        book?.observe { [partitions, weak book] partition in
            guard let book, partitions.indices.contains(Int(partition.value)) else { return }
            partitions[Int(partition.value)].setSkips(book.found(partition))
        }
        polling.start(partitions)
        ends.start(partitions)
    }

    /// Ends all threads and waits until no reader holds a record any more. Must not be called from inside a reader.
    func close() {
        let wasClosed = questions.update { state in
            defer { state.isClosed = true }
            return state.isClosed
        }
        guard !wasClosed else { return }
        book?.stop()
        ends.stop()
        polling.stop()
        for partition in partitions { partition.close() }
        questions.wait { $0.count == 0 ? () : nil }
        consumer.close()
    }

    func read(
        _ index: PartitionIndex, from offset: LogOffset, byteLimit: Int, passesOver: Bool = true,
        _ body: (LogRecord) throws -> Void
    ) throws -> LogOffset {
        let reader = try partition(index)
        while true {
            switch reader.take(from: offset, byteLimit: byteLimit) {
            case .records(let messages, let next, let skips):
                defer { reader.deliveryEnded() }
                try Self.deliver(messages, passesOver ? skips : [], body)
                return next
            case .nothing: return offset
            case .failed(let error): throw error
            case .beyondKnownEnd:
                guard try isInside(reader, offset) else { return offset }
            }
        }
    }

    /// The records' bytes stay where the fetch put them.
    private static func deliver(
        _ messages: [FetchedMessage], _ skips: [KafkaSkip], _ body: (LogRecord) throws -> Void
    ) throws {
        var released = 0
        defer { for message in messages[released...] { message.release() } }
        for message in messages {
            if skips.isEmpty || !skips.contains(where: { message.isMeant(by: $0) }) {
                try body(
                    LogRecord(
                        offset: message.offset, createdAt: message.createdAt, key: message.key,
                        payload: message.payload, headers: { message.headers }))
            }
            message.release()
            released += 1
        }
    }

    /// - Returns: false when no broker answers at the moment.
    private func isInside(_ reader: PartitionReader, _ offset: LogOffset) throws(LogError) -> Bool {
        do throws(LogError) {
            let (start, end) = try range(reader)
            guard start <= offset, offset <= end else { throw LogError.noOffset(offset, start: start, end: end) }
            return true
        } catch {
            if error.code == .unavailable, !questions.withLock({ $0.isClosed }) { return false }
            throw error
        }
    }

    func startOffset(_ index: PartitionIndex) throws(LogError) -> LogOffset { try range(partition(index)).start }

    /// Why partitions take nothing now, as the brokers say.
    func troubles() -> [PartitionIndex: LogError] {
        let isClosed = questions.withLock { state in
            if !state.isClosed { state.count += 1 }
            return state.isClosed
        }
        guard !isClosed else { return [:] }
        defer { questions.update { $0.count -= 1 } }
        do throws(LogError) {
            let leaderless = try consumer.leaderless()
            return Dictionary(
                uniqueKeysWithValues: leaderless.map {
                    ($0, KafkaErrorCode.leaderNotAvailable.logError("asking for leaders"))
                })
        } catch {
            return Dictionary(uniqueKeysWithValues: partitions.map { ($0.partition, error) })
        }
    }

    func endOffset(_ index: PartitionIndex) throws(LogError) -> LogOffset { try range(partition(index)).end }

    func knownEnd(_ index: PartitionIndex) throws(LogError) -> KnownEnd {
        let reader = try partition(index)
        if let known = reader.knownEnd() { return known }
        let end = try range(reader).end
        return reader.knownEnd() ?? KnownEnd(offset: end, ageMicroseconds: 0)
    }

    /// Kafka finds the first record of the millisecond; from there the search is by microseconds.
    func offset(_ index: PartitionIndex, at time: Timestamp) throws(LogError) -> LogOffset {
        let reader = try partition(index)
        let end = try range(reader).end
        let first = try ask { consumer throws(LogError) in
            try consumer.offset(index, atMilliseconds: RecordTime.milliseconds(time))
        }
        guard var next = first else { return end }
        var found: LogOffset?
        while found == nil, next < end {
            let before = next
            do {
                next = try read(index, from: next, byteLimit: 1 << 16) { record in
                    if found == nil, record.createdAt >= time { found = record.offset }
                }
            } catch let error as LogError where error.code == .recordsMissing {
                next = error.missing?.upperBound ?? next
            } catch {
                // The body throws nothing, so it is the log's.
                throw error as? LogError ?? LogError(.unavailable, error.forOperator.message)
            }
            guard next > before else { throw .noAnswer(index) }
        }
        return found ?? end
    }

    func waitForRecord(_ index: PartitionIndex, at offset: LogOffset, timeoutMilliseconds: Int) -> Bool {
        guard let reader = try? partition(index) else { return false }
        return reader.wait(at: offset, timeoutMilliseconds: timeoutMilliseconds)
    }

    func limitBuffers(bytes: Int) {
        for partition in partitions { partition.limitBuffer(bytes: bytes) }
    }

    var pauses: Int { partitions.reduce(0) { $0 + $1.pauses } }

    func wakeReaders() { for partition in partitions { partition.wake() } }

    /// A record of this process was acknowledged, so nobody has to wait until a broker reports the new end.
    func acknowledged(_ position: RecordPosition) {
        partitions[Int(position.partition.value)].reaches(position.offset.next)
    }

    private func partition(_ index: PartitionIndex) throws(LogError) -> PartitionReader {
        guard partitions.indices.contains(Int(index.value)) else {
            throw .noPartition(index, of: Int32(partitions.count))
        }
        return partitions[Int(index.value)]
    }

    private func range(_ reader: PartitionReader) throws(LogError) -> (start: LogOffset, end: LogOffset) {
        let askedAt = BrokerTime.microseconds
        let range = try ask { consumer throws(LogError) in try consumer.range(reader.partition) }
        reader.observe(end: range.end, askedAt: askedAt)
        return range
    }

    /// Asks until there is an answer or the time is up: right after a partition has moved, brokers only report the move.
    private func ask<Answer>(_ body: (LogConsumer) throws(LogError) -> Answer) throws(LogError) -> Answer {
        let isClosed = questions.withLock { state in
            if !state.isClosed { state.count += 1 }
            return state.isClosed
        }
        guard !isClosed else { throw .logClosed }
        defer { questions.update { $0.count -= 1 } }
        let deadline = BrokerTime.deadline(milliseconds: Int(ReaderLimits.queryMilliseconds))
        while true {
            do throws(LogError) {
                return try body(consumer)
            } catch {
                guard error.code == .unavailable, BrokerTime.now < deadline else { throw error }
                let isClosing = questions.wait(milliseconds: ReaderLimits.queryPauseMilliseconds) { state in
                    state.isClosed ? true : nil
                }
                if isClosing != nil { throw .logClosed }
            }
        }
    }
}

extension FetchedMessage {
    /// Whether it is the record that a skip gave up.
    fileprivate func isMeant(by skip: KafkaSkip) -> Bool {
        skip.isMeant(offset) { KafkaSkip.checksum(key: key, payload: payload) }
    }
}
