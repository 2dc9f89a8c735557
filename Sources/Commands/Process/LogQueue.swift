internal import EventModel
internal import Locks
internal import Observability

/// Log lines on their way to stderr: one thread formats and writes them. So nobody who has something to log waits for a
/// reader of stderr that does not keep up, e.g. a stalled pipe.
///
/// The thread starts with the first line: by then a process has blocked the signals that one thread alone waits for
/// (``StopSignals``).
final class LogQueue: Sendable {
    struct Entry: Sendable {
        var event: JournalEvent
        var time: Timestamp
    }

    /// Waiting lines, each of some hundred bytes to 2 KiB; beyond, lines are dropped and counted.
    static let linesMaximum = 8192
    /// Further lines that are not merely information.
    static let urgentLinesMaximum = 8192
    /// Lines per write.
    private static let groupMaximum = 512
    /// Longest time that ``flush()`` waits.
    private static let flushMilliseconds = 2000

    private struct State {
        var waiting: [Entry] = []
        var dropped = 0
        var isWriting = false
        var isStarted = false
        var isClosed = false
    }

    private let state = Monitor(State())
    private let write: @Sendable ([Entry], Int) -> Void

    /// - Parameter write: writes a group of lines; the second argument says how many were dropped before them.
    init(_ write: @escaping @Sendable ([Entry], Int) -> Void) { self.write = write }

    deinit { state.update { $0.isClosed = true } }

    /// Returns at once.
    func add(_ event: JournalEvent, at time: Timestamp) {
        let isFirst = state.update { state in
            defer { state.isStarted = true }
            let limit = Self.linesMaximum + (event.level == .info ? 0 : Self.urgentLinesMaximum)
            if state.waiting.count < limit {
                state.waiting.append(Entry(event: event, time: time))
            } else {
                state.dropped += 1
            }
            return !state.isStarted
        }
        if isFirst { start() }
    }

    private func start() {
        BackgroundThread.start("log-lines") { [state, write] in
            while let (group, dropped) = Self.next(state) {
                write(group, dropped)
                state.update { $0.isWriting = false }
            }
        }
    }

    /// Waits until everything that was added before is written, for a limited time.
    func flush() {
        _ = state.wait(milliseconds: Self.flushMilliseconds) { state in
            state.waiting.isEmpty && state.dropped == 0 && !state.isWriting ? () : nil
        }
    }

    private static func next(_ state: Monitor<State>) -> ([Entry], Int)? {
        state.wait { state -> ([Entry], Int)?? in
            guard !state.waiting.isEmpty || state.dropped > 0 else { return state.isClosed ? .some(nil) : nil }
            let group = Array(state.waiting.prefix(groupMaximum))
            state.waiting.removeFirst(group.count)
            let dropped = state.dropped
            state.dropped = 0
            state.isWriting = true
            return (group, dropped)
        }
    }
}
