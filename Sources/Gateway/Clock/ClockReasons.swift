internal import Clocks
internal import EventModel

/// Sentences about the clock for operators: what, why, and what to do.
package enum ClockReasons {
    /// - Parameter microseconds: how far it is ahead of this process's clock, negative where it is behind.
    package static func other(_ gatewayID: String, _ microseconds: Int64) -> String {
        "the clock of gateway \(gatewayID) is \(duration(microseconds.magnitude)) "
            + "\(microseconds < 0 ? "behind" : "ahead of") this process's clock: one of them is wrong"
    }

    static func jumped(_ microseconds: Int64) -> String {
        "the clock \(jump(microseconds)), and the kernel does not call it synchronised: compare date -u with another "
            + "clock; if it is right, confirm it with andon clock accept"
    }

    static func behind(_ watch: ClockWatch, _ partition: PartitionIndex?, _ stamp: Timestamp) -> String {
        "the clock is \(lag(watch, stamp)) behind the newest record of partition \(partition?.value ?? 0): records get "
            + "that record's time until the clock has passed it"
    }

    static func refuses(_ watch: ClockWatch, _ partition: PartitionIndex?, _ stamp: Timestamp) -> String {
        "the clock, \(watch.newest.wall.formatted), is \(lag(watch, stamp)) behind the newest record of partition "
            + "\(partition?.value ?? 0), and the kernel does not call it synchronised: events are not admitted; set the "
            + "clock right, or if it is right confirm it with andon clock accept"
    }

    static func jump(_ microseconds: Int64) -> String {
        "has jumped \(microseconds < 0 ? "back" : "forward") by \(duration(microseconds.magnitude))"
    }

    private static func lag(_ watch: ClockWatch, _ stamp: Timestamp) -> String {
        duration(UInt64(max(0, stamp - watch.newest.wall)))
    }

    /// The two largest units of a duration.
    static func duration(_ microseconds: UInt64) -> String {
        let seconds = microseconds / 1_000_000
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60)
        if days >= 2 { return "\(days) days" }
        if days * 24 + hours > 0 { return "\(days * 24 + hours) h \(minutes) min" }
        return minutes > 0 ? "\(minutes) min \(seconds % 60) s" : "\(seconds) s"
    }
}
