import Foundation
import HTTPServer
import Testing

@Suite("Streams when the server stops")
struct StreamStopTests {
    @Test("stop ends streams: what was written leaves, the client sees the end, the writer is notified")
    func idle() throws {
        let streams = Streams()
        let server = try TestServer([streams.route("/stream")]) { $0.drainSeconds = 60 }
        let wire = try server.wire()
        let stream = try streams.open(wire)
        let ending = Ending(of: stream)
        #expect(stream.write([1, 2]) == .accepted)
        server.server.stop()
        #expect(try wire.chunks() == [1, 2])
        #expect(wire.isClosed())
        #expect(ending.wait() == .serverStopping)
        #expect(stream.write([3]) == .closed)
    }

    @Test("stop does not wait longer for a client that reads nothing than for other requests")
    func stuck() throws {
        let streams = Streams()
        let server = try TestServer([streams.route("/stream")]) { $0.drainSeconds = 0.1 }
        let wire = try server.slowWire()
        let stream = try streams.open(wire)
        let ending = Ending(of: stream)
        // More than the sockets of a client that does not read take.
        #expect(stream.write([UInt8](repeating: 1, count: 30 << 20)) == .accepted)
        server.server.stop()
        #expect(ending.wait() == .serverStopping)
        #expect(stream.bufferedBytes == 0)
    }

    @Test("a stream that begins while the server drains sends what it has and ends")
    func begunLate() throws {
        let waiting = Waiting()
        let server = try TestServer([waiting.route("/wait")]) { $0.drainSeconds = 60 }
        let wire = try server.wire()
        wire.send("GET /wait HTTP/1.1\r\nHost: test\r\n\r\n")
        let exchange = waiting.next()
        let stopped = Semaphore()
        Thread { [server = server.server] in
            server.stop()
            stopped.signal()
        }.start()
        // Refused connections show that the drain has begun.
        while (try? server.wire()) != nil {}
        let stream = ResponseStream()
        #expect(stream.write([9]) == .accepted)
        exchange.complete(HTTPResponse(status: 200, stream: stream))
        #expect(try wire.head().header("Connection")?.lowercased() == "close")
        #expect(try wire.chunks() == [9])
        #expect(Ending(of: stream).wait() == .serverStopping)
        stopped.wait()
    }

    @Test("many stops in the middle of streams: every writer is notified, every connection closed")
    func inTraffic() throws {
        for _ in 0..<10 {
            let streams = Streams()
            let server = try TestServer([streams.route("/stream", bufferBytesMaximum: 2000)]) { $0.drainSeconds = 0 }
            let wires = try (0..<8).map { _ in try server.wire() }
            let open = try wires.map { try streams.open($0) }
            let endings = open.map { Ending(of: $0) }
            let writing = Semaphore()
            for stream in open {
                Thread {
                    writing.signal()
                    while stream.write([UInt8](repeating: 1, count: 100)) != .closed {}
                }.start()
            }
            for _ in open { writing.wait() }
            server.server.stop()
            for ending in endings { #expect(ending.wait() == .serverStopping) }
            for wire in wires { _ = wire.rest() }
        }
    }
}
