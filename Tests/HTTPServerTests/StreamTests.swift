import Foundation
import HTTPServer
import Testing

@Suite("Streamed answers")
struct StreamTests {
    private static let ping = "GET / HTTP/1.1\r\nHost: test\r\n\r\n"

    private func server(
        _ streams: Streams, bufferBytesMaximum: Int = 256 * 1024,
        configure: (inout HTTPServerConfiguration) -> Void = { _ in }
    ) throws -> TestServer {
        try TestServer(
            [streams.route("/stream", bufferBytesMaximum: bufferBytesMaximum), Routes.show("/")], configure: configure)
    }

    @Test("bytes arrive as they are written, each before the next is written, and the connection goes on")
    func written() throws {
        let streams = Streams()
        let server = try server(streams)
        let wire = try server.wire()
        for _ in 0..<3 {
            wire.send("GET /stream HTTP/1.1\r\nHost: test\r\n\r\n")
            let stream = streams.next()
            let head = try wire.head()
            #expect(head.header("Transfer-Encoding") == "chunked")
            #expect(head.header("Content-Type") == "text/plain")
            #expect(head.header("X-Content-Type-Options") == "nosniff")
            for number in 0..<20 {
                let block = Array("event \(number)\n".utf8)
                #expect(stream.write(block) == .accepted)
                #expect(try wire.chunk() == block)
            }
            #expect(stream.end == nil)
            let ending = Ending(of: stream)
            stream.finish()
            #expect(stream.write([1]) == .closed)
            #expect(try wire.chunk() == [])
            #expect(ending.wait() == .finished)
        }
        wire.send(Self.ping)
        #expect(try wire.reply().text == "/||")
    }

    @Test(
        "what was written before the answer is sent, given at once or by a suspended exchange",
        arguments: [true, false])
    func writtenBefore(isSuspended: Bool) throws {
        let route = HTTPRoute(.get, "/whole") { _, exchange in
            let stream = ResponseStream()
            _ = stream.write(Array("one ".utf8))
            _ = stream.write(Array("two".utf8))
            stream.finish()
            let response = HTTPResponse(status: 201, stream: stream)
            guard isSuspended else { return .respond(response) }
            Thread { exchange.complete(response) }.start()
            return .suspended
        }
        let server = try TestServer([route])
        let wire = try server.wire()
        for _ in 0..<3 {
            wire.send("GET /whole HTTP/1.1\r\nHost: test\r\n\r\n")
            #expect(try wire.head().status == 201)
            #expect(try wire.chunks() == Array("one two".utf8))
        }
    }

    @Test("requests that were pipelined behind a stream are answered after its end")
    func pipelined() throws {
        let streams = Streams()
        let server = try server(streams)
        let wire = try server.wire()
        wire.send("GET /stream HTTP/1.1\r\nHost: test\r\n\r\n" + Self.ping + Self.ping)
        let stream = streams.next()
        #expect(try wire.head().status == 200)
        #expect(stream.write([7]) == .accepted)
        #expect(try wire.chunk() == [7])
        stream.finish()
        #expect(try wire.chunk() == [])
        #expect(try wire.reply().text == "/||")
        #expect(try wire.reply().text == "/||")
    }

    @Test("a client of HTTP/1.0 gets the bytes alone, until the connection closes")
    func oldVersion() throws {
        let streams = Streams()
        let server = try server(streams)
        let wire = try server.wire()
        wire.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        let stream = streams.next()
        let head = try wire.head()
        #expect(head.header("Transfer-Encoding") == nil)
        #expect(head.header("Content-Length") == nil)
        for number in 0..<5 {
            let block = Array("event \(number)\n".utf8)
            #expect(stream.write(block) == .accepted)
            #expect(try wire.take(block.count) == block)
        }
        let ending = Ending(of: stream)
        let large = [UInt8](repeating: 3, count: 100_000)
        #expect(stream.write(large) == .accepted)
        stream.finish()
        #expect(wire.rest() == large)
        #expect(ending.wait() == .finished)
    }

    @Test("HEAD gets the headers alone, and the writer hears that nobody listens")
    func headOnly() throws {
        let streams = Streams()
        let server = try server(streams)
        let wire = try server.wire()
        wire.send("HEAD /stream HTTP/1.1\r\nHost: test\r\n\r\n")
        let stream = streams.next()
        let head = try wire.head()
        #expect(head.status == 200)
        #expect(head.header("Content-Type") == "text/plain")
        #expect(head.header("Content-Length") == nil)
        #expect(wire.isClosed())
        #expect(Ending(of: stream).wait() == .refused)
        #expect(stream.write([1]) == .closed)
    }

    @Test("a header with a line feed is 500 instead of a stream")
    func badHeader() throws {
        let made = Streams()
        let inner = made.route("/bad")
        let route = HTTPRoute(.get, "/bad") { request, exchange in
            guard case .respond(var response) = inner.serve(request, exchange) else { return .suspended }
            response.headers.append(("X-Bad", "a\r\nb"))
            return .respond(response)
        }
        let server = try TestServer([route])
        #expect(try server.get("/bad").status == 500)
        #expect(Ending(of: made.next()).wait() == .refused)
    }

    @Test("blocks of any size arrive whole and in order while writers are faster than the connection")
    func racing() throws {
        let streams = Streams()
        let server = try server(streams, bufferBytesMaximum: 1000)
        let wires = try (0..<4).map { _ in try server.wire() }
        let writers = try wires.map { Writer(try streams.open($0), blocks: 5000) }
        for (wire, writer) in zip(wires, writers) {
            let isSame = try wire.chunks() == writer.expected
            #expect(isSame)
        }
    }

    @Test("the log says how much of a stream was sent")
    func log() throws {
        let streams = Streams()
        let entries = Guarded<[RequestLogEntry]>([])
        let logged = Semaphore()
        let server = try server(streams) {
            $0.requestLog = { entry in
                entries.withLock { $0.append(entry) }
                logged.signal()
            }
        }
        let wire = try server.wire()
        let stream = try streams.open(wire)
        #expect(stream.write([UInt8](repeating: 1, count: 70_000)) == .accepted)
        stream.finish()
        #expect(try wire.chunks().count == 70_000)
        logged.wait()
        let entry = entries.withLock { $0[0] }
        #expect(entry.status == 200)
        #expect(entry.bytes == 70_000)
    }
}

/// Writes blocks of many sizes in a thread of its own, waiting for room where there is none.
final class Writer: Sendable {
    let expected: [UInt8]

    init(_ stream: ResponseStream, blocks: Int) {
        let sizes = (0..<blocks).map { $0 % 7 == 0 ? 0 : ($0 &* 37) % 300 }
        let all = sizes.enumerated().map { [UInt8](repeating: UInt8(truncatingIfNeeded: $0.offset), count: $0.element) }
        expected = all.flatMap { $0 }
        Thread {
            let room = Semaphore()
            for block in all {
                while stream.write(block) == .full {
                    stream.whenWritable { room.signal() }
                    room.wait()
                }
            }
            stream.finish()
        }.start()
    }
}
