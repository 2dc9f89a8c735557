public import EventModel

/// The demo's factory day after day: its events in order of arrival, for a plant that goes on while people look at it.
///
/// The same seed makes the same days, whenever it is asked. So a flow that begins again repeats events and adds none.
public struct FactoryFlow: Sendable {
    private struct Line: Sendable {
        var arrival: Timestamp
        var text: [UInt8]
    }

    private let seed: UInt64
    private let workers: Int
    /// The midnight after one, as the factory's calendar has it.
    private let nextMidnight: @Sendable (Timestamp) -> Timestamp
    /// Where the days begin that are not drawn yet.
    private var undrawn: Timestamp
    /// The lines of the day before that, and late ones of earlier days, in order of arrival.
    private var lines: [Line] = []
    private var next = 0

    /// - Parameter midnight: where the first day begins.
    public init(
        seed: UInt64, workers: Int, from midnight: Timestamp,
        nextMidnight: @escaping @Sendable (Timestamp) -> Timestamp
    ) {
        self.seed = seed
        self.workers = workers
        self.nextMidnight = nextMidnight
        undrawn = midnight
    }

    /// Events as JSON that have arrived by `time` and were not returned yet, the earliest first.
    ///
    /// However far `time` is ahead, one day at a time is held in memory.
    public mutating func arrived(by time: Timestamp, atMost maximum: Int) -> [[UInt8]] {
        var result: [[UInt8]] = []
        while result.count < maximum {
            if next < lines.count, lines[next].arrival <= time, lines[next].arrival < undrawn {
                result.append(lines[next].text)
                next += 1
            } else if undrawn <= time {
                drawDay()
            } else {
                break
            }
        }
        return result
    }

    private mutating func drawDay() {
        let begin = undrawn
        let end = nextMidnight(begin)
        let ordinal = UInt64(max(0, begin.microseconds / Microseconds.day))
        let day = FactoryDay(
            FactoryDay.Plan(seed: seed &+ ordinal, localMidnight: end, end: end, workers: workers))
        // A day of 23 hours has no events in the hour that its clocks skip.
        let new = zip(day.events, zip(day.arrivals, day.lines)).filter { $0.0.time >= begin.microseconds }
            .map { Line(arrival: $0.1.0, text: $0.1.1) }
        let all = lines[next...] + new
        lines = all.enumerated().sorted { left, right in
            (left.element.arrival, left.offset) < (right.element.arrival, right.offset)
        }.map(\.element)
        next = 0
        undrawn = end
    }
}
