import EventLog
import EventLogContract
import EventModel
import Foundation
import KafkaHarness
import Testing

@testable import KafkaLog

@Suite("The log on pretended brokers that fail")
struct KafkaLogFaultTests {
    /// A topic on a mock cluster and a log over it.
    private struct Plant {
        let cluster: MockCluster
        let log: KafkaLog
        let partition = PartitionIndex(0)
        static let names = TopicNames(prefix: "fault")

        init(partitions: Int32 = 1, brokers: Int32 = 1) throws {
            cluster = try MockCluster(brokers: brokers)
            cluster.createTopic(Self.names.events, partitions: partitions)
            log = try KafkaLog.open(try KafkaSettings(brokers: cluster.brokers, names: Self.names))
        }

        func append(_ numbers: Range<Int>) throws {
            _ = try log.append(numbers.map { Self.record($0) })
        }

        static func record(_ number: Int) -> NewRecord {
            NewRecord(
                key: Array("plant".utf8), createdAt: Timestamp(microseconds: Int64(number)),
                payload: withUnsafeBytes(of: Int64(number)) { Array($0) })
        }

        /// Reads on until `count` records came.
        func read(from offset: Int64 = 0, count: Int) throws -> [Int64] {
            var numbers: [Int64] = []
            var next = LogOffset(offset)
            while numbers.count < count {
                _ = log.waitForRecord(partition, at: next, timeoutMilliseconds: .max)
                next = try log.read(partition, from: next, byteLimit: 1 << 16) { record in
                    numbers.append(record.payload.loadUnaligned(as: Int64.self))
                }
            }
            return numbers
        }
    }

    @Test("a missing topic is reported when the log is opened, with the command that creates it")
    func noTopic() throws {
        let cluster = try MockCluster()
        let settings = try KafkaSettings(brokers: cluster.brokers, names: TopicNames(prefix: "nowhere"))
        cluster.setError(.unknownTopicOrPartition, ofTopic: settings.names.events)
        let error = #expect(throws: LogError.self) { _ = try KafkaLog.open(settings) }
        #expect(error?.message.contains("nowhere.events.v1") == true)
        #expect(error?.hint?.contains("andon topics create") == true)
    }

    @Test("errors of a broker while fetching delay records, and lose or repeat none", .timeLimit(.minutes(10)))
    func fetchErrors() throws {
        let plant = try Plant()
        defer { plant.log.close() }
        try plant.append(0..<100)
        plant.cluster.push(
            [.notLeader, .requestTimedOut, .leaderNotAvailable, .unknownTopicOrPartition, .notLeader], to: .fetch)
        #expect(try plant.read(count: 100) == Array(0..<100))
        plant.cluster.push([.notLeader, .unknownTopicOrPartition], to: .fetch)
        try plant.append(100..<150)
        #expect(try plant.read(from: 100, count: 50) == Array(100..<150))
    }

    @Test("an offset that a broker denies although it is there is sought again", .timeLimit(.minutes(10)))
    func wrongDenial() throws {
        let plant = try Plant()
        defer { plant.log.close() }
        try plant.append(0..<20)
        plant.cluster.push([.offsetOutOfRange, .offsetOutOfRange], to: .fetch)
        #expect(try plant.read(from: 5, count: 15) == Array(5..<20))
    }

    @Test("errors while producing are retried: all is appended once, side by side", .timeLimit(.minutes(10)))
    func produceErrors() throws {
        let plant = try Plant()
        defer { plant.log.close() }
        plant.cluster.push([.notLeader, .requestTimedOut, .notEnoughReplicas], to: .produce)
        try plant.append(0..<50)
        #expect(try plant.read(count: 50) == Array(0..<50))
    }

    @Test("a record that the topic refuses is refused, and the log goes on", .timeLimit(.minutes(10)))
    func refusedRecord() throws {
        let plant = try Plant()
        defer { plant.log.close() }
        plant.cluster.push([.messageTooLarge], to: .produce)
        let error = #expect(throws: LogError.self) { try plant.append(0..<1) }
        #expect(error?.isRetriable == false)
        #expect(error?.hint?.contains("max.message.bytes") == true)
        try plant.append(1..<2)
        #expect(try plant.read(count: 1) == [1])
    }

    @Test("a broker that goes away and comes back delays a reader, nothing else", .timeLimit(.minutes(10)))
    func brokerAway() throws {
        let plant = try Plant()
        defer { plant.log.close() }
        try plant.append(0..<10)
        #expect(try plant.read(count: 10) == Array(0..<10))
        let end = LogOffset(10)
        plant.cluster.setUp(false, broker: 1)
        #expect(!plant.log.waitForRecord(plant.partition, at: end, timeoutMilliseconds: 1))
        #expect(try plant.log.read(plant.partition, from: end, byteLimit: 1) { _ in } == end)
        plant.cluster.setUp(true, broker: 1)
        try plant.append(10..<20)
        #expect(try plant.read(from: 10, count: 10) == Array(10..<20))
    }

    @Test("one partition whose reader sleeps holds up no other one", .timeLimit(.minutes(10)))
    func slowReader() throws {
        let plant = try Plant(partitions: 2)
        defer { plant.log.close() }
        let keys = (0..<100).map { "site-\($0)" }
        let byPartition = Dictionary(grouping: keys) {
            Partitioner.partition(of: Array($0.utf8), partitionCount: 2)
        }
        let sleepy = PartitionIndex(0)
        let eager = PartitionIndex(1)
        func append(_ count: Int, to partition: PartitionIndex) throws {
            let key = try #require(byPartition[partition]?.first)
            let payload = [UInt8](repeating: 1, count: 100_000)
            for _ in 0..<count {
                let record = NewRecord(key: Array(key.utf8), createdAt: .earliest, payload: payload)
                _ = try plant.log.append([record, record, record, record])
            }
        }
        try append(2, to: sleepy)
        try append(2, to: eager)
        var inner = LogOffset.zero
        let outer = try plant.log.read(sleepy, from: .zero, byteLimit: 1) { _ in
            // The outer reader holds its record while the inner one reads all of its own.
            while inner < LogOffset(8) {
                inner = try plant.log.read(eager, from: inner, byteLimit: 1) { _ in }
            }
        }
        #expect(outer == LogOffset(1) && inner == LogOffset(8))
    }

    @Test("a full buffer stops fetching, and the reader still gets every record once", .timeLimit(.minutes(10)))
    func fullBuffer() throws {
        let plant = try Plant()
        defer { plant.log.close() }
        plant.log.limitBuffersForTest(bytes: 40_000)
        let payload = [UInt8](repeating: 7, count: 10_000)
        for _ in 0..<10 {
            let record = NewRecord(key: Array("plant".utf8), createdAt: .earliest, payload: payload)
            _ = try plant.log.append((0..<10).map { _ in record })
        }
        var next = LogOffset.zero
        var offsets: [Int64] = []
        while offsets.count < 100 {
            next = try plant.log.read(plant.partition, from: next, byteLimit: 5000) { offsets.append($0.offset.value) }
        }
        #expect(offsets == Array(0..<100))
        #expect(plant.log.pausesForTest > 0)
    }

    @Test("a closed log says so, and closing it twice is allowed", .timeLimit(.minutes(10)))
    func closed() throws {
        let plant = try Plant()
        try plant.append(0..<1)
        plant.log.close()
        plant.log.close()
        for call in [
            { try plant.append(0..<1) }, { _ = try plant.log.endOffset(plant.partition) },
            { _ = try plant.log.read(plant.partition, from: .zero, byteLimit: 1) { _ in } },
        ] as [() throws -> Void] {
            let error = #expect(throws: LogError.self) { try call() }
            #expect(error?.code == .unavailable)
        }
        #expect(!plant.log.waitForRecord(plant.partition, at: LogOffset(1), timeoutMilliseconds: .max))
    }

    @Test("closing ends those who wait", .timeLimit(.minutes(10)))
    func closingEndsWaits() throws {
        let plant = try Plant(partitions: 3)
        try inThreads(4) { thread in
            guard thread > 0 else { return plant.log.close() }
            let partition = PartitionIndex(Int32(thread - 1))
            #expect(!plant.log.waitForRecord(partition, at: .zero, timeoutMilliseconds: .max))
        }
    }

    @Test("the epoch is that of the cluster and the topic, whoever opens it")
    func epoch() {
        let first = LogEpoch.kafka(clusterID: "a", topic: "t")
        #expect(first.bytes.count == 16)
        #expect(first == LogEpoch.kafka(clusterID: "a", topic: "t"))
        #expect(first != LogEpoch.kafka(clusterID: "b", topic: "t"))
        #expect(first != LogEpoch.kafka(clusterID: "a", topic: "u"))
    }

    @Test("of several records, none surely appended is unavailable, anything else uncertain")
    func outcomes() throws {
        let position = RecordPosition(partition: PartitionIndex(0), offset: LogOffset(7))
        let lost = LogError(.unavailable, "lost")
        let doubtful = LogError(.uncertain, "doubtful")
        let cases: [([Result<RecordPosition, LogError>], LogError.Code?)] = [
            ([.success(position), .success(position)], nil), ([.failure(lost), .failure(lost)], .unavailable),
            ([.success(position), .failure(lost)], .uncertain), ([.failure(lost), .failure(doubtful)], .uncertain),
        ]
        for (results, code) in cases {
            let deliveries = Deliveries(count: results.count)
            for (index, result) in results.enumerated().reversed() { deliveries.delivered(index, result) }
            // A second answer changes nothing.
            deliveries.delivered(0, .failure(LogError(.corrupt, "late")))
            do {
                #expect(try deliveries.wait() == [position, position])
                #expect(code == nil)
            } catch {
                #expect(error.code == code)
            }
        }
        let refused = Deliveries(count: 3)
        refused.refuse(from: 0, lost)
        #expect(throws: LogError.self) { _ = try refused.wait() }
    }
}
