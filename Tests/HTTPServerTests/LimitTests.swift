import Foundation
import Glibc
import Testing

@testable import HTTPServer

@Suite("Limits and deadlines")
struct LimitTests {
    @Test("a head up to the limit is served, a longer one is 431")
    func headerBytes() throws {
        let server = try TestServer([Routes.show("/")]) { $0.headerBytesMaximum = 4096 }
        func head(_ bytes: Int) -> String {
            let start = "GET / HTTP/1.1\r\nHost: test\r\nX-Long: "
            return start + String(repeating: "x", count: bytes - start.utf8.count - 4) + "\r\n\r\n"
        }
        #expect(try server.ask(head(4096)).status == 200)
        let reply = try server.ask(head(4097))
        #expect(reply.status == 431)
        #expect(reply.header("Content-Type") == "application/problem+json")
        for bytes in [8192, 30_000, 60_000, 200_000] {
            let wire = try server.wire()
            wire.send(head(bytes))
            #expect(try wire.reply().status == 431)
            #expect(wire.isClosed())
        }
    }

    @Test("an endless request line or header is refused")
    func endlessHead() throws {
        let server = try TestServer([Routes.show("/")])
        for start in ["GET /", "GET / HTTP/1.1\r\nHost: test\r\nX: ", "GET / HTTP/1.1\r\n"] {
            let wire = try server.wire()
            wire.send(start)
            var lines = 0
            let piece = start.hasSuffix("\n") ? "A: b\r\n" : String(repeating: "a", count: 1000)
            while lines < 200_000, wire.send(piece) { lines += 1 }
            #expect(lines < 200_000)
        }
    }

    @Test("a body that drips is 408 at the wall-clock deadline, however steadily (DESIGN 6)")
    func slowBody() throws {
        let server = try TestServer([Routes.echo]) { $0.requestDeadlineSeconds = 1.5 }
        let wire = try server.wire()
        wire.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\n")
        let dripping = Drip(wire, "x")
        #expect(try wire.reply().status == 408)
        #expect(wire.isClosed())
        dripping.stop()
    }

    @Test("a head that drips is cut at the wall-clock deadline, the first on a connection")
    func slowHead() throws {
        let server = try TestServer([Routes.show("/")]) { $0.requestDeadlineSeconds = 1.5 }
        let wire = try server.wire()
        wire.send("GET / HTTP/1.1\r\nHost: test\r\nX: ")
        let dripping = Drip(wire, "x")
        #expect(try wire.reply().status == 408)
        #expect(wire.isClosed())
        dripping.stop()
    }

    @Test("a request line that drips is cut, also on a connection that was used before")
    func slowRequestLine() throws {
        let server = try TestServer([Routes.show("/")]) {
            $0.requestDeadlineSeconds = 1
            $0.idleTimeoutSeconds = 1
        }
        let wire = try server.wire()
        wire.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try wire.reply().status == 200)
        let dripping = Drip(wire, "A")
        #expect(wire.isClosed())
        dripping.stop()
    }

    @Test("a connection that says nothing is closed at the deadline")
    func silent() throws {
        let server = try TestServer([Routes.show("/")]) { $0.requestDeadlineSeconds = 0.1 }
        #expect(try server.wire().isClosed())
    }

    @Test("the deadline does not touch suspended requests, and each request has its own")
    func suspendedHasTime() throws {
        let waiting = Waiting()
        let server = try TestServer([waiting.route("/wait"), Routes.show("/")]) { $0.requestDeadlineSeconds = 1 }
        let wire = try server.wire()
        wire.send("GET /wait HTTP/1.1\r\nHost: test\r\n\r\n")
        let exchange = waiting.next()
        // Another connection, made later, has been cut by now: so this one's deadline has passed too.
        #expect(try server.wire().isClosed())
        exchange.complete(HTTPResponse(status: 200))
        #expect(try wire.reply().status == 200)
        wire.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try wire.reply().status == 200)
    }

    @Test("a connection over the maximum waits until another closes")
    func connectionsMaximum() throws {
        let server = try TestServer([Routes.show("/")]) {
            $0.threads = 1
            $0.connectionsMaximum = 2
            $0.connectionsPerAddressMaximum = 0
        }
        var wires = try (0..<2).map { _ in try server.wire() }
        for wire in wires {
            wire.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
            #expect(try wire.reply().status == 200)
        }
        let third = try server.wire()
        third.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        wires.removeAll()
        #expect(try third.reply().status == 200)
    }

    @Test("one address may hold a quarter of the connections, unless proxies stand between that all clients share")
    func share() {
        var configuration = HTTPServerConfiguration()
        #expect(configuration.connectionsPerAddress == configuration.connectionsMaximum / 4)
        configuration.trustedProxies = 1
        #expect(configuration.connectionsPerAddress == 0)
        configuration.connectionsPerAddressMaximum = 7
        #expect(configuration.connectionsPerAddress == 7)
    }

    @Test("connections of one address over their maximum are closed at once")
    func perAddress() throws {
        let server = try TestServer([Routes.show("/")]) {
            $0.threads = 1
            $0.connectionsPerAddressMaximum = 1
        }
        let first = try server.wire()
        first.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try first.reply().status == 200)
        #expect(try server.wire().isClosed())
    }

    @Test(
        "bytes that are no HTTP are refused, and the server goes on",
        arguments: [
            "\r\n\r\n\r\n\r\n", "GET\r\n\r\n", "\u{0}\u{1}\u{2}\r\n\r\n", "GET / HTTP/9.9\r\nHost: t\r\n\r\n",
            "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: -1\r\n\r\n",
            "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999999999999999999\r\n\r\n",
            "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1x\r\n\r\n",
            "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost t\r\n\r\n", "GET /\0x HTTP/1.1\r\nHost: t\r\n\r\n",
        ])
    func noise(text: String) throws {
        let server = try TestServer([Routes.show("/"), Routes.echo])
        let wire = try server.wire()
        wire.send(text)
        wire.endSending()
        if let reply = try? wire.reply() { #expect(reply.status >= 400) }
        #expect(try server.get("/").status == 200)
    }
}

/// Sends one byte after another in a thread of its own, a few milliseconds apart, until the server takes no more.
private final class Drip {
    private let done = Semaphore()

    init(_ wire: Wire, _ text: String) {
        nonisolated(unsafe) let own = wire
        let done = done
        Thread {
            // The pause is a wait for the server's answer; when that comes, dripping ends.
            var event = pollfd(fd: own.socket, events: Int16(POLLIN), revents: 0)
            while own.send(text), poll(&event, 1, 5) == 0 {}
            done.signal()
        }.start()
    }

    /// Waits until it has ended.
    func stop() { done.wait() }
}
