import Testing

@testable import HTTPServer

@Suite("Room for bodies and answers")
struct RoomTests {
    @Test("one address, and one account, may take its share of the memory for bodies and no more")
    func shares() {
        let room = BodyRoom(bytesMaximum: 100, shareMaximum: 0.5)
        func sender(_ address: String, _ account: String?) -> BodyRoom.Sender {
            BodyRoom.Sender(address: address, account: account)
        }
        #expect(room.take(50, for: sender("a", nil)))
        #expect(!room.take(1, for: sender("a", nil)))
        #expect(!room.take(1, for: sender("a", "key")))
        #expect(room.take(30, for: sender("b", "key")))
        #expect(room.take(20, for: sender("c", "key")))
        #expect(!room.take(1, for: sender("d", "key")))
        #expect(!room.take(1, for: sender("d", "other")))
        room.release(50, of: sender("a", nil))
        #expect(!room.take(1, for: sender("d", "key")))
        #expect(room.take(40, for: sender("d", "other")))
        #expect(room.take(10, for: sender("a", nil)))
        #expect(!room.take(1, for: sender("e", nil)))
    }

    @Test("a client whose large body is still needed does not keep others from sending theirs")
    func slowSender() throws {
        let (entered, leave) = (Semaphore(), Semaphore())
        let large = HTTPRoute(.post, "/large", bodyBytesMaximum: 4 << 20) { head in
            let isSlow = head.header("X-Slow") != nil
            let handler: HTTPRoute.Handler = { request, _ in
                // A body keeps its room as long as its handler runs.
                if isSlow {
                    entered.signal()
                    leave.wait()
                }
                return .respond(HTTPResponse(status: 200))
            }
            return .admitted(handler, account: head.header("X-Account"))
        }
        let server = try TestServer([large]) {
            $0.bodyMemoryBytesMaximum = 4 << 20
            $0.trustedProxies = 1
        }
        let body = [UInt8](repeating: 7, count: 900_000)
        func post(_ address: String, _ headers: String = "") throws -> Int {
            try server.post("/large", body, "X-Forwarded-For: \(address)\r\n\(headers)").status
        }
        let slow = try server.wire()
        slow.send(
            "POST /large HTTP/1.1\r\nHost: test\r\nX-Forwarded-For: 192.0.2.1\r\nX-Account: key\r\nX-Slow: 1\r\n"
                + "Content-Length: 900000\r\n\r\n")
        slow.send(body)
        entered.wait()
        #expect(try post("192.0.2.1") == 503)
        #expect(try post("192.0.2.2", "X-Account: key\r\n") == 503)
        #expect(try post("192.0.2.2", "X-Account: other\r\n") == 200)
        leave.signal()
        #expect(try slow.reply().status == 200)
        #expect(try post("192.0.2.1") == 200)
    }

    /// A server with answers of 30 MB, and a signal for each request that has ended.
    private func readers(
        _ configure: (inout HTTPServerConfiguration) -> Void
    ) throws -> (server: TestServer, ended: Semaphore) {
        let ended = Semaphore()
        let body = [UInt8](repeating: 7, count: 30_000_000)
        let large = HTTPRoute(.get, "/large") { _, _ in .respond(HTTPResponse(status: 200, body: body)) }
        let server = try TestServer([large, Routes.show("/")]) {
            configure(&$0)
            $0.requestLog = { _ in ended.signal() }
        }
        return (server, ended)
    }

    @Test("answers that nobody reads take no more memory than they may: beyond it 503 with Retry-After")
    func answerMemory() throws {
        let (server, ended) = try readers { $0.answerMemoryBytesMaximum = 40_000_000 }
        let slow = try server.slowWire()
        slow.send("GET /large HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try slow.head().status == 200)
        let refused = try server.get("/large")
        #expect(refused.status == 503 && refused.header("Retry-After") == "5")
        #expect(try server.get("/").status == 200)
        for _ in 0..<2 { ended.wait() }
        slow.reset()
        ended.wait()
        #expect(try server.get("/large").body.count == 30_000_000)
    }

    @Test("a client that reads nothing of a large answer is disconnected, one that reads gets all of it")
    func stalled() throws {
        let (server, ended) = try readers { $0.streamStallSeconds = 0.2 }
        let slow = try server.slowWire()
        slow.send("GET /large HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try slow.head().status == 200)
        ended.wait()
        #expect(slow.rest().count < 30_000_000)
        #expect(try server.get("/large").body.count == 30_000_000)
    }

    @Test("a whole body is finished from its start, and its memory becomes free as it is read")
    func whole() {
        let stream = ResponseStream(whole: [UInt8](repeating: 7, count: 200_000))
        let memory = Budget(maximum: 200_000)
        #expect(stream.attach(memory) {})
        #expect(stream.write([1]) == .closed)
        #expect(memory.inUse == 200_000)
        var buffer = [UInt8](repeating: 0, count: 65_536)
        _ = buffer.withUnsafeMutableBytes { stream.take(into: $0) {} }
        #expect(memory.inUse == 200_000 - 65_536)
        #expect(!stream.isStalled(at: .now, milliseconds: 1_000_000))
        #expect(stream.isStalled(at: .now + 30_000, milliseconds: 30_000))
        stream.close(.stalled)
        #expect(memory.inUse == 0)
        let larger = ResponseStream(whole: [UInt8](repeating: 7, count: 200_001))
        #expect(!larger.attach(memory) {})
    }
}
