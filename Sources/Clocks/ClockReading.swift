internal import CClock
public import EventModel

/// What the kernel says about the machine's clock.
public enum ClockSynchronisation: String, Sendable, Equatable {
    /// Something corrects the clock (NTP, PTP, the host), and its error is bounded by
    /// ``ClockWatch/toleranceMicroseconds``.
    case synchronised
    /// Nothing corrects it, or it was set by hand since.
    case unsynchronised
    /// The kernel does not say, as in some sandboxes.
    case unknown
}

/// The machine's clocks at one moment.
public struct ClockReading: Sendable, Equatable {
    public var wall: Timestamp
    /// A count of time that nobody can set, and that goes on while the machine is suspended.
    public var elapsed: MonotonicTime
    /// nil: not asked this time.
    public var synchronisation: ClockSynchronisation?

    public init(wall: Timestamp, elapsed: MonotonicTime, synchronisation: ClockSynchronisation? = nil) {
        self.wall = wall
        self.elapsed = elapsed
        self.synchronisation = synchronisation
    }
}

extension ProcessClock {
    /// Reads wall clock and count of time together.
    ///
    /// - Parameter asksKernel: also what the kernel says about the clock: a system call.
    public func reading(asksKernel: Bool) -> ClockReading {
        var reading = ClockReading(
            wall: .earliest, elapsed: elapsed, synchronisation: asksKernel ? synchronisation : nil)
        // A thread that loses the processor in between reads two clocks at two moments.
        for _ in 0..<ClockReading.triesMaximum {
            let before = elapsed
            reading.wall = now
            reading.elapsed = elapsed
            if reading.elapsed - before < ClockReading.spanMicrosecondsMaximum { break }
        }
        return reading
    }
}

extension ClockReading {
    fileprivate static let triesMaximum = 3
    fileprivate static let spanMicrosecondsMaximum: Int64 = 100_000

    /// What the kernel says about the machine's clock. A bound beyond what Andon tolerates counts as not synchronised.
    static var kernelSynchronisation: ClockSynchronisation {
        var bound = 0
        switch andon_clock_synchronised(&bound) {
        case 1: return Int64(bound) <= ClockWatch.toleranceMicroseconds ? .synchronised : .unsynchronised
        case 0: return .unsynchronised
        default: return .unknown
        }
    }
}
