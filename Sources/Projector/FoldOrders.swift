internal import Clocks
internal import EventLog
public import EventModel
internal import Locks

/// Which records a fold takes; it passes over the others.
public struct RecordSelection: Sendable, Equatable {
    /// nil for all sites. A record of no site is always taken.
    public var sites: Set<SiteID>?
    /// Both ends included; nil for all times. A time selects wherever the record stands (SPEC 7.3).
    public var createdAt: ClosedRange<Timestamp>?

    /// Everything.
    public static let all = RecordSelection()

    public init(sites: Set<SiteID>? = nil, createdAt: ClosedRange<Timestamp>? = nil) {
        self.sites = sites
        self.createdAt = createdAt
    }

    /// Whether it takes everything.
    public var isAll: Bool { sites == nil && createdAt == nil }

    func contains(_ record: LogRecord) -> Bool {
        if let createdAt, !createdAt.contains(record.createdAt) { return false }
        // Time was set back: that concerns every site.
        guard let sites, !record.key.starts(with: ClockSetBack.keyPrefix) else { return true }
        return sites.contains { $0.bytes.count == record.key.count && $0.bytes.elementsEqual(record.key) }
    }
}

/// What a fold beside the live one is told while it runs: how fast it goes and how far, and which records it takes.
///
/// Callable from any thread.
public final class FoldOrders: Sendable {
    private struct State {
        var pacer: Pacer
        var end: LogOffset?
    }

    public let selection: RecordSelection
    private let live: @Sendable () -> LiveLoad?
    private let hold: @Sendable () -> Bool
    private let state: Monitor<State>

    /// - Parameters:
    ///   - end: nothing at or after this offset is read; nil for no end.
    ///   - hold: whether it must not read for now, whatever its pace.
    ///   - live: what the fold is doing that goes first; nil where there is none.
    public init(
        pace: FoldPace = .unlimited, end: LogOffset? = nil, selection: RecordSelection = .all,
        hold: @escaping @Sendable () -> Bool = { false },
        live: @escaping @Sendable () -> LiveLoad? = { nil }
    ) {
        self.selection = selection
        self.live = live
        self.hold = hold
        state = Monitor(State(pacer: Pacer(pace), end: end))
    }

    public var pace: FoldPace { state.withLock { $0.pacer.pace } }

    /// Goes on at another pace, from now on.
    public func set(_ pace: FoldPace) { state.update { $0.pacer.set(pace) } }

    /// Nothing at or after it is read.
    public var end: LogOffset? { state.withLock { $0.end } }

    /// Ends reading at another offset, from the next record on; nil to go on without an end.
    public func stop(at end: LogOffset?) { state.update { $0.end = end } }

    // MARK: For the thread that folds

    /// Waits when it may not read at `offset` now, for a short time at most.
    /// - Parameter hasOtherWork: what was folded keeps it busy; then it does not wait at the end.
    /// - Returns: whether it may read.
    func mayRead(at offset: LogOffset, hasOtherWork: Bool = false, _ clock: any ProcessClock) -> Bool {
        let load = live()
        let start = clock.uptime
        let (pacer, end) = state.withLock { ($0.pacer, $0.end) }
        let isAtEnd = end.map { offset >= $0 } ?? false
        if isAtEnd, hasOtherWork, pacer.pace != .paused { return false }
        let wait = isAtEnd || hold() ? Pacer.waitMilliseconds : pacer.wait(at: start, live: load)
        guard wait > 0 else { return true }
        let (pace, seen) = (pacer.pace, end)
        _ = clock.wait(for: state, until: start.advanced(milliseconds: wait)) { state -> Void? in
            state.pacer.pace == pace && state.end == seen ? nil : ()
        }
        return false
    }

    /// How many bytes may be read at a time, of a limit that holds anyway.
    func byteLimit(_ limit: Int) -> Int { state.withLock { $0.pacer.byteLimit(limit) } }

    /// Takes note of a read.
    func note(events: Int64, from start: MonotonicTime, until end: MonotonicTime) {
        let load = live()
        state.withLock { $0.pacer.read(events: events, from: start, until: end, live: load) }
    }
}
