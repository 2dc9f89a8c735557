import HTTPServer
import Testing

@Suite("Routing")
struct RoutingTests {
    private func server() throws -> TestServer {
        try TestServer([
            Routes.show("/"), Routes.show("/api/workers"), Routes.show("/api/sites/{site_id}"),
            Routes.show("/api/sites/all"), Routes.show("/a/{x}/b/{y}"), Routes.echo,
        ])
    }

    @Test("exact paths and parameters reach their route, exact before parameters")
    func paths() throws {
        let server = try server()
        #expect(try server.get("/").text == "/||")
        #expect(try server.get("/api/workers").text == "/api/workers||")
        #expect(try server.get("/api/sites/all").text == "/api/sites/all||")
        #expect(try server.get("/api/sites/plant-7").text == "/api/sites/plant-7|plant-7|")
        #expect(try server.get("/a/1%2F2/b/%C3%A4").text == "/a/1/2/b/ä|1/2,ä|")
        #expect(try server.get("/%61pi/w%6Frkers").text == "/api/workers||")
    }

    @Test(
        "what no pattern matches is 404 as a problem (SPEC 2.5)",
        arguments: ["/api", "/api/workers//", "/api/sites/", "/api/sites/a/b", "//", "/A", "/api/../api/workers"])
    func notFound(target: String) throws {
        let reply = try server().get(target)
        #expect(reply.status == 404)
        #expect(reply.header("Content-Type") == "application/problem+json")
        #expect(reply.text.contains(#""status":404"#))
    }

    @Test(
        "a known path takes its methods only and names them (SPEC 2.5: 405)",
        arguments: ["DELETE", "PUT", "PATCH", "TRACE", "BREW", "get", "POSTER"])
    func methodNotAllowed(method: String) throws {
        let reply = try server().ask("\(method) /api/workers HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(reply.status == 405)
        #expect(reply.header("Allow") == "GET, HEAD, OPTIONS")
        #expect(reply.header("Content-Type") == "application/problem+json")
    }

    @Test("a slash behind a known path redirects to the path, whatever the method; the query is kept (SPEC 8.5)")
    func trailingSlash() throws {
        let server = try server()
        let reply = try server.get("/api/workers/?a=1&b=%2F")
        #expect(reply.status == 308)
        #expect(reply.header("Location") == "/api/workers?a=1&b=%2F")
        #expect(try server.get("/api/sites/%C3%A4/").header("Location") == "/api/sites/%C3%A4")
        #expect(try server.get("http://other.example/api/workers/").header("Location") == "/api/workers")
        let post = try server.post("/echo/", [1, 2, 3])
        #expect(post.status == 308 && post.header("Location") == "/echo")
        #expect(try server.get("//evil.example/").status == 404)
        #expect(try server.get("/").text == "/||")
    }

    @Test("HEAD is served from GET, without a body")
    func head() throws {
        let server = try server()
        let wire = try server.wire()
        wire.send("HEAD /api/workers HTTP/1.1\r\nHost: test\r\n\r\n")
        let reply = try wire.reply(toHead: true)
        #expect(reply.status == 200)
        #expect(reply.header("Content-Length") == "14")
        wire.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try wire.reply().text == "/||")
    }

    @Test("OPTIONS names the methods of a path")
    func options() throws {
        let reply = try server().ask("OPTIONS /echo HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(reply.status == 204)
        #expect(reply.header("Allow") == "POST, OPTIONS")
        #expect(reply.header("Access-Control-Allow-Methods") == nil)
    }

    @Test("the query keeps order and duplicates, and decodes escapes and plus signs")
    func query() throws {
        let server = try server()
        #expect(try server.get("/?a=1&b=2&a=3").text == "/||a=1&b=2&a=3")
        #expect(try server.get("/?x=%26%3D%2B+%C3%A4&&flag&=v").text == "/||x=&=+ ä&flag=&=v")
        #expect(try server.get("/?").text == "/||")
        #expect(try server.get("/?a=b=c?d/e").text == "/||a=b=c?d/e")
        #expect(try server.get("/a/1/b/2?q=7").text == "/a/1/b/2|1,2|q=7")
    }

    @Test(
        "malformed escapes, NUL and bytes that are not UTF-8 are 400 (SPEC 2.5)",
        arguments: [
            "/?a=%", "/?a=%4", "/?a=%zz", "/?%g0=1", "/?a=%00", "/?a=%ff", "/?a=%C0%AF", "/?a=%ED%A0%80",
            "/api/sites/%", "/api/sites/%4", "/api/sites/%xy", "/api/sites/%00", "/api/sites/%ff", "/?a=b#c",
            "/api/workers?a=%", "/api/workers#x", "/nowhere%", "/?a=1\u{1}", "nowhere",
        ])
    func malformed(target: String) throws {
        let reply = try server().get(target)
        #expect(reply.status == 400)
        #expect(reply.header("Content-Type") == "application/problem+json")
    }

    @Test("absolute-form targets, as proxies send them, are understood (RFC 9112 3.2.2)")
    func absoluteForm() throws {
        let server = try server()
        #expect(try server.get("http://andon.example:8080/api/workers?a=1").text == "/api/workers||a=1")
        #expect(try server.get("HTTP://andon.example").text == "/||")
        #expect(try server.get("http://andon.example?a=1").text == "/||a=1")
    }

    @Test("HTTP/1.0 is answered, and the connection closed")
    func oldVersion() throws {
        let server = try server()
        let wire = try server.wire()
        wire.send("GET /api/workers HTTP/1.0\r\n\r\n")
        #expect(try wire.reply().text == "/api/workers||")
        #expect(wire.isClosed())
    }
}
