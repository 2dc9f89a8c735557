public import Observability

/// How a server listens and what it allows. Every limit is a number here.
///
/// Memory in the worst case, with the defaults: 4096 connections of 2 × 8 KiB + 16 KiB each, 128 MiB; their small bodies,
/// at most 256 KiB each and 64 kept for each thread; large bodies, 512 MiB; answers, at most 16 KiB each, and larger ones
/// 512 MiB; what streams hold for slow clients, 128 MiB, and 44 KiB for each that is compressed, 88 MiB.
public struct HTTPServerConfiguration: Sendable {
    /// An IPv4 or IPv6 literal, or `localhost` (127.0.0.1).
    public var host = "127.0.0.1"
    /// 0: the kernel picks one.
    public var port: UInt16 = 0
    /// Threads that read requests and run handlers.
    public var threads = 2
    /// Further connections wait in the listen queue until one closes.
    public var connectionsMaximum = 4096
    /// Connections of one socket address; a further one is closed at once. 0: no limit; nil: ``shareMaximum`` of
    /// ``connectionsMaximum``, and no limit behind ``trustedProxies``, whose address all clients share.
    public var connectionsPerAddressMaximum: Int?
    /// The part of the connections, and of the memory for bodies, that one client may take: of the memory also what all
    /// requests of one account may.
    public var shareMaximum = 0.25
    /// Request line and headers together; beyond: 431.
    public var headerBytesMaximum = 8 * 1024
    /// Wall-clock time for head and body of one request (DESIGN 6), from the connection's start or, on a connection that
    /// is used again, from the request line. A body that is late gets 408, a head that is late a closed connection.
    public var requestDeadlineSeconds = 30.0
    /// A connection that is idle for this long is closed. Suspended requests are exempt.
    public var idleTimeoutSeconds = 75
    /// How long ``HTTPServer/stop()`` lets running requests finish.
    public var drainSeconds = 10.0
    /// Memory of request bodies larger than 256 KiB, of all connections together; beyond: 503.
    public var bodyMemoryBytesMaximum = 512 * 1024 * 1024
    /// Memory of answers larger than 16 KiB that clients have not read yet; beyond: 503.
    public var answerMemoryBytesMaximum = 512 * 1024 * 1024
    /// Concurrent streamed answers; beyond: 503. Each holds its connection for as long as it lasts, so this is half of
    /// ``connectionsMaximum``: the other half remains for short requests.
    public var streamsMaximum = 2048
    /// Bytes that all streams together hold for clients that have not taken them yet; beyond, writes are refused as full.
    /// The default is 64 KiB for each of ``streamsMaximum``. Blocks that streams share count for each of them.
    public var streamMemoryBytesMaximum = 128 * 1024 * 1024
    /// A client that reads nothing for this long, although something waits for it, is disconnected: of a stream, or of an
    /// answer larger than 16 KiB.
    public var streamStallSeconds = 30.0
    /// How many proxies stand between clients and this server. The client's address is then the N-th from the right of
    /// `X-Forwarded-For`; with 0 that header is ignored (DESIGN 6).
    public var trustedProxies = 0
    /// Browser origins that may read answers, e.g. `https://board.example`; compared byte by byte.
    public var corsOrigins: [String] = []
    /// Headers of every answer that does not set them itself.
    public var defaultHeaders: [(name: String, value: String)] = [("X-Content-Type-Options", "nosniff")]
    /// Called on the thread that served the request, once its answer is sent or its connection lost.
    public var requestLog: (@Sendable (RequestLogEntry) -> Void)?

    public init() {}

    var connectionsPerAddress: Int {
        if let maximum = connectionsPerAddressMaximum { return maximum }
        return trustedProxies > 0 ? 0 : max(1, Int(Double(connectionsMaximum) * min(1, shareMaximum)))
    }
}

/// One served request, for the log.
public struct RequestLogEntry: Sendable {
    public let method: String
    /// As it was sent, without the query.
    public let path: String
    /// As it was sent; empty if there was none. It may hold secrets.
    public let query: String
    /// 0: the connection was lost before there was an answer.
    public let status: Int
    /// Bytes of the answer's body; of a stream, what the connection took.
    public let bytes: Int
    /// From the request line to the end of the answer.
    public let durationMicroseconds: Int64
    public let clientAddress: String
    /// See ``HTTPRequest/requestID``; empty if the connection was lost before the head had arrived.
    public let requestID: String
    /// What handlers have noted: of the request first, then of the answer.
    public let fields: [JournalEvent.Field]
}

/// Why a server could not start.
public struct HTTPServerError: OperatorError {
    /// The kinds of failure; more may come.
    public struct Code: Hashable, Sendable {
        let name: String
        /// The host is not an address literal.
        public static let invalidHost = Code(name: "invalid_host")
        /// The address could not be bound or listened on.
        public static let cannotListen = Code(name: "cannot_listen")
        /// The HTTP library refused to start.
        public static let cannotStart = Code(name: "cannot_start")
        /// `start()` was called on a server that had been started before.
        public static let alreadyStarted = Code(name: "already_started")
    }

    public let code: Code
    public let message: String
    /// What the operator can do.
    public let hint: String?
    /// True where the same call may succeed later.
    public let isRetriable: Bool

    public var name: String { "server_\(code.name)" }
    public var description: String { hint.map { "\(message). \($0)" } ?? message }
}
