internal import HTTPClient
internal import Locks

extension APIClient {
    /// A client that talks HTTP over one persistent connection.
    static func live(_ access: ServerAccess) -> APIClient {
        let connection = LiveConnection()
        return APIClient(access: access) { request throws(TransportFailure) in
            try connection.send(request, to: access.url)
        }
    }
}

/// One HTTP client that any thread may use.
private final class LiveConnection: Sendable {
    private let client = Guarded(HTTPClient())

    func send(_ request: APIRequest, to url: String) throws(TransportFailure) -> APIAnswer {
        let body = request.method == "GET" ? nil : request.body
        let target = url + request.target
        let result: Result<APIAnswer, TransportFailure> = client.withLock { client in
            do throws(HTTPClientError) {
                let answer = try client.send(request.method, target, headers: request.headers, body: body)
                let retryAfter = answer.header("Retry-After").flatMap { Int($0) }
                return .success(
                    APIAnswer(status: answer.status, body: answer.body, retryAfterSeconds: retryAfter))
            } catch {
                return .failure(TransportFailure(message: "\(error)", isRetriable: error.isRetriable))
            }
        }
        return try result.get()
    }
}
