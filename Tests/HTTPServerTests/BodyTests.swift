import HTTPServer
import Testing

@Suite("Bodies")
struct BodyTests {
    private let limit = Routes.bodyBytesMaximum

    private func server() throws -> TestServer {
        try TestServer([
            Routes.echo, Routes.show("/"),
            HTTPRoute(.post, "/none") { _, _ in .respond(HTTPResponse(status: 200)) },
            HTTPRoute(.post, "/large", bodyBytesMaximum: 16 << 20) { request, _ in
                .respond(HTTPResponse(status: 200, body: Array(request.body)))
            },
            HTTPRoute(.post, "/padding", bodyBytesMaximum: 16 << 20) { request, _ in
                // Reads past the end, as a vectorised parser does.
                let padding = UnsafeRawBufferPointer(
                    start: request.body.baseAddress! + request.body.count, count: HTTPRequest.bodyPaddingBytes)
                let isZero = padding.allSatisfy { $0 == 0 }
                return .respond(HTTPResponse(status: isZero ? 200 : 500))
            },
        ])
    }

    /// A pattern whose period is a prime, so that a lost or doubled block shows.
    private func bytes(_ count: Int) -> [UInt8] {
        let period = (0..<1021).map { UInt8(truncatingIfNeeded: $0 &* 131 >> 3) }
        var bytes: [UInt8] = []
        while bytes.count < count { bytes.append(contentsOf: period) }
        return Array(bytes[..<count])
    }

    private func chunked(_ body: [UInt8], by size: Int) -> [UInt8] {
        var text: [UInt8] = []
        for start in stride(from: 0, to: body.count, by: size) {
            let part = body[start..<min(start + size, body.count)]
            text += Array("\(String(part.count, radix: 16))\r\n".utf8) + part + Array("\r\n".utf8)
        }
        return text + Array("0\r\n\r\n".utf8)
    }

    @Test("a body up to the limit arrives whole, one byte more is 413 (SPEC 2.5)")
    func limits() throws {
        let server = try server()
        #expect(try server.post("/echo", []).body == [])
        #expect(try server.post("/echo", bytes(limit)).body == bytes(limit))
        let reply = try server.post("/echo", bytes(limit + 1))
        #expect(reply.status == 413)
        #expect(reply.header("Content-Type") == "application/problem+json")
    }

    @Test("a chunked body up to the limit arrives whole, one byte more is 413 (SPEC 2.5)")
    func chunkedLimits() throws {
        let server = try server()
        let head = "POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
        for size in [1, 7, 1000] {
            #expect(try server.ask(head, body: chunked(bytes(limit), by: size)).body == bytes(limit))
            #expect(try server.ask(head, body: chunked(bytes(limit + 1), by: size)).status == 413)
        }
    }

    @Test("the 413 comes while the body is still on its way, by its stated length or by its bytes")
    func refusedEarly() throws {
        let server = try server()
        let stated = try server.wire()
        stated.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 99999999\r\n\r\nabc")
        #expect(try stated.reply().status == 413)
        let streamed = try server.wire()
        streamed.send("POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\n")
        streamed.send(bytes(limit + 1))
        #expect(try streamed.reply().status == 413)
        // What the client still sends is taken, so that it reads the answer; then the stream ends.
        streamed.send(bytes(100_000))
        #expect(streamed.isClosed())
    }

    @Test("a refused small body leaves the connection of use")
    func refusedAndReused() throws {
        let server = try server()
        let wire = try server.wire()
        wire.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 2000\r\n\r\n")
        wire.send(bytes(2000))
        #expect(try wire.reply().status == 413)
        wire.send("POST /nowhere HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc")
        #expect(try wire.reply().status == 404)
        wire.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc")
        #expect(try wire.reply().text == "abc")
    }

    @Test("a client that asks before it sends is answered 100, or refused at once")
    func expectation() throws {
        let server = try server()
        let wire = try server.wire()
        wire.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        #expect(try wire.reply(interim: true).status == 100)
        wire.send("abc")
        #expect(try wire.reply().text == "abc")
        wire.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n")
        #expect(try wire.reply(interim: true).status == 413)
    }

    @Test("gzip is inflated, in one member or several, by Content-Length or chunked")
    func inflated() throws {
        let server = try server()
        let zipped = try gzip(bytes(limit))
        let coding = "Content-Encoding: gzip\r\n"
        #expect(try server.post("/echo", zipped, coding).body == bytes(limit))
        #expect(try server.post("/echo", zipped, "Content-Encoding: X-GZip\r\n").body == bytes(limit))
        let members = try gzip(bytes(400)) + gzip([]) + gzip(bytes(500))
        #expect(try server.post("/echo", members, coding).body == bytes(400) + bytes(500))
        let head = "POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\(coding)\r\n"
        for size in [1, 100] {
            #expect(try server.ask(head, body: chunked(members, by: size)).body == bytes(400) + bytes(500))
        }
        #expect(try server.post("/echo", [], coding).body == [])
    }

    @Test("a gzip body is limited by what it inflates to, and by what it is (SPEC 2.5: decoded too)")
    func bombs() throws {
        let server = try server()
        let coding = "Content-Encoding: gzip\r\n"
        #expect(try server.post("/echo", try gzip(bytes(limit + 1)), coding).status == 413)
        let bomb = try gzip([UInt8](repeating: 0, count: 64 << 20))
        #expect(try server.post("/large", bomb, coding).status == 413)
        // Members that inflate to nothing, without an end.
        let empty = try gzip([])
        let head = "POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\(coding)\r\n"
        let many = [UInt8]([[UInt8]](repeating: empty, count: limit / empty.count + 1).joined())
        #expect(try server.ask(head, body: chunked(many, by: 64)).status == 413)
    }

    @Test("damaged, truncated and trailed gzip is 400")
    func damaged() throws {
        let server = try server()
        let coding = "Content-Encoding: gzip\r\n"
        let zipped = try gzip(bytes(limit))
        for end in [1, 9, 10, 15, zipped.count / 2, zipped.count - 8, zipped.count - 1] {
            #expect(try server.post("/echo", Array(zipped[..<end]), coding).status == 400)
        }
        #expect(try server.post("/echo", zipped + [0], coding).status == 400)
        #expect(try server.post("/echo", zipped + Array("trailing".utf8), coding).status == 400)
        var flipped = zipped
        flipped[flipped.count - 5] ^= 1
        #expect(try server.post("/echo", flipped, coding).status == 400)
        #expect(try server.post("/echo", Array("{}".utf8), coding).status == 400)
        // The same thread's next body is none the worse.
        #expect(try server.post("/echo", zipped, coding).body == bytes(limit))
    }

    @Test("other encodings are 415 (DESIGN 6)", arguments: ["br", "deflate", "gzip, gzip", "zstd", "", "gzip;q=1"])
    func unsupported(coding: String) throws {
        let reply = try server().post("/echo", Array("abc".utf8), "Content-Encoding: \(coding)\r\n")
        #expect(reply.status == 415)
        #expect(reply.header("Accept-Encoding") == "gzip, identity")
    }

    @Test("two Content-Encoding lines are 415")
    func twoCodings() throws {
        let lines = "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n"
        #expect(try server().post("/echo", Array("abc".utf8), lines).status == 415)
    }

    @Test("bodies of many sizes arrive as they were sent, on one connection")
    func sizes() throws {
        let server = try server()
        let wire = try server.wire()
        for count in [0, 1, 63, 64, 16_383, 16_384, 16_385, 70_000, 262_145, 5_000_000, 16 << 20, 3] {
            let body = bytes(count)
            wire.send("POST /large HTTP/1.1\r\nHost: test\r\nContent-Length: \(count)\r\n\r\n")
            wire.send(body)
            let isSame = try wire.reply().body == body
            #expect(isSame, "\(count) bytes")
        }
    }

    @Test("64 bytes past the end of every body can be read, and are zero")
    func padding() throws {
        let server = try server()
        for count in [16_384, 16_320, 1, 262_144, 100] {
            #expect(try server.post("/padding", [UInt8](repeating: 0xFF, count: count)).status == 200)
        }
    }

    @Test("a body that a GET brings is ignored while it is small, else 413")
    func bodyOfGet() throws {
        let server = try server()
        let wire = try server.wire()
        wire.send("GET / HTTP/1.1\r\nHost: test\r\nContent-Length: 16384\r\nContent-Encoding: br\r\n\r\n")
        wire.send(bytes(16_384))
        #expect(try wire.reply().text == "/||")
        wire.send("GET / HTTP/1.1\r\nHost: test\r\nContent-Length: 16385\r\n\r\n")
        wire.send(bytes(16_385))
        #expect(try wire.reply().status == 413)
    }

    @Test("a POST to a route without a body takes none")
    func noBodyExpected() throws {
        let server = try server()
        #expect(try server.post("/none", []).status == 200)
        #expect(try server.post("/none", [1]).status == 413)
    }

    @Test("a length stated twice is 400, other transfer encodings are 501, and the connection closes")
    func ambiguousLength() throws {
        let server = try server()
        for (lines, status) in [
            ("Content-Length: 3\r\nContent-Length: 4\r\n", 400),
            ("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", 400),
            ("Transfer-Encoding: gzip, chunked\r\n", 501),
        ] {
            let wire = try server.wire()
            wire.send("POST /echo HTTP/1.1\r\nHost: test\r\n\(lines)\r\n")
            wire.endSending()
            #expect(try wire.reply().status == status)
            #expect(wire.isClosed())
        }
    }

    @Test("memory for large bodies is limited over all connections: beyond it 503 with Retry-After")
    func memory() throws {
        let large = HTTPRoute(.post, "/large", bodyBytesMaximum: 16 << 20) { request, _ in
            .respond(HTTPResponse(status: 200, body: Array("\(request.body.count)".utf8)))
        }
        let server = try TestServer([large]) {
            $0.bodyMemoryBytesMaximum = 1 << 20
            $0.shareMaximum = 1
        }
        #expect(try server.post("/large", bytes(1 << 20)).text == "1048576")
        let reply = try server.post("/large", bytes((1 << 20) + 1))
        #expect(reply.status == 503)
        #expect(reply.header("Retry-After") == "1")
        // What was refused is given back.
        #expect(try server.post("/large", bytes(1 << 20)).status == 200)
    }
}
