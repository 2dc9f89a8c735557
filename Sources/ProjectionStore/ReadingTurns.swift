public import Clocks
internal import Locks
internal import Synchronization

/// Lets those who read a store and its writer take turns, so that the write-ahead log stays short (DESIGN 1.9).
///
/// While somebody reads one state of the store, its write-ahead log cannot begin anew and grows with every commit. When
/// it has no room for the next commit the writer takes its turn: nobody begins to read, and a reader that has had its
/// time stops. Who reads the file from another process is not seen here.
///
/// Callable from any thread.
final class ReadingTurns: Sendable {
    /// What one reader reads between its begin and its end.
    final class Reading: Sendable {
        /// Until then it may go on although the writer waits.
        fileprivate let end: MonotonicTime
        /// Whether the whole store is being copied.
        fileprivate let isCopy: Bool
        private let stopped = Atomic(false)

        fileprivate init(until end: MonotonicTime, isCopy: Bool) {
            self.end = end
            self.isCopy = isCopy
        }

        /// Whether it has to stop, because the writer waits for it.
        var isOver: Bool { stopped.load(ordering: .relaxed) }

        fileprivate func stop() { stopped.store(true, ordering: .relaxed) }
    }

    private struct State {
        var readings: [ObjectIdentifier: Reading] = [:]
        var isWriterWaiting = false
    }

    private let state = Monitor(State())
    private let limits: StoreLimits

    init(_ limits: StoreLimits) { self.limits = limits }

    /// Begins to read, after the writer's turn.
    /// - Parameter isCopy: whether the whole store is to be copied: for that long the write-ahead log may grow further
    ///   (``StoreLimits/walPagesWhileCopied``), so that neither waits for the other.
    /// - Throws: ``StoreError`` when that takes too long.
    func begin(isCopy: Bool = false) throws(StoreError) -> Reading {
        let clock = limits.clock
        let patience = clock.uptime.advanced(milliseconds: limits.readingMilliseconds + limits.stoppingMilliseconds)
        let begun = clock.wait(for: state, until: patience) { state -> Reading? in
            guard !state.isWriterWaiting else { return nil }
            let reading = Reading(
                until: clock.uptime.advanced(milliseconds: limits.readingMilliseconds), isCopy: isCopy)
            state.readings[ObjectIdentifier(reading)] = reading
            return reading
        }
        guard let begun else { throw .busy }
        return begun
    }

    func end(_ reading: Reading) { state.update { $0.readings[ObjectIdentifier(reading)] = nil } }

    /// Whether the whole store is being copied at the moment.
    var isBeingCopied: Bool { state.withLock { $0.readings.values.contains { $0.isCopy } } }

    /// Runs `body` while nobody reads.
    /// - Returns: nil when somebody did not stop.
    func takeTurn<Result>(_ body: () throws -> Result) throws -> Result? {
        state.update { $0.isWriterWaiting = true }
        defer { state.update { $0.isWriterWaiting = false } }
        return readersStop() ? try body() : nil
    }

    private func readersStop() -> Bool {
        let clock = limits.clock
        let patience = clock.uptime.advanced(milliseconds: limits.readingMilliseconds + limits.stoppingMilliseconds)
        while true {
            let now = clock.uptime
            let next = state.withLock { stopOverdue(&$0, now) }
            guard let next else { return true }
            guard now < patience else { return false }
            let isFree: Void? = clock.wait(for: state, until: min(next, patience)) { $0.readings.isEmpty ? () : nil }
            if isFree != nil { return true }
        }
    }

    /// - Returns: when the next reader's time is over; nil when nobody reads.
    private func stopOverdue(_ state: inout State, _ now: MonotonicTime) -> MonotonicTime? {
        guard !state.readings.isEmpty else { return nil }
        var next = now.advanced(milliseconds: limits.stoppingMilliseconds)
        for reading in state.readings.values {
            if reading.end <= now { reading.stop() } else { next = min(next, reading.end) }
        }
        return next
    }
}

/// Limits of a store's write-ahead log and of those who read beside it.
public struct StoreLimits: Sendable {
    /// Pages of 4 KiB that the write-ahead log may have: 235 MiB, which is room for the pages of 57 thousand workers in
    /// one commit. A larger commit needs more.
    public var walPagesMaximum = 60_000
    /// The same while the store is being copied for a snapshot: 940 MiB. A copy that is not done by then is ended.
    public var walPagesWhileCopied = 240_000
    /// After so many copied pages a copy looks whether it has to stop: some milliseconds.
    public var pagesCopiedPerStep = 1024
    /// After so many written pages the write-ahead log is copied into the file, as far as readers allow.
    public var checkpointPages = 1000
    /// How long one state may be read once the writer waits.
    public var readingMilliseconds = 1000
    /// How long a reader may take to notice that it has to stop.
    public var stoppingMilliseconds = 2000
    /// Times reading.
    public var clock: any ProcessClock = .system

    public init() {}
}
