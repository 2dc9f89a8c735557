internal import Clocks
internal import EventModel
internal import Foundation
internal import JSON

/// A request to a server.
struct APIRequest: Sendable {
    var method: String
    /// Including its query, e.g. `/api/metrics/workers?site_id=plant-1`.
    var target: String
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []

    /// Builds the target from a path and the parameters of a query, encoded as a server decodes them.
    static func target(_ path: String, _ query: [(name: String, value: String)]) -> String {
        guard !query.isEmpty else { return path }
        return path + "?" + query.map { "\($0.name)=\(encoded($0.value))" }.joined(separator: "&")
    }

    /// One segment of a path or one value of a query.
    static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e:
                return String(UnicodeScalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                return "%" + (digits.count < 2 ? "0" : "") + digits
            }
        }.joined()
    }
}

/// A server's answer.
struct APIAnswer: Sendable {
    var status: Int
    var body: [UInt8]
    /// From `Retry-After`; nil if there was none.
    var retryAfterSeconds: Int?
    /// From `Location`, of an answer that refers to another address.
    var location: String?

    var isSuccess: Bool { (200..<300).contains(status) }
    /// Whether the same request may succeed later.
    var isRetriable: Bool { status == 429 || status == 502 || status == 503 || status == 504 }
}

/// No answer came: the server is down, or the connection broke. It is unknown whether the request arrived.
struct TransportFailure: Error, Sendable {
    var message: String
    /// False if the same request cannot succeed later, e.g. with a certificate that is not trusted.
    var isRetriable = true
    var retryAfterSeconds: Int?
    /// Where the client refused to send, what it tells the user.
    var refusal: CommandFailure?
}

/// One server, as seen by the commands that talk to it.
///
/// The transport is a closure, so that tests can use a server of their own.
struct APIClient: Sendable {
    /// Waits before a request that was answered 401 is sent again: a new key holds within a second (SPEC 8.2).
    static let newKeyMilliseconds = [200, 300, 600]
    /// A question waits this long for a server that limits requests, and tries so often; else it says until when.
    static let limitSecondsMaximum = 5
    static let limitAttemptsMaximum = 3

    private(set) var access: ServerAccess
    /// Blocks for this many milliseconds.
    var pause: @Sendable (Int) -> Void = { _ in }
    var now: @Sendable () -> Timestamp = { SystemClock().now }
    let transport: @Sendable (APIRequest) throws(TransportFailure) -> APIAnswer
    private let identity = ServerIdentity()

    init(
        access: ServerAccess, pause: @escaping @Sendable (Int) -> Void = { _ in },
        transport: @escaping @Sendable (APIRequest) throws(TransportFailure) -> APIAnswer
    ) {
        self.access = access
        self.pause = pause
        self.transport = transport
    }

    /// Identity of the log that the server writes; nil if it does not say.
    func log() throws(TransportFailure) -> String? { try identity.log(transport) }

    /// The same client, which sends only to a server that writes this log; nil: to any.
    func bound(to log: String?, by reason: ServerAccess.LogReason) -> APIClient {
        guard let log else { return self }
        var client = self
        client.access.log = log
        client.access.logReason = reason
        return client
    }

    /// Sends one request with the key of this client, if the server writes the log that it should.
    func send(_ request: APIRequest) throws(TransportFailure) -> APIAnswer {
        var request = request
        if let key = access.key { request.headers.append(("Authorization", "Bearer \(key)")) }
        do throws(TransportFailure) {
            try checkLog()
            var answer = try transport(request)
            for wait in Self.newKeyMilliseconds where answer.status == 401 && access.key != nil {
                pause(wait)
                answer = try transport(request)
            }
            return answer
        } catch {
            identity.forget()
            throw error
        }
    }

    private func checkLog() throws(TransportFailure) {
        guard let wanted = access.log else { return }
        let found = try log()
        guard found != wanted, found != nil || access.logReason != .directory else { return }
        throw TransportFailure(
            message: "another log", isRetriable: false, refusal: access.refusal(wanted: wanted, found: found))
    }

    /// Sends one request and returns the body of a successful answer.
    ///
    /// A server that limits requests is given the time that it asks for, if that is a few seconds.
    /// - Throws: ``CommandFailure`` for any other answer.
    func fetch(_ request: APIRequest) throws(CommandFailure) -> [UInt8] {
        var answer: APIAnswer
        var attempts = 1
        do throws(TransportFailure) {
            answer = try send(request)
            while answer.status == 429, attempts < Self.limitAttemptsMaximum, let seconds = answer.retryAfterSeconds,
                seconds <= Self.limitSecondsMaximum
            {
                pause(max(1, seconds) * 1_000)
                answer = try send(request)
                attempts += 1
            }
        } catch {
            throw unreachable(error)
        }
        guard answer.isSuccess else { throw failure(answer) }
        return answer.body
    }

    /// The message to the user if the server did not answer.
    func unreachable(_ failure: TransportFailure) -> CommandFailure {
        failure.refusal
            ?? CommandFailure(
                .unavailable, "cannot reach \(access.url)", why: failure.message,
                next: "andon up, or name another server with --url")
    }
}
