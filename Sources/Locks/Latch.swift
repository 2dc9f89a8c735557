/// Something that happens once, and that threads ask about or wait for: an end, a first signal, an answer.
package final class Latch: Sendable {
    private let state = Monitor(false)

    package init() {}

    package var isOpen: Bool { state.withLock { $0 } }

    /// It has happened: all waiters go on. Opening it again changes nothing.
    package func open() { state.update { $0 = true } }

    /// Waits until it has happened.
    package func wait() { state.wait { $0 ? () : nil } }

    /// Waits for a limited time.
    /// - Returns: whether it has happened.
    @discardableResult
    package func wait(milliseconds: Int) -> Bool {
        state.wait(milliseconds: milliseconds) { $0 ? true : nil } ?? false
    }
}
