internal import Clocks

/// The time by which this module waits and measures.
///
/// librdkafka and the brokers run by the machine's clock and know no other, so the shells here read it directly and take
/// no clock from outside. The machines get the time with every call.
enum BrokerTime {
    static var now: MonotonicTime { SystemClock().uptime }

    /// Microseconds since some moment.
    static var microseconds: Int64 { now.microseconds }

    static func deadline(milliseconds: Int) -> MonotonicTime { now.advanced(milliseconds: milliseconds) }

    /// Whole milliseconds that are left; 0 when the deadline has passed.
    static func milliseconds(until deadline: MonotonicTime) -> Int { now.milliseconds(until: deadline) }
}
