internal import Foundation
internal import HTTPClient
internal import Locks

extension APIClient {
    /// A client that talks HTTP over one persistent connection.
    static func live(_ access: ServerAccess) -> APIClient {
        let connection = LiveConnection()
        let pause: @Sendable (Int) -> Void = { Thread.sleep(forTimeInterval: Double($0) / 1_000) }
        return APIClient(access: access, pause: pause) { request throws(TransportFailure) in
            try connection.send(request, to: access.url)
        }
    }
}

/// One HTTP client that any thread may use.
private final class LiveConnection: Sendable {
    private let client = Guarded(HTTPClient())
    /// No server refers more often to itself.
    private static let redirectsMaximum = 3

    /// Follows a reference to another path of the same server, to no other server.
    func send(_ request: APIRequest, to url: String) throws(TransportFailure) -> APIAnswer {
        var target = url + request.target
        var answer = try send(request, target: target)
        for _ in 0..<Self.redirectsMaximum {
            guard let next = Self.redirection(answer, of: request, from: target) else { break }
            target = next
            answer = try send(request, target: target)
        }
        return answer
    }

    private func send(_ request: APIRequest, target: String) throws(TransportFailure) -> APIAnswer {
        let body = request.method == "GET" ? nil : request.body
        let result: Result<APIAnswer, TransportFailure> = client.withLock { client in
            do throws(HTTPClientError) {
                let answer = try client.send(request.method, target, headers: request.headers, body: body)
                let retryAfter = answer.header("Retry-After").flatMap { Int($0) }
                return .success(
                    APIAnswer(
                        status: answer.status, body: answer.body, retryAfterSeconds: retryAfter,
                        location: answer.header("Location")))
            } catch {
                return .failure(TransportFailure(message: "\(error)", isRetriable: error.isRetriable))
            }
        }
        return try result.get()
    }

    /// Where to send a request again; nil if the answer is final, or refers to another server.
    ///
    /// 301 and 302 may turn other methods into GET, so only 307 and 308 repeat these.
    private static func redirection(_ answer: APIAnswer, of request: APIRequest, from target: String) -> String? {
        let repeats = answer.status == 307 || answer.status == 308
        guard repeats || (request.method == "GET" && (answer.status == 301 || answer.status == 302)),
            let location = answer.location, let old = URL(string: target),
            let new = URL(string: location, relativeTo: old)?.absoluteURL,
            new.scheme == old.scheme, new.host == old.host, new.port == old.port
        else { return nil }
        return new.absoluteString
    }
}
