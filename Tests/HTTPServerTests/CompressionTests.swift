import Testing

@testable import HTTPServer

@Suite("Compressed answers")
struct CompressionTests {
    private static let json = Array(
        (0..<2000).map { #"{"worker_id":"W\#($0)","working_us":\#($0 * 977)}"# }.joined().utf8)

    private static func tagged(_ pattern: String, _ body: [UInt8], type: String = "application/json") -> HTTPRoute {
        HTTPRoute(.get, pattern) { request, _ in
            let headers = [(name: "Content-Type", value: type), (name: "ETag", value: "\"t1\"")]
            guard request.header("if-none-match") != "\"t1\"" else {
                return .respond(HTTPResponse(status: 304, headers: [("ETag", "\"t1\"")]))
            }
            return .respond(HTTPResponse(status: 200, headers: headers, body: body))
        }
    }

    private func server() throws -> TestServer {
        try TestServer([
            Self.tagged("/list", Self.json), Self.tagged("/limit", Array(Self.json[..<1024])),
            Self.tagged("/over", Array(Self.json[..<1025])), Self.tagged("/picture", Self.json, type: "image/png"),
        ])
    }

    @Test(
        "what Accept-Encoding says decides, with its weights (SPEC 8.8)",
        arguments: [
            (nil, false, false), ("", false, false), ("gzip", true, false), ("GZIP", true, false),
            ("x-gzip", true, false),
            ("br, gzip;q=0.5", true, false), ("br", false, false), ("*", true, false), ("*;q=0", false, true),
            ("gzip;q=0", false, false), ("gzip;q=0, *", false, false), ("identity;q=0", false, true),
            ("identity;q=0, *", true, true), ("identity, gzip;q=0.5", false, false),
            ("identity;q=0.5, gzip", true, false),
            ("gzip;q=0.000", false, false), ("gzip; q=0.001", true, false), ("gzip;q=1.000", true, false),
            ("gzip;q=2", false, false), ("gzip;q=", false, false), ("gzip;q=x", false, false),
            ("gzip;q=0.5.5", false, false),
            (",,;, gzip", true, false), ("deflate, gzip;q=1.0, *;q=0.5", true, false),
        ])
    func accepted(header: String?, prefersGzip: Bool, refusesIdentity: Bool) {
        let accepted = AcceptedCodings(header)
        #expect(accepted.prefersGzip == prefersGzip)
        #expect(accepted.refusesIdentity == refusesIdentity)
    }

    @Test("an answer over 1 KiB is gzip for those who take it, and as it is for others (SPEC 8.8)")
    func large() throws {
        let server = try server()
        let coded = try server.get("/list", "Accept-Encoding: br\r\nAccept-Encoding: gzip\r\n")
        #expect(coded.header("Content-Encoding") == "gzip")
        #expect(coded.header("Vary") == "Accept-Encoding")
        #expect(coded.body.count < Self.json.count / 4)
        #expect(try gunzip(coded.body) == Self.json)
        let plain = try server.get("/list")
        #expect(plain.header("Content-Encoding") == nil && plain.header("Vary") == "Accept-Encoding")
        #expect(plain.body == Self.json)
        #expect(try server.get("/over", "Accept-Encoding: gzip\r\n").header("Content-Encoding") == "gzip")
    }

    @Test("an answer of up to 1 KiB is not compressed, nor is a picture; where plain is refused even those are coded")
    func small() throws {
        let server = try server()
        let limit = try server.get("/limit", "Accept-Encoding: gzip\r\n")
        #expect(limit.header("Content-Encoding") == nil && limit.body == Array(Self.json[..<1024]))
        #expect(try server.get("/picture", "Accept-Encoding: gzip\r\n").header("Content-Encoding") == nil)
        let forced = try server.get("/limit", "Accept-Encoding: gzip, identity;q=0\r\n")
        #expect(try gunzip(forced.body) == Array(Self.json[..<1024]))
    }

    @Test("HEAD tells the same headers as GET, compressed or not")
    func head() throws {
        let server = try server()
        for accept in ["", "Accept-Encoding: gzip\r\n"] {
            let get = try server.get("/list", accept)
            let wire = try server.wire()
            wire.send("HEAD /list HTTP/1.1\r\nHost: test\r\n\(accept)\r\n")
            let head = try wire.reply(toHead: true)
            for name in ["Content-Length", "Content-Encoding", "ETag", "Vary"] {
                #expect(head.header(name) == get.header(name), "\(name)")
            }
            wire.send("GET /limit HTTP/1.1\r\nHost: test\r\n\r\n")
            #expect(try wire.reply().status == 200)
        }
    }

    @Test("the strong tag differs by coding, and either one is recognised when it comes back (SPEC 8.8)")
    func tags() throws {
        let server = try server()
        let gzip = "Accept-Encoding: gzip\r\n"
        #expect(try server.get("/list").header("ETag") == "\"t1\"")
        #expect(try server.get("/list", gzip).header("ETag") == "\"t1-gzip\"")
        for (accept, sent, answered) in [
            ("", "t1", "t1"), (gzip, "t1-gzip", "t1-gzip"), (gzip, "t1", "t1"), ("", "t1-gzip", "t1"),
        ] {
            let wire = try server.wire()
            wire.send("GET /list HTTP/1.1\r\nHost: test\r\nIf-None-Match: \"\(sent)\"\r\n\(accept)\r\n")
            let reply = try wire.reply(toHead: true)
            #expect(reply.status == 304)
            #expect(reply.header("ETag") == "\"\(answered)\"")
            #expect(reply.header("Vary") == "Accept-Encoding")
            #expect(reply.header("Content-Encoding") == nil)
        }
        #expect(
            AnswerCoding.withoutCoding("\"a-gzip\", W/\"b-gzip\", \"c\"", of: "IF-MATCH") == "\"a\", W/\"b\", \"c\"")
        #expect(AnswerCoding.withoutCoding("\"a-gzip\"", of: "X-Other") == "\"a-gzip\"")
    }

    @Test("an answer that is given later is compressed as well, a large one too")
    func later() throws {
        let waiting = Waiting()
        let server = try TestServer([waiting.route("/wait")])
        let body = (0..<100).flatMap { _ in Self.json }
        let wire = try server.wire()
        for answer in [Self.json, body] {
            wire.send("GET /wait HTTP/1.1\r\nHost: test\r\nAccept-Encoding: gzip\r\n\r\n")
            waiting.next().complete(.json(200, answer))
            let reply = try wire.reply()
            #expect(reply.header("Content-Encoding") == "gzip")
            let isSame = try gunzip(reply.body) == answer
            #expect(isSame, "\(answer.count) bytes")
        }
    }

    @Test("each piece of a compressed stream can be read when it was written, and the whole is a gzip file")
    func stream() throws {
        let streams = Streams()
        let server = try TestServer([streams.route("/stream")])
        let wire = try server.wire()
        wire.send("GET /stream HTTP/1.1\r\nHost: test\r\nAccept-Encoding: gzip\r\n\r\n")
        let stream = streams.next()
        let head = try wire.head()
        #expect(head.header("Content-Encoding") == "gzip" && head.header("Vary") == "Accept-Encoding")
        let inflater = try #require(Inflater())
        let room = BodyRoom(bytesMaximum: 1 << 24, shareMaximum: 1)
        let read = BodyBuffer(room, of: BodyRoom.Sender(address: "test", account: nil))
        var (written, coded): ([UInt8], [UInt8]) = ([], [])
        for count in [1, 10, 4096, 4097, 100_000, 3] {
            let piece = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* $0 &* 31 + count) }
            #expect(stream.write(piece) == .accepted)
            written += piece
            while read.count < written.count {
                let chunk = try wire.chunk()
                coded += chunk
                let outcome = chunk.withUnsafeBytes { inflater.inflate($0, onto: read, bytesMaximum: 1 << 23) }
                guard case .ok = outcome else { throw Wire.Failure.malformed("\(outcome)") }
            }
            #expect(read.contents.elementsEqual(written))
        }
        stream.finish()
        coded += try wire.chunks()
        #expect(try gunzip(coded) == written)
        wire.send("GET /stream HTTP/1.1\r\nHost: test\r\n\r\n")
        let plain = streams.next()
        #expect(plain.write([7]) == .accepted)
        plain.finish()
        #expect(try wire.head().header("Content-Encoding") == nil)
        #expect(try wire.chunks() == [7])
    }

    @Test(
        "a compressed stream fills buffers of any size without losing or repeating a byte",
        arguments: [7, 64, 1000, 5000])
    func buffers(size: Int) throws {
        let stream = ResponseStream(bufferBytesMaximum: 1 << 20)
        let written = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* $0 / 7) }
        #expect(stream.write(written) == .accepted)
        stream.finish()
        #expect(stream.attach(Budget(maximum: 1 << 20)) {})
        let deflater = try #require(StreamDeflater())
        var coded: [UInt8] = []
        var isOver = false
        while !isOver {
            var buffer = [UInt8](repeating: 0, count: size)
            let taken = buffer.withUnsafeMutableBytes { buffer in
                deflater.take(into: buffer) { stream.take(into: $0) {} }
            }
            switch taken {
            case .bytes(let count): coded += buffer[..<count]
            case .end: isOver = true
            case .sleep, .failed: throw Wire.Failure.malformed("\(taken)")
            }
        }
        #expect(try gunzip(coded) == written)
    }
}
