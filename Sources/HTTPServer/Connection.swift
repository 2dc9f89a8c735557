import CMicrohttpd
import Glibc
internal import Locks

/// One connection, and the request that is under way on it.
///
/// Lives from the connection's start to its end; exchanges may hold it longer.
/// `@unchecked Sendable`: other threads touch only `watch` and `answers`, which synchronise themselves, and constants;
/// everything else belongs to the thread of the pool that serves the connection.
final class Connection: @unchecked Sendable {
    /// How far the request has come.
    enum Stage {
        /// → body, refused, lingering, handling, answered
        case head
        /// → refused, lingering, answering
        case body
        /// The answer is known, but the library takes it only at the body's end, which is near. → answered, lingering
        case refused(HTTPResponse, leftBytes: Int)
        /// The answer was sent past the library; what still comes is thrown away for a while, so that the client reads
        /// the answer instead of failing to write. → closed
        case lingering(leftBytes: Int)
        /// A handler has the request. → answered
        case handling
        case answered
    }

    let core: ServerCore
    /// Valid while the connection lives, and while it is suspended.
    let handle: OpaquePointer
    let socket: Int32
    let peer: PeerAddress
    let watch: RequestWatch
    let answers = Guarded(AnswerMachine())

    var stage = Stage.head
    var isFirstRequest = true
    var target: [UInt8] = []
    var methodName: UnsafePointer<CChar>?
    var method: HTTPMethod?
    var head = andon_mhd_head()
    var route: HTTPRoute?
    var path = ""
    var pathParameters: [String] = []
    var query: [(name: String, value: String)] = []
    var body: BodyReader?
    /// What the handler added to the answer before there was one.
    var answerHeaders: [(name: String, value: String)] = []
    /// Bodies that a route without one gets are read and thrown away.
    var ignoresBody = false
    var ignoredBytes = 0
    var log = RequestLogDraft()

    init(core: ServerCore, handle: OpaquePointer) {
        self.core = core
        self.handle = handle
        socket = andon_mhd_socket(handle)
        peer = PeerAddress(andon_mhd_peer(handle))
        watch = RequestWatch(until: RequestWatch.milliseconds() + core.requestDeadlineMilliseconds)
    }

    // MARK: On the connection's thread, called by the library

    /// The request line is there. `text` is taken apart by the library after this call.
    func requestLine(_ text: UnsafePointer<CChar>) {
        target.removeAll(keepingCapacity: true)
        target.append(contentsOf: UnsafeRawBufferPointer(start: text, count: strlen(text)))
        stage = .head
        if core.configuration.requestLog != nil { log.start() }
        // A first request shares its deadline with the connection, so that an idle start buys no time.
        let deadline = isFirstRequest ? nil : RequestWatch.milliseconds() + core.requestDeadlineMilliseconds
        isFirstRequest = false
        _ = watch.enter(.reading, until: deadline)
    }

    /// The library has something new: the head, a part of the body, its end, or the request is awake again.
    /// - Returns: False where the connection is to be closed at once.
    func proceed(
        _ method: UnsafePointer<CChar>, targetBytes: Int, part: UnsafeRawBufferPointer
    ) -> Bool {
        switch watch.phase {
        case .late: return !part.isEmpty
        case .expired: return false
        case .waiting, .reading, .answering, .lingering: break
        }
        switch stage {
        case .head:
            methodName = method
            return begin(method, targetBytes: targetBytes)
        case .body: return part.isEmpty ? bodyEnded() : bodyArrived(part)
        case .refused(let response, let left): return refusedBodyArrived(part, response, left)
        case .lingering(let left):
            stage = .lingering(leftBytes: left - part.count)
            return !part.isEmpty && left > part.count
        case .handling: return awoke()
        case .answered: return true
        }
    }

    /// The answer is sent, or the connection was lost.
    func requestEnded() {
        releaseBody()
        answers.withLock { $0.finish() }
        if let requestLog = core.configuration.requestLog {
            if watch.phase == .late || watch.phase == .expired { log.answered(Self.tooLate) }
            requestLog(log.entry(method: methodName, target: target, address: clientAddress))
        }
        route = nil
        stage = .head
        methodName = nil
        _ = watch.enter(
            .waiting,
            until: RequestWatch.milliseconds() + core.idleTimeoutMilliseconds + core.requestDeadlineMilliseconds)
        if core.isDraining.load(ordering: .sequentiallyConsistent) { core.bell.ring() }
    }

    /// Gives the body's memory to the next request of this thread.
    func releaseBody() {
        body?.giveBack(to: .current)
        body = nil
    }

    // MARK: From any thread

    var isBusy: Bool {
        switch watch.phase {
        case .reading, .answering: true
        case .waiting, .lingering, .late, .expired: false
        }
    }

    func complete(_ generation: UInt64, _ response: HTTPResponse) {
        // Once awake somebody else may wake it no more, so the handle is good until this one call.
        if answers.withLock({ $0.complete(generation, response) }) { MHD_resume_connection(handle) }
    }

    /// The server stops.
    func abandon() {
        if answers.withLock({ $0.abandon(ServerCore.stoppingResponse) }) { MHD_resume_connection(handle) }
    }

    /// Called by the watchman, under the lock of the table of connections.
    func expire(at now: UInt64) {
        guard let phase = watch.expire(at: now) else { return }
        if phase == .reading {
            // It ends our side of the connection; the client's end comes when it closes, or at the next look.
            Answer.sendAtOnce(Self.tooLate, socket: socket, extra: core.configuration.defaultHeaders)
        } else {
            // The connection's thread sees the end of the stream and closes.
            shutdown(socket, Int32(SHUT_RDWR))
        }
    }

    private static let tooLate = HTTPResponse.problem(408, "the request did not arrive in time")
}

/// What is known about a request for the log, while it runs.
struct RequestLogDraft {
    private var startMicroseconds: Int64 = 0
    private var status = 0
    private var bytes = 0

    mutating func start() { self = RequestLogDraft(startMicroseconds: RequestWatch.microseconds()) }

    init() {}

    private init(startMicroseconds: Int64) { self.startMicroseconds = startMicroseconds }

    mutating func answered(_ response: HTTPResponse) {
        status = response.status
        bytes = response.body.count
    }

    func entry(method: UnsafePointer<CChar>?, target: [UInt8], address: String) -> RequestLogEntry {
        RequestLogEntry(
            method: method.map { String(cString: $0) } ?? "",
            path: String(decoding: target.prefix { $0 != UInt8(ascii: "?") }, as: UTF8.self), status: status,
            bytes: bytes, durationMicroseconds: RequestWatch.microseconds() - startMicroseconds, clientAddress: address)
    }
}
