internal import Foundation
internal import HTTPServer

/// `andon up` (SPEC 8.1)
enum UpCommand {
    /// Which requests are written to the log.
    enum RequestLog: String, CaseIterable, Sendable { case all, errors, none }

    private static let listen = Option<ListenAddress>(
        "listen", "HOST:PORT", "where to answer; port 0 picks a free one", default: "127.0.0.1:8080",
        parse: ListenAddress.init)
    private static let open = Option.flag(
        "open", "ask programs on this machine for no key; for a look around only")
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
        "trusted-proxies", "N", "proxies in front; X-Forwarded-For counts only behind them", in: 0...16, default: 0)
    private static let logFormat = Option<StructuredLog.Format>.choice(
        "log-format", "FORMAT", "how log lines on stderr look", default: .text)
    private static let logRequests = Option<RequestLog>.choice(
        "log-requests", "WHICH", "which requests are logged", default: .all)

    static let command = Command(
        path: ["up"],
        summary: "starts everything in one process on the embedded log, and runs until SIGTERM or Ctrl-C",
        discussion: """
            Writes `listening on http://HOST:PORT` to stderr when it is ready. The first signal stops it gracefully, a
            second one at once; whatever was acknowledged is safe either way.
            """,
        examples: [
            .init("andon up --open", "a look around: http://127.0.0.1:8080, no keys from this machine"),
            .init("andon up --data-dir /var/lib/andon --listen 0.0.0.0:8080 --log-format json", "for a plant"),
        ],
        options: [
            DataDirectory.option.spec, listen.spec, open.spec, rateLimit.spec, corsOrigin.spec, trustedProxies.spec,
            logFormat.spec, logRequests.spec,
        ],
        run: run)

    private static func run(_ invocation: Invocation) throws -> ExitCode {
        let journal = StructuredLog(format: try invocation.value(logFormat), console: invocation.console)
        let configuration = try configuration(invocation, journal)
        let directory = configuration.directory
        // Before any thread starts, so that all of them leave the signals to one.
        let signals = StopSignals.install(invocation.console)
        let service = try Service(configuration, journal)
        let url = try service.start()
        defer { directory.noteRunning(at: nil) }
        if service.waitUntilReady(signals) {
            directory.noteRunning(at: url)
            greet(invocation, configuration, try service.keys.list().isEmpty, journal)
            // SPEC 8.1: this very line, whatever the format of the log.
            invocation.console.note("listening on \(url)")
        } else if let failure = service.projector.failure {
            service.stop()
            throw CommandFailure(
                .failure, "the log cannot be folded", why: failure, next: "andon doctor --data-dir \(directory.path)")
        }
        while !signals.wait() {}
        journal.write(.info, "stopping", ["cause": signals.cause == .interrupt ? "SIGINT" : "SIGTERM"])
        service.stop()
        journal.write(.info, "stopped")
        return signals.cause == .interrupt ? .interrupted : .success
    }

    private static func configuration(
        _ invocation: Invocation, _ journal: StructuredLog
    ) throws -> Service.Configuration {
        let address = try invocation.value(listen)
        var configuration = Service.Configuration(
            directory: DataDirectory(path: try invocation.value(DataDirectory.option)))
        configuration.host = address.host
        configuration.port = address.port
        configuration.isOpenToLoopback = try invocation.isSet(open)
        configuration.requestsPerMinute = try invocation.value(rateLimit)
        configuration.corsOrigins = try invocation.values(corsOrigin)
        configuration.trustedProxies = try invocation.value(trustedProxies)
        configuration.requestLog = requestLog(try invocation.value(logRequests), journal)
        return configuration
    }

    private static func requestLog(
        _ which: RequestLog, _ journal: StructuredLog
    ) -> (@Sendable (RequestLogEntry) -> Void)? {
        guard which != .none else { return nil }
        return { entry in
            let isError = entry.status == 0 || entry.status >= 400
            guard which == .all || isError else { return }
            journal.write(
                isError ? .warning : .info, "request",
                [
                    "method": entry.method, "path": entry.path, "status": "\(entry.status)", "bytes": "\(entry.bytes)",
                    "microseconds": "\(entry.durationMicroseconds)", "client": entry.clientAddress,
                ])
        }
    }

    private static func greet(
        _ invocation: Invocation, _ configuration: Service.Configuration, _ hasNoKeys: Bool, _ journal: StructuredLog
    ) {
        if configuration.isOpenToLoopback {
            journal.write(
                .warning,
                "OPEN: every program on this machine may do everything without a key; use this for demonstrations only")
        } else if hasNoKeys {
            journal.write(
                .info, "there is no key yet: andon key create --role admin --data-dir \(configuration.directory.path)")
        }
    }
}

/// `HOST:PORT`; an IPv6 address stands in brackets.
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
