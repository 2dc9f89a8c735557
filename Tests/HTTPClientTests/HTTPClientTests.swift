import HTTPClient
import HTTPServer
internal import Locks
import Testing

@Suite("HTTP client")
struct HTTPClientTests {
    /// A running server, stopped when it goes.
    private final class Server {
        let server: HTTPServer
        let url: String

        init(_ routes: [HTTPRoute], configure: (inout HTTPServerConfiguration) -> Void = { _ in }) throws {
            var configuration = HTTPServerConfiguration()
            configure(&configuration)
            server = HTTPServer(configuration: configuration, routes: routes)
            url = "http://127.0.0.1:\(try server.start())"
        }

        deinit { server.stop() }
    }

    /// Answers with method, one header and the body of the request.
    private static func show(_ method: HTTPMethod) -> HTTPRoute {
        HTTPRoute(method, "/show", bodyBytesMaximum: 20 << 20) { request, _ in
            let head = "\(request.method.rawValue) \(request.header("X-API-Key") ?? "-") "
            return .respond(
                HTTPResponse(
                    status: 200, headers: [("X-Kind", "a: b"), ("Content-Type", "text/plain")],
                    body: Array(head.utf8) + Array(request.body)))
        }
    }

    private static let sized = HTTPRoute(.get, "/sized", parameters: ["n"]) { request, _ in
        let count = Int(request.queryValue("n") ?? "") ?? 0
        return .respond(HTTPResponse(status: 200, body: [UInt8](repeating: 7, count: count)))
    }

    @Test("method, headers and body arrive; status, headers and body come back")
    func roundTrip() throws {
        let server = try Server([Self.show(.get), Self.show(.post), Self.show(.put), Self.show(.delete)])
        let client = HTTPClient()
        let key = [(name: "X-API-Key", value: "k")]
        let cases: [(String, [UInt8]?)] = [
            ("GET", nil), ("POST", Array("body".utf8)), ("POST", []), ("PUT", Array("x".utf8)), ("DELETE", nil),
            ("POST", [UInt8](repeating: 9, count: 3_000_000)), ("POST", [0, 13, 10, 0]), ("GET", nil),
        ]
        for (method, body) in cases {
            let answer = try client.send(method, server.url + "/show", headers: key, body: body)
            #expect(answer.status == 200)
            #expect(answer.header("x-kind") == "a: b")
            let isSame = answer.body == Array("\(method) k ".utf8) + (body ?? [])
            #expect(isSame, "\(method) with \(body?.count ?? -1) bytes")
        }
        #expect(try client.send("GET", server.url + "/show").body == Array("GET - ".utf8))
    }

    @Test("HEAD brings headers and no body")
    func head() throws {
        let server = try Server([Self.sized])
        let answer = try HTTPClient().send("HEAD", server.url + "/sized?n=5")
        #expect(answer.status == 200)
        #expect(answer.header("Content-Length") == "5")
        #expect(answer.body == [])
    }

    @Test("a status ≥ 400 is an answer, not an error")
    func problem() throws {
        let server = try Server([])
        let answer = try HTTPClient().send("GET", server.url + "/nowhere")
        #expect(answer.status == 404)
        #expect(answer.header("Content-Type") == "application/problem+json")
    }

    @Test("the connection is used again, and replaced when the server has closed it")
    func reuse() throws {
        let client = HTTPClient()
        var configuration = HTTPServerConfiguration()
        let first = HTTPServer(configuration: configuration, routes: [Self.sized])
        configuration.port = try first.start()
        let url = "http://127.0.0.1:\(configuration.port)/sized?n=1"
        _ = try client.send("GET", url)
        #expect(!client.reusedConnection)
        _ = try client.send("GET", url)
        #expect(client.reusedConnection)
        first.stop()
        let second = HTTPServer(configuration: configuration, routes: [Self.sized])
        _ = try second.start()
        defer { second.stop() }
        #expect(try client.send("GET", url).status == 200)
        #expect(!client.reusedConnection)
    }

    @Test("an answer up to the limit is taken, one byte more is an error, and the client goes on")
    func answerLimit() throws {
        let server = try Server([Self.sized])
        var configuration = HTTPClientConfiguration()
        configuration.answerBytesMaximum = 1000
        let client = HTTPClient(configuration)
        #expect(try client.send("GET", server.url + "/sized?n=1000").body.count == 1000)
        let error = #expect(throws: HTTPClientError.self) { try client.send("GET", server.url + "/sized?n=1001") }
        #expect(error?.code == .answerTooLarge)
        #expect(error?.isRetriable == false)
        #expect(try client.send("GET", server.url + "/sized?n=1").body.count == 1)
    }

    @Test("nobody listening, a broken URL and another scheme are different errors")
    func unreachable() throws {
        let server = try Server([])
        let url = server.url
        server.server.stop()
        let client = HTTPClient()
        let refused = #expect(throws: HTTPClientError.self) { try client.send("GET", url) }
        #expect(refused?.code == .cannotConnect)
        #expect(refused?.isRetriable == true)
        #expect(refused?.description.contains(url) == true)
        for url in ["file:///etc/hostname", "http://", "ftp://127.0.0.1/"] {
            let error = #expect(throws: HTTPClientError.self) { try client.send("GET", url) }
            #expect(error?.code == .invalidRequest)
            #expect(error?.isRetriable == false)
        }
        let unknown = #expect(throws: HTTPClientError.self) { try client.send("GET", "http://andon.invalid/") }
        #expect(unknown?.code == .unknownHost || unknown?.code == .cannotConnect)
    }

    @Test("an answer that does not come is a timeout")
    func timeout() throws {
        let never = Never()
        // What is kept keeps the server, whose route keeps what is kept.
        defer { never.forget() }
        let route = HTTPRoute(.get, "/never") { _, exchange in
            never.keep(exchange)
            return .suspended
        }
        let server = try Server([route]) { $0.drainSeconds = 0 }
        var configuration = HTTPClientConfiguration()
        configuration.timeoutSeconds = 0.2
        let error = #expect(throws: HTTPClientError.self) {
            try HTTPClient(configuration).send("GET", server.url + "/never")
        }
        #expect(error?.code == .timeout)
        #expect(error?.isRetriable == true)
    }

    @Test("a TLS handshake with a server that speaks none is a TLS error")
    func noTLS() throws {
        let server = try Server([])
        let url = server.url.replacing("http:", with: "https:")
        let error = #expect(throws: HTTPClientError.self) { try HTTPClient().send("GET", url) }
        #expect(error?.code == .tls)
    }

    @Test(
        "line feeds and other characters that HTTP does not allow never leave",
        arguments: [
            ("GET", "X-A", "b\r\nX-Evil: 1"), ("GET", "X-A", "b\nX-Evil: 1"), ("GET", "X-A: 1\r\nX-B", "c"),
            ("GET", "", "b"), ("GET / HTTP/1.1\r\nX", "X-A", "b"), ("", "X-A", "b"),
        ])
    func injection(method: String, name: String, value: String) throws {
        let error = #expect(throws: HTTPClientError.self) {
            try HTTPClient().send(method, "http://127.0.0.1:1/", headers: [(name, value)])
        }
        #expect(error?.code == .invalidRequest)
    }

    @Test("the version of the library is known")
    func version() { #expect(HTTPClient.libraryVersion.contains("libcurl/")) }
}

/// Keeps exchanges unanswered.
private final class Never: Sendable {
    private let exchanges = Guarded<[any HTTPExchange]>([])

    func keep(_ exchange: any HTTPExchange) { exchanges.withLock { $0.append(exchange) } }

    /// Drops them, outside the lock: their end is an answer.
    func forget() {
        let dropped = exchanges.withLock { exchanges in
            let all = exchanges
            exchanges = []
            return all
        }
        withExtendedLifetime(dropped) {}
    }
}
