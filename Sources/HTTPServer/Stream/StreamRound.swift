import Glibc

/// One check of all streams: whose client is gone or reads nothing, and which writer waits for room.
///
/// The library does not watch the sockets of connections that sleep. Kept from round to round, for its memory.
struct StreamRound {
    private var streams: [(stream: ResponseStream, connection: Connection)] = []
    private var sockets: [pollfd] = []
    private var cut: [(stream: ResponseStream, end: StreamEnd)] = []

    /// `POLLRDHUP`, which the C library shows to GNU sources alone: the peer has closed its sending side.
    private static let peerHasClosed = Int16(0x2000)

    mutating func begin() {
        sockets.removeAll(keepingCapacity: true)
    }

    mutating func add(_ stream: ResponseStream, of connection: Connection) {
        streams.append((stream, connection))
        // Errors and the loss of the connection are reported unasked.
        let events = stream.isWhole ? 0 : Self.peerHasClosed
        sockets.append(pollfd(fd: connection.socket, events: events, revents: 0))
    }

    /// Closes the connections of clients that are gone or read nothing. Under the lock of the table of connections.
    mutating func cut(at now: CoarseTime, stallMilliseconds: UInt64) {
        guard !streams.isEmpty else { return }
        poll(&sockets, nfds_t(sockets.count), 0)
        for (index, (stream, connection)) in streams.enumerated() {
            if sockets[index].revents != 0 {
                cut.append((stream, .clientGone))
            } else if stream.isStalled(at: now, milliseconds: stallMilliseconds) {
                cut.append((stream, .stalled))
            } else {
                continue
            }
            connection.cutStream()
        }
    }

    /// Tells the writers; outside all locks.
    mutating func tell() {
        for (stream, end) in cut { stream.close(end) }
        for (stream, _) in streams { stream.offerRoom() }
        cut.removeAll(keepingCapacity: true)
        // Lets go of the connections.
        streams.removeAll(keepingCapacity: true)
    }
}
