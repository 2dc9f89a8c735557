internal import Foundation

/// A named thread that runs one body, and that any number of other threads can wait for.
package final class BackgroundThread: Sendable {
    private let ended = Latch()

    private init() {}

    /// Starts a thread.
    /// - Parameters:
    ///   - name: for debuggers and `top -H`; Linux shows the first 15 bytes.
    ///   - body: may block.
    @discardableResult
    package static func start(_ name: String, _ body: @escaping @Sendable () -> Void) -> BackgroundThread {
        let started = BackgroundThread()
        let thread = Thread { [ended = started.ended] in
            body()
            ended.open()
        }
        thread.name = name
        thread.start()
        return started
    }

    /// Waits until the body has returned. Not from inside the body.
    package func join() { ended.wait() }
}
