import EventLog
import EventLogContract
import EventModel
import Foundation
import KafkaHarness
import Locks
import Testing

@testable import KafkaLog

/// Topics of their own on a real cluster.
struct RealTopics {
    let cluster: KafkaCluster
    let settings: KafkaSettings

    init(_ cluster: KafkaCluster, partitions: Int32 = 1) throws {
        self.cluster = cluster
        settings = try KafkaSettings(brokers: cluster.brokers, names: TopicNames(prefix: uniquePrefix()))
        try create(partitions: partitions)
    }

    var topic: String { settings.names.events }

    func create(partitions: Int32 = 1) throws {
        _ = try KafkaAdmin(settings).create(
            TopicPlan(names: settings.names, partitions: partitions, replication: 1))
    }

    static func record(_ number: Int, key: String = "plant") -> NewRecord {
        NewRecord(
            key: Array(key.utf8), createdAt: Timestamp(microseconds: Int64(number)),
            payload: withUnsafeBytes(of: Int64(number)) { Array($0) })
    }
}

extension KafkaLog {
    /// Reads on from `offset` until `count` records came.
    func numbers(from offset: Int64 = 0, count: Int) throws -> [Int64] {
        var numbers: [Int64] = []
        var next = LogOffset(offset)
        let partition = PartitionIndex(0)
        while numbers.count < count {
            _ = waitForRecord(partition, at: next, timeoutMilliseconds: .max)
            next = try read(partition, from: next, byteLimit: 1 << 16) { record in
                numbers.append(record.payload.loadUnaligned(as: Int64.self))
            }
        }
        return numbers
    }
}

@Suite("The log on a real Kafka keeps the contract (DESIGN 1.10)", .serialized, .needsKafka)
struct ContractOnKafkaTests {
    @Test("in one partition", .timeLimit(.minutes(10)), arguments: ContractClaim.all)
    func one(claim: ContractClaim) throws { try run(claim, partitions: 1) }

    @Test("in several partitions", .timeLimit(.minutes(10)), arguments: ContractClaim.all)
    func several(claim: ContractClaim) throws { try run(claim, partitions: 4) }

    private func run(_ claim: ContractClaim, partitions: Int32) throws {
        let cluster = try KafkaCluster.shared()
        var logs: [KafkaLog] = []
        defer { for log in logs { log.close() } }
        try claim.run {
            let log = try KafkaLog.open(RealTopics(cluster, partitions: partitions).settings)
            logs.append(log)
            return log
        }
    }
}

@Suite("What happens to a topic under a reader", .serialized, .needsKafka)
struct KafkaLogRealTests {
    @Test("records that retention removed are reported with start and end, not skipped", .timeLimit(.minutes(10)))
    func retention() throws {
        let topics = try RealTopics(KafkaCluster.shared())
        let log = try KafkaLog.open(topics.settings)
        defer { log.close() }
        _ = try log.append((0..<20).map { RealTopics.record($0) })
        #expect(try log.numbers(count: 5).prefix(5) == [0, 1, 2, 3, 4])
        try topics.cluster.deleteRecords(topics.topic, before: [0: 12])
        // Another reader begins where the records are gone; this one has them fetched already, or not.
        let other = try KafkaLog.open(topics.settings, role: .readOnly)
        defer { other.close() }
        #expect(try other.startOffset(PartitionIndex(0)) == LogOffset(12))
        let error = #expect(throws: LogError.self) { _ = try other.numbers(from: 5, count: 1) }
        #expect(error?.code == .outOfRange)
        #expect(error?.message.contains("offset 5") == true && error?.message.contains("from 12 to 20") == true)
        #expect(try other.numbers(from: 12, count: 8) == Array(12..<20))
        // Declared as skipped, what is gone is passed over, by readers that began before, too (SPEC 7.4).
        try other.declare(
            LogSkip(first: LogOffset(5), next: LogOffset(12), reason: "retention", by: "me", at: .earliest),
            in: PartitionIndex(0))
        #expect(try other.numbers(from: 5, count: 8) == Array(12..<20))
    }

    @Test("a topic that was deleted stops its readers with a clear error", .timeLimit(.minutes(10)))
    func deleted() throws {
        let topics = try RealTopics(KafkaCluster.shared())
        let log = try KafkaLog.open(topics.settings)
        defer { log.close() }
        _ = try log.append((0..<20).map { RealTopics.record($0) })
        #expect(try log.numbers(count: 20).count == 20)
        try KafkaAdmin(topics.settings).delete([topics.topic])
        let error = #expect(throws: LogError.self) { _ = try log.numbers(from: 20, count: 1) }
        #expect(error?.code == .outOfRange)
        #expect(error?.message.contains("does not exist any more") == true)
    }

    @Test("a recreated topic is not read on as if it were the old one", .timeLimit(.minutes(10)))
    func recreated() throws {
        let topics = try RealTopics(KafkaCluster.shared())
        let log = try KafkaLog.open(topics.settings)
        defer { log.close() }
        _ = try log.append((0..<20).map { RealTopics.record($0) })
        #expect(try log.numbers(count: 20).count == 20)
        let admin = try KafkaAdmin(topics.settings)
        try admin.delete([topics.topic])
        // Brokers forget a topic a little after they said so.
        while try !admin.find([topics.topic]).isEmpty {}
        try topics.create()
        let other = try KafkaLog.open(topics.settings)
        defer { other.close() }
        _ = try other.append((0..<5).map { RealTopics.record($0) })
        let error = #expect(throws: LogError.self) { _ = try log.numbers(from: 20, count: 1) }
        #expect(error?.code == .outOfRange)
    }
}

@Suite("Workers share the partitions of a real Kafka", .serialized, .needsKafka)
struct GroupRealTests {
    /// The changes that a member was notified of, and what it holds.
    private final class Member: Sendable {
        let state = Monitor<(held: Set<PartitionIndex>, changes: [GroupChange])>(([], []))
        let everybody: Monitor<[PartitionIndex: Int]>
        let id: Int

        init(_ id: Int, _ everybody: Monitor<[PartitionIndex: Int]>) {
            self.id = id
            self.everybody = everybody
        }

        func handle(_ change: GroupChange) {
            switch change {
            case .assigned(let partitions):
                everybody.update { holders in
                    for partition in partitions {
                        #expect(holders[partition] == nil, "partition \(partition.value) is held twice")
                        holders[partition] = id
                    }
                }
            case .revoked(let partitions), .lost(let partitions):
                everybody.update { for partition in partitions { $0[partition] = nil } }
            case .expelled, .failed: break
            }
            state.update { state in
                state.changes.append(change)
                switch change {
                case .assigned(let partitions): state.held.formUnion(partitions)
                case .revoked(let partitions), .lost(let partitions): state.held.subtract(partitions)
                case .expelled, .failed: break
                }
            }
        }

        func waitUntilHolding(_ count: Int) { state.wait { $0.held.count == count ? () : nil } }
    }

    @Test(
        "two members share all partitions, never hold one together, and take over from each other (DESIGN 5)",
        .timeLimit(.minutes(10)))
    func handOver() throws {
        let topics = try RealTopics(KafkaCluster.shared(), partitions: 6)
        let everybody = Monitor<[PartitionIndex: Int]>([:])
        let members = (0..<2).map { Member($0, everybody) }
        let first = try WorkerGroup.join(topics.settings) { members[0].handle($0) }
        members[0].waitUntilHolding(6)
        #expect(first.partitions.count == 6 && first.hasPolledRecently)
        let second = try WorkerGroup.join(topics.settings) { members[1].handle($0) }
        members[1].waitUntilHolding(3)
        members[0].waitUntilHolding(3)
        first.commit([PartitionIndex(0): LogOffset(0)])
        first.leave()
        #expect(members[0].state.withLock { $0.held }.isEmpty)
        members[1].waitUntilHolding(6)
        second.leave()
        #expect(everybody.withLock { $0 }.isEmpty)
        #expect(second.partitions.isEmpty)
    }

    @Test(
        "a member that comes back under its instance id gets the same partitions back, and disturbs nobody",
        .timeLimit(.minutes(10)))
    func staticMembership() throws {
        let topics = try RealTopics(KafkaCluster.shared(), partitions: 4)
        let everybody = Monitor<[PartitionIndex: Int]>([:])
        let members = (0..<3).map { Member($0, everybody) }
        let stays = try WorkerGroup.join(topics.settings, GroupOptions(instanceID: "a")) { members[0].handle($0) }
        members[0].waitUntilHolding(4)
        let leaves = try WorkerGroup.join(topics.settings, GroupOptions(instanceID: "b")) { members[1].handle($0) }
        members[1].waitUntilHolding(2)
        members[0].waitUntilHolding(2)
        let held = members[1].state.withLock { $0.held }
        let changes = members[0].state.withLock { $0.changes.count }
        leaves.leave()
        let again = try WorkerGroup.join(topics.settings, GroupOptions(instanceID: "b")) { members[2].handle($0) }
        members[2].waitUntilHolding(2)
        #expect(members[2].state.withLock { $0.held } == held)
        #expect(members[0].state.withLock { $0.changes.count } == changes)
        again.leave()
        stays.leave()
    }

    @Test(
        "of two members with one instance id the older one loses everything; it is out once the other has proved itself",
        .timeLimit(.minutes(10)))
    func fenced() throws {
        let topics = try RealTopics(KafkaCluster.shared(), partitions: 2)
        let members = (0..<2).map { Member($0, Monitor([:])) }
        // What the topic of workers tells a worker about the other one.
        let old = try WorkerGroup.join(
            topics.settings, GroupOptions(instanceID: "a"),
            isDisplaced: { members[1].state.withLock { !$0.held.isEmpty } }, handler: { members[0].handle($0) })
        members[0].waitUntilHolding(2)
        let new = try WorkerGroup.join(topics.settings, GroupOptions(instanceID: "a")) { members[1].handle($0) }
        members[1].waitUntilHolding(2)
        let last = members[0].state.wait { state -> GroupChange? in
            if case .failed = state.changes.last { state.changes.last } else { nil }
        }
        guard case .failed(let error) = last else { return }
        #expect(error.hint?.contains("--instance-id") == true)
        #expect(
            members[0].state.withLock { $0.changes }.contains {
                if case .expelled = $0 { true } else { false }
            })
        #expect(members[1].state.withLock { $0.held }.count == 2)
        #expect(members[0].state.withLock { $0.held }.isEmpty)
        old.leave()
        new.leave()
    }
}
