// Layer: machine. Readings in, verdicts out; no clock, no fold.
import Clocks
import EventModel
import Testing

@testable import Projector

@Suite("How a fold comes along (SPEC 7.8)")
struct ProgressWatchTests {
    private static func time(_ seconds: Int64) -> MonotonicTime {
        MonotonicTime(microseconds: seconds * Microseconds.second)
    }

    private static func reading(
        _ seconds: Int64, _ next: Int64, _ end: Int64, events: Int64 = 0
    ) -> ProgressWatch.Reading {
        .init(at: time(seconds), next: LogOffset(next), logEnd: LogOffset(end), events: events)
    }

    private static let fresh: Int64 = Microseconds.second

    /// A watch that is fed every second, as the process does, from one reading to another.
    private static func watch(
        seconds: Int64, _ place: (Int64) -> (next: Int64, end: Int64)
    ) -> ProgressWatch {
        var watch = ProgressWatch(reading(0, place(0).next, place(0).end))
        for second in 0...seconds { watch.note(reading(second, place(second).next, place(second).end)) }
        return watch
    }

    @Test("a fold that has everything is level, and without input after five minutes, or if nothing ever came")
    func level() {
        let watch = Self.watch(seconds: 10) { _ in (7, 7) }
        #expect(watch.report(quiet: Self.fresh).course == .level)
        #expect(watch.report(quiet: 5 * Microseconds.minute - 1).course == .level)
        #expect(watch.report(quiet: 5 * Microseconds.minute).course == .noInput)
        #expect(watch.report(quiet: nil).course == .noInput)
    }

    @Test("a fold that is behind is slow while it moves, and stuck after 30 s without a record")
    func stuck() {
        #expect(Self.watch(seconds: 100) { ($0, 1000) }.report(quiet: Self.fresh).course == .slow)
        let standing = Self.watch(seconds: 29) { _ in (5, 9) }
        #expect(standing.report(quiet: nil).course == .slow)
        let stuck = Self.watch(seconds: 30) { _ in (5, 9) }
        #expect(stuck.report(quiet: Self.fresh).course == .stuck)
        #expect(stuck.report(quiet: nil).standingMicroseconds == 30 * Microseconds.second)
        var moving = stuck
        moving.note(Self.reading(31, 6, 9))
        #expect(moving.report(quiet: Self.fresh).course == .slow)
    }

    @Test("what counts is the time that records wait: a level fold whose first record comes is not stuck")
    func waiting() {
        var watch = Self.watch(seconds: 600) { _ in (5, 5) }
        watch.note(Self.reading(601, 5, 6))
        #expect(watch.report(quiet: Self.fresh).course == .slow)
        for second in 602...630 as ClosedRange<Int64> { watch.note(Self.reading(second, 5, 6)) }
        #expect(watch.report(quiet: Self.fresh).course == .slow)
        watch.note(Self.reading(631, 5, 6))
        #expect(watch.report(quiet: Self.fresh).course == .stuck)
    }

    @Test("a process that slept is not stuck when it wakes up, and a reading out of order changes nothing")
    func asleep() {
        var watch = Self.watch(seconds: 5) { _ in (5, 9) }
        watch.note(Self.reading(3600, 5, 9))
        #expect(watch.report(quiet: Self.fresh).course == .slow)
        let before = watch.report(quiet: nil)
        watch.note(Self.reading(4, 8, 9))
        #expect(watch.report(quiet: nil) == before)
    }

    @Test("rates are those of the last minute, and say when the backlog is folded")
    func rates() {
        var watch = ProgressWatch(Self.reading(0, 0, 10_000))
        for second in 1...200 as ClosedRange<Int64> {
            // Twice as fast in the last minute.
            let next = second <= 140 ? second * 10 : 1400 + (second - 140) * 20
            watch.note(Self.reading(second, next, 10_000, events: next * 3))
        }
        let report = watch.report(quiet: Self.fresh)
        #expect(report.recordsPerSecond == 20 && report.eventsPerSecond == 60)
        #expect(report.lagRecords == 7400 && report.backlogMicroseconds == 370 * Microseconds.second)
        let still = Self.watch(seconds: 70) { _ in (5, 9) }.report(quiet: Self.fresh)
        #expect(still.recordsPerSecond == 0 && still.backlogMicroseconds == nil)
        #expect(Self.watch(seconds: 3) { _ in (9, 9) }.report(quiet: Self.fresh).backlogMicroseconds == 0)
    }

    @Test("a fold that begins anew has the rates of its new run")
    func again() {
        var watch = Self.watch(seconds: 20) { ($0 * 100, 10_000) }
        watch.note(Self.reading(21, 0, 10_000))
        watch.note(Self.reading(22, 10, 10_000))
        watch.note(Self.reading(23, 20, 10_000))
        #expect(watch.report(quiet: Self.fresh).recordsPerSecond == 10)
    }
}
