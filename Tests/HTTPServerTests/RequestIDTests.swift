import HTTPServer
internal import Locks
import Observability
import Testing

@testable import HTTPServer

@Suite("Names of requests")
struct RequestIDTests {
    private let show = HTTPRoute(.get, "/", parameters: ["a", "b"]) { request, _ in
        request.noteForLog(JournalEvent.Field("noted", 1))
        var response = HTTPResponse(status: 200, body: Array(request.requestID.utf8))
        response.logFields = [JournalEvent.Field("answered", "yes")]
        return .respond(response)
    }

    @Test("a sane name is the client's own, anything else is replaced, and every answer tells it")
    func names() throws {
        let server = try TestServer([show, Routes.echo])
        for name in ["a", "7f3c-9.x_Y:/+=", String(repeating: "x", count: 64)] {
            let reply = try server.get("/", "x-request-id: \(name)\r\n")
            #expect(reply.header("X-Request-Id") == name && reply.text == name)
        }
        for name in ["", "a b", "caf\u{e9}", "\"q\"", String(repeating: "x", count: 65)] {
            let reply = try server.get("/", "X-Request-Id: \(name)\r\n")
            #expect(reply.text.wholeMatch(of: /[0-9a-f]{16}/) != nil, "\(name)")
            #expect(reply.header("X-Request-Id") == reply.text)
        }
        let missing = try server.get("/nowhere", "X-Request-Id: mine\r\n")
        #expect(missing.status == 404 && missing.header("X-Request-Id") == "mine")
        let large = try server.wire()
        large.send("POST /echo HTTP/1.1\r\nHost: test\r\nX-Request-Id: big\r\nContent-Length: 99999999\r\n\r\n")
        let refused = try large.reply()
        #expect(refused.status == 413 && refused.header("X-Request-Id") == "big")
    }

    @Test("names that are made are 16 hexadecimal digits, each another")
    func made() {
        let names = (0..<10_000).map { _ in RequestID.make() }
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { $0.wholeMatch(of: /[0-9a-f]{16}/) != nil })
    }

    @Test("on one connection each request has its own name; the log has it, the query and what was noted")
    func logged() throws {
        let entries = Guarded<[RequestLogEntry]>([])
        let logged = Semaphore()
        let server = try TestServer([show]) {
            $0.requestLog = { entry in
                entries.withLock { $0.append(entry) }
                logged.signal()
            }
        }
        let wire = try server.wire()
        wire.send("GET /?a=1&b HTTP/1.1\r\nHost: test\r\nX-Request-Id: first\r\n\r\n")
        _ = try wire.reply()
        logged.wait()
        wire.send("GET /nowhere HTTP/1.1\r\nHost: test\r\n\r\n")
        let second = try wire.reply()
        logged.wait()
        let log = entries.withLock { $0 }
        #expect(log.map(\.requestID) == ["first", second.header("X-Request-Id") ?? ""])
        #expect(log.map(\.query) == ["a=1&b", ""])
        #expect(log.map(\.fields) == [[.init("noted", 1), .init("answered", "yes")], []])
    }
}
