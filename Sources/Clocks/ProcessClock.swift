public import EventModel
internal import Glibc
public import Locks

/// The port through which a process reads time (DESIGN 1.2, 1.10): ``SystemClock``, or ``ManualClock`` in tests and
/// simulations.
///
/// Wall time is for people and for records: it can be set, also back. Everything that measures or waits takes
/// ``uptime``.
public protocol ProcessClock: Sendable {
    /// The wall clock.
    var now: Timestamp { get }

    /// A clock that only rises.
    var uptime: MonotonicTime { get }

    /// Like ``uptime``, and goes on while the machine is suspended: what the wall clock is compared with.
    var elapsed: MonotonicTime { get }

    /// What the kernel says about the wall clock.
    var synchronisation: ClockSynchronisation { get }

    /// Waits until `body` returns a value or the deadline is reached, by this clock.
    ///
    /// `body` is called at once and after every ``Locks/Monitor/update(_:)``, with the monitor's lock held.
    /// - Returns: nil at the deadline; `body` was called once more then.
    func wait<State, Result>(
        for monitor: Monitor<State>, until deadline: MonotonicTime, _ body: (inout State) -> Result?
    ) -> Result?
}

extension ProcessClock {
    /// For clocks that are never suspended.
    public var elapsed: MonotonicTime { uptime }

    /// For clocks that nothing synchronises.
    public var synchronisation: ClockSynchronisation { .unknown }
}

extension ProcessClock where Self == SystemClock {
    /// The machine's clocks.
    public static var system: SystemClock { SystemClock() }
}

/// The machine's clocks.
public struct SystemClock: ProcessClock {
    public init() {}

    public var now: Timestamp { Timestamp(microseconds: Self.read(CLOCK_REALTIME)) }

    public var uptime: MonotonicTime { MonotonicTime(microseconds: Self.read(CLOCK_MONOTONIC)) }

    public var elapsed: MonotonicTime { MonotonicTime(microseconds: Self.read(CLOCK_BOOTTIME)) }

    public var synchronisation: ClockSynchronisation { ClockReading.kernelSynchronisation }

    public func wait<State, Result>(
        for monitor: Monitor<State>, until deadline: MonotonicTime, _ body: (inout State) -> Result?
    ) -> Result? {
        monitor.wait(milliseconds: uptime.milliseconds(until: deadline), until: body)
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}

/// A point in time of a clock that only rises, since some moment of its own: for ages, intervals and deadlines.
public struct MonotonicTime: Hashable, Comparable, Sendable {
    public var microseconds: Int64

    public init(microseconds: Int64) { self.microseconds = microseconds }

    /// Later than any.
    public static let distantFuture = MonotonicTime(microseconds: .max)

    /// Whole milliseconds, rounded down.
    public var milliseconds: Int64 { microseconds / 1000 }

    public static func < (left: Self, right: Self) -> Bool { left.microseconds < right.microseconds }

    /// Microseconds from `right` to `left`.
    public static func - (left: Self, right: Self) -> Int64 { left.microseconds - right.microseconds }

    /// A later point in time; never, where the sum is out of range.
    public func advanced(milliseconds: Int) -> MonotonicTime {
        let (microseconds, isTooLarge) = Int64(milliseconds).multipliedReportingOverflow(by: 1000)
        let (sum, isBeyond) = self.microseconds.addingReportingOverflow(microseconds)
        return MonotonicTime(microseconds: isTooLarge || isBeyond ? (milliseconds < 0 ? .min : .max) : sum)
    }

    /// Milliseconds that are left until a deadline, rounded up; 0 when it has passed.
    public func milliseconds(until deadline: MonotonicTime) -> Int {
        let (left, isBeyond) = deadline.microseconds.subtractingReportingOverflow(microseconds)
        if deadline <= self { return 0 }
        return isBeyond ? .max : Int(left / 1000 + (left % 1000 == 0 ? 0 : 1))
    }
}
