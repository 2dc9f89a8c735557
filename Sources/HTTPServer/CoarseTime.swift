import Glibc

/// A point on a clock that only rises, in milliseconds: what deadlines of connections need, and cheaper to read than a
/// clock that is exact.
struct CoarseTime: Comparable, Sendable {
    let milliseconds: UInt64

    /// Read without a system call; good to a few milliseconds.
    static var now: CoarseTime {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
        return CoarseTime(milliseconds: UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000)
    }

    /// The same clock, exact, in microseconds.
    static var exactMicroseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }

    static func < (left: CoarseTime, right: CoarseTime) -> Bool { left.milliseconds < right.milliseconds }

    static func + (time: CoarseTime, milliseconds: UInt64) -> CoarseTime {
        CoarseTime(milliseconds: time.milliseconds + milliseconds)
    }
}
