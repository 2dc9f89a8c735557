import EventLog
import EventModel
import Locks
import Testing

@testable import KafkaLog

/// The producer against librdkafka's pretended cluster.
@Suite(.timeLimit(.minutes(10))) struct ProducerTests {
    @Test("every record is answered with its position, in order")
    func positions() throws {
        let bench = try Bench()
        for index in 0..<500 { try bench.send(index) }
        bench.outcomes.wait(for: 500)
        #expect(try bench.outcomes.all.map { try $0.get().offset.value } == (0..<500).map(Int64.init))
        #expect(bench.producer.inFlight == (0, 0))
        bench.producer.close()
    }

    @Test("errors that pass are retried without a record lost, repeated or out of order")
    func retries() throws {
        let bench = try Bench()
        bench.cluster.push(
            [.notLeader, .notEnoughReplicas, .requestTimedOut, .leaderNotAvailable], to: .produce)
        for index in 0..<100 { try bench.send(index) }
        bench.outcomes.wait(for: 100)
        #expect(try bench.outcomes.all.map { try $0.get().offset.value } == (0..<100).map(Int64.init))
        bench.producer.close()
    }

    @Test("a record that never left is said not to be in the log")
    func neverSent() throws {
        let bench = try Bench(deliveryTimeoutMilliseconds: 500)
        bench.cluster.setUp(false, broker: 1)
        try bench.send(0)
        bench.outcomes.wait(for: 1)
        #expect(bench.outcomes.errors == [.unavailable])
        bench.producer.close(timeoutMilliseconds: 0)
    }

    @Test("a record that was sent but not acknowledged is uncertain (DESIGN 4)")
    func unacknowledged() throws {
        let bench = try Bench(deliveryTimeoutMilliseconds: 1000)
        // The client must know the broker before that goes quiet.
        try bench.send(0)
        bench.outcomes.wait(for: 1)
        bench.cluster.setRoundTrip(milliseconds: 60_000, broker: 1)
        try bench.send(1)
        bench.outcomes.wait(for: 2)
        #expect(bench.outcomes.errors == [.uncertain])
        bench.producer.close(timeoutMilliseconds: 0)
    }

    @Test("a full queue is back-pressure (DESIGN 4)")
    func fullQueue() throws {
        var limits = ProducerLimits()
        limits.inFlightRecordsMaximum = 3
        let bench = try Bench(limits: limits)
        bench.cluster.setUp(false, broker: 1)
        for index in 0..<3 { try bench.send(index) }
        let error = #expect(throws: LogError.self) { try bench.send(3) }
        #expect(error?.code == .unavailable)
        bench.cluster.setUp(true, broker: 1)
        bench.outcomes.wait(for: 3)
        try bench.send(3)
        bench.outcomes.wait(for: 4)
        #expect(bench.outcomes.errors.isEmpty)
        bench.producer.close()
    }

    @Test("after a fatal error all is answered and a new client goes on (DESIGN 4)")
    func afterFatalError() throws {
        let bench = try Bench()
        try bench.send(0)
        bench.outcomes.wait(for: 1)
        bench.cluster.setRoundTrip(milliseconds: 60_000, broker: 1)
        try bench.send(1)
        bench.producer.failForTest(.outOfOrderSequence)
        bench.producer.waitForRecreations(1)
        bench.outcomes.wait(for: 2)
        #expect(bench.outcomes.errors.count == 1)
        #expect(bench.outcomes.errors.allSatisfy { $0 == .uncertain || $0 == .unavailable })
        bench.cluster.setRoundTrip(milliseconds: 0, broker: 1)
        try bench.send(2)
        bench.outcomes.wait(for: 3)
        #expect(try bench.outcomes[2].get().offset.value > 0)
        bench.producer.close()
    }

    @Test("closing sends what waits")
    func closing() throws {
        let bench = try Bench()
        for index in 0..<50 { try bench.send(index) }
        bench.producer.close()
        #expect(bench.outcomes.all.count == 50)
        #expect(bench.outcomes.errors.isEmpty)
        let error = #expect(throws: LogError.self) { try bench.send(50) }
        #expect(error?.code == .unavailable)
    }

    @Test("closing answers every record once, also when no broker is there")
    func closingWithoutBroker() throws {
        let bench = try Bench()
        bench.cluster.setUp(false, broker: 1)
        for index in 0..<50 { try bench.send(index) }
        bench.producer.close(timeoutMilliseconds: 50)
        #expect(bench.outcomes.count == 50)
        #expect(bench.outcomes.errors.allSatisfy { $0 == .unavailable || $0 == .uncertain })
        #expect(bench.outcomes.errors.count == 50)
    }

    @Test("senders on many threads are each answered once")
    func manyThreads() throws {
        let bench = try Bench(partitions: 4)
        let senders = (0..<4).map { thread in
            BackgroundThread.start("sender") {
                for index in 0..<500 { try? bench.send(thread * 500 + index, partition: Int32(thread)) }
            }
        }
        for sender in senders { sender.join() }
        bench.outcomes.wait(for: 2000)
        #expect(bench.outcomes.count == 2000)
        for thread in 0..<4 {
            let offsets = try bench.outcomes.all[thread * 500..<(thread + 1) * 500].map { try $0.get().offset.value }
            #expect(offsets == (0..<500).map(Int64.init))
        }
        bench.producer.close()
    }

    @Test("a record that no topic takes is refused at once")
    func refusedTopic() throws {
        let bench = try Bench()
        let large = [UInt8](repeating: 0, count: Limits.recordBytesMaximum + 3 << 20)
        let error = #expect(throws: LogError.self) { try bench.send(0, value: large) }
        #expect(error?.code == .invalidRecord)
        bench.producer.close()
    }
}

/// A mock cluster with one topic, a producer and what it answered.
private final class Bench: Sendable {
    let cluster: MockCluster
    let producer: KafkaProducer
    let outcomes = Outcomes()

    init(
        partitions: Int32 = 1, limits: ProducerLimits = ProducerLimits(), deliveryTimeoutMilliseconds: Int = 10_000
    ) throws {
        cluster = try MockCluster()
        cluster.createTopic("t", partitions: partitions)
        producer = try KafkaProducer(
            KafkaSettings(brokers: cluster.brokers), limits: limits,
            deliveryTimeoutMilliseconds: deliveryTimeoutMilliseconds)
    }

    func send(_ index: Int, partition: Int32 = 0, value: [UInt8] = [1, 2, 3]) throws {
        let record = ProducerRecord(
            topic: "t", partition: PartitionIndex(partition), key: [1], value: value,
            headers: [RecordHeader(name: "h", value: [7])], timestamp: Timestamp(microseconds: 1_700_000_000_000_000))
        try producer.send(record, to: outcomes, index: index)
    }
}
