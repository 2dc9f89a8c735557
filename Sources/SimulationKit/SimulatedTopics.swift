public import EventLog
public import EventModel

/// Topics for simulations on one thread: a record waits until the simulation delivers it, and followings read when they
/// are asked to.
///
/// `@unchecked Sendable`: a simulation has one thread.
public final class SimulatedTopics: Topics, @unchecked Sendable {
    /// What becomes of one record that was sent.
    public enum DeliveryFate: String, CaseIterable, Sendable {
        case stored
        /// Not stored, and the sender knows it.
        case refused
        /// Stored, but the report says that nobody knows.
        case reportLost
    }

    private struct Sent {
        var sender: Int
        var record: TopicRecord
        var done: @Sendable (Result<RecordPosition, LogError>) -> Void
    }

    private let partitionCounts: [String: Int32]
    private var stored: [String: [FollowedRecord]] = [:]
    private var waiting: [Sent] = []
    /// Records that one queue holds at most; more are refused at once, as a full producer queue does.
    public var waitingMaximum = 64

    /// - Parameter topics: their names; each has one partition.
    public init(topics: [String]) {
        partitionCounts = Dictionary(uniqueKeysWithValues: topics.map { ($0, 1) })
    }

    /// Records of one process that wait.
    public func waitingCount(of process: Int) -> Int { waiting.count { $0.sender == process } }

    /// A view of the topics for one process, so that its records can be dropped when it dies.
    public func process(_ number: Int) -> any Topics { Process(self, number) }

    /// Decides the fate of the oldest waiting record of one process: records of different processes arrive in any order.
    /// - Parameter process: nil for the oldest of all.
    /// - Returns: false when none waits.
    public func deliver(_ fate: DeliveryFate, of process: Int? = nil) -> Bool {
        guard let oldest = waiting.firstIndex(where: { process == nil || $0.sender == process }) else { return false }
        let sent = waiting.remove(at: oldest)
        guard fate != .refused else {
            sent.done(.failure(LogError(.unavailable, "the simulated topic refuses the record")))
            return true
        }
        let position = store(sent.record)
        sent.done(
            fate == .stored ? .success(position) : .failure(LogError(.uncertain, "the simulated report is lost")))
        return true
    }

    /// A process dies: what it had sent may still arrive, but nobody gets a report.
    /// - Parameter isStored: whether what waited arrives.
    public func kill(_ process: Int, isStored: Bool) {
        let lost = waiting.filter { $0.sender == process }
        waiting.removeAll { $0.sender == process }
        if isStored { for sent in lost { _ = store(sent.record) } }
    }

    private func store(_ record: TopicRecord) -> RecordPosition {
        let offset = LogOffset(Int64(stored[record.topic]?.count ?? 0))
        let position = RecordPosition(partition: PartitionIndex(0), offset: offset)
        stored[record.topic, default: []].append(
            FollowedRecord(
                position: position, key: record.key, value: record.value, headers: record.headers,
                timestamp: record.timestamp))
        return position
    }

    /// Everything in a topic, oldest first.
    public func records(_ topic: String) -> [FollowedRecord] { stored[topic] ?? [] }

    // MARK: Topics

    public func send(
        _ record: TopicRecord, _ done: @escaping @Sendable (Result<RecordPosition, LogError>) -> Void
    ) throws(LogError) {
        try send(record, from: -1, done)
    }

    fileprivate func send(
        _ record: TopicRecord, from sender: Int,
        _ done: @escaping @Sendable (Result<RecordPosition, LogError>) -> Void
    ) throws(LogError) {
        _ = try partitionCount(record.topic)
        guard waiting.count < waitingMaximum else { throw LogError(.unavailable, "the simulated queue is full") }
        waiting.append(Sent(sender: sender, record: record, done: done))
    }

    public func partitionCount(_ topic: String) throws(LogError) -> Int32 {
        guard let count = partitionCounts[topic] else { throw LogError(.unavailable, "there is no topic \(topic)") }
        return count
    }

    public func follow(
        _ topic: String, _ partitions: [PartitionIndex]?, from start: TopicStart,
        _ handle: @escaping @Sendable (FollowedRecord) -> Void
    ) throws(LogError) -> any TopicFollowing {
        _ = try partitionCount(topic)
        let first =
            switch start {
            case .beginning: 0
            case .end: records(topic).count
            case .offsets(let offsets): Int(offsets[PartitionIndex(0)]?.value ?? 0)
            }
        return Following(self, topic, first, handle)
    }

    /// The same topics, as one process sees them.
    private final class Process: Topics, @unchecked Sendable {
        private let topics: SimulatedTopics
        private let number: Int

        init(_ topics: SimulatedTopics, _ number: Int) {
            self.topics = topics
            self.number = number
        }

        func send(
            _ record: TopicRecord, _ done: @escaping @Sendable (Result<RecordPosition, LogError>) -> Void
        ) throws(LogError) {
            try topics.send(record, from: number, done)
        }

        func follow(
            _ topic: String, _ partitions: [PartitionIndex]?, from start: TopicStart,
            _ handle: @escaping @Sendable (FollowedRecord) -> Void
        ) throws(LogError) -> any TopicFollowing {
            try topics.follow(topic, partitions, from: start, handle)
        }

        func partitionCount(_ topic: String) throws(LogError) -> Int32 { try topics.partitionCount(topic) }
    }

    /// Hands records on only inside ``readToEnd(timeoutMilliseconds:)``: the simulation decides when time passes.
    private final class Following: TopicFollowing, @unchecked Sendable {
        private let topics: SimulatedTopics
        private let topic: String
        private var next: Int
        private var isStopped = false
        private let handle: @Sendable (FollowedRecord) -> Void

        init(
            _ topics: SimulatedTopics, _ topic: String, _ next: Int,
            _ handle: @escaping @Sendable (FollowedRecord) -> Void
        ) {
            self.topics = topics
            self.topic = topic
            self.next = next
            self.handle = handle
        }

        func readToEnd(timeoutMilliseconds: Int) -> Bool {
            let records = topics.records(topic)
            while !isStopped, next < records.count {
                handle(records[next])
                next += 1
            }
            return !isStopped
        }

        var failure: LogError? { nil }

        func stop() { isStopped = true }
    }
}
