public import Observability

/// The methods that routes are made of.
public enum HTTPMethod: String, Sendable, CaseIterable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case delete = "DELETE"
    case options = "OPTIONS"
}

/// A request with its whole body, read and, where it was compressed, decompressed.
///
/// Valid only inside its handler: copy whatever is needed later.
public struct HTTPRequest {
    public let method: HTTPMethod
    /// Decoded path, without the query.
    public let path: String
    /// The values of `{name}` in the pattern of the route, decoded, in order of appearance.
    public let pathParameters: [String]
    /// Decoded pairs of the query, in their order. Only a well-formed query reaches a handler.
    public let query: [(name: String, value: String)]
    /// The body, followed by ``bodyPaddingBytes`` readable bytes of padding, because parsers may read past the end.
    public let body: UnsafeRawBufferPointer
    /// The address for limits: the socket's, or the one that a trusted proxy reports (DESIGN 6).
    public let clientAddress: String
    /// True when the socket's peer is a loopback address and no proxy stands between.
    public let isLoopback: Bool
    /// True when the client's connection is encrypted, as far as trusted proxies report it (DESIGN 6): for cookies.
    public var isSecure: Bool { securityLookup() }
    /// Names the request in logs; also the answer's `X-Request-Id`. The client's own where it sent one.
    public let requestID: String
    let headerLookup: (String) -> String?
    let targetLookup: () -> String
    let securityLookup: () -> Bool
    let answerHeaders: ([(name: String, value: String)]) -> Void
    let logNotes: (JournalEvent.Field) -> Void

    public static let bodyPaddingBytes = 64

    public init(
        method: HTTPMethod, path: String, pathParameters: [String] = [], query: [(name: String, value: String)] = [],
        body: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0),
        clientAddress: String = "127.0.0.1",
        isLoopback: Bool = true, requestID: String = "", headerLookup: @escaping (String) -> String? = { _ in nil },
        targetLookup: @escaping () -> String = { "" }, securityLookup: @escaping () -> Bool = { false },
        answerHeaders: @escaping ([(name: String, value: String)]) -> Void = { _ in },
        logNotes: @escaping (JournalEvent.Field) -> Void = { _ in }
    ) {
        self.method = method
        self.path = path
        self.pathParameters = pathParameters
        self.query = query
        self.body = body
        self.clientAddress = clientAddress
        self.isLoopback = isLoopback
        self.requestID = requestID
        self.headerLookup = headerLookup
        self.targetLookup = targetLookup
        self.securityLookup = securityLookup
        self.answerHeaders = answerHeaders
        self.logNotes = logNotes
    }

    /// Path and query as the client sent them, byte for byte, to forward the request; without the scheme and host that a
    /// proxy's client may put before them.
    public var encodedTarget: String { targetLookup() }

    /// Value of a header; names compare without case. nil where it is absent.
    public func header(_ name: String) -> String? { headerLookup(name) }

    /// Adds headers to the answer of this request, whatever it is and whoever gives it, now or later: what is known
    /// before the answer is, e.g. `RateLimit`, need not be handed to everything that may answer.
    ///
    /// Only inside the handler, as all of a request. Headers of the answer itself stand before these.
    public func addAnswerHeaders(_ headers: [(name: String, value: String)]) { answerHeaders(headers) }

    /// Adds a field to the request's line in the log. Only inside the handler, as all of a request.
    public func noteForLog(_ field: JournalEvent.Field) { logNotes(field) }

    /// First value of a query parameter.
    public func queryValue(_ name: String) -> String? { query.first { $0.name == name }?.value }
}

/// An answer.
public struct HTTPResponse: Sendable {
    public var status: Int
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]
    /// The body, when it is written while it is sent; then ``body`` is ignored.
    public var stream: ResponseStream?
    /// Fields for the request's line in the log; not sent.
    public var logFields: [JournalEvent.Field] = []
    /// Whether the stream is compressed while it is sent.
    var codesStream = false
    /// Whether a client that takes gzip may get it.
    var isCodable = true

    public init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// An answer whose length is not known: it goes on until the stream is finished. Clients of HTTP/1.1 get it in chunks,
    /// those of HTTP/1.0 until the connection closes; HEAD gets the headers alone, the stream ends as
    /// refused, and the connection closes.
    ///
    /// A client that closes its sending side counts as gone. Beyond ``HTTPServerConfiguration/streamsMaximum`` the answer
    /// is 503 instead.
    /// - Parameter isCodable: Whether it is compressed for clients that take gzip: each costs its own compression, also
    ///   where all of them are sent the same bytes.
    public init(
        status: Int, headers: [(name: String, value: String)] = [], stream: ResponseStream, isCodable: Bool = true
    ) {
        self.init(status: status, headers: headers)
        self.stream = stream
        self.isCodable = isCodable
    }

    /// An answer whose body is JSON.
    public static func json(_ status: Int = 200, _ body: [UInt8], headers: [(name: String, value: String)] = [])
        -> HTTPResponse
    {
        HTTPResponse(status: status, headers: [("Content-Type", "application/json")] + headers, body: body)
    }
}

/// What a handler did with a request.
public enum HTTPOutcome {
    /// The answer is ready.
    case respond(HTTPResponse)
    /// The connection sleeps; the exchange is completed later, from any thread.
    case suspended
}

/// The right to answer one request later, from any thread, exactly once.
///
/// Dropping it unanswered ends the request with 500; a second answer is a programmer error.
public protocol HTTPExchange: AnyObject, Sendable {
    func complete(_ response: HTTPResponse)
}
