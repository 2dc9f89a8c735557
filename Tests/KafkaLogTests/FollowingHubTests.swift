import EventLog
import EventModel
import Foundation
import KafkaHarness
import Locks
import Testing

@testable import KafkaLog

/// Followings that share a consumer, against librdkafka's pretended cluster.
@Suite("Followings of single partitions share a consumer", .timeLimit(.minutes(10)))
struct FollowingHubTests {
    @Test("the worker's partitions, 32 of four topics each, take one consumer")
    func manyPartitions() throws {
        let names = ["a", "b", "c", "d"]
        let bench = try HubBench(topics: names, partitions: 32)
        defer { bench.close() }
        let records = names.flatMap { name in (0..<32).map { HubBench.record(0, topic: name, partition: $0) } }
        try bench.send(records)
        let seen = Seen()
        let followings = try records.map { try bench.follow($0.topic, $0.partition?.value ?? 0, seen) }
        seen.wait(for: 128)
        for following in followings.suffix(4) { #expect(following.readToEnd(timeoutMilliseconds: 60_000)) }
        #expect(seen.all.count == 128)
        #expect(Set(seen.all.map(\.position.partition)).count == 32)
        #expect(bench.topics.consumersMadeForTest == 1)
        for following in followings { following.stop() }
    }

    @Test("one that is stopped handles nothing more, and the others go on")
    func stopOne() throws {
        let bench = try HubBench(topics: ["a", "b"], partitions: 2)
        defer { bench.close() }
        let (stopped, going) = (Seen(), Seen())
        let first = try bench.follow("a", 1, stopped)
        let second = try bench.follow("b", 1, going)
        try bench.send(["a", "b"].map { HubBench.record(0, topic: $0, partition: 1) })
        #expect(first.readToEnd(timeoutMilliseconds: 60_000) && second.readToEnd(timeoutMilliseconds: 60_000))
        first.stop()
        first.stop()
        try bench.send(["a", "b"].map { HubBench.record(1, topic: $0, partition: 1) })
        #expect(second.readToEnd(timeoutMilliseconds: 60_000))
        #expect(!first.readToEnd(timeoutMilliseconds: 60_000))
        #expect(stopped.offsets == [0] && going.offsets == [0, 1])
        #expect(first.failure == nil)
        second.stop()
        #expect(bench.topics.consumersMadeForTest == 1)
    }

    @Test("a partition that was stopped can be followed again, from any place, on the same consumer")
    func again() throws {
        let bench = try HubBench(topics: ["a"], partitions: 1)
        defer { bench.close() }
        try bench.send((0..<5).map { HubBench.record($0) })
        for start in [3, 0, 5, 1, 4] as [Int64] {
            let seen = Seen()
            let following = try bench.follow("a", 0, seen, from: start)
            #expect(following.readToEnd(timeoutMilliseconds: 60_000))
            following.stop()
            #expect(seen.offsets == Array(start..<5))
        }
        #expect(bench.topics.consumersMadeForTest == 1)
    }

    @Test("a partition that is followed twice at the same time is handled twice, by a consumer more")
    func twice() throws {
        let bench = try HubBench(topics: ["a"], partitions: 1)
        defer { bench.close() }
        let (one, two) = (Seen(), Seen())
        let first = try bench.follow("a", 0, one)
        let second = try bench.follow("a", 0, two)
        #expect(bench.topics.consumersMadeForTest == 2)
        try bench.send((0..<3).map { HubBench.record($0) })
        for following in [first, second] { #expect(following.readToEnd(timeoutMilliseconds: 60_000)) }
        first.stop()
        try bench.send([HubBench.record(3)])
        #expect(second.readToEnd(timeoutMilliseconds: 60_000))
        second.stop()
        #expect(one.offsets == [0, 1, 2] && two.offsets == [0, 1, 2, 3])
    }

    @Test("a whole topic has a consumer of its own, which a handler that blocks elsewhere does not delay")
    func wholeTopic() throws {
        let bench = try HubBench(topics: ["a", "whole"], partitions: 2)
        defer { bench.close() }
        let gate = Gate()
        defer { gate.open() }
        let blocked = try bench.topics.follow("a", [PartitionIndex(0)], from: .beginning) { _ in gate.pass() }
        try bench.send([HubBench.record(0), HubBench.record(0, topic: "whole", partition: 1)])
        gate.waitForVisitor()
        let seen = Seen()
        let whole = try bench.topics.follow("whole", nil, from: .beginning) { seen.add($0) }
        #expect(whole.readToEnd(timeoutMilliseconds: 60_000))
        #expect(seen.offsets == [0])
        whole.stop()
        gate.open()
        blocked.stop()
    }

    @Test("stopping does not wait for another one's handler, and what it delayed is handled afterwards")
    func blockedHandler() throws {
        let bench = try HubBench(topics: ["a"], partitions: 3)
        defer { bench.close() }
        let gate = Gate()
        defer { gate.open() }
        let blocked = try bench.topics.follow("a", [PartitionIndex(0)], from: .beginning) { _ in gate.pass() }
        let (quiet, late) = (Seen(), Seen())
        let other = try bench.follow("a", 1, quiet)
        try bench.send([HubBench.record(0)])
        gate.waitForVisitor()
        // From here on the hub's thread waits in the first handler.
        try bench.send([HubBench.record(0, partition: 1), HubBench.record(0, partition: 2)])
        #expect(!other.readToEnd(timeoutMilliseconds: 1))
        other.stop()
        let another = try bench.follow("a", 2, late)
        let again = try bench.follow("a", 1, late)
        gate.open()
        for following in [blocked, another, again] { #expect(following.readToEnd(timeoutMilliseconds: 60_000)) }
        #expect(quiet.all.isEmpty)
        #expect(late.all.count == 2)
        for following in [blocked, another, again] { following.stop() }
    }

    @Test("stopping waits for the handler of its own that is running")
    func stopWaits() throws {
        let bench = try HubBench(topics: ["a"], partitions: 1)
        defer { bench.close() }
        let gate = Gate()
        let seen = Seen()
        let following = try bench.topics.follow("a", [PartitionIndex(0)], from: .beginning) { record in
            gate.pass()
            seen.add(record)
        }
        try bench.send((0..<3).map { HubBench.record($0) })
        gate.waitForVisitor()
        let counts = Guarded<[Int]>([])
        let isStopping = Latch()
        let thread = BackgroundThread.start("stopper") {
            isStopping.open()
            following.stop()
            counts.withLock { $0.append(seen.all.count) }
        }
        isStopping.wait()
        // It cannot have returned: the handler has not.
        #expect(counts.withLock { $0 }.isEmpty)
        gate.open()
        thread.join()
        let count = try #require(counts.withLock { $0.first })
        #expect(count >= 1)
        try bench.send([HubBench.record(3)])
        #expect(seen.all.count == count)
    }

    @Test("all live on when the broker goes and comes back")
    func brokerAway() throws {
        let bench = try HubBench(topics: ["a", "b"], partitions: 1)
        defer { bench.close() }
        let seen = Seen()
        let followings = try ["a", "b"].map { try bench.follow($0, 0, seen) }
        try bench.send(["a", "b"].map { HubBench.record(0, topic: $0) })
        for following in followings { #expect(following.readToEnd(timeoutMilliseconds: 60_000)) }
        bench.cluster.setUp(false, broker: 1)
        for following in followings { #expect(!following.readToEnd(timeoutMilliseconds: 100)) }
        bench.cluster.setUp(true, broker: 1)
        try bench.send(["a", "b"].map { HubBench.record(1, topic: $0) })
        for following in followings { #expect(following.readToEnd(timeoutMilliseconds: 60_000)) }
        #expect(seen.all.map(\.position.offset.value) == [0, 0, 1, 1])
        #expect(followings.allSatisfy { $0.failure == nil })
    }

    @Test("closing ends those who wait, and nobody can follow after it")
    func closing() throws {
        let bench = try HubBench(topics: ["a"], partitions: 2)
        let following = try bench.follow("a", 0, Seen())
        bench.close()
        bench.close()
        #expect(!following.readToEnd(timeoutMilliseconds: 60_000))
        following.stop()
        let error = #expect(throws: LogError.self) { try bench.follow("a", 1, Seen()) }
        #expect(error?.code == .unavailable)
    }
}

/// The same against Apache Kafka, where places and topics can really go.
@Suite("Followings that share a consumer, on a real Kafka", .serialized, .needsKafka, .timeLimit(.minutes(10)))
struct FollowingHubRealTests {
    @Test("an offset that is gone means the first that is there, for that partition alone")
    func placeGone() throws {
        let (settings, admin) = try connect(partitions: 2)
        let topics = try KafkaTopics(settings)
        defer { topics.close() }
        let name = settings.names.factoryMetrics
        try sendAll(topics, (0..<2).flatMap { p in (0..<3).map { HubBench.record($0, topic: name, partition: p) } })
        let (gone, there) = (Seen(), Seen())
        let first = try topics.follow(
            name, [PartitionIndex(0)], from: .offsets([PartitionIndex(0): LogOffset(1000)])
        ) { gone.add($0) }
        let second = try topics.follow(name, [PartitionIndex(1)], from: .offsets([PartitionIndex(1): LogOffset(2)])) {
            there.add($0)
        }
        for following in [first, second] {
            #expect(following.readToEnd(timeoutMilliseconds: 60_000))
            #expect(following.failure == nil)
        }
        #expect(gone.offsets == [0, 1, 2] && there.offsets == [2])
        #expect(topics.consumersMadeForTest == 1)
        for following in [first, second] { following.stop() }
        try admin.delete(TopicPlan(names: settings.names).topics.map(\.name))
    }

    @Test("the followings of a deleted topic are notified, and the others go on")
    func topicGone() throws {
        let (settings, admin) = try connect(partitions: 1)
        let topics = try KafkaTopics(settings)
        defer { topics.close() }
        let zero = PartitionIndex(0)
        let seen = Seen()
        let doomed = try topics.follow(settings.names.alerts, [zero], from: .beginning) { _ in }
        let going = try topics.follow(settings.names.factoryMetrics, [zero], from: .beginning) { seen.add($0) }
        for following in [doomed, going] { #expect(following.readToEnd(timeoutMilliseconds: 60_000)) }
        try admin.delete([settings.names.alerts])
        // A broker answers for a topic that is being deleted for a while; the limit is the suite's.
        while doomed.failure == nil { _ = doomed.readToEnd(timeoutMilliseconds: 1000) }
        #expect(doomed.failure?.hint?.contains("andon topics create") == true)
        doomed.stop()
        try sendAll(topics, [HubBench.record(0, topic: settings.names.factoryMetrics)])
        #expect(going.readToEnd(timeoutMilliseconds: 60_000))
        #expect(seen.offsets == [0] && going.failure == nil)
        going.stop()
        try admin.delete(TopicPlan(names: settings.names).topics.map(\.name).filter { $0 != settings.names.alerts })
    }

    @Test("a broker that is killed and started again delays all and loses nothing")
    func brokerRestart() throws {
        let cluster = try KafkaCluster.start()
        defer { cluster.stop() }
        let settings = try KafkaSettings(brokers: cluster.brokers)
        _ = try KafkaAdmin(settings, timeoutMilliseconds: 60_000).create(
            TopicPlan(names: settings.names, partitions: 4, replication: 1))
        let topics = try KafkaTopics(settings, deliveryTimeoutMilliseconds: 60_000)
        defer { topics.close() }
        let name = settings.names.workerMetrics
        let seen = Seen()
        let followings = try (0..<4).map { partition in
            try topics.follow(name, [PartitionIndex(partition)], from: .beginning) { seen.add($0) }
        }
        try sendAll(topics, (0..<4).map { HubBench.record(0, topic: name, partition: $0) })
        for following in followings { #expect(following.readToEnd(timeoutMilliseconds: 60_000)) }
        try cluster.node(1, .kill)
        try cluster.node(1, .start)
        try sendAll(topics, (0..<4).map { HubBench.record(1, topic: name, partition: $0) })
        for following in followings {
            #expect(following.readToEnd(timeoutMilliseconds: 60_000))
            #expect(following.failure == nil)
            following.stop()
        }
        for partition in 0..<4 as Range<Int32> {
            let offsets = seen.all.filter { $0.position.partition.value == partition }.map(\.position.offset.value)
            #expect(offsets == [0, 1])
        }
    }

    @Test("a record of 17 MiB, larger than any of the log, goes through the registry's topic")
    func largeRecord() throws {
        let (settings, admin) = try connect(partitions: 1)
        let topics = try KafkaTopics(settings, deliveryTimeoutMilliseconds: 60_000)
        defer { topics.close() }
        var generator = SystemRandomNumberGenerator()
        // Random, so that compressing does not make it small.
        let words = (0..<17 << 17).map { _ in generator.next() }
        let value = words.withUnsafeBytes { [UInt8]($0.dropLast(64)) }
        let record = TopicRecord(
            topic: settings.names.registry, key: [1], value: value, timestamp: Timestamp(microseconds: 1_000_000))
        try sendAll(topics, [record])
        for partitions in [nil, [PartitionIndex(0)]] {
            let isWhole = Guarded(false)
            let following = try topics.follow(settings.names.registry, partitions, from: .beginning) { record in
                isWhole.withLock { $0 = record.value == value }
            }
            #expect(following.readToEnd(timeoutMilliseconds: 60_000))
            #expect(isWhole.withLock { $0 })
            following.stop()
        }
        try admin.delete(TopicPlan(names: settings.names).topics.map(\.name))
    }

    private func connect(partitions: Int32) throws -> (KafkaSettings, KafkaAdmin) {
        let settings = try KafkaSettings(
            brokers: KafkaCluster.shared().brokers, names: TopicNames(prefix: uniquePrefix()))
        let admin = try KafkaAdmin(settings, timeoutMilliseconds: 60_000)
        _ = try admin.create(TopicPlan(names: settings.names, partitions: partitions, replication: 1))
        return (settings, admin)
    }
}
