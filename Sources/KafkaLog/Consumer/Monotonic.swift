internal import Glibc

/// Time that cannot be set, for ages and intervals.
enum Monotonic {
    /// Microseconds since an arbitrary moment.
    static func microseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}
