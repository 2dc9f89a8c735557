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

    var isSuccess: Bool { (200..<300).contains(status) }
    /// Whether the same request may succeed later.
    var isRetriable: Bool { status == 429 || status == 502 || status == 503 || status == 504 }
}

/// No answer came: the server is down, or the connection broke. It is unknown whether the request arrived.
struct TransportFailure: Error, Sendable {
    var message: String
    /// False if the same request cannot succeed later, e.g. with a certificate that is not trusted.
    var isRetriable = true
}

/// One server, as seen by the commands that talk to it.
///
/// The transport is a closure, so that tests can use a server of their own.
struct APIClient: Sendable {
    let access: ServerAccess
    let transport: @Sendable (APIRequest) throws(TransportFailure) -> APIAnswer

    /// Sends one request with the key of this client.
    func send(_ request: APIRequest) throws(TransportFailure) -> APIAnswer {
        var request = request
        if let key = access.key { request.headers.append(("Authorization", "Bearer \(key)")) }
        return try transport(request)
    }

    /// Sends one request and returns the body of a successful answer.
    /// - Throws: ``CommandFailure`` for any other.
    func fetch(_ request: APIRequest) throws(CommandFailure) -> [UInt8] {
        let answer: APIAnswer
        do throws(TransportFailure) {
            answer = try send(request)
        } catch {
            throw unreachable(error)
        }
        guard answer.isSuccess else { throw failure(answer) }
        return answer.body
    }

    /// The message to the user if the server did not answer.
    func unreachable(_ failure: TransportFailure) -> CommandFailure {
        CommandFailure(
            .unavailable, "cannot reach \(access.url)", why: failure.message,
            next: "andon up, or name another server with --url")
    }

    /// The message to the user about an error answer.
    func failure(_ answer: APIAnswer) -> CommandFailure {
        let problem = Problem(answer.body)
        let what = problem.detail ?? problem.title ?? "the server answered \(answer.status)"
        let details = ["server \(access.url)", "status \(answer.status)"] + problem.pointers
        switch answer.status {
        case 401:
            return CommandFailure(
                .failure, what, why: access.key == nil ? "no key was sent" : "the key is not known, or was revoked",
                next: "andon key create --role operator > my.key, then --key-file my.key", details: details)
        case 403:
            return CommandFailure(
                .failure, what, why: "the key may not do this, or not for this site",
                next: "andon key list shows what each key may do", details: details)
        case 404:
            return CommandFailure(
                .failure, what, next: "andon site apply FILE registers a site", details: details)
        case 429, 503:
            return CommandFailure(
                .tryAgain, what, why: answer.retryAfterSeconds.map { "the server asks to wait \($0) s" },
                next: "run the same command again later", details: details)
        case 413, 415, 422:
            return CommandFailure(
                .badData, what, why: problem.pointers.isEmpty ? nil : problem.pointers.joined(separator: "; "),
                details: details)
        case 400:
            return CommandFailure(.usage, what, details: details)
        default:
            return CommandFailure(.failure, what, details: details)
        }
    }
}

/// The parts of `application/problem+json` shown to people (RFC 9457).
private struct Problem {
    var title: String?
    var detail: String?
    /// `/site/name: …` for each fault in a definition.
    var pointers: [String] = []

    init(_ body: [UInt8]) {
        guard let problem = JSONValue(body) else { return }
        title = problem["title"]?.text.map(printable)
        detail = problem["detail"]?.text.map(printable)
        for fault in problem["errors"]?.items ?? [] {
            let pointer = fault["pointer"]?.text ?? fault["field"]?.text ?? ""
            let message = fault["detail"]?.text ?? fault["message"]?.text ?? ""
            pointers.append(printable("\(pointer): \(message)"))
        }
    }
}
