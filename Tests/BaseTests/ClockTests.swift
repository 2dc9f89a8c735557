import Clocks
import EventModel
import Locks
import Testing

@Suite("The clock port")
struct ClockTests {
    private func time(_ microseconds: Int64) -> MonotonicTime { MonotonicTime(microseconds: microseconds) }

    @Test("the system's monotonic clock only rises, and its wall clock is in this century")
    func system() {
        let clock = SystemClock()
        let first = clock.uptime
        #expect(clock.uptime >= first)
        #expect(clock.now.microseconds > 1_700_000_000_000_000)
    }

    @Test("what is left until a deadline is rounded up, never negative, and any sum stays in range")
    func arithmetic() {
        #expect(time(1000).milliseconds(until: time(1000)) == 0)
        #expect(time(1000).milliseconds(until: time(999)) == 0)
        #expect(time(1000).milliseconds(until: time(1001)) == 1)
        #expect(time(1000).milliseconds(until: time(3000)) == 2)
        #expect(time(-1).milliseconds(until: time(.max)) == .max)
        #expect(time(.max).milliseconds(until: time(.min)) == 0)
        #expect(time(5).advanced(milliseconds: 2) == time(2005))
        #expect(time(5).advanced(milliseconds: .max) == time(.max))
        #expect(time(.max - 1).advanced(milliseconds: 1) == time(.max))
        #expect(time(-5).advanced(milliseconds: .min) == time(.min))
        #expect(time(5000) - time(2000) == 3000)
    }

    @Test("a manual clock wakes a waiter at its deadline and not before", .timeLimit(.minutes(10)))
    func deadline() {
        let clock = ManualClock()
        let monitor = Monitor(0)
        let ended = Latch()
        let deadline = clock.uptime.advanced(milliseconds: 100)
        let waiter = BackgroundThread.start("waiter") {
            let result: Int? = clock.wait(for: monitor, until: deadline) { $0 > 0 ? $0 : nil }
            #expect(result == nil)
            ended.open()
        }
        clock.waitForWaiters(1)
        #expect(clock.nextDeadline == deadline)
        clock.advance(milliseconds: 99)
        // Woken in vain, it waits on: what it waits for has not come.
        monitor.update { _ in }
        #expect(!ended.isOpen && clock.nextDeadline == deadline)
        clock.advance(milliseconds: 1)
        waiter.join()
        #expect(clock.nextDeadline == nil)
    }

    @Test("a change of the state ends a wait by a manual clock that does not move", .timeLimit(.minutes(10)))
    func change() {
        let clock = ManualClock()
        let monitor = Monitor(0)
        let waiter = BackgroundThread.start("waiter") {
            let result = clock.wait(for: monitor, until: clock.uptime.advanced(milliseconds: 1)) { $0 > 0 ? $0 : nil }
            #expect(result == 7)
        }
        clock.waitForWaiters(1)
        monitor.update { $0 = 7 }
        waiter.join()
    }

    @Test("a deadline that has passed asks once and waits for nobody")
    func passed() {
        for clock in [ManualClock() as any ProcessClock, SystemClock()] {
            let monitor = Monitor(3)
            #expect(clock.wait(for: monitor, until: clock.uptime) { $0 } == 3)
            #expect(clock.wait(for: monitor, until: clock.uptime) { _ in nil as Int? } == nil)
        }
    }

    @Test("setting a manual wall clock, also back, leaves the monotonic one alone")
    func wallClock() {
        let clock = ManualClock(now: Timestamp(microseconds: 1000))
        let uptime = clock.uptime
        clock.set(Timestamp(microseconds: 5))
        #expect(clock.now.microseconds == 5 && clock.uptime == uptime)
        clock.advance(milliseconds: 2)
        #expect(clock.now.microseconds == 2005 && clock.uptime == uptime.advanced(milliseconds: 2))
    }

    @Test("a ticker runs once an interval, and stops after the run under way", .timeLimit(.minutes(10)))
    func ticker() {
        let clock = ManualClock()
        let runs = Monitor(0)
        let ticker = Ticker(milliseconds: 50, clock: clock)
        ticker.start("test") { runs.update { $0 += 1 } }
        for run in 1...3 {
            clock.waitForWaiters(1)
            #expect(runs.withLock { $0 } == run - 1)
            clock.advance(milliseconds: 50)
            runs.wait { $0 == run ? () : nil }
        }
        ticker.stop()
        clock.advance(milliseconds: 1000)
        #expect(runs.withLock { $0 } == 3)
    }
}
