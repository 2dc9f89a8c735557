internal import Locks

/// A thread that does something at intervals until it is stopped.
public final class Ticker: Sendable {
    private struct State {
        var isStopping = false
        var thread: BackgroundThread?
    }

    private let clock: any ProcessClock
    private let milliseconds: Int
    private let state = Monitor(State())

    /// - Parameter milliseconds: from the end of one run to the beginning of the next.
    public init(milliseconds: Int, clock: any ProcessClock = .system) {
        self.milliseconds = milliseconds
        self.clock = clock
    }

    /// Starts the thread, once; the first run is one interval from now.
    public func start(_ name: String, _ body: @escaping @Sendable () -> Void) {
        let thread = BackgroundThread.start(name) { [self] in
            while !isStopping(at: clock.uptime.advanced(milliseconds: milliseconds)) { body() }
        }
        state.update { $0.thread = thread }
    }

    /// Waits for the next run.
    /// - Returns: whether the ticker was stopped instead.
    private func isStopping(at deadline: MonotonicTime) -> Bool {
        clock.wait(for: state, until: deadline) { $0.isStopping ? true : nil } ?? false
    }

    /// Returns after the run under way. Harmless where the ticker was never started. Not from inside a run.
    public func stop() {
        let thread = state.update { state in
            state.isStopping = true
            return state.thread
        }
        thread?.join()
    }
}
