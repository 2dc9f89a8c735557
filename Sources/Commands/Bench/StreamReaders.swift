internal import Foundation
internal import Glibc
internal import Locks

/// Reads many live streams on one thread, and notes how long each takes to cover an event.
final class StreamReaders: Sendable {
    private struct State: Sendable {
        var probes: [StreamProber.Probe] = []
        var delays: [Double] = []
        var bytesRead = 0
        /// Streams that have begun.
        var begun = 0
        var isEnding = false
    }

    private let count: Int
    private let state = Monitor(State())
    private let thread = Guarded<BackgroundThread?>(nil)

    init(_ count: Int, port: UInt16, path: String) throws {
        self.count = count
        let streams = try (0..<count).map { _ in try StreamSocket(port, path) }
        let thread = BackgroundThread.start("bench-streams") { [self] in run(streams) }
        self.thread.withLock { $0 = thread }
    }

    /// Blocks until every stream has begun.
    func waitForHeads() { state.wait { $0.begun >= count ? () : nil } }

    var bytesRead: Int { state.withLock { $0.bytesRead } }

    /// An event that all streams are to cover from now on.
    func expect(_ probe: StreamProber.Probe?) {
        if let probe { state.withLock { $0.probes.append(probe) } }
    }

    /// Ends the thread.
    /// - Returns: Seconds from sending an event to the frame that covers it, of every stream and event.
    func close() -> [Double] {
        state.update { $0.isEnding = true }
        thread.withLock { $0 }?.join()
        return state.withLock { $0.delays }
    }

    private func run(_ streams: [StreamSocket]) {
        var watched = streams.map { pollfd(fd: $0.socket, events: Int16(POLLIN), revents: 0) }
        while !state.withLock({ $0.isEnding }) {
            guard poll(&watched, nfds_t(watched.count), 100) > 0 else { continue }
            for (index, stream) in streams.enumerated() where watched[index].revents != 0 { read(stream) }
        }
        for stream in streams { Glibc.close(stream.socket) }
    }

    private func read(_ stream: StreamSocket) {
        let isFirst = stream.bytesRead == 0
        let count = stream.read()
        let now = ContinuousClock.now
        state.update { state in
            state.bytesRead += count
            if isFirst, count > 0 { state.begun += 1 }
            while stream.covered < state.probes.count, state.probes[stream.covered].offset < stream.offset {
                state.delays.append((now - state.probes[stream.covered].sentAt).inSeconds)
                stream.covered += 1
            }
        }
    }
}

/// One stream. Only for the thread that reads it.
private final class StreamSocket: @unchecked Sendable {
    let socket: Int32
    private(set) var bytesRead = 0
    /// The newest position that an event of the stream named.
    private(set) var offset: Int64 = 0
    /// Probes before it were covered.
    var covered = 0
    /// How much of ``mark`` was just read.
    private var matched = 0
    private var number: Int64?
    private var buffer = [UInt8](repeating: 0, count: bufferBytes)

    /// Small: it counts as memory of this process.
    private static let bufferBytes = 4096

    private static let mark = Array("\nid: 0:".utf8)

    init(_ port: UInt16, _ path: String) throws {
        guard let connected = connectToLoopback(port) else {
            throw CommandFailure(.failure, "a stream cannot connect: errno \(errno)")
        }
        socket = connected
        let request = Array("GET \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".utf8)
        _ = send(socket, request, request.count, Int32(MSG_NOSIGNAL))
        _ = fcntl(socket, F_SETFL, O_NONBLOCK)
    }

    /// - Returns: Bytes read.
    func read() -> Int {
        let count = recv(socket, &buffer, Self.bufferBytes, 0)
        guard count > 0 else { return 0 }
        bytesRead += count
        for byte in buffer[..<count] { take(byte) }
        return count
    }

    private func take(_ byte: UInt8) {
        if let known = number {
            if (48...57).contains(byte) {
                number = known * 10 + Int64(byte) - 48
            } else {
                offset = max(offset, known)
                number = nil
            }
        } else if byte == Self.mark[matched] {
            matched += 1
            if matched == Self.mark.count { (matched, number) = (0, 0) }
        } else {
            matched = byte == 10 ? 1 : 0
        }
    }
}
