internal import Access
internal import EventModel
internal import Foundation
internal import HTTPServer
internal import Observability

/// How a process serves HTTP: what `andon up`, `gateway` and `worker` have in common.
struct ServerConfiguration: Sendable {
    var host = "127.0.0.1"
    /// 0: the kernel picks one.
    var port: UInt16 = 0
    var isOpenToLoopback = false
    /// Requests a minute of each client address and key; 0: no limit.
    var requestsPerMinute = 100
    var corsOrigins: [String] = []
    var trustedProxies = 0
    /// nil: the server's own limit; 0: none.
    var connectionsPerAddressMaximum: Int?
    var requestLog: (@Sendable (RequestLogEntry) -> Void)?
    /// The board's files are read from here, not from the program; nil outside development.
    var boardDirectory: String?

    var policy: AccessControl.Policy {
        AccessControl.Policy(
            requestsPerMinute: requestsPerMinute, isOpenToLoopback: isOpenToLoopback, listenHost: host,
            origins: corsOrigins)
    }

    var http: HTTPServerConfiguration {
        var http = HTTPServerConfiguration()
        http.host = host
        http.port = port
        http.threads = max(2, ProcessInfo.processInfo.activeProcessorCount)
        http.corsOrigins = corsOrigins
        http.trustedProxies = trustedProxies
        http.connectionsPerAddressMaximum = connectionsPerAddressMaximum
        http.requestLog = requestLog
        return http
    }

    /// Starts a server.
    /// - Returns: the URL at which it answers.
    /// - Throws: ``CommandFailure`` if the address is not available.
    func start(_ server: HTTPServer) throws -> String {
        do {
            let port = try server.start()
            let host = host.contains(":") ? "[\(host)]" : host
            return "http://\(host):\(port)"
        } catch let error as any OperatorError {
            throw CommandFailure(
                .unavailable, "cannot listen on \(host):\(port)", why: error.message, next: error.hint)
        }
    }
}

/// The options for ``ServerConfiguration``.
enum ServerOptions {
    /// Which requests are logged.
    enum RequestLog: String, CaseIterable, Sendable { case all, errors, none }

    private static let listen = Option<ListenAddress>(
        "listen", "HOST:PORT", "the address to listen on; port 0 picks a free port", default: "127.0.0.1:8080",
        parse: ListenAddress.init)
    private static let open = Option.flag(
        "open", "require no key from programs on this machine; for demonstrations only")
    private static let rateLimit = Option.integer(
        "rate-limit", "N", "requests a minute of each client address and key; 0: no limit", in: 0...10_000_000,
        default: 100)
    private static let corsOrigin = Option<String>(
        "cors-origin", "URL", "a browser origin that may read answers", repeatable: true
    ) { text throws(InvalidValue) in
        guard let parts = URLComponents(string: text), parts.scheme != nil, parts.host?.isEmpty == false,
            parts.path.isEmpty, parts.query == nil
        else { throw InvalidValue("an origin like https://board.example, without a path") }
        return text
    }
    private static let trustedProxies = Option.integer(
        "trusted-proxies", "N",
        "how many proxies stand in front: X-Forwarded-For counts only then, and they may open any number of connections",
        in: 0...16, default: 0)
    private static let connectionsPerAddress = Option.integer(
        "connections-per-address", "N",
        "connections of one address, also live streams: more for many boards behind one; 0: no limit; default: a quarter "
            + "of all 4096", in: 0...4096)
    private static let logFormat = Option<StructuredLog.Format>.choice(
        "log-format", "FORMAT", "the format of the log lines on stderr", default: .text)
    private static let logRequests = Option<RequestLog>.choice(
        "log-requests", "WHICH", "which requests are logged", default: .all)

    private static let boardDirectory = Option<String>(
        "board-dir", "DIR", "serve the dashboard's files from here, uncached; for its development"
    ) { text throws(InvalidValue) in
        guard FileManager.default.fileExists(atPath: text + "/index.html") else {
            throw InvalidValue("a directory with index.html, e.g. Sources/Board/Web")
        }
        return text
    }

    static let specs = [
        listen.spec, open.spec, rateLimit.spec, corsOrigin.spec, trustedProxies.spec,
        connectionsPerAddress.spec, boardDirectory.spec, logFormat.spec, logRequests.spec,
    ]

    /// Runs a process that logs in the chosen format. In JSON its failure is a line like any other.
    static func logging(
        _ invocation: Invocation, _ body: (StructuredLog) throws -> ExitCode
    ) throws -> ExitCode {
        let log = StructuredLog(format: try invocation.value(logFormat), console: invocation.console).queued
        defer { log.flush() }
        do {
            return try body(log)
        } catch  where log.format == .json {
            let failure = error as? CommandFailure ?? CommandFailure(unexplained: error)
            log.write(.commandFailed(failure))
            return failure.exitCode
        }
    }

    /// Whether a command line that cannot be read asks for JSON lines.
    static func asksForJSON(_ words: [String], _ environment: [String: String]) -> Bool {
        let format = StructuredLog.Format.json.rawValue
        let isFlagged =
            words.contains("--\(logFormat.spec.name)=\(format)")
            || zip(words, words.dropFirst()).contains { $0 == "--\(logFormat.spec.name)" && $1 == format }
        return isFlagged || environment["ANDON_LOG_FORMAT"] == format
    }

    static func configuration(_ invocation: Invocation, _ journal: StructuredLog) throws -> ServerConfiguration {
        let address = try invocation.value(listen)
        var configuration = ServerConfiguration()
        configuration.host = address.host
        configuration.port = address.port
        configuration.isOpenToLoopback = try invocation.isSet(open)
        configuration.requestsPerMinute = try invocation.value(rateLimit)
        configuration.corsOrigins = try invocation.values(corsOrigin)
        configuration.trustedProxies = try invocation.value(trustedProxies)
        configuration.connectionsPerAddressMaximum = try invocation.optional(connectionsPerAddress)
        configuration.boardDirectory = try invocation.optional(boardDirectory)
        configuration.requestLog = requestLog(try invocation.value(logRequests), journal)
        return configuration
    }

    /// Prints a prominent warning if no key is required.
    static func warnIfOpen(_ configuration: ServerConfiguration, _ journal: StructuredLog) {
        guard configuration.isOpenToLoopback else { return }
        journal.write(.openAccess)
    }

    private static func requestLog(
        _ which: RequestLog, _ journal: StructuredLog
    ) -> (@Sendable (RequestLogEntry) -> Void)? {
        guard which != .none else { return nil }
        return { entry in
            let isError = entry.status == 0 || entry.status >= 400
            guard which == .all || isError else { return }
            journal.write(.request(entry))
        }
    }
}

/// `HOST:PORT`; an IPv6 address is in brackets.
struct ListenAddress: Equatable, Sendable {
    var host: String
    var port: UInt16

    init(_ text: String) throws(InvalidValue) {
        let fault = InvalidValue("HOST:PORT, e.g. 127.0.0.1:8080 or [::1]:8080")
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw fault
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw fault
        }
        guard !host.isEmpty else { throw fault }
        self.host = String(host)
        self.port = port
    }
}
