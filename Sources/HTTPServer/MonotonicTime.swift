import Glibc

/// A point on a clock that only rises, in milliseconds.
struct MonotonicTime: Comparable, Sendable {
    let milliseconds: UInt64

    /// Read without a system call; good to a few milliseconds.
    static var now: MonotonicTime {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
        return MonotonicTime(milliseconds: UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000)
    }

    /// The same clock, exact, in microseconds.
    static var exactMicroseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }

    static func < (left: MonotonicTime, right: MonotonicTime) -> Bool { left.milliseconds < right.milliseconds }

    static func + (time: MonotonicTime, milliseconds: UInt64) -> MonotonicTime {
        MonotonicTime(milliseconds: time.milliseconds + milliseconds)
    }
}
