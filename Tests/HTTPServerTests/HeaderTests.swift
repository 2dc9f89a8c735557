import Glibc
import HTTPServer
internal import Locks
import Testing

@Suite("Headers, addresses, log")
struct HeaderTests {
    /// Answers with what the server takes for the client's address, and whether it is this machine.
    private let address = HTTPRoute(.get, "/address") { request, _ in
        .respond(HTTPResponse(status: 200, body: Array("\(request.clientAddress) \(request.isLoopback)".utf8)))
    }

    @Test("headers are found whatever their case; absent ones are nil")
    func lookup() throws {
        let route = HTTPRoute(.get, "/") { request, _ in
            let found = [request.header("x-one"), request.header("X-ONE"), request.header("X-Two")]
            return .respond(
                HTTPResponse(status: 200, body: Array(found.map { $0 ?? "nil" }.joined(separator: ",").utf8)))
        }
        #expect(try TestServer([route]).get("/", "X-One: a, b\r\n").text == "a, b,a, b,nil")
    }

    @Test("every answer has the default headers, unless it sets them itself")
    func defaults() throws {
        let own = HTTPRoute(.get, "/own") { _, _ in
            .respond(HTTPResponse(status: 200, headers: [("X-Content-Type-Options", "own"), ("X-More", "1")]))
        }
        let server = try TestServer([own, Routes.show("/"), Routes.echo])
        #expect(try server.get("/").header("X-Content-Type-Options") == "nosniff")
        #expect(try server.get("/nowhere").header("X-Content-Type-Options") == "nosniff")
        let large = try server.wire()
        large.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 99999999\r\n\r\n")
        #expect(try large.reply().header("X-Content-Type-Options") == "nosniff")
        let reply = try server.get("/own")
        #expect(reply.headers.filter { $0.name == "X-Content-Type-Options" }.map(\.value) == ["own"])
        #expect(reply.header("X-More") == "1")
    }

    @Test("headers that a handler adds go with this request's answer, given at once or later, and with no other's")
    func added() throws {
        let waiting = Waiting()
        let suspended = waiting.route("/", parameters: ["remaining", "wait"])
        let handler: @Sendable (HTTPRequest, any HTTPExchange) -> HTTPOutcome = { request, exchange in
            guard let remaining = request.queryValue("remaining") else { return .respond(HTTPResponse(status: 200)) }
            request.addAnswerHeaders([("RateLimit", remaining), ("X-Added", "1")])
            return request.queryValue("wait") == nil ? .respond(.problem(400)) : suspended.serve(request, exchange)
        }
        let server = try TestServer([HTTPRoute(.get, "/", parameters: ["remaining", "wait"], handler: handler)])
        let wire = try server.wire()
        wire.send("GET /?remaining=7 HTTP/1.1\r\nHost: test\r\n\r\n")
        let first = try wire.reply()
        #expect(first.header("RateLimit") == "7")
        #expect(first.header("X-Added") == "1")
        wire.send("GET /?remaining=6&wait HTTP/1.1\r\nHost: test\r\n\r\n")
        waiting.next().complete(HTTPResponse(status: 200))
        let second = try wire.reply()
        #expect(second.headers.filter { $0.name == "RateLimit" }.map(\.value) == ["6"])
        for target in ["/", "/nowhere"] {
            wire.send("GET \(target) HTTP/1.1\r\nHost: test\r\n\r\n")
            #expect(try wire.reply().header("RateLimit") == nil)
        }
    }

    @Test("an answer whose header holds a line feed is 500, not two answers")
    func injection() throws {
        let route = HTTPRoute(.get, "/", parameters: ["q"]) { request, _ in
            .respond(HTTPResponse(status: 200, headers: [("X-Echo", request.queryValue("q") ?? "")]))
        }
        let server = try TestServer([route])
        #expect(try server.get("/?q=ok").header("X-Echo") == "ok")
        let reply = try server.get("/?q=a%0D%0AX-Evil:%201")
        #expect(reply.status == 500)
        #expect(reply.header("X-Evil") == nil)
    }

    @Test("large and small answers arrive as they were given")
    func answers() throws {
        let route = HTTPRoute(.get, "/", parameters: ["n"]) { request, _ in
            let count = Int(request.queryValue("n") ?? "") ?? 0
            return .respond(HTTPResponse(status: 200, body: [UInt8](repeating: 7, count: count)))
        }
        let server = try TestServer([route])
        let wire = try server.wire()
        for count in [0, 1, 16_384, 16_385, 3_000_000] {
            wire.send("GET /?n=\(count) HTTP/1.1\r\nHost: test\r\n\r\n")
            let isSame = try wire.reply().body == [UInt8](repeating: 7, count: count)
            #expect(isSame, "\(count) bytes")
        }
    }

    @Test("an allowed origin may read answers and ask before it sends; another may not (SPEC 8.2)")
    func crossOrigin() throws {
        let server = try TestServer([Routes.show("/"), Routes.echo]) { $0.corsOrigins = ["https://board.example"] }
        let good = try server.get("/", "Origin: https://board.example\r\n")
        #expect(good.header("Access-Control-Allow-Origin") == "https://board.example")
        #expect(good.header("Vary") == "Origin")
        let problem = try server.get("/nowhere", "Origin: https://board.example\r\n")
        #expect(problem.header("Access-Control-Allow-Origin") == "https://board.example")
        for origin in ["https://evil.example", "https://board.example.evil", "null", "https://BOARD.example"] {
            let bad = try server.get("/", "Origin: \(origin)\r\n")
            #expect(bad.header("Access-Control-Allow-Origin") == nil)
            #expect(bad.header("Vary") == "Origin")
        }
        let ask = "OPTIONS /echo HTTP/1.1\r\nHost: test\r\nAccess-Control-Request-Method: POST\r\nOrigin: "
        let preflight = try server.ask(ask + "https://board.example\r\n\r\n")
        #expect(preflight.status == 204)
        #expect(preflight.header("Access-Control-Allow-Methods") == "POST, OPTIONS")
        #expect(preflight.header("Access-Control-Allow-Headers")?.contains("X-API-Key") == true)
        #expect(try server.ask(ask + "https://evil.example\r\n\r\n").header("Access-Control-Allow-Methods") == nil)
    }

    @Test("without allowed origins no answer speaks of them")
    func noCrossOrigin() throws {
        let reply = try TestServer([Routes.show("/")]).get("/", "Origin: https://board.example\r\n")
        #expect(reply.header("Vary") == nil)
        #expect(reply.header("Access-Control-Allow-Origin") == nil)
    }

    @Test("without trusted proxies the address is the socket's, whatever the headers say (DESIGN 6)")
    func untrusted() throws {
        let server = try TestServer([address])
        #expect(try server.get("/address").text == "127.0.0.1 true")
        for name in ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"] {
            #expect(try server.get("/address", "\(name): 203.0.113.9\r\n").text == "127.0.0.1 false")
        }
    }

    @Test(
        "with N trusted proxies the address is the N-th of X-Forwarded-For from the right (DESIGN 6)",
        arguments: [
            (1, ["203.0.113.1, 203.0.113.2"], "203.0.113.2"), (2, ["203.0.113.1, 203.0.113.2"], "203.0.113.1"),
            (2, ["198.51.100.7, 203.0.113.1", "203.0.113.2"], "203.0.113.1"), (3, ["203.0.113.1"], "203.0.113.1"),
            (1, ["2001:DB8::1"], "2001:db8::1"), (1, ["[2001:db8::1]:443"], "2001:db8::1"),
            (1, ["203.0.113.1:8080"], "203.0.113.1"), (1, ["::ffff:203.0.113.1"], "203.0.113.1"),
            (1, ["spoofed"], "127.0.0.1"), (1, [""], "127.0.0.1"), (1, ["203.0.113.1, "], "127.0.0.1"),
        ])
    func trusted(proxies: Int, lines: [String], expected: String) throws {
        let server = try TestServer([address]) { $0.trustedProxies = proxies }
        let headers = lines.map { "X-Forwarded-For: \($0)\r\n" }.joined()
        #expect(try server.get("/address", headers).text == "\(expected) false")
    }

    @Test(
        "a client's connection is encrypted where a trusted proxy says so (DESIGN 6)",
        arguments: [
            (0, ["https"], false), (1, [], false), (1, ["https"], true), (1, ["http"], false), (1, ["HTTPS"], true),
            (1, ["https, http"], false), (2, ["https, http"], true), (2, ["http", "https, http"], true),
            (3, ["https"], true), (1, [""], false),
        ] as [(Int, [String], Bool)])
    func secure(proxies: Int, lines: [String], expected: Bool) throws {
        let route = HTTPRoute(.get, "/") { request, _ in
            .respond(HTTPResponse(status: 200, body: Array("\(request.isSecure)".utf8)))
        }
        let server = try TestServer([route]) { $0.trustedProxies = proxies }
        let headers = lines.map { "X-Forwarded-Proto: \($0)\r\n" }.joined()
        #expect(try server.get("/", headers).text == "\(expected)")
    }

    @Test("the log has method, path without query, status, bytes and address, also of what no handler saw")
    func log() throws {
        let entries = Guarded<[RequestLogEntry]>([])
        let logged = Semaphore()
        let server = try TestServer([Routes.show("/"), Routes.echo]) {
            $0.requestLog = { entry in
                entries.withLock { $0.append(entry) }
                logged.signal()
            }
        }
        _ = try server.get("/?secret=1")
        logged.wait()
        let unknown = try server.ask("BREW /nowhere HTTP/1.1\r\nHost: test\r\n\r\n")
        logged.wait()
        let large = try server.wire()
        large.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 99999999\r\n\r\n")
        #expect(try large.reply().status == 413)
        large.reset()
        logged.wait()
        let log = entries.withLock { $0 }
        #expect(log.map(\.method) == ["GET", "BREW", "POST"])
        #expect(log.map(\.path) == ["/", "/nowhere", "/echo"])
        #expect(log.map(\.status) == [200, 404, 413])
        #expect(log[0].bytes == 11)
        #expect(log[1].bytes == unknown.body.count)
        #expect(log.allSatisfy { $0.clientAddress == "127.0.0.1" && $0.durationMicroseconds >= 0 })
    }

    @Test("IPv6 literals and localhost can be listened on, names cannot, and a taken port is a clear error")
    func listening() throws {
        for host in ["::1", "[::1]", "localhost", "0.0.0.0", "::"] {
            var configuration = HTTPServerConfiguration()
            configuration.host = host
            let server = HTTPServer(configuration: configuration, routes: [])
            #expect(try server.start() > 0)
            server.stop()
            server.stop()
        }
        var configuration = HTTPServerConfiguration()
        configuration.host = "factory.example"
        let named = HTTPServer(configuration: configuration, routes: [])
        let unknown = #expect(throws: HTTPServerError.self) { try named.start() }
        #expect(unknown?.code == .invalidHost)
        let first = try TestServer([Routes.show("/")])
        configuration.host = "127.0.0.1"
        configuration.port = first.port
        let second = HTTPServer(configuration: configuration, routes: [])
        let taken = #expect(throws: HTTPServerError.self) { try second.start() }
        #expect(taken?.code == .cannotListen)
        #expect(taken?.isRetriable == true)
        let again = #expect(throws: HTTPServerError.self) { try first.server.start() }
        #expect(again?.code == .alreadyStarted)
    }

    @Test("the version of the library is known")
    func version() { #expect(HTTPServer.libraryVersion.hasPrefix("0.9.") || HTTPServer.libraryVersion.hasPrefix("1.")) }
}
