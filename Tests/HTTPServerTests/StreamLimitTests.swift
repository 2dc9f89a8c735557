import Foundation
import HTTPServer
import Testing

@Suite("Limits and ends of streams")
struct StreamLimitTests {
    private static let block = (0..<50_021).map { UInt8(truncatingIfNeeded: $0 &* 131 >> 3) }

    private func server(
        _ streams: Streams, configure: (inout HTTPServerConfiguration) -> Void = { _ in }
    ) throws -> TestServer {
        try TestServer([streams.route("/stream"), Routes.show("/")], configure: configure)
    }

    /// More than the sockets of a client that does not read take: much of it stays in the stream.
    private static let tooMuch = [UInt8](repeating: 5, count: 30 << 20)

    /// Writes until the stream is full.
    private func fill(_ stream: ResponseStream) -> Int {
        var blocks = 0
        while stream.write(Self.block) == .accepted { blocks += 1 }
        return blocks
    }

    @Test("when a client does not read, its writer hears of it within the limit, and nobody else waits")
    func backPressure() throws {
        let streams = Streams()
        let server = try server(streams)
        let slow = try server.slowWire()
        let stream = try streams.open(slow)
        let blocks = fill(stream)
        #expect(stream.bufferedBytes <= 256 * 1024)
        for _ in 0..<20 { #expect(try server.get("/").status == 200) }
        let other = try server.wire()
        let fast = try streams.open(other)
        for _ in 0..<20 {
            #expect(fast.write([1, 2, 3]) == .accepted)
            #expect(try other.chunk() == [1, 2, 3])
        }
        Thread {
            let room = Semaphore()
            while stream.write(Self.block) == .full {
                stream.whenWritable { room.signal() }
                room.wait()
            }
            stream.finish()
        }.start()
        let isSame = try slow.chunks() == [UInt8]((0..<(blocks + 1)).map { _ in Self.block }.joined())
        #expect(isSame)
    }

    @Test("a block larger than the buffer gets through when nothing else waits")
    func largeBlock() throws {
        let streams = Streams()
        let server = try server(streams)
        let wire = try server.wire()
        let stream = try streams.open(wire)
        let large = [UInt8](repeating: 5, count: 3_000_000)
        #expect(stream.write(large) == .accepted)
        stream.finish()
        let isSame = try wire.chunks() == large
        #expect(isSame)
    }

    @Test("what all streams hold has a limit: one that has nothing of its own waits until another lets go")
    func memory() throws {
        let streams = Streams()
        let server = try server(streams) { $0.streamMemoryBytesMaximum = 40 << 20 }
        let slow = try server.slowWire()
        let first = try streams.open(slow)
        let wire = try server.wire()
        let second = try streams.open(wire)
        #expect(first.write(Self.tooMuch) == .accepted)
        let large = [UInt8](repeating: 6, count: 24 << 20)
        #expect(second.write(large) == .full)
        #expect(second.bufferedBytes == 0)
        let room = Semaphore()
        second.whenWritable { room.signal() }
        slow.reset()
        room.wait()
        #expect(second.write(large) == .accepted)
        second.finish()
        let isSame = try wire.chunks() == large
        #expect(isSame)
    }

    @Test("streams over their maximum are 503 with Retry-After, until another has ended")
    func streamsMaximum() throws {
        let streams = Streams()
        let server = try server(streams) { $0.streamsMaximum = 2 }
        let wires = try (0..<3).map { _ in try server.wire() }
        let first = try streams.open(wires[0])
        _ = try streams.open(wires[1])
        wires[2].send("GET /stream HTTP/1.1\r\nHost: test\r\n\r\n")
        let reply = try wires[2].reply()
        #expect(reply.status == 503)
        #expect(reply.header("Retry-After") == "5")
        #expect(Ending(of: streams.next()).wait() == .refused)
        first.finish()
        #expect(try wires[0].chunk() == [])
        let again = try streams.open(wires[0])
        #expect(again.write([1]) == .accepted)
        #expect(try wires[0].chunk() == [1])
    }

    @Test("a writer hears that its client is gone while there is nothing to send", arguments: [true, false])
    func goneAsleep(byReset: Bool) throws {
        let streams = Streams()
        let server = try server(streams)
        var wire: Wire? = try server.wire()
        let stream = try streams.open(wire!)
        #expect(stream.write([1]) == .accepted)
        #expect(try wire!.chunk() == [1])
        if byReset { wire?.reset() }
        wire = nil
        #expect(Ending(of: stream).wait() == .clientGone)
        #expect(stream.write([1]) == .closed)
        #expect(try server.get("/").status == 200)
    }

    @Test("a writer hears that its client is gone while much waits to be sent")
    func goneBusy() throws {
        let streams = Streams()
        let server = try server(streams)
        var wire: Wire? = try server.wire()
        let stream = try streams.open(wire!)
        _ = fill(stream)
        wire?.reset()
        wire = nil
        #expect(Ending(of: stream).wait() == .clientGone)
        #expect(stream.bufferedBytes == 0)
    }

    @Test("a stream that answers a client who has left is closed")
    func goneBefore() throws {
        let waiting = Waiting()
        let server = try TestServer([waiting.route("/wait")])
        var wire: Wire? = try server.wire()
        wire?.send("GET /wait HTTP/1.1\r\nHost: test\r\n\r\n")
        let exchange = waiting.next()
        wire?.reset()
        wire = nil
        let stream = ResponseStream()
        exchange.complete(HTTPResponse(status: 200, stream: stream))
        #expect(Ending(of: stream).wait() == .clientGone)
    }

    @Test("a client that takes nothing is cut, one to which nothing is sent is not")
    func stalled() throws {
        let streams = Streams()
        let server = try server(streams) { $0.streamStallSeconds = 0.5 }
        let quiet = try server.wire()
        let asleep = try streams.open(quiet)
        let slow = try server.slowWire()
        let stream = try streams.open(slow)
        #expect(stream.write(Self.tooMuch) == .accepted)
        #expect(stream.write([1]) == .full)
        #expect(Ending(of: stream).wait() == .stalled)
        #expect(stream.bufferedBytes == 0)
        // It has slept for at least as long.
        #expect(asleep.write([4]) == .accepted)
        #expect(try quiet.chunk() == [4])
    }

    @Test("1,000 streams sleep while other requests are answered; one block reaches them all, and stop ends them")
    func thousand() throws {
        let streams = Streams()
        let server = try server(streams)
        let wires = try (0..<1000).map { _ in try server.wire() }
        for wire in wires { wire.send("GET /stream HTTP/1.1\r\nHost: test\r\n\r\n") }
        let open = wires.map { _ in streams.next() }
        for wire in wires { #expect(try wire.head().status == 200) }
        let ping = try server.wire()
        for _ in 0..<200 {
            ping.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
            #expect(try ping.reply().text == "/||")
        }
        for stream in open { #expect(stream.write(Self.block) == .accepted) }
        var whole = 0
        for wire in wires {
            var received: [UInt8] = []
            while received.count < Self.block.count { received += try wire.chunk() }
            if received == Self.block { whole += 1 }
        }
        #expect(whole == 1000)
        server.server.stop()
        for wire in wires { #expect(try wire.chunk() == []) }
        #expect(open.allSatisfy { $0.end == .serverStopping })
    }
}
