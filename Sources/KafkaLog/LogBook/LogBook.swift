public import EventLog
public import EventModel
internal import Locks

/// What is recorded about the log beside it, in the compacted topic of keys: with how many partitions it was made, and
/// which offsets are skipped (DESIGN 3). Followed by every process, so that a skip takes effect everywhere within a second.
public final class LogBook: Sendable {
    fileprivate struct State {
        var partitionCount: Int32?
        var skips: [PartitionIndex: [KafkaSkip]] = [:]
        var changed: [@Sendable (PartitionIndex) -> Void] = []
    }

    private let topic: String
    private let state: Monitor<State>
    /// Held while observers are called, so that none sees an older state after a newer one.
    private let telling: Monitor<Void>
    private let following: any TopicFollowing

    /// How long reading the topic to its end, and a delivery, may take.
    static let waitMilliseconds = 30_000

    /// Reads what is recorded, and goes on following.
    /// - Throws: ``LogError`` when the topic does not exist or cannot be read to its end.
    public convenience init(_ settings: KafkaSettings) throws(LogError) {
        let admin = try KafkaAdmin(settings)
        let count = try admin.partitionCount(settings.names.keys)
        try self.init(settings, topicPartitions: count)
    }

    /// - Parameter topicPartitions: how many partitions the topic of keys has.
    init(_ settings: KafkaSettings, topicPartitions: Int32) throws(LogError) {
        topic = settings.names.keys
        let state = Monitor(State())
        let telling = Monitor(())
        (self.state, self.telling) = (state, telling)
        let places = (0..<topicPartitions).map { (PartitionIndex($0), KafkaOffset.beginning) }
        let following = try KafkaFollowing(settings, topic, Dictionary(uniqueKeysWithValues: places)) {
            LogBook.take($0, state, telling)
        }
        self.following = following
        following.start()
        guard following.readToEnd(timeoutMilliseconds: Self.waitMilliseconds) else {
            let failure = following.failure
            following.stop()
            throw failure
                ?? LogError(
                    .unavailable, "the topic \(topic) could not be read to its end",
                    hint: "check that the brokers of its partitions are up")
        }
    }

    /// Ends the following; what is known stays.
    public func stop() { following.stop() }

    private static func take(_ record: FollowedRecord, _ state: Monitor<State>, _ telling: Monitor<Void>) {
        guard let key = LogBookKey(record.key) else { return }
        let read = record.value.flatMap { LogBookRecord(key: key, value: $0) }
        let (partition, observers) = state.update { state -> (PartitionIndex?, [@Sendable (PartitionIndex) -> Void]) in
            switch (key, read) {
            case (.partitions, .partitionCount(let count)): state.partitionCount = count
            case (.partitions, _): state.partitionCount = nil
            case (.skip(let partition, let first), let read):
                state.skips[partition]?.removeAll { $0.skip.first == first }
                if case .skip(_, let skip) = read { state.insert(skip, in: partition) }
                return (partition, state.changed)
            }
            return (nil, [])
        }
        guard let partition else { return }
        telling.withLock { _ in for observer in observers { observer(partition) } }
    }

    // MARK: What is recorded

    /// With how many partitions the topic of events was made; nil where nobody has recorded it yet.
    public var partitionCount: Int32? { state.withLock { $0.partitionCount } }

    /// The offsets that are passed over, in order.
    public func skips(_ partition: PartitionIndex) -> [LogSkip] { found(partition).map(\.skip) }

    func found(_ partition: PartitionIndex) -> [KafkaSkip] { state.withLock { $0.skips[partition] ?? [] } }

    /// Calls `body` with every partition whose skips change from now on, and with those that have some now.
    func observe(_ body: @escaping @Sendable (PartitionIndex) -> Void) {
        let known = state.withLock { state in
            state.changed.append(body)
            return Array(state.skips.keys)
        }
        telling.withLock { _ in for partition in known { body(partition) } }
    }

    // MARK: Recording

    /// Records with how many partitions the topic of events was made. Returns once that is durable and known here.
    public func record(partitionCount: Int32, _ topics: any Topics, at now: Timestamp) throws(LogError) {
        let record = LogBookRecord.partitionCount(partitionCount)
        try send(record.key, record.json, topics, at: now)
        state.update { $0.partitionCount = partitionCount }
    }

    /// Forgets everything: the topic of events was made anew, and what was recorded about the former one is not about it.
    public func clear(_ topics: any Topics, at now: Timestamp) throws(LogError) {
        let recorded = state.withLock { state in
            state.skips.flatMap { partition, skips in skips.map { LogBookKey.skip(partition, $0.skip.first) } }
                + (state.partitionCount == nil ? [] : [.partitions])
        }
        for key in recorded { try send(key.bytes, nil, topics, at: now) }
        try readToEnd()
    }

    /// Records a skip. Returns once that is durable and known here.
    /// - Throws: ``LogError``: `.invalidRecord` when it overlaps another one.
    func record(
        _ skip: KafkaSkip, in partition: PartitionIndex, _ topics: any Topics
    ) throws(LogError) {
        try readToEnd()
        var known = skips(partition)
        try known.add(skip.skip)
        let record = LogBookRecord.skip(partition, skip)
        try send(record.key, record.json, topics, at: skip.skip.at)
        try readToEnd()
    }

    private func send(
        _ key: [UInt8], _ value: [UInt8]?, _ topics: any Topics, at now: Timestamp
    ) throws(LogError) {
        let delivered = Monitor<Result<RecordPosition, LogError>?>(nil)
        try topics.send(TopicRecord(topic: topic, key: key, value: value, timestamp: now)) { result in
            delivered.update { $0 = result }
        }
        guard let result = delivered.wait(milliseconds: Self.waitMilliseconds, until: { $0 }) else {
            throw LogError(.uncertain, "no broker has confirmed the record about the log", hint: "try again")
        }
        _ = try result.get()
    }

    private func readToEnd() throws(LogError) {
        guard following.readToEnd(timeoutMilliseconds: Self.waitMilliseconds) else {
            throw following.failure ?? LogError(.unavailable, "the topic \(topic) could not be read to its end")
        }
    }
}

extension LogBook.State {
    /// In its place; one that overlaps another, which nothing of Andon writes, is left out.
    fileprivate mutating func insert(_ skip: KafkaSkip, in partition: PartitionIndex) {
        var known = skips[partition] ?? []
        var order = known.map(\.skip)
        guard (try? order.add(skip.skip)) != nil, let index = order.firstIndex(of: skip.skip) else { return }
        known.insert(skip, at: index)
        skips[partition] = known
    }
}
