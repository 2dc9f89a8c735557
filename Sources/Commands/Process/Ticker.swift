internal import Foundation
internal import Locks

/// A thread that does something now and then, until it is stopped.
final class Ticker: Sendable {
    private struct State {
        var isStopping = false
        var hasEnded = true
    }

    private let state = Monitor(State())
    private let milliseconds: Int

    /// - Parameter milliseconds: From the end of one time to the beginning of the next.
    init(milliseconds: Int) { self.milliseconds = milliseconds }

    /// Starts the thread; once.
    func start(_ name: String, _ body: @escaping @Sendable () -> Void) {
        state.withLock { $0.hasEnded = false }
        let thread = Thread { [self] in
            while state.wait(milliseconds: milliseconds, until: { $0.isStopping ? () : nil }) == nil { body() }
            state.update { $0.hasEnded = true }
        }
        thread.name = name
        thread.start()
    }

    /// Lets what is under way come to its end, and returns after it.
    func stop() {
        state.update { $0.isStopping = true }
        state.wait { $0.hasEnded ? () : nil }
    }
}
