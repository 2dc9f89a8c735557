internal import Locks

/// How the body of a streamed answer ended.
public enum StreamEnd: Sendable, Equatable {
    /// The writer finished it, and everything was handed to the network.
    case finished
    /// The client has closed its side, or the connection was lost.
    case clientGone
    /// The client took nothing for ``HTTPServerConfiguration/streamStallSeconds``.
    case stalled
    /// The server is stopping.
    case serverStopping
    /// The answer never became a stream: to HEAD, beyond a limit on streams, with a header that cannot be sent, or after
    /// the request was over.
    case refused
}

/// The body of an answer of unknown length, written whenever there is something to send.
///
/// A handler makes one, answers with ``HTTPResponse/init(status:headers:stream:)``, at once or later, and keeps the stream
/// to write to it, from any thread, also before the answer was given. While there is nothing to send the connection sleeps
/// and costs its memory alone. A stream that was neither finished nor lost stays open: finish it.
public final class ResponseStream: Sendable {
    /// What became of a write.
    public enum WriteResult: Sendable, Equatable {
        /// The bytes will be sent in their turn.
        case accepted
        /// Nothing was accepted, because the client has not read enough of what was written before. Skip it, or write it again
        /// when ``ResponseStream/whenWritable(_:)`` calls.
        case full
        /// Nothing more will be sent: the stream was finished, or has ended in another way.
        case closed
    }

    fileprivate struct Shared: Sendable {
        var machine: StreamMachine
        /// Resumes the connection; nil while there is none.
        var wake: (@Sendable () -> Void)?
        var writable: (@Sendable () -> Void)?
        var closed: (@Sendable (StreamEnd) -> Void)?

        mutating func wake(_ isAsleep: Bool) { if isAsleep { wake?() } }

        /// Removes and returns the waiting call when there is room.
        mutating func takeWritable() -> (@Sendable () -> Void)? {
            guard writable != nil, machine.hasRoom else { return nil }
            defer { writable = nil }
            return writable
        }
    }

    private let shared: Guarded<Shared>
    /// The whole body was there before it was sent: a client that has closed its sending side still gets it.
    let isWhole: Bool

    /// Pieces of a whole body: memory becomes free as it is read.
    private static let pieceBytes = 64 * 1024

    /// - Parameter bufferBytesMaximum: What may wait for a slow client. A single block that is larger is taken when nothing
    ///   else waits, so any block up to ``HTTPServerConfiguration/streamMemoryBytesMaximum`` gets through. Blocks are not
    ///   copied: streams that are given the same array share it.
    public init(bufferBytesMaximum: Int = 256 * 1024) {
        shared = Guarded(Shared(machine: StreamMachine(bufferBytesMaximum: bufferBytesMaximum)))
        isWhole = false
    }

    /// A finished body that is too large to be copied for the library: so its memory is counted until it is read, and a
    /// client that reads nothing is disconnected.
    init(whole body: [UInt8]) {
        var machine = StreamMachine(bufferBytesMaximum: body.count)
        for start in stride(from: 0, to: body.count, by: Self.pieceBytes) {
            _ = machine.write(Array(body[start..<min(body.count, start + Self.pieceBytes)]), at: .now)
        }
        _ = machine.finish(.finished, at: .now)
        shared = Guarded(Shared(machine: machine))
        isWhole = true
    }

    // MARK: For the writer

    /// Hands over the next bytes of the body. Never blocks.
    public func write(_ bytes: [UInt8]) -> WriteResult {
        shared.withLock { shared in
            switch shared.machine.write(bytes, at: .now) {
            case .accepted(let wakes):
                shared.wake(wakes)
                return .accepted
            case .full: return .full
            case .closed: return .closed
            }
        }
    }

    /// The body is complete: the answer ends when what was written has left. Harmless where it has ended before.
    public func finish() {
        shared.withLock { shared in shared.wake(shared.machine.finish(.finished, at: .now)) }
    }

    /// Calls once when the write that was last refused as full would be accepted, or the stream has ended; at once where
    /// that is so already. A second call replaces what waits.
    ///
    /// - Parameter action: Runs on a thread of the server, which it must not block; it may write.
    public func whenWritable(_ action: @escaping @Sendable () -> Void) {
        let isDue = shared.withLock { shared in
            if shared.machine.hasRoom { return true }
            shared.writable = action
            return false
        }
        if isDue { action() }
    }

    /// Calls once when nothing more will be sent, with the reason; at once where that is so already. What was written
    /// before a stop of the server may leave after the call. A second call replaces what waits.
    ///
    /// - Parameter action: Runs on a thread of the server, which it must not block.
    public func whenClosed(_ action: @escaping @Sendable (StreamEnd) -> Void) {
        let end = shared.withLock { shared in
            if let end = shared.machine.end { return StreamEnd?.some(end) }
            shared.closed = action
            return nil
        }
        if let end { action(end) }
    }

    /// Why nothing more will be sent; nil while something may be.
    public var end: StreamEnd? { shared.withLock { $0.machine.end } }

    /// Bytes that were accepted and that the client's connection has not taken.
    public var bufferedBytes: Int { shared.withLock { $0.machine.bufferedBytes } }

    // MARK: For the server

    /// Bytes that the client's connection has taken.
    var takenBytes: Int { shared.withLock { $0.machine.takenBytes } }

    /// A connection takes the stream.
    /// - Parameter wake: Resumes the connection; called under the stream's lock.
    /// - Returns: False where there is no room for what was written already.
    func attach(_ budget: Budget, wake: @escaping @Sendable () -> Void) -> Bool {
        shared.withLock { shared in
            guard shared.machine.attach(budget, at: .now) else { return false }
            shared.wake = wake
            return true
        }
    }

    /// The library asks for bytes.
    /// - Parameter sleep: Suspends the connection; called under the stream's lock where there is nothing to send.
    /// - Returns: Also whether nothing is left of what was written.
    func take(
        into buffer: UnsafeMutableRawBufferPointer, sleep: () -> Void
    ) -> (taken: StreamMachine.Taken, isEmpty: Bool) {
        let (taken, isEmpty, writable) = shared.withLock { shared in
            let taken = shared.machine.take(into: buffer, at: .now)
            if taken == .sleep { sleep() }
            return (taken, shared.machine.bufferedBytes == 0, shared.takeWritable())
        }
        writable?()
        return (taken, isEmpty)
    }

    /// Calls the writer that waits for room that other streams have released.
    func offerRoom() { shared.withLock { $0.takeWritable() }?() }

    /// No more is accepted; what is buffered still leaves. The writer is told.
    func stop() {
        let (closed, writable) = shared.withLock { shared in
            shared.wake(shared.machine.finish(.serverStopping, at: .now))
            guard shared.machine.end != nil else { return Shared.nobody }
            return shared.takeListeners()
        }
        closed?(.serverStopping)
        writable?()
    }

    /// Nothing more is sent. The writer is told; a connection that sleeps is woken and closes.
    func close(_ end: StreamEnd) {
        let (closing, wake, listeners) = shared.withLock { shared in
            let closing = shared.machine.close(end)
            shared.wake(closing?.wakes ?? false)
            defer { shared.wake = nil }
            return (closing, shared.wake, shared.takeListeners())
        }
        // Released outside the lock, because its destruction may release others.
        _ = wake
        guard let closing else { return }
        listeners.closed?(closing.end)
        listeners.writable?()
    }

    func isStalled(at now: CoarseTime, milliseconds: UInt64) -> Bool {
        shared.withLock { $0.machine.isStalled(at: now, milliseconds: milliseconds) }
    }
}

extension ResponseStream.Shared {
    fileprivate typealias Listeners = (closed: (@Sendable (StreamEnd) -> Void)?, writable: (@Sendable () -> Void)?)

    fileprivate static var nobody: Listeners { (nil, nil) }

    fileprivate mutating func takeListeners() -> Listeners {
        defer { (closed, writable) = (nil, nil) }
        return (closed, writable)
    }
}
