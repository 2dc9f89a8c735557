public import EventModel
internal import Locks

/// The in-memory twin of the topics, for tests and simulations. Never compacts.
///
/// Tests can hold records on send, and make sending fail.
public final class InMemoryTopics: Topics {
    fileprivate struct State {
        var records: [String: [[FollowedRecord]]] = [:]
        var isHeld = false
        var held: [@Sendable () -> Void] = []
        var failure: LogError?
    }

    fileprivate let state = Monitor(State())
    private let partitionCounts: [String: Int32]

    /// - Parameter partitionCounts: by topic; other topics do not exist.
    public init(partitionCounts: [String: Int32]) {
        self.partitionCounts = partitionCounts
        state.withLock { state in
            for (topic, count) in partitionCounts {
                state.records[topic] = Array(repeating: [], count: Int(count))
            }
        }
    }

    public func partitionCount(_ topic: String) throws(LogError) -> Int32 {
        guard let count = partitionCounts[topic] else { throw LogError(.unavailable, "there is no topic \(topic)") }
        return count
    }

    public func send(
        _ record: TopicRecord, _ done: @escaping @Sendable (Result<RecordPosition, LogError>) -> Void
    ) throws(LogError) {
        let count = try partitionCount(record.topic)
        let partition = record.partition ?? Partitioner.partition(of: record.key, partitionCount: count)
        guard (0..<count).contains(partition.value) else { throw .noPartition(partition, of: count) }
        let isHeld = state.withLock { state in
            if state.isHeld { state.held.append { [self] in store(record, partition, done) } }
            return state.isHeld
        }
        if !isHeld { store(record, partition, done) }
    }

    private func store(
        _ record: TopicRecord, _ partition: PartitionIndex,
        _ done: @Sendable (Result<RecordPosition, LogError>) -> Void
    ) {
        let result: Result<RecordPosition, LogError> = state.update { state in
            if let failure = state.failure { return .failure(failure) }
            let offset = LogOffset(Int64(state.records[record.topic]?[Int(partition.value)].count ?? 0))
            let position = RecordPosition(partition: partition, offset: offset)
            state.records[record.topic]?[Int(partition.value)].append(
                FollowedRecord(
                    position: position, key: record.key, value: record.value, headers: record.headers,
                    timestamp: record.timestamp))
            return .success(position)
        }
        done(result)
    }

    public func follow(
        _ topic: String, _ partitions: [PartitionIndex]?, from start: TopicStart,
        _ handle: @escaping @Sendable (FollowedRecord) -> Void
    ) throws(LogError) -> any TopicFollowing {
        let count = try partitionCount(topic)
        let partitions = partitions ?? (0..<count).map { PartitionIndex($0) }
        for partition in partitions where !(0..<count).contains(partition.value) {
            throw .noPartition(partition, of: count)
        }
        let places: [PartitionIndex: Int] = state.withLock { state in
            var places: [PartitionIndex: Int] = [:]
            for partition in partitions {
                switch start {
                case .beginning: places[partition] = 0
                case .end: places[partition] = state.records[topic]?[Int(partition.value)].count ?? 0
                case .offsets(let offsets): places[partition] = Int(offsets[partition]?.value ?? 0)
                }
            }
            return places
        }
        let following = InMemoryFollowing(self, topic, places)
        following.start(handle)
        return following
    }

    /// All records in a topic's partition, oldest first.
    public func records(_ topic: String, _ partition: PartitionIndex) -> [FollowedRecord] {
        state.withLock { $0.records[topic]?[Int(partition.value)] ?? [] }
    }

    // MARK: Faults

    /// Holds sent records until ``release()``, like a paused process or a slow broker.
    public func hold() { state.withLock { $0.isHeld = true } }

    /// Sends the held records in order.
    public func release() {
        let held = state.withLock { state in
            state.isHeld = false
            defer { state.held = [] }
            return state.held
        }
        for send in held { send() }
    }

    /// Makes all sends fail from now on; nil ends this.
    public func fail(with error: LogError?) { state.withLock { $0.failure = error } }
}

private final class InMemoryFollowing: TopicFollowing {
    private struct State {
        var places: [PartitionIndex: Int]
        var isStopping = false
        var hasEnded = false
    }

    private let topics: InMemoryTopics
    private let topic: String
    private let state: Monitor<State>

    init(_ topics: InMemoryTopics, _ topic: String, _ places: [PartitionIndex: Int]) {
        self.topics = topics
        self.topic = topic
        state = Monitor(State(places: places))
    }

    func start(_ handle: @escaping @Sendable (FollowedRecord) -> Void) {
        BackgroundThread.start("follow") { [self] in
            while let found = next() {
                handle(found)
                state.update { $0.places[found.position.partition, default: 0] += 1 }
            }
            state.update { $0.hasEnded = true }
        }
    }

    private func next() -> FollowedRecord? {
        topics.state.wait { [self] topics -> FollowedRecord?? in
            let (places, isStopping) = state.withLock { ($0.places, $0.isStopping) }
            if isStopping { return .some(nil) }
            for (partition, place) in places.sorted(by: { $0.key < $1.key }) {
                let records = topics.records[topic]?[Int(partition.value)] ?? []
                if place < records.count { return records[place] }
            }
            return nil
        }
    }

    func readToEnd(timeoutMilliseconds: Int) -> Bool {
        let ends = topics.state.withLock { [topic] in ($0.records[topic] ?? []).map(\.count) }
        return state.wait(milliseconds: timeoutMilliseconds) { state in
            if state.places.allSatisfy({ $0.value >= ends[Int($0.key.value)] }) { return true }
            return state.isStopping ? false : nil
        } ?? false
    }

    var failure: LogError? { nil }

    func stop() {
        state.update { $0.isStopping = true }
        topics.state.update { _ in }
        state.wait { $0.hasEnded ? () : nil }
    }
}
