import EventLog
import EventModel
import KafkaHarness
import Locks
import Testing

@testable import KafkaLog

/// Topics against librdkafka's pretended cluster.
@Suite(.timeLimit(.minutes(10))) struct MockTopicsTests {
    @Test("what is sent is followed, with key, headers, time and tombstone")
    func roundTrip() throws {
        let cluster = try MockCluster()
        cluster.createTopic("t", partitions: 1)
        let topics = try KafkaTopics(KafkaSettings(brokers: cluster.brokers))
        let seen = Seen()
        let following = try topics.follow("t", nil, from: .beginning) { seen.add($0) }
        let record = TopicRecord(
            topic: "t", key: [1, 2], value: [3], headers: [RecordHeader(name: "h", value: [4])],
            timestamp: Timestamp(microseconds: 1_700_000_000_123_456))
        try sendAll(topics, [record, TopicRecord(topic: "t", key: [1, 2], value: nil, timestamp: record.timestamp)])
        #expect(following.readToEnd(timeoutMilliseconds: 30_000))
        let all = seen.all
        #expect(all.map(\.value) == [[3], nil])
        #expect(all.map(\.key) == [[1, 2], [1, 2]])
        #expect(all.first?.headers == record.headers)
        #expect(all.first?.timestamp.microseconds == 1_700_000_000_123_000)
        following.stop()
        topics.close()
    }

    @Test("from the end only later records are seen, from an offset the records from there on")
    func starts() throws {
        let cluster = try MockCluster()
        cluster.createTopic("t", partitions: 2)
        let topics = try KafkaTopics(KafkaSettings(brokers: cluster.brokers))
        try sendAll(topics, (0..<5).map { record($0, partition: 1) })
        let late = Seen()
        let some = Seen()
        let fromEnd = try topics.follow("t", nil, from: .end) { late.add($0) }
        let fromOffset = try topics.follow("t", [PartitionIndex(1)], from: .offsets([PartitionIndex(1): LogOffset(3)]))
        {
            some.add($0)
        }
        try sendAll(topics, (5..<7).map { record($0, partition: 1) })
        #expect(fromEnd.readToEnd(timeoutMilliseconds: 30_000))
        #expect(fromOffset.readToEnd(timeoutMilliseconds: 30_000))
        #expect(late.all.map(\.position.offset.value) == [5, 6])
        #expect(some.all.map(\.position.offset.value) == [3, 4, 5, 6])
        fromEnd.stop()
        fromOffset.stop()
        topics.close()
    }

    @Test("a following lives on when the broker goes and comes back")
    func brokerAway() throws {
        let cluster = try MockCluster()
        cluster.createTopic("t", partitions: 1)
        let topics = try KafkaTopics(KafkaSettings(brokers: cluster.brokers))
        let seen = Seen()
        let following = try topics.follow("t", nil, from: .beginning) { seen.add($0) }
        try sendAll(topics, [record(0)])
        #expect(following.readToEnd(timeoutMilliseconds: 30_000))
        cluster.setUp(false, broker: 1)
        #expect(!following.readToEnd(timeoutMilliseconds: 200))
        #expect(following.failure == nil)
        cluster.setUp(true, broker: 1)
        try sendAll(topics, [record(1)])
        #expect(following.readToEnd(timeoutMilliseconds: 30_000))
        #expect(seen.all.map(\.position.offset.value) == [0, 1])
        following.stop()
        topics.close()
    }

    @Test("nothing is handled after stopping, and waiting ends")
    func stopping() throws {
        let cluster = try MockCluster()
        cluster.createTopic("t", partitions: 1)
        let topics = try KafkaTopics(KafkaSettings(brokers: cluster.brokers))
        let seen = Seen()
        let following = try topics.follow("t", nil, from: .beginning) { seen.add($0) }
        following.stop()
        try sendAll(topics, [record(0)])
        #expect(!following.readToEnd(timeoutMilliseconds: 30_000))
        #expect(seen.all.isEmpty)
        topics.close()
    }
}

/// Topics against Apache Kafka.
@Suite(.needsKafka, .timeLimit(.minutes(10))) struct KafkaTopicsTests {
    @Test("the wanted topics are created once, and then verified")
    func creating() throws {
        let (settings, admin) = try connect()
        let plan = TopicPlan(names: settings.names, partitions: 4, replication: 1)
        #expect(plan.verify(try admin.find(plan.topics.map(\.name))).allSatisfy { $0.level == .failure })
        #expect(try admin.create(plan) == plan.topics.map(\.name))
        #expect(try admin.create(plan).isEmpty)
        let found = try admin.find(plan.topics.map(\.name))
        #expect(plan.verify(found, recorded: 4).allSatisfy { $0.level == .degraded })
        #expect(plan.verify(found).filter { $0.level != .degraded }.map(\.level) == [.warning], "nothing is recorded")
        #expect(try admin.partitionCount(settings.names.events) == 4)
        #expect(try admin.watermarks(settings.names.events, PartitionIndex(0)) == .zero..<(.zero))
        #expect(try !admin.clusterID().isEmpty)
        #expect(try admin.brokerCount() >= 1)
        try admin.delete(plan.topics.map(\.name))
    }

    @Test("a topic that does not exist is reported, and asking does not create it")
    func missingTopic() throws {
        let (settings, admin) = try connect()
        let topics = try KafkaTopics(settings)
        for _ in 0..<2 {
            let error = #expect(throws: LogError.self) {
                try topics.follow(settings.names.keys, nil, from: .beginning) { _ in }
            }
            #expect(error?.hint?.contains("andon topics create") == true)
        }
        #expect(try admin.find([settings.names.keys]).isEmpty)
        topics.close()
    }

    @Test("a registry topic is read to its end by many readers")
    func registryTopic() throws {
        let (settings, admin) = try connect()
        _ = try admin.create(TopicPlan(names: settings.names, partitions: 3, replication: 1))
        let topics = try KafkaTopics(settings)
        let records = (0..<300).map { index in
            TopicRecord(
                topic: settings.names.factoryMetrics, key: [UInt8(index % 7)], value: [UInt8(index % 256)],
                timestamp: Timestamp(microseconds: Int64(index) * 1000))
        }
        try sendAll(topics, records)
        for _ in 0..<3 {
            let seen = Seen()
            let following = try topics.follow(settings.names.factoryMetrics, nil, from: .beginning) { seen.add($0) }
            #expect(following.readToEnd(timeoutMilliseconds: 60_000))
            let all = seen.all
            #expect(all.count == 300)
            for key in UInt8(0)..<7 {
                let sent = records.filter { $0.key == [key] }.map(\.value)
                #expect(all.filter { $0.key == [key] }.map(\.value) == sent)
            }
            following.stop()
        }
        topics.close()
        try admin.delete(TopicPlan(names: settings.names).topics.map(\.name))
    }

    @Test("who waits for the end of a topic does not wait for a fetch that the broker holds")
    func heldFetch() throws {
        let (settings, admin) = try connect([
            KafkaProperty(name: "fetch.wait.max.ms", value: "60000"),
            KafkaProperty(name: "socket.timeout.ms", value: "120000"),
        ])
        _ = try admin.create(TopicPlan(names: settings.names, partitions: 1, replication: 1))
        let topics = try KafkaTopics(settings)
        let seen = Seen()
        let following = try topics.follow(settings.names.keys, nil, from: .beginning) { seen.add($0) }
        try sendAll(topics, [record(0, topic: settings.names.keys)])
        // Between two answers the client that fetches would certainly have asked for more, and be held.
        for _ in 0..<20 { try #require(following.readToEnd(timeoutMilliseconds: 30_000)) }
        #expect(seen.all.count == 1)
        following.stop()
        topics.close()
        try admin.delete(TopicPlan(names: settings.names).topics.map(\.name))
    }

    @Test("an offset that was never there means the first that is there")
    func unknownOffset() throws {
        let (settings, admin) = try connect()
        _ = try admin.create(TopicPlan(names: settings.names, partitions: 1, replication: 1))
        let topics = try KafkaTopics(settings)
        try sendAll(topics, (0..<3).map { record($0, topic: settings.names.keys) })
        let seen = Seen()
        let start = TopicStart.offsets([PartitionIndex(0): LogOffset(1000)])
        let following = try topics.follow(settings.names.keys, nil, from: start) { seen.add($0) }
        #expect(following.readToEnd(timeoutMilliseconds: 60_000))
        #expect(seen.all.map(\.position.offset.value) == [0, 1, 2])
        #expect(following.failure == nil)
        following.stop()
        topics.close()
        try admin.delete(TopicPlan(names: settings.names).topics.map(\.name))
    }

    @Test("a topic that is deleted while it is followed is reported")
    func deletedTopic() throws {
        let (settings, admin) = try connect()
        _ = try admin.create(TopicPlan(names: settings.names, partitions: 1, replication: 1))
        let topics = try KafkaTopics(settings)
        let following = try topics.follow(settings.names.keys, nil, from: .beginning) { _ in }
        #expect(following.readToEnd(timeoutMilliseconds: 60_000))
        try admin.delete(TopicPlan(names: settings.names).topics.map(\.name))
        // A broker answers for a topic that is being deleted for a while; the limit is the suite's.
        while following.failure == nil { _ = following.readToEnd(timeoutMilliseconds: 1000) }
        #expect(following.failure?.hint?.contains("andon topics create") == true)
        following.stop()
        topics.close()
    }

    private func connect(_ properties: [KafkaProperty] = []) throws -> (KafkaSettings, KafkaAdmin) {
        let settings = try KafkaSettings(
            brokers: KafkaCluster.shared().brokers, names: TopicNames(prefix: uniquePrefix()), properties: properties)
        return (settings, try KafkaAdmin(settings, timeoutMilliseconds: 60_000))
    }
}

// MARK: Helpers

private func record(_ index: Int, topic: String = "t", partition: Int32 = 0) -> TopicRecord {
    numberedRecord(index, topic: topic, partition: partition)
}
