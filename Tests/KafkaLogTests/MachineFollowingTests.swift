import EventLog
import EventModel
import Testing

@testable import KafkaLog

@Suite struct FollowingMachineTests {
    private let p0 = PartitionIndex(0)
    private let p1 = PartitionIndex(1)
    private let p2 = PartitionIndex(2)

    private func position(_ partition: PartitionIndex, _ offset: Int64) -> RecordPosition {
        RecordPosition(partition: partition, offset: LogOffset(offset))
    }

    @Test("the end is reached when all before it was handled, gaps or not")
    func end() {
        var machine = FollowingMachine(topic: "t", [p0: .beginning, p1: .at(LogOffset(2))])
        let ends = [p0: LogOffset(10), p1: LogOffset(3)]
        machine.handled(position(p0, 4))
        machine.handled(position(p1, 2))
        #expect(!machine.hasReached(ends))
        // Offsets 5 to 8 were compacted away.
        machine.handled(position(p0, 9))
        #expect(machine.hasReached(ends))
    }

    @Test("where the last offsets hold no record, the broker's word of the end counts")
    func endWithoutRecord() {
        var machine = FollowingMachine(topic: "t", [p0: .beginning])
        machine.handled(position(p0, 4))
        #expect(!machine.hasReached([p0: LogOffset(7)]))
        machine.reachedEnd(p0, LogOffset(7))
        #expect(machine.hasReached([p0: LogOffset(7)]))
    }

    @Test("an empty topic is read to its end at once")
    func emptyTopic() {
        #expect(FollowingMachine(topic: "t", [p0: .beginning]).hasReached([p0: .zero]))
    }

    @Test("what was handled before is not wanted again")
    func handledBefore() {
        var machine = FollowingMachine(topic: "t", [p0: .beginning])
        machine.handled(position(p0, 4))
        #expect(!machine.wants(position(p0, 4)))
        #expect(machine.wants(position(p0, 5)))
        #expect(!machine.wants(position(p1, 5)))
    }

    @Test("a place that is gone means the first that is there")
    func lostPlace() {
        var machine = FollowingMachine(topic: "t", [p0: .beginning, p1: .at(LogOffset(900)), p2: .at(LogOffset(7))])
        machine.handled(position(p0, 4))
        let action = machine.failed(.autoOffsetReset, "gone", p1)
        #expect(action == .restart(p1))
        #expect(machine.places == [p0: .at(LogOffset(5)), p1: .beginning, p2: .at(LogOffset(7))])
        machine.handled(position(p1, 4))
        _ = machine.failed(.offsetOutOfRange, "gone", p0)
        #expect(machine.places[p0] == .beginning)
        #expect(machine.wants(position(p0, 0)))
        #expect(machine.failure == nil)
    }

    @Test("outages pass, a missing topic is looked for, a refusal ends")
    func failures() {
        var machine = FollowingMachine(topic: "t", [p0: .beginning])
        var action = machine.failed(.allBrokersDown, "down", nil)
        #expect(action == .proceed)
        action = machine.failed(.unknownTopicOrPartition, "?", p0)
        #expect(action == .check)
        action = machine.checked(.noError)
        #expect(action == .proceed)
        #expect(machine.failure == nil)
        action = machine.checked(.unknownTopicOrPartition)
        #expect(action == .fail)
        #expect(machine.failure?.hint?.contains("andon topics create") == true)
        var other = FollowingMachine(topic: "t", [p0: .beginning])
        action = other.failed(.topicAuthorizationFailed, "no", p0)
        #expect(action == .fail)
        #expect(other.failure?.code == .unavailable)
    }
}
