// Layer: machine. Where time was set back, as a fold remembers it (SPEC 2.9).
import EventModel
import SimulationKit
import Testing

@testable import Timeline

@Suite("Spans over which time was set back") struct ClockDisputesTests {
    private func time(_ seconds: Int64) -> Timestamp { Timestamp(microseconds: seconds * Microseconds.second) }

    private func record(_ from: Int64, _ to: Int64) -> ClockSetBack {
        ClockSetBack(createdAt: time(from), newestCreatedAt: time(to), reason: .synchronised)
    }

    private func disputes(_ spans: (Int64, Int64)...) -> ClockDisputes {
        var disputes = ClockDisputes()
        for (from, to) in spans { disputes.add(record(from, to)) }
        return disputes
    }

    @Test("a span holds its beginning, and not its end (SPEC 2.9)")
    func holding() {
        let one = disputes((10, 20))
        #expect(one.span(holding: time(9)) == nil && one.span(holding: time(20)) == nil)
        #expect(one.span(holding: time(10)) == .init(from: time(10), to: time(20)))
        #expect(one.span(holding: time(20) - 1) != nil)
    }

    @Test("spans that meet become one, whatever the order of their records (SPEC 2.9)")
    func merging() {
        let expected = disputes((10, 40), (50, 60))
        #expect(disputes((10, 20), (50, 60), (20, 40)) == expected)
        #expect(disputes((15, 40), (50, 60), (10, 30), (12, 13)) == expected)
        #expect(expected.spans.count == 2)
    }

    @Test("however often time is set back, a fold keeps a bounded number of spans that cover all of them (SPEC 2.9)")
    func bound() {
        var disputes = ClockDisputes()
        for number in Int64(0)..<1000 { disputes.add(record(number * 100, number * 100 + 10)) }
        #expect(disputes.spans.count == ClockDisputes.spansMaximum)
        for number in Int64(0)..<1000 { #expect(disputes.span(holding: time(number * 100 + 5)) != nil) }
        #expect(ClockDisputes(stored: disputes.stored) == disputes)
    }

    @Test("stored spans come back, and other bytes are none")
    func stored() {
        let two = disputes((10, 40), (50, 60))
        #expect(ClockDisputes(stored: two.stored) == two)
        #expect(ClockDisputes(stored: []) == ClockDisputes())
        #expect(ClockDisputes(stored: Array(two.stored.dropLast())) == nil)
        #expect(ClockDisputes(stored: Array(two.stored[16...] + two.stored[..<16])) == nil, "not in order")
        #expect(ClockDisputes(stored: [UInt8](repeating: 0, count: 16)) == nil, "empty")
        #expect(ClockDisputes(stored: [UInt8](repeating: 0xff, count: 16 * 65)) == nil)
    }

    @Test("a fold takes the record in its place, changes no site by it, and commits it (SPEC 2.9, 7.1)")
    func fold() throws {
        var fold = PartitionFold()
        let store = MemoryProjections()
        let scenario = RandomScenario(seed: 5, size: .init(events: 40, workers: 3, stations: 2, eventsPerRecord: 8))
        for record in scenario.records {
            try fold.apply(
                record.content, offset: fold.nextOffset, pages: store, hourOffset: { RandomScenario.hourOffset(of: $0) }
            )
        }
        fold.commit { store.apply($0) }
        let before = try #require(fold.site(RandomScenario.siteID)).ledger
        let next = fold.nextOffset
        let clock = RecordContent.clockSetBack(record(10, 20))
        try fold.apply(clock, offset: next, pages: store, hourOffset: { _ in 0 })
        try fold.apply(clock, offset: next, pages: store, hourOffset: { _ in 0 })
        #expect(fold.nextOffset == next.next && fold.clockDisputes == disputes((10, 20)))
        #expect(fold.site(RandomScenario.siteID)?.ledger == before)
        let set = try #require(fold.nextCommit())
        #expect(set.clockDisputes == fold.clockDisputes && set.sites.isEmpty && set.nextOffset == next.next)
        fold.commit { store.apply($0) }
        #expect(fold.nextCommit() == nil)
        #expect(throws: TimelineError.self) {
            try fold.apply(clock, offset: fold.nextOffset.next, pages: store, hourOffset: { _ in 0 })
        }
    }
}
