import HTTPServer
import Testing

@Suite("Heads that are not as they must be")
struct RequestHeadTests {
    private func refusal(_ head: String) throws -> Wire.Reply {
        let server = try TestServer([Routes.show("/"), Routes.echo])
        let wire = try server.wire()
        // What follows the head would be the next request to whoever reads it otherwise.
        wire.send(head + "\r\n\r\nGET / HTTP/1.1\r\nHost: test\r\n\r\n")
        let reply = try wire.reply()
        #expect(wire.isClosed(), "the connection goes on")
        #expect(try server.get("/").status == 200)
        return reply
    }

    @Test(
        "an ambiguous head is 400 as a problem, and its connection is closed (SPEC 2.5)",
        arguments: [
            "GET / HTTP/1.1\r\nHost: a\r\nHost: b", "GET / HTTP/1.1\r\nHost: a\r\nhost: a", "GET / HTTP/1.1\r\nX: 1",
            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked",
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length : 5", "GET / HTTP/1.1\r\nHost: a\r\nA B: 1",
            "GET / HTTP/1.1\r\nHost: a\r\nX(y): 1",
            "GET / HTTP/1.1\r\nHost: a\r\nX\t: 1", "GET /a b HTTP/1.1\r\nHost: a",
        ])
    func ambiguous(head: String) throws {
        let reply = try refusal(head)
        #expect(reply.status == 400)
        #expect(reply.header("Content-Type") == "application/problem+json")
    }

    @Test(
        "an expectation other than 100-continue is 417",
        arguments: ["200-ok", "100-continue, x", "x\r\nExpect: 100-continue"])
    func expectation(value: String) throws {
        let reply = try refusal("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nExpect: \(value)")
        #expect(reply.status == 417)
        #expect(reply.header("Content-Type") == "application/problem+json")
    }

    @Test("HTTP/1.0 needs no Host, and header names may hold every character of a token")
    func allowed() throws {
        let server = try TestServer([Routes.show("/")])
        #expect(try server.ask("GET / HTTP/1.0\r\n\r\n").status == 200)
        #expect(try server.get("/", "X-!#$%&'*+.^_`|~9: 1\r\n").status == 200)
    }
}
