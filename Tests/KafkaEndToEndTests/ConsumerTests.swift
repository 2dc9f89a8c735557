// Layer: real broker, records made by hand. What it cannot see: whether Andon writes such records.
import EventLog
import EventModel
import Foundation
import KafkaHarness
import KafkaLog
import Locks
import Testing

@Suite("A consumer in Python", .needsKafka, .needsPythonConsumer, .timeLimit(.minutes(10)))
struct ConsumerTests {
    private static let hour = "2026-01-12T07:00:00.000000Z"

    /// The first example of the schema of workers' records.
    private func example() throws -> [String: Any] {
        let top = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = top.appending(path: "Schemas/andon/v1/worker-metric.schema.json")
        let schema = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any]
        return try #require((schema?["examples"] as? [[String: Any]])?.first)
    }

    private func record(
        _ names: TopicNames, _ worker: String, _ value: [String: Any]?, isCloudEvent: Bool = true
    ) throws -> TopicRecord {
        var headers = [("ce_id", "1"), ("ce_source", "/andon/plant-1"), ("ce_type", "andon.metrics.worker.v1")]
        headers += [("ce_specversion", "1.0"), ("ce_time", Self.hour), ("content-type", "application/json")]
        if !isCloudEvent { headers.removeFirst() }
        return TopicRecord(
            topic: names.workerMetrics, partition: PartitionIndex(1), key: Array("plant-1/\(worker)/\(Self.hour)".utf8),
            value: try value.map { Array(try JSONSerialization.data(withJSONObject: $0)) },
            headers: headers.map { RecordHeader(name: $0.0, value: Array($0.1.utf8)) },
            timestamp: Timestamp(microseconds: 1_768_204_800_000_000))
    }

    /// Sends records to a topic of its own and returns what the consumer makes of it.
    private func consumed(_ make: (TopicNames) throws -> [TopicRecord]) throws -> PythonConsumer.Metrics {
        let cluster = try KafkaCluster.shared()
        let names = TopicNames(prefix: uniquePrefix())
        try cluster.createTopic(names.workerMetrics, partitions: 2, configs: ["cleanup.policy=compact"])
        let topics = try KafkaTopics(try KafkaSettings(brokers: cluster.brokers, clientID: "test", names: names))
        defer { topics.close() }
        let records = try make(names)
        let delivered = Monitor<[Bool]>([])
        for record in records {
            try topics.send(record) { result in
                let isThere = (try? result.get()) != nil
                delivered.update { $0.append(isThere) }
            }
        }
        let all = delivered.wait { $0.count == records.count ? $0 : nil }
        #expect(all.allSatisfy { $0 })
        return try PythonConsumer.metrics(brokers: cluster.brokers, topic: names.workerMetrics)
    }

    @Test("it keeps the newest record of each key by revision, and sees where compaction would keep an old one")
    func newest() throws {
        var old = try example()
        old["revision"] = ["epoch": "00112233445566778899aabbccddeeff", "partition": 7, "offset": 3]
        let new = try example()
        let read = try consumed { names in
            try [("W1", old), ("W1", new), ("W2", new), ("W2", old), ("W3", new), ("W3", nil)].map {
                try record(names, $0.0, $0.1)
            }
        }
        #expect(read.refused == [])
        #expect(read.read == 6)
        #expect(read.old == 1)
        let keys = (1...3).map { "plant-1/W\($0)/\(Self.hour)" }
        #expect(Set(read.records.keys) == [keys[0], keys[1]])
        #expect(read.removed == [keys[2]])
        #expect(read.behind == [keys[1]])
        for key in keys[0...1] {
            #expect(read.records[key].map { NSDictionary(dictionary: $0) } == NSDictionary(dictionary: new))
            #expect(read.events[key]?["type"] == "andon.metrics.worker.v1")
        }
    }

    @Test("it refuses what is no CloudEvent, and what its schema does not allow")
    func refused() throws {
        var wrong = try example()
        wrong["working_us"] = -1
        let right = try example()
        let read = try consumed { names in
            [
                try record(names, "W1", wrong), try record(names, "W2", right, isCloudEvent: false),
                try record(names, "W3", right),
            ]
        }
        #expect(read.refused.count == 2, "\(read.refused)")
        #expect(read.refused.contains { $0.contains("W1") && $0.contains("working_us") })
        #expect(read.refused.contains { $0.contains("W2") && $0.contains("no CloudEvent") })
    }
}
