internal import Foundation

/// A named thread that runs one body, and that any number of other threads can wait for.
package final class BackgroundThread: Sendable {
    private let ended = Latch()

    /// What Linux keeps of a thread's name.
    static let nameBytesMaximum = 15

    private init() {}

    /// Starts a thread.
    /// - Parameters:
    ///   - name: what `top -H`, `ps -L` and debuggers show, e.g. `fold-0`: what the thread does, then which of several it
    ///     is. A longer one is cut before its number.
    ///   - body: may block.
    @discardableResult
    package static func start(_ name: String, _ body: @escaping @Sendable () -> Void) -> BackgroundThread {
        let started = BackgroundThread()
        let shown = fitted(name)
        let thread = Thread { [ended = started.ended] in
            tellKernel(shown)
            body()
            ended.open()
        }
        thread.name = shown
        thread.start()
        return started
    }

    /// Waits until the body has returned. Not from inside the body.
    package func join() { ended.wait() }

    /// Of a core that others want, a thread of this niceness gets about a tenth.
    static let niceness: Int32 = 10

    /// Lets live work go first: from now on the calling thread, and threads that it starts, get the time that others leave,
    /// and little more. For copies and checks that nobody waits for.
    package static func giveWay() {
        if ownNiceness < niceness { setpriority(thread, 0, niceness) }
    }

    /// Linux takes 0 for the calling thread, not for the process.
    static var ownNiceness: Int32 { getpriority(thread, 0) }

    private static let thread = __priority_which_t(PRIO_PROCESS.rawValue)

    /// Names the calling thread for the kernel. Foundation does so only for a thread that it knows has started, and by then
    /// it may have ended; without `/proc` threads keep the name of the process.
    private static func tellKernel(_ name: String) {
        let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        defer { close(file) }
        _ = name.withCString { write(file, $0, strlen($0)) }
    }

    /// A name of at most ``nameBytesMaximum`` ASCII bytes: a number at the end is kept whole.
    static func fitted(_ name: String) -> String {
        let ascii = name.utf8.map { (0x21...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }
        guard ascii.count > nameBytesMaximum else { return String(decoding: ascii, as: UTF8.self) }
        let number = ascii.lastIndex(of: UInt8(ascii: "-")).map { ascii[$0...] } ?? []
        let isNumber = number.count > 1 && number.dropFirst().allSatisfy { (0x30...0x39).contains($0) }
        guard isNumber, number.count < nameBytesMaximum else {
            return String(decoding: ascii.prefix(nameBytesMaximum), as: UTF8.self)
        }
        return String(decoding: ascii.prefix(nameBytesMaximum - number.count) + number, as: UTF8.self)
    }
}
