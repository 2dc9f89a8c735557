public import EventModel
public import Locks

/// The clock's twin for tests and simulations: it does not move by itself, and moving it wakes those whose
/// deadline has come.
public final class ManualClock: ProcessClock {
    private struct Waiter {
        var deadline: MonotonicTime
        var wake: @Sendable () -> Void
    }

    private struct State {
        var now: Timestamp
        var uptime: MonotonicTime
        var synchronisation = ClockSynchronisation.unsynchronised
        var waiters: [Int: Waiter] = [:]
        var registrations = 0
    }

    private let state: Monitor<State>

    /// - Parameters:
    ///   - now: where the wall clock begins.
    ///   - uptime: where the monotonic clock begins; not 0, so that nothing takes it for unset.
    public init(
        now: Timestamp = Timestamp(microseconds: 1_768_197_600_000_000),
        uptime: MonotonicTime = MonotonicTime(microseconds: 1_000_000_000)
    ) {
        state = Monitor(State(now: now, uptime: uptime))
    }

    public var now: Timestamp { state.withLock { $0.now } }

    public var uptime: MonotonicTime { state.withLock { $0.uptime } }

    /// Moves both clocks on and wakes those who wait for a point in time that has come.
    public func advance(milliseconds: Int) {
        precondition(milliseconds >= 0, "monotonic time never goes back")
        let due = state.update { state in
            state.now = state.now + Int64(milliseconds) * 1000
            state.uptime = state.uptime.advanced(milliseconds: milliseconds)
            return state.waiters.values.filter { $0.deadline <= state.uptime }
        }
        // Not under the lock: who wakes up reads this clock.
        for waiter in due { waiter.wake() }
    }

    /// Sets the wall clock alone, as an operator or NTP does; also back.
    public func set(_ now: Timestamp) { state.update { $0.now = now } }

    public var synchronisation: ClockSynchronisation { state.withLock { $0.synchronisation } }

    /// From now on the kernel says this about the wall clock.
    public func set(_ synchronisation: ClockSynchronisation) { state.update { $0.synchronisation = synchronisation } }

    /// The earliest deadline that somebody waits for: how far a simulation can jump.
    public var nextDeadline: MonotonicTime? { state.withLock { $0.waiters.values.map(\.deadline).min() } }

    /// Blocks until at least `count` threads wait for this clock; the way for a test to know that they have arrived.
    public func waitForWaiters(_ count: Int) { state.wait { $0.waiters.count >= count ? () : nil } }

    public func wait<MonitorState, Result>(
        for monitor: Monitor<MonitorState>, until deadline: MonotonicTime, _ body: (inout MonitorState) -> Result?
    ) -> Result? {
        let registration = state.update { state in
            state.registrations += 1
            state.waiters[state.registrations] = Waiter(deadline: deadline) { monitor.update { _ in } }
            return state.registrations
        }
        defer { state.update { $0.waiters[registration] = nil } }
        return monitor.wait { monitored -> Result?? in
            if let result = body(&monitored) { return .some(result) }
            return uptime >= deadline ? .some(nil) : nil
        }
    }
}
