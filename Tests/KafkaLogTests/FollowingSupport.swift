import EventLog
import EventModel
import KafkaLog
import Locks

/// A record whose value tells it from others.
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
