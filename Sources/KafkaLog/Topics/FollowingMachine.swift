internal import EventLog
internal import EventModel

/// How far a topic has been read, without the IO: what was handled, and what an error means.
struct FollowingMachine {
    /// What the shell does about an error.
    enum Action: Equatable {
        /// The client continues by itself.
        case proceed
        /// The position is gone: read this partition from its first record.
        case restart(PartitionIndex)
        /// Ask a broker whether the topic still exists.
        case check
        /// Nothing more can arrive.
        case fail
    }

    private let topic: String
    /// The offset after the last one that was handled or that the broker has skipped.
    private var next: [PartitionIndex: LogOffset]
    private(set) var failure: LogError?
    var partitions: [PartitionIndex] { next.keys.sorted() }

    /// Where to begin in partitions from which nothing has arrived yet.
    private var starts: [PartitionIndex: KafkaOffset]

    /// - Parameter places: where each partition that is followed begins.
    init(topic: String, _ places: [PartitionIndex: KafkaOffset]) {
        self.topic = topic
        starts = places
        next = places.mapValues { _ in .zero }
    }

    /// Where to continue in every partition.
    var places: [PartitionIndex: KafkaOffset] {
        starts.reduce(into: [:]) { places, start in
            let next = next[start.key] ?? .zero
            places[start.key] = next > .zero ? .at(next) : start.value
        }
    }

    /// - Returns: whether to handle it: false for what was handled before.
    func wants(_ position: RecordPosition) -> Bool {
        guard let next = next[position.partition] else { return false }
        return position.offset >= next
    }

    /// A record was handled. Offsets have gaps where records were compacted away.
    mutating func handled(_ position: RecordPosition) { advance(position.partition, to: position.offset.next) }

    /// The broker has nothing more before `offset` at the moment.
    mutating func reachedEnd(_ partition: PartitionIndex, _ offset: LogOffset) { advance(partition, to: offset) }

    private mutating func advance(_ partition: PartitionIndex, to offset: LogOffset) {
        guard let there = next[partition], offset > there else { return }
        next[partition] = offset
    }

    /// Whether everything before these ends was handled.
    func hasReached(_ ends: [PartitionIndex: LogOffset]) -> Bool {
        ends.allSatisfy { partition, end in (next[partition] ?? .zero) >= end }
    }

    /// - Parameter partition: nil: it concerns the client as a whole.
    mutating func failed(_ code: KafkaErrorCode, _ text: String, _ partition: PartitionIndex?) -> Action {
        if code == .offsetOutOfRange || code == .autoOffsetReset, let partition {
            next[partition] = .zero
            starts[partition] = .beginning
            return .restart(partition)
        }
        if code.isUnknownTopic { return .check }
        if code == .topicAuthorizationFailed || code == .fatal {
            failure = code.logError("following topic \(topic)", detail: text)
            return .fail
        }
        // Other errors, a refused login included, end when somebody repairs the broker; the client keeps trying.
        return .proceed
    }

    /// A broker's answer about the topic.
    mutating func checked(_ error: KafkaErrorCode) -> Action {
        guard error.isUnknownTopic else { return .proceed }
        failure = error.logError("following topic \(topic)")
        return .fail
    }
}
