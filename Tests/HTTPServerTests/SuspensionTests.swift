import Foundation
import HTTPServer
internal import Locks
import Testing

@Suite("Suspended requests")
struct SuspensionTests {
    private static let request = "GET /wait HTTP/1.1\r\nHost: test\r\n\r\n"

    @Test("a suspended request is answered by whoever completes it, and the connection goes on")
    func completedLater() throws {
        let waiting = Waiting()
        let server = try TestServer([waiting.route("/wait"), Routes.show("/")])
        let wire = try server.wire()
        for round in 0..<10 {
            wire.send(Self.request)
            waiting.next().complete(HTTPResponse(status: 200, body: Array("\(round)".utf8)))
            #expect(try wire.reply().text == "\(round)")
        }
        wire.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try wire.reply().text == "/||")
    }

    @Test("a completion before the handler has returned counts")
    func completedEarly() throws {
        let route = HTTPRoute(.get, "/early") { _, exchange in
            exchange.complete(HTTPResponse(status: 201))
            return .suspended
        }
        let server = try TestServer([route])
        let wire = try server.wire()
        for _ in 0..<3 {
            wire.send("GET /early HTTP/1.1\r\nHost: test\r\n\r\n")
            #expect(try wire.reply().status == 201)
        }
    }

    @Test("completions that race with the handler's return all arrive")
    func raced() throws {
        let queue = WorkQueue()
        let worker = Thread { while let exchange = queue.take() { exchange.complete(HTTPResponse(status: 200)) } }
        worker.start()
        defer { queue.close() }
        let route = HTTPRoute(.get, "/race") { _, exchange in
            queue.put(exchange)
            return .suspended
        }
        let server = try TestServer([route])
        let wires = try (0..<8).map { _ in try server.wire() }
        for _ in 0..<500 {
            for wire in wires { wire.send("GET /race HTTP/1.1\r\nHost: test\r\n\r\n") }
            for wire in wires { #expect(try wire.reply().status == 200) }
        }
    }

    @Test("an exchange dropped unanswered is answered 500, before or after the handler has returned")
    func dropped() throws {
        let waiting = Waiting()
        let drop = HTTPRoute(.get, "/drop") { _, _ in .suspended }
        let server = try TestServer([waiting.route("/wait"), drop])
        #expect(try server.get("/drop").status == 500)
        let wire = try server.wire()
        wire.send(Self.request)
        _ = waiting.next()
        #expect(try wire.reply().status == 500)
    }

    @Test("clients that leave while suspended harm nobody", arguments: [true, false])
    func disconnected(byReset: Bool) throws {
        let waiting = Waiting()
        let server = try TestServer([waiting.route("/wait"), Routes.show("/")])
        for _ in 0..<20 {
            var wire: Wire? = try server.wire()
            wire?.send(Self.request)
            let exchange = waiting.next()
            if byReset { wire?.reset() }
            wire = nil
            exchange.complete(HTTPResponse(status: 200, body: [UInt8](repeating: 7, count: 100_000)))
        }
        #expect(try server.get("/").status == 200)
    }

    @Test("a client that has closed its sending side gets its answer, at once or after its sleep")
    func halfClosed() throws {
        let waiting = Waiting()
        let server = try TestServer([waiting.route("/wait"), Routes.show("/")])
        let wire = try server.wire()
        wire.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        wire.endSending()
        #expect(try wire.reply().text == "/||")
        #expect(wire.isClosed())
        for count in [3, 3_000_000] {
            let sleeper = try server.wire()
            sleeper.send(Self.request)
            sleeper.endSending()
            let body = [UInt8](repeating: 7, count: count)
            waiting.next().complete(HTTPResponse(status: 200, body: body))
            let isSame = try sleeper.reply().body == body
            #expect(isSame, "\(count) bytes")
            #expect(sleeper.isClosed())
        }
    }

    @Test("300 connections, half of them suspended: the others are served meanwhile, then all are")
    func manyConnections() throws {
        let waiting = Waiting()
        let server = try TestServer([waiting.route("/wait"), Routes.show("/")])
        let asleep = try (0..<150).map { _ in try server.wire() }
        let awake = try (0..<150).map { _ in try server.wire() }
        for wire in asleep { wire.send(Self.request) }
        let exchanges = asleep.map { _ in waiting.next() }
        for _ in 0..<3 {
            for wire in awake { wire.send("GET /?q=1 HTTP/1.1\r\nHost: test\r\n\r\n") }
            for wire in awake { #expect(try wire.reply().text == "/||q=1") }
        }
        let answerer = Thread { for exchange in exchanges { exchange.complete(HTTPResponse(status: 200)) } }
        answerer.start()
        for wire in asleep { #expect(try wire.reply().status == 200) }
    }

    @Test("pipelined requests are answered in their order, also around one that sleeps")
    func pipelined() throws {
        let waiting = Waiting()
        let server = try TestServer([waiting.route("/wait"), Routes.show("/"), Routes.echo])
        let wire = try server.wire()
        let post = "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc"
        wire.send("GET /?q HTTP/1.1\r\nHost: test\r\n\r\n" + post + Self.request + post)
        waiting.next().complete(HTTPResponse(status: 200, body: [9]))
        #expect(try wire.reply().text == "/||q=")
        #expect(try wire.reply().text == "abc")
        #expect(try wire.reply().body == [9])
        #expect(try wire.reply().text == "abc")
    }

    @Test("stop answers suspended requests 503; their completion afterwards is harmless")
    func stopped() throws {
        let waiting = Waiting()
        let server = try TestServer([waiting.route("/wait")]) { $0.drainSeconds = 0 }
        let wires = try (0..<5).map { _ in try server.wire() }
        for wire in wires { wire.send(Self.request) }
        let exchanges = wires.map { _ in waiting.next() }
        server.server.stop()
        for wire in wires {
            let reply = try wire.reply()
            #expect(reply.status == 503)
            #expect(reply.header("Retry-After") == "1")
            #expect(wire.isClosed())
        }
        for exchange in exchanges { exchange.complete(HTTPResponse(status: 200)) }
    }

    @Test("stop does not wait for requests that have not arrived as a whole: they are told so")
    func halfSent() throws {
        let waiting = Waiting()
        let server = try TestServer([waiting.route("/wait"), Routes.echo]) {
            // Nobody would see the end of it.
            $0.drainSeconds = 1_000_000
            $0.requestDeadlineSeconds = 1_000_000
        }
        let (body, head) = (try server.wire(), try server.wire())
        head.send("GET /wait HTTP/1.1\r\nHost: test\r\nX: ")
        body.send("POST /echo HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n")
        #expect(try body.reply(interim: true).status == 100)
        body.send("half")
        server.server.stop()
        #expect(try body.reply().status == 503)
        #expect(body.isClosed())
        if let reply = try? head.reply() { #expect(reply.status == 503) }
        #expect(head.isClosed())
    }

    @Test("stop waits for running requests, takes no new connection, and closes what it answers")
    func drained() throws {
        let waiting = Waiting()
        let server = try TestServer([waiting.route("/wait")]) { $0.drainSeconds = 60 }
        let wire = try server.wire()
        wire.send(Self.request)
        let exchange = waiting.next()
        let stopped = Semaphore()
        let stopper = Thread { [server = server.server] in
            server.stop()
            stopped.signal()
        }
        stopper.start()
        // Refused connections show that the drain has begun.
        while (try? server.wire()) != nil {}
        exchange.complete(HTTPResponse(status: 200, body: [1]))
        let reply = try wire.reply()
        #expect(reply.body == [1])
        #expect(reply.header("Connection")?.lowercased() == "close")
        #expect(wire.isClosed())
        stopped.wait()
    }

    @Test("many stops in the middle of traffic: every request is answered or its connection closed")
    func stopInTraffic() throws {
        for _ in 0..<10 {
            let queue = WorkQueue()
            let worker = Thread { while let exchange = queue.take() { exchange.complete(HTTPResponse(status: 200)) } }
            worker.start()
            defer { queue.close() }
            let served = Semaphore()
            let route = HTTPRoute(.get, "/race") { _, exchange in
                served.signal()
                queue.put(exchange)
                return .suspended
            }
            let server = try TestServer([route])
            let clients = Semaphore()
            for _ in 0..<4 {
                let wire = try server.wire()
                nonisolated(unsafe) let own = wire
                Thread {
                    while own.send("GET /race HTTP/1.1\r\nHost: test\r\n\r\n"), (try? own.reply()) != nil {}
                    clients.signal()
                }.start()
            }
            for _ in 0..<50 { served.wait() }
            server.server.stop()
            for _ in 0..<4 { clients.wait() }
        }
    }
}

/// Hands exchanges to a worker thread until it is closed.
private final class WorkQueue: Sendable {
    private let exchanges = Guarded<[any HTTPExchange]>([])
    private let filled = Semaphore()

    func put(_ exchange: any HTTPExchange) {
        exchanges.withLock { $0.append(exchange) }
        filled.signal()
    }

    func take() -> (any HTTPExchange)? {
        filled.wait()
        return exchanges.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    }

    func close() { filled.signal() }
}
