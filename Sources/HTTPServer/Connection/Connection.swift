import CMicrohttpd
import Glibc
internal import Locks
internal import Observability

/// One connection, and the request that is under way on it: the shell of a ``ConnectionMachine``.
///
/// Lives from the connection's start to its end; exchanges may hold it longer.
/// `@unchecked Sendable`: other threads touch only `machine`, which has a lock, and constants; everything else belongs to
/// the thread of the pool that serves the connection.
final class Connection: @unchecked Sendable {
    let core: ServerCore
    /// Valid while the connection lives, and while it is suspended.
    let handle: OpaquePointer
    let socket: Int32
    let peer: PeerAddress
    let machine: Guarded<ConnectionMachine>

    // MARK: The request under way

    var target: [UInt8] = []
    var methodName: UnsafePointer<CChar>?
    var requestID = ""
    var method: HTTPMethod?
    var head = andon_mhd_head()
    var route: HTTPRoute?
    /// What answers the request, as the route has decided on its head.
    var handler: HTTPRoute.Handler?
    /// On whose account it is, as far as the route has said so.
    var account: String?
    var path = ""
    var pathParameters: [String] = []
    var query: [(name: String, value: String)] = []
    var body: BodyReader?
    /// What the handler added to the answer before there was one.
    var answerHeaders: [(name: String, value: String)] = []
    /// Bodies sent to a route without one are read and discarded.
    var ignoresBody = false
    var ignoredBytes = 0
    var log = RequestLogDraft()

    init(core: ServerCore, handle: OpaquePointer) {
        self.core = core
        self.handle = handle
        socket = andon_mhd_socket(handle)
        peer = PeerAddress(andon_mhd_peer(handle))
        machine = Guarded(ConnectionMachine(until: CoarseTime.now + core.requestDeadlineMilliseconds))
    }

    // MARK: On the connection's thread, called by the library

    /// The request line is there. `text` is taken apart by the library after this call.
    func requestLine(_ text: UnsafePointer<CChar>) {
        target.removeAll(keepingCapacity: true)
        target.append(contentsOf: UnsafeRawBufferPointer(start: text, count: strlen(text)))
        if core.configuration.requestLog != nil { log.start() }
        let deadline = CoarseTime.now + core.requestDeadlineMilliseconds
        machine.withLock { $0.requestLine(until: deadline) }
    }

    /// The library has something new: the head, a part of the body, its end, or the request is awake again.
    /// - Returns: False to close the connection at once.
    func proceed(_ line: RequestLine, part: UnsafeRawBufferPointer) -> Bool {
        let arrival = machine.withLock { machine in
            let arrival = machine.arrived(bytes: part.count)
            // Asleep before anybody can see it: who sees it may wake it at once.
            if case .step(.sleep) = arrival { sleep() }
            return arrival
        }
        switch arrival {
        case .head:
            methodName = line.method
            return perform(judgeHead(line))
        case .bodyPart: return perform(takeBody(part))
        case .bodyEnd: return perform(endBody())
        case .step(let step): return perform(step)
        }
    }

    /// The answer is sent, or the connection was lost.
    func requestEnded() {
        releaseBody()
        let deadline = CoarseTime.now + (core.idleTimeoutMilliseconds + core.requestDeadlineMilliseconds)
        let (stream, told) = machine.withLock { ($0.ended(nextUntil: deadline), $0.told) }
        stream?.close(.clientGone)
        if let requestLog = core.configuration.requestLog {
            if let told { log.answered(told) }
            requestLog(log.entry(method: methodName, target: target, address: clientAddress, requestID: requestID))
        }
        log = RequestLogDraft()
        route = nil
        (handler, account) = (nil, nil)
        methodName = nil
        requestID = ""
        core.requestEnded()
    }

    /// Passes the body's memory on to the next request of this thread.
    func releaseBody() {
        body?.giveBack(to: .current)
        body = nil
    }

    // MARK: Sleep

    /// Only on the connection's thread, under the lock of whoever decides that it is time.
    func sleep() { MHD_suspend_connection(handle) }

    /// From any thread, once for each sleep, under the same lock: so whoever has held that lock since knows that nobody is
    /// about to wake the connection, and the library may be stopped.
    func resume() { MHD_resume_connection(handle) }

    // MARK: From any thread

    var isBusy: Bool { machine.withLock { $0.isBusy } }

    func complete(_ generation: UInt64, _ response: HTTPResponse) {
        let completion = machine.withLock { machine in
            let completion = machine.complete(generation, response)
            if completion == .wake { resume() }
            return completion
        }
        if completion == .tooLate { response.stream?.close(.clientGone) }
    }

    /// The server is stopping: answers a sleeping request instead of the holder of its exchange.
    func abandon() {
        machine.withLock { if $0.abandon(ServerCore.stoppingResponse) { resume() } }
    }

    /// The stream that is being sent.
    var stream: ResponseStream? { machine.withLock { $0.stream } }

    // MARK: On the watchman's thread, under the lock of the table of connections

    /// Closes the connection when the client has missed its deadline.
    /// - Returns: The stream that is being sent, for a look at its own limit.
    func expire(at now: CoarseTime) -> ResponseStream? {
        let (expiry, stream) = machine.withLock { ($0.expire(at: now), $0.stream) }
        if let expiry { carryOut(expiry) }
        return stream
    }

    /// Tells a client whose request is still on its way that the server stops.
    func endArrival(at now: CoarseTime) {
        if let expiry = machine.withLock({ $0.endArrival(ServerCore.stoppingResponse, at: now) }) { carryOut(expiry) }
    }

    private func carryOut(_ expiry: ConnectionMachine.Expiry) {
        switch expiry {
        // It ends our side of the connection; the client's end comes when it closes, or at the next look.
        case .tell(let response):
            Answer.sendAtOnce(response, socket: socket, extra: core.configuration.defaultHeaders)
        // The connection's thread sees the end of the stream and closes.
        case .shutDown: shutdown(socket, Int32(SHUT_RDWR))
        }
    }

    /// Ends a stream whose client reads nothing more; its writer has yet to be notified.
    func cutStream() {
        machine.withLock { $0.cutStream() }
        shutdown(socket, Int32(SHUT_RDWR))
    }
}

/// A request line as the library has taken it apart.
struct RequestLine {
    let method: UnsafePointer<CChar>
    /// Bytes between method and version, whatever they are.
    let targetBytes: Int
    let version: UnsafePointer<CChar>

    /// Whether its version is one that names the host in a header (RFC 9112, 3.2).
    var needsHost: Bool { strcmp(version, "HTTP/1.0") != 0 && version.pointee != 0 }
}

/// What is known about a request for the log, while it runs.
struct RequestLogDraft {
    private var startMicroseconds: Int64 = 0
    private var status = 0
    private var bytes = 0
    private var stream: ResponseStream?
    private var notes: [JournalEvent.Field] = []
    private var answerNotes: [JournalEvent.Field] = []

    mutating func start() { self = RequestLogDraft(startMicroseconds: CoarseTime.exactMicroseconds) }

    init() {}

    private init(startMicroseconds: Int64) { self.startMicroseconds = startMicroseconds }

    mutating func answered(_ response: HTTPResponse) {
        status = response.status
        bytes = response.body.count
        stream = response.stream
        answerNotes = response.logFields
    }

    mutating func note(_ field: JournalEvent.Field) {
        if startMicroseconds > 0 { notes.append(field) }
    }

    func entry(
        method: UnsafePointer<CChar>?, target: [UInt8], address: String, requestID: String
    ) -> RequestLogEntry {
        let path = target.prefix { $0 != UInt8(ascii: "?") }
        return RequestLogEntry(
            method: method.map { String(cString: $0) } ?? "", path: String(decoding: path, as: UTF8.self),
            query: String(decoding: target.dropFirst(path.count + 1), as: UTF8.self), status: status,
            bytes: stream?.takenBytes ?? bytes,
            durationMicroseconds: CoarseTime.exactMicroseconds - startMicroseconds,
            clientAddress: address, requestID: requestID, fields: notes + answerNotes)
    }
}
