internal import Clocks

/// How fast a fold goes that builds a store beside others.
public enum FoldPace: Sendable, Equatable {
    /// As fast as it can.
    case unlimited
    /// As fast as the live fold leaves room for: it waits while that one is behind, and takes a part of the time while
    /// that one has work.
    case auto
    /// At most so many events a second, on average.
    case eventsPerSecond(Int)
    /// Not at all, until the pace changes.
    case paused
}

/// What a live fold is doing, for those that give way to it.
public struct LiveLoad: Sendable, Equatable {
    /// Records that it has not folded yet.
    public var lagRecords: Int64
    /// Events that it has folded so far.
    public var events: Int64

    public init(lagRecords: Int64, events: Int64) {
        self.lagRecords = lagRecords
        self.events = events
    }
}

/// Decides when a paced fold may read again. It reads no clock.
struct Pacer {
    /// Beyond this many records the live fold is behind, and the other one waits.
    static let lagRecordsMaximum: Int64 = 256
    /// While the live fold has work, the other one waits so many times as long as it has worked: a tenth of the time of
    /// one core is left to it.
    static let waitFactor: Int64 = 9
    /// An event of a full batch; others have more.
    static let bytesPerEvent = 10
    /// How long it waits before it looks again at what keeps it.
    static let waitMilliseconds = 100

    private(set) var pace: FoldPace
    private var due = MonotonicTime(microseconds: .min)
    private var liveEvents: Int64 = 0

    init(_ pace: FoldPace) { self.pace = pace }

    /// A new pace holds at once.
    mutating func set(_ pace: FoldPace) {
        self.pace = pace
        due = MonotonicTime(microseconds: .min)
    }

    /// How many bytes it may read at a time: at a rate about a tenth of a second's, because it waits between reads alone.
    func byteLimit(_ limit: Int) -> Int {
        guard case .eventsPerSecond(let rate) = pace else { return limit }
        return max(1, min(limit, rate / 10 * Self.bytesPerEvent))
    }

    /// Takes note of a read.
    /// - Parameter live: what the live fold is doing after it; nil where there is none to give way to.
    mutating func read(events: Int64, from start: MonotonicTime, until end: MonotonicTime, live: LiveLoad?) {
        switch pace {
        case .unlimited, .paused: break
        case .eventsPerSecond(let rate):
            // From when the last read was due: what was too long or too short evens out, but no idle second is made up.
            let begun = max(due, start)
            due = MonotonicTime(microseconds: begun.microseconds + events * 1_000_000 / Int64(max(1, rate)))
        case .auto:
            guard let live, live.events != liveEvents else { break }
            liveEvents = live.events
            due = MonotonicTime(microseconds: end.microseconds + (end - start) * Self.waitFactor)
        }
    }

    /// How long it has to wait, in milliseconds; 0 when it may read.
    func wait(at now: MonotonicTime, live: LiveLoad?) -> Int {
        switch pace {
        case .unlimited: return 0
        case .paused: return Self.waitMilliseconds
        case .auto where (live?.lagRecords ?? 0) > Self.lagRecordsMaximum: return Self.waitMilliseconds
        case .auto, .eventsPerSecond: return due <= now ? 0 : min(now.milliseconds(until: due), Self.waitMilliseconds)
        }
    }
}
