// Layer: machine. What processes of a cluster know about the gateways' clocks (SPEC 2.9, 5.8).
import Clocks
import EventLog
import EventModel
import Testing

@testable import Cluster

@Suite("The clocks of the gateways") struct GatewayClockTests {
    private static let first = "00000000000000a1"
    private static let second = "00000000000000b2"
    private let clock = ManualClock()
    private let partition = PartitionIndex(3)

    private func beacon(
        _ gatewayID: String, behind microseconds: Int64 = 0, stamps: [PartitionIndex: Timestamp] = [:]
    ) -> FollowedRecord {
        let beacon = ClockBeacon(gatewayID: gatewayID, stamps: stamps)
        return FollowedRecord(
            position: RecordPosition(partition: PartitionIndex(0), offset: .zero), key: beacon.key, value: beacon.json,
            headers: [], timestamp: clock.now - microseconds)
    }

    private func end(_ gatewayID: String) -> FollowedRecord {
        var record = beacon(gatewayID)
        record.value = nil
        return record
    }

    /// A table that has read what stands in its topic.
    private func table() throws -> (table: GatewayClocks, topics: InMemoryTopics) {
        let topics = InMemoryTopics(partitionCounts: [TopicNames().workers: 1])
        let table = GatewayClocks(ownID: Self.second, clock: clock)
        try table.start(following: topics, topic: TopicNames().workers)
        return (table, topics)
    }

    @Test("the slowest gateway counts, by the time that has passed since its beacon (SPEC 5.8)")
    func lag() throws {
        let (table, _) = try table()
        #expect(table.lag(behind: clock.now) == 0, "there is no gateway")
        table.apply(beacon(Self.first, behind: 600 * Microseconds.second))
        table.apply(beacon("00000000000000c3", behind: -5 * Microseconds.second))
        clock.advance(milliseconds: 7000)
        #expect(table.lag(behind: clock.now) == 600 * Microseconds.second)
        #expect(table.offsets(from: clock.now).map(\.microseconds) == [-600_000_000, 5_000_000])
        table.apply(beacon(Self.first))
        #expect(table.lag(behind: clock.now) == 0, "its clock was set right")
    }

    @Test("a gateway that has ended or fallen silent no longer holds anything up, and what it stamped stays known")
    func silence() throws {
        let (table, _) = try table()
        table.apply(beacon(Self.first, behind: Microseconds.hour, stamps: [partition: clock.now]))
        clock.advance(milliseconds: 45_000)
        #expect(table.lag(behind: clock.now) == Microseconds.hour)
        clock.advance(milliseconds: 1)
        #expect(table.lag(behind: clock.now) == 0)
        #expect(table.stamps().keys.sorted() == [partition])
        table.apply(end(Self.first))
        #expect(table.stamps().isEmpty)
    }

    @Test("the newest created_at of each partition is the largest that any gateway knows (SPEC 2.9)")
    func stamps() throws {
        let (table, _) = try table()
        table.apply(beacon(Self.first, stamps: [partition: clock.now, PartitionIndex(0): clock.now + 5]))
        table.apply(beacon("00000000000000c3", stamps: [partition: clock.now + 9]))
        table.apply(beacon(Self.second, stamps: [partition: clock.now + 99]))
        #expect(table.stamps() == [partition: clock.now + 9, PartitionIndex(0): clock.now + 5], "its own is left out")
    }

    @Test(
        "a gateway that is silent since time was set back brings no former stamp up, one that goes on does (SPEC 2.9)")
    func setBack() throws {
        let (table, _) = try table()
        let ahead = clock.now + Microseconds.hour
        table.apply(beacon(Self.first, stamps: [partition: ahead, PartitionIndex(0): ahead]))
        let (setBack, partition) = (clock.elapsed, partition)
        let after = { (asked: PartitionIndex) in asked == partition ? setBack : nil }
        clock.advance(milliseconds: 3_600_000)
        #expect(table.stamps(after: after) == [PartitionIndex(0): ahead], "however long it is silent")
        table.apply(beacon("00000000000000c3", stamps: [partition: ahead + 1]))
        #expect(table.stamps(after: after)[partition] == ahead + 1)
    }

    @Test("a beacon with a time that no clock shows tells nothing")
    func impossibleTime() throws {
        let (table, _) = try table()
        for time in [Timestamp(microseconds: .max), .latest, .earliest] {
            var record = beacon(Self.first, stamps: [partition: clock.now])
            record.timestamp = time
            table.apply(record)
            #expect(table.stamps().isEmpty && table.offsets(from: clock.now).isEmpty)
        }
    }

    @Test("what stood in the topic before says nothing about a clock, and other records are none")
    func earlier() throws {
        let table = GatewayClocks(clock: clock)
        table.apply(beacon(Self.first, behind: Microseconds.hour, stamps: [partition: clock.now]))
        #expect(table.lag(behind: clock.now) == 0 && table.stamps().count == 1)
        for key in ["clock/", "clock/00000000000000a", "clock/00000000000000AA", "7/clock"] {
            #expect(ClockBeacon.gatewayID(ofKey: Array(key.utf8)) == nil, "\(key)")
        }
        let value = ClockBeacon(gatewayID: Self.first, stamps: [partition: clock.now])
        #expect(ClockBeacon(key: value.key, value: value.json) == value)
        #expect(ClockBeacon(key: ClockBeacon(gatewayID: Self.second, stamps: [:]).key, value: value.json) == nil)
        let negative = Array(#"{"gateway_id":"00000000000000a1","stamps":{"-1":"2026-02-03T06:00:00Z"}}"#.utf8)
        #expect(ClockBeacon(key: value.key, value: negative) == nil)
        #expect(HolderKey(value.key) == nil, "readers of holders pass over it")
    }

    @Test("a gateway sends its clock and stamps, and a tombstone at its end (SPEC 2.9)")
    func sender() throws {
        let (table, topics) = try table()
        let (clock, partition) = (clock, partition)
        let sender = ClockBeaconSender(
            topics: topics, topic: TopicNames().workers, clock: clock, stamps: { [partition: clock.now] })
        sender.start()
        #expect(topics.settle(table))
        #expect(table.stamps() == [partition: clock.now])
        #expect(table.offsets(from: clock.now).map(\.gatewayID) == [sender.gatewayID])
        sender.stop()
        #expect(topics.settle(table))
        #expect(table.stamps().isEmpty)
        table.stop()
    }
}

extension InMemoryTopics {
    /// Waits until a table has everything that stands in the topic.
    fileprivate func settle(_ table: GatewayClocks) -> Bool { table.readToEnd(timeoutMilliseconds: 60_000) }
}
