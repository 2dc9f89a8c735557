import HTTPServer
import Testing

@Suite("The query parameters of a route")
struct QueryParameterTests {
    private static let parameters: [HTTPQueryParameter] = ["site_id", "known_at", .repeatable("worker_id")]

    /// Lets whoever sends `X-Key: good` ask; a request without `known_at` is malformed to it.
    private static func guarded(_ method: HTTPMethod) -> HTTPRoute {
        HTTPRoute(method, "/guarded", parameters: parameters, bodyBytesMaximum: 1 << 20) { head in
            guard head.header("X-Key") == "good" else { return .refused(.problem(401)) }
            guard head.queryValue("known_at") != nil else { return .refused(.problem(400, "known_at is missing")) }
            return .admitted { request, _ in
                .respond(HTTPResponse(status: 200, body: Array("\(request.body.count)".utf8)))
            }
        }
    }

    private func server() throws -> TestServer {
        try TestServer([
            HTTPRoute(.get, "/list", parameters: Self.parameters) { request, _ in
                let pairs = request.query.map { "\($0.name)=\($0.value)" }
                return .respond(HTTPResponse(status: 200, body: Array(pairs.joined(separator: "&").utf8)))
            },
            HTTPRoute(.get, "/none") { _, _ in .respond(HTTPResponse(status: 200)) },
            Self.guarded(.get), Self.guarded(.post), Self.guarded(.put),
        ])
    }

    @Test(
        "one that the route does not know is 400: the answer names it, those that are known, and the nearest (SPEC 2.5)"
    )
    func unknown() throws {
        let server = try server()
        let reply = try server.get("/list?site_id=a&know_at=b")
        #expect(reply.status == 400)
        #expect(reply.header("Content-Type") == "application/problem+json")
        #expect(reply.text.contains(#""parameter":"know_at""#))
        let detail =
            "know_at: unknown parameter, did you mean known_at? /list takes site_id, known_at, worker_id"
        #expect(reply.text.contains(detail))
        #expect(try server.get("/list?%C3%A4=1").text.contains(#""parameter":"ä""#))
        #expect(try server.get("/list?=1").status == 400)
        #expect(try server.get("/none?x").text.contains("x: unknown parameter; /none takes none"))
    }

    @Test("one that is given twice is 400, unless it may be given again (SPEC 2.5)")
    func repeated() throws {
        let server = try server()
        let reply = try server.get("/list?site_id=a&worker_id=1&site_id=a")
        #expect(reply.status == 400 && reply.text.contains("site_id: given more than once"))
        let pairs = "worker_id=1&site_id=a&worker_id=1&worker_id=2"
        #expect(try server.get("/list?\(pairs)").text == pairs)
    }

    @Test("HEAD, POST and PUT are checked as well, before their body is read (SPEC 2.5)")
    func methods() throws {
        let server = try server()
        let wire = try server.wire()
        wire.send("HEAD /list?x=1 HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try wire.reply(toHead: true).status == 400)
        for method in ["POST", "PUT"] {
            let wire = try server.wire()
            // The body never comes.
            wire.send(
                "\(method) /guarded?known_at=1&x=1 HTTP/1.1\r\nHost: test\r\nX-Key: good\r\nContent-Length: 100000\r\n\r\n"
            )
            #expect(try wire.reply().text.contains(#""parameter":"x""#))
            let whole = try server.ask(
                "\(method) /guarded?known_at=1 HTTP/1.1\r\nHost: test\r\nX-Key: good\r\nContent-Length: 3\r\n\r\n",
                body: [1, 2, 3])
            #expect(whole.status == 200 && whole.text == "3")
        }
    }

    @Test("who may not ask learns that alone; of two malformed parts the unknown name is told (SPEC 2.5)")
    func order() throws {
        let server = try server()
        #expect(try server.get("/guarded?x=1").status == 401)
        let reply = try server.get("/guarded?known=1", "X-Key: good\r\n")
        #expect(reply.status == 400 && reply.text.contains(#""parameter":"known""#))
        #expect(try server.get("/guarded", "X-Key: good\r\n").text.contains("known_at is missing"))
    }

    @Test("who may not send is told before the body has come, and whatever is left of it is not read")
    func beforeTheBody() throws {
        let server = try server()
        let wire = try server.wire()
        wire.send("POST /guarded HTTP/1.1\r\nHost: test\r\nContent-Length: 900000\r\n\r\n")
        #expect(try wire.reply().status == 401)
        let patient = try server.wire()
        patient.send(
            "POST /guarded HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 900000\r\n\r\n")
        #expect(try patient.reply(interim: true).status == 401)
    }
}
