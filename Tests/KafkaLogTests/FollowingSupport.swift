import EventLog
import EventModel
import Locks

@testable import KafkaLog

/// A record whose value distinguishes it from others.
func numberedRecord(_ index: Int, topic: String, partition: Int32 = 0) -> TopicRecord {
    TopicRecord(
        topic: topic, partition: PartitionIndex(partition), key: [1], value: [UInt8(index % 256)],
        timestamp: Timestamp(microseconds: 1_700_000_000_000_000))
}

/// Sends records and waits until all are acknowledged.
func sendAll(_ topics: KafkaTopics, _ records: [TopicRecord]) throws {
    let results = Monitor<[Result<RecordPosition, LogError>]>([])
    for record in records {
        try topics.send(record) { result in results.update { $0.append(result) } }
    }
    let all = results.wait { $0.count == records.count ? $0 : nil }
    for result in all { _ = try result.get() }
}

/// What a following has handed out.
final class Seen: Sendable {
    private let records = Monitor<[FollowedRecord]>([])
    func add(_ record: FollowedRecord) { records.update { $0.append(record) } }
    func wait(for count: Int) { records.wait { $0.count >= count ? () : nil } }
    var all: [FollowedRecord] { records.withLock { $0 } }
    var offsets: [Int64] { all.map(\.position.offset.value) }
}

/// Topics on a mock cluster.
final class HubBench: Sendable {
    let cluster: MockCluster
    let topics: KafkaTopics

    init(topics names: [String], partitions: Int32) throws {
        cluster = try MockCluster()
        for name in names { cluster.createTopic(name, partitions: partitions) }
        topics = try KafkaTopics(KafkaSettings(brokers: cluster.brokers), deliveryTimeoutMilliseconds: 60_000)
    }

    func close() { topics.close() }

    func send(_ records: [TopicRecord]) throws { try sendAll(topics, records) }

    func follow(
        _ topic: String, _ partition: Int32, _ seen: Seen, from offset: Int64 = 0
    ) throws -> any TopicFollowing {
        let partition = PartitionIndex(partition)
        return try topics.follow(topic, [partition], from: .offsets([partition: LogOffset(offset)])) { seen.add($0) }
    }

    static func record(_ index: Int, topic: String = "a", partition: Int32 = 0) -> TopicRecord {
        numberedRecord(index, topic: topic, partition: partition)
    }
}

/// Holds whoever comes until it is opened.
final class Gate: Sendable {
    private struct State {
        var visitors = 0
        var isOpen = false
    }

    private let state = Monitor(State())

    func pass() {
        state.update { $0.visitors += 1 }
        state.wait { $0.isOpen ? () : nil }
    }

    func waitForVisitor() { state.wait { $0.visitors > 0 ? () : nil } }
    func open() { state.update { $0.isOpen = true } }
}
