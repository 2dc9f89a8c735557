// Layer: machine. Properties, needs and extents in, sentences out; no broker.
import EventModel
import Testing

@testable import KafkaLog

@Suite("What retention is about to remove (SPEC 7.9)")
struct RetentionGuardTests {
    private static let week: Int64 = 7 * 24 * 3600 * 1000
    private static let partition = PartitionIndex(3)
    private static let now = Timestamp(microseconds: 1_768_219_200_000_000)

    private func findings(
        _ retention: TopicRetention, next: Int64, start: Int64 = 100, end: Int64 = 1100, aging: Int64? = nil
    ) -> [String] {
        RetentionGuard.findings(
            "events", retention, [NeededPosition("the fold", Self.partition, next: LogOffset(next))],
            [
                Self.partition: LogExtent(
                    start: LogOffset(start), end: LogOffset(end), aging: aging.map { LogOffset($0) })
            ])
    }

    @Test("properties without a limit keep everything")
    func properties() {
        #expect(TopicRetention(configuration: ["retention.ms": "-1", "retention.bytes": "-1"]) == TopicRetention())
        #expect(
            TopicRetention(configuration: ["retention.ms": "604800000", "retention.bytes": "1000"])
                == TopicRetention(milliseconds: Self.week, bytes: 1000))
        #expect(TopicRetention(configuration: [:]) == TopicRetention())
    }

    @Test(
        "a day before is told, at most half of the retention before, and at least a tenth of it",
        arguments: [(7 * 24, 24), (24, 12), (1, 0), (30 * 24, 72)])
    func warning(hours: Int64, warnedBefore: Int64) {
        let warning = RetentionGuard.warning(hours * 3_600_000)
        #expect(warning / Microseconds.hour == warnedBefore)
        let time = RetentionGuard.agingTime(TopicRetention(milliseconds: hours * 3_600_000), at: Self.now)
        #expect(time == Timestamp(microseconds: Self.now.microseconds - hours * Microseconds.hour + warning))
    }

    @Test("what was created before there is a time, or is kept for ever, does not age")
    func noAge() {
        for milliseconds in [nil, Int64.max, Self.now.microseconds / 1000] {
            #expect(RetentionGuard.agingTime(TopicRetention(milliseconds: milliseconds), at: Self.now) == nil)
        }
        #expect(RetentionGuard.warning(Int64.max) == Microseconds.day)
    }

    @Test("a record that is needed and old is told with both offsets; a younger one, and one to come, is not")
    func age() {
        let retention = TopicRetention(milliseconds: Self.week)
        let found = findings(retention, next: 499, aging: 500)
        #expect(found.count == 1)
        for part in ["retention.ms=604800000 of events", "within 24 h", "the fold", "offset 499", "before 500"] {
            #expect(found.first?.contains(part) == true, "\(part)")
        }
        #expect(findings(retention, next: 500, aging: 500) == [])
        #expect(findings(retention, next: 1100, aging: 1100) == [], "it has everything")
        #expect(findings(retention, next: 499) == [], "nothing is old")
        #expect(findings(TopicRetention(), next: 499, aging: 500) == [], "nothing is removed by age")
    }

    @Test("by size the oldest tenth of what is left is told, once anything was removed")
    func size() {
        let retention = TopicRetention(bytes: 1 << 30)
        #expect(findings(retention, next: 199).first?.contains("retention.bytes=1073741824 of events") == true)
        #expect(findings(retention, next: 200) == [])
        #expect(findings(retention, next: 50, start: 0) == [], "nothing was removed yet")
        #expect(findings(TopicRetention(), next: 101) == [])
    }

    @Test("what is gone already is told, whatever the topic's properties; a partition that nobody asked for is not")
    func gone() {
        #expect(
            findings(TopicRetention(), next: 99) == [
                "events begins at offset 100 of partition 3, but the fold needs 99: what is between is gone; find out "
                    + "why it is behind"
            ])
        let other = NeededPosition("a job", PartitionIndex(1), next: .zero)
        #expect(RetentionGuard.findings("events", TopicRetention(), [other], [:]) == [])
    }

    @Test("what is told says what helps the one that needs it")
    func remedies() {
        let extents = [Self.partition: LogExtent(start: LogOffset(100), end: LogOffset(1100), aging: LogOffset(500))]
        let all = [
            (
                TopicRetention(milliseconds: Self.week), Int64(499),
                "are that old; take a new one, or set retention.ms=-1"
            ),
            (TopicRetention(bytes: 1 << 30), 199, "begins at 100; take a new one, or set retention.bytes=-1"),
            (TopicRetention(), 99, "is gone; take a new one"),
        ]
        for (retention, next, end) in all {
            let snapshot = NeededPosition(
                "snapshot p3-1-aa", Self.partition, next: LogOffset(next), remedy: "take a new one")
            let found = RetentionGuard.findings("events", retention, [snapshot], extents)
            #expect(found.count == 1 && found[0].contains("snapshot p3-1-aa ") && found[0].hasSuffix(end), "\(found)")
        }
    }

    @Test("everything that is needed is told, in its order")
    func several() {
        let needed = ["a", "b", "c"].enumerated().map { index, name in
            NeededPosition(name, Self.partition, next: LogOffset(Int64(index * 300)))
        }
        let extents = [Self.partition: LogExtent(start: .zero, end: LogOffset(1000), aging: LogOffset(400))]
        let found = RetentionGuard.findings("events", TopicRetention(milliseconds: Self.week), needed, extents)
        #expect(found.count == 2 && found[0].contains(" a still needs") && found[1].contains(" b still needs"))
    }
}
