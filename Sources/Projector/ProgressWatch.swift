public import Clocks
public import EventModel

/// How a fold comes along: exactly one of these (SPEC 7.8).
public enum FoldCourse: String, Sendable, CaseIterable {
    /// Everything that the log holds is folded.
    case level
    /// Level, and nothing has come in for some minutes: cameras, gateways or the way to them.
    case noInput = "no_input"
    /// Behind, and making progress.
    case slow
    /// Records wait, and none was folded for ``ProgressWatch/stuckSeconds``.
    case stuck
}

/// Watches the progress of one fold and says how it comes along (SPEC 7.8).
///
/// Pure: readings come in, a verdict goes out. Whoever reads must do so every few seconds, and only what passes between
/// readings counts as time without progress: a process that was suspended is not stuck when it wakes up.
public struct ProgressWatch: Sendable {
    /// Records that wait this long without any being folded: something holds the fold.
    public static let stuckSeconds: Int64 = 30
    /// Without a new record for so long, nothing comes in.
    public static let quietMinutes: Int64 = 5
    /// The rates are those of this last time.
    static let rateSeconds: Int64 = 60
    /// A longer time between two readings was none in which the fold could have run.
    static let readingSecondsMaximum: Int64 = 10
    /// Readings that are kept for the rates are this far apart, so that their number is bounded.
    private static let keptMicroseconds: Int64 = Microseconds.second

    /// Where a fold is at one moment.
    public struct Reading: Sendable, Equatable {
        public var at: MonotonicTime
        /// The next offset to fold.
        public var next: LogOffset
        public var logEnd: LogOffset
        /// Events folded since the process started.
        public var events: Int64

        public init(at: MonotonicTime, next: LogOffset, logEnd: LogOffset, events: Int64) {
            self.at = at
            self.next = next
            self.logEnd = logEnd
            self.events = events
        }

        fileprivate var isLevel: Bool { next >= logEnd }
    }

    /// Of the last ``rateSeconds``, oldest first.
    private var kept: [Reading] = []
    private var newest: Reading
    /// Time without progress, in microseconds.
    private var standing: Int64 = 0

    public init(_ reading: Reading) {
        newest = reading
        kept = [reading]
    }

    /// Takes the next reading. One that is older than the newest is ignored.
    public mutating func note(_ reading: Reading) {
        let passed = reading.at - newest.at
        guard passed >= 0 else { return }
        // Folded again from the beginning, or another generation answers, which counts its own events.
        if reading.next < newest.next || reading.events < newest.events { kept = [] }
        let isStanding = reading.next == newest.next && !reading.isLevel && !newest.isLevel
        let counted = min(passed, ProgressWatch.readingSecondsMaximum * Microseconds.second)
        standing = isStanding ? standing + counted : 0
        newest = reading
        if kept.last.map({ reading.at - $0.at >= ProgressWatch.keptMicroseconds }) ?? true { kept.append(reading) }
        kept.removeAll { reading.at - $0.at > ProgressWatch.rateSeconds * Microseconds.second }
    }

    /// How the fold comes along.
    /// - Parameter quiet: age of the newest record, in microseconds; nil if there never was one.
    public func report(quiet: Int64?) -> FoldReport {
        let course: FoldCourse
        if newest.isLevel {
            let isQuiet = quiet.map { $0 >= ProgressWatch.quietMinutes * Microseconds.minute } ?? true
            course = isQuiet ? .noInput : .level
        } else {
            course = standing >= ProgressWatch.stuckSeconds * Microseconds.second ? .stuck : .slow
        }
        let lag = max(0, newest.logEnd.value - newest.next.value)
        let first = kept.first ?? newest
        let (time, records) = (newest.at - first.at, newest.next.value - first.next.value)
        return FoldReport(
            course: course, lagRecords: lag, standingMicroseconds: standing,
            recordsPerSecond: perSecond(records, time), eventsPerSecond: perSecond(newest.events - first.events, time),
            backlogMicroseconds: lag == 0 ? 0 : ProgressWatch.duration(of: lag, at: records, in: time))
    }

    private func perSecond(_ count: Int64, _ time: Int64) -> Int64 {
        guard time > 0, count > 0 else { return 0 }
        return ProgressWatch.duration(of: count, at: time, in: Microseconds.second) ?? 0
    }

    /// `amount` × `time` / `count`, rounded; nil where nothing moves.
    private static func duration(of amount: Int64, at count: Int64, in time: Int64) -> Int64? {
        guard count > 0 else { return nil }
        let product = Int128(amount) * Int128(time)
        return Int64(exactly: (product + Int128(count) / 2) / Int128(count))
    }
}

/// How a fold comes along, in numbers.
public struct FoldReport: Sendable, Equatable {
    public var course: FoldCourse
    /// Records that wait.
    public var lagRecords: Int64
    /// How long none of them was folded, in microseconds.
    public var standingMicroseconds: Int64
    public var recordsPerSecond: Int64
    public var eventsPerSecond: Int64
    /// Until they are folded at that rate, in microseconds; nil where nothing moves.
    public var backlogMicroseconds: Int64?
}
