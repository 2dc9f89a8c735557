import Clocks
import EventLog
import EventModel
import Locks
import Testing

@testable import Cluster

@Suite("Announcing what a process holds", .timeLimit(.minutes(10)))
struct HolderAnnouncerTests {
    static let topic = TopicNames().workers
    private static let zero = PartitionIndex(0)
    private static let one = PartitionIndex(1)

    /// A topic of one partition, an announcer on it, and somebody who counts what arrives.
    private final class Cluster: Sendable {
        let topics = InMemoryTopics(partitionCounts: [HolderAnnouncerTests.topic: 1])
        let clock = ManualClock(now: HolderTests.time(1000))
        let announcer: HolderAnnouncer
        let events = EventBox()
        private let arrived = Monitor(0)
        private let following: any TopicFollowing

        init() throws {
            following = try topics.follow(HolderAnnouncerTests.topic, nil, from: .beginning) { [arrived] _ in
                arrived.update { $0 += 1 }
            }
            announcer = HolderAnnouncer(
                topics: topics, topic: HolderAnnouncerTests.topic,
                identity: HolderAnnouncer.Identity(
                    workerID: "a", url: "http://127.0.0.1:1", token: HolderTests.token),
                clock: clock, journal: events.journal)
            announcer.start()
        }

        /// The records once so many are there: partition, role or nil for a tombstone, second of the heartbeat.
        func records(_ count: Int) -> [String] {
            arrived.wait { $0 >= count ? () : nil }
            return topics.records(HolderAnnouncerTests.topic, PartitionIndex(0)).map { record in
                let read = record.value.flatMap { HolderRecord(key: record.key, value: $0) }
                let key = String(decoding: record.key, as: UTF8.self)
                return "\(key) \(read?.role.rawValue ?? "-") \(record.timestamp.microseconds / Microseconds.second)"
            }
        }

        func stop() {
            announcer.stop()
            following.stop()
        }
    }

    @Test("what is announced is sent at once, again with every heartbeat, and withdrawn by a tombstone")
    func life() throws {
        let cluster = try Cluster()
        cluster.announcer.announce(Self.zero, .owner)
        #expect(cluster.records(1) == ["0/a owner 1000"])
        cluster.clock.advance(milliseconds: HolderAnnouncer.heartbeatMilliseconds)
        #expect(cluster.records(2).last == "0/a owner 1010")
        cluster.announcer.withdraw(Self.zero)
        #expect(cluster.records(3).last == "0/a - 1010")
        cluster.stop()
        // Only a tombstone whose delivery was not known yet is sent again.
        #expect(Set(cluster.records(3)[2...]) == ["0/a - 1010"])
    }

    @Test("stopping withdraws everything held, and nothing is sent afterwards")
    func stopping() throws {
        let cluster = try Cluster()
        cluster.announcer.announce(Self.zero, .owner)
        _ = cluster.records(1)
        cluster.announcer.announce(Self.one, .replica)
        _ = cluster.records(2)
        cluster.announcer.stop()
        cluster.announcer.announce(Self.zero, .owner)
        cluster.clock.advance(milliseconds: HolderAnnouncer.heartbeatMilliseconds)
        let records = cluster.records(4)
        cluster.stop()
        #expect(Set(records[2...]) == ["0/a - 1000", "1/a - 1000"])
        #expect(records.count == 4)
        #expect(cluster.events.names == [])
    }

    @Test("a record that could not be sent is reported and sent again with the next heartbeat")
    func failure() throws {
        let cluster = try Cluster()
        cluster.topics.fail(with: LogError(.unavailable, "no broker"))
        cluster.announcer.announce(Self.zero, .owner)
        cluster.events.wait(1)
        cluster.topics.fail(with: nil)
        cluster.clock.advance(milliseconds: HolderAnnouncer.heartbeatMilliseconds)
        #expect(cluster.records(1) == ["0/a owner 1010"])
        cluster.topics.fail(with: LogError(.unavailable, "no broker"))
        cluster.announcer.withdraw(Self.zero)
        cluster.events.wait(2)
        #expect(cluster.events.names == ["announcement_failed", "announcement_failed"])
        cluster.topics.fail(with: nil)
        cluster.clock.advance(milliseconds: HolderAnnouncer.heartbeatMilliseconds)
        #expect(cluster.records(2).last == "0/a - 1020")
        cluster.stop()
    }

    @Test("a table that follows the topic names the holder, and nobody after the holder has stopped")
    func followed() throws {
        let cluster = try Cluster()
        let table = HolderTable(clock: cluster.clock)
        try table.start(following: cluster.topics, topic: Self.topic)
        cluster.announcer.announce(Self.zero, .owner)
        _ = cluster.records(1)
        #expect(table.readToEnd(timeoutMilliseconds: 30_000))
        let expected = Holder(
            workerID: "a", role: .owner, url: "http://127.0.0.1:1", token: HolderTests.token, since: cluster.clock.now)
        #expect(table.holders(of: Self.zero) == [expected])
        cluster.announcer.stop()
        #expect(table.readToEnd(timeoutMilliseconds: 30_000))
        #expect(table.holders(of: Self.zero) == [])
        #expect(table.failure == nil)
        table.stop()
        cluster.stop()
    }

    // MARK: Machine

    private static let start = Timestamp(microseconds: 5)

    @Test("an announcement that changes nothing sends nothing; another role does, with a new beginning")
    func machineRoles() {
        var machine = AnnouncerMachine()
        machine.announce(Self.zero, .replica, at: Self.start)
        #expect(machine.messages().map(\.holding) == [.init(role: .replica, since: Self.start)])
        machine.announce(Self.zero, .replica, at: Self.start + 1)
        #expect(machine.messages() == [])
        machine.announce(Self.zero, .owner, at: Self.start + 2)
        #expect(machine.messages().map(\.holding) == [.init(role: .owner, since: Self.start + 2)])
    }

    @Test("a withdrawal overtakes the announcement before it, and an announcement the withdrawal")
    func machineOrder() {
        var machine = AnnouncerMachine()
        machine.announce(Self.zero, .owner, at: Self.start)
        machine.withdraw(Self.zero)
        #expect(machine.messages().map(\.holding) == [nil])
        machine.announce(Self.zero, .owner, at: Self.start)
        #expect(machine.messages().map(\.holding) == [.init(role: .owner, since: Self.start)])
        #expect(machine.pendingWithdrawals == 0)
        machine.withdraw(Self.one)
        #expect(!machine.hasMessages)
    }

    @Test("a tombstone is repeated until one has arrived, and that of an earlier withdrawal does not count")
    func machineTombstones() {
        var machine = AnnouncerMachine()
        machine.announce(Self.zero, .owner, at: Self.start)
        machine.withdraw(Self.zero)
        let first = machine.messages()
        machine.announce(Self.zero, .owner, at: Self.start)
        machine.withdraw(Self.zero)
        let second = machine.messages()
        machine.arrived(first[0])
        machine.beat()
        #expect(machine.messages() == second)
        machine.arrived(second[0])
        machine.beat()
        #expect(machine.messages() == [])
    }

    @Test("at the end only withdrawals are sent")
    func machineEnd() {
        var machine = AnnouncerMachine()
        machine.announce(Self.zero, .owner, at: Self.start)
        machine.announce(Self.one, .owner, at: Self.start)
        machine.beat()
        machine.withdrawAll()
        #expect(machine.messages().map(\.holding) == [nil, nil])
        #expect(machine.pendingWithdrawals == 2)
    }
}
