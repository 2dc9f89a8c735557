import Foundation
import Glibc
import HTTPServer
internal import Locks

/// A running server on a port of the kernel's choice, stopped when it goes.
final class TestServer {
    let server: HTTPServer
    let port: UInt16

    init(_ routes: [HTTPRoute], configure: (inout HTTPServerConfiguration) -> Void = { _ in }) throws {
        var configuration = HTTPServerConfiguration()
        configure(&configuration)
        server = HTTPServer(configuration: configuration, routes: routes)
        port = try server.start()
    }

    deinit { server.stop() }

    func wire() throws -> Wire { try Wire(port: port) }

    /// A connection that is slow to read: its sockets take a few megabytes at most.
    func slowWire() throws -> Wire { try Wire(port: port, receiveBytes: 64 * 1024) }

    /// One request on a connection of its own.
    func ask(_ text: String, body: [UInt8] = []) throws -> Wire.Reply {
        let wire = try wire()
        wire.send(Array(text.utf8) + body)
        return try wire.reply()
    }

    func get(_ target: String, _ headers: String = "") throws -> Wire.Reply {
        try ask("GET \(target) HTTP/1.1\r\nHost: test\r\n\(headers)\r\n")
    }

    func post(_ target: String, _ body: [UInt8], _ headers: String = "") throws -> Wire.Reply {
        try ask(
            "POST \(target) HTTP/1.1\r\nHost: test\r\nContent-Length: \(body.count)\r\n\(headers)\r\n", body: body)
    }
}

/// Routes that many tests share.
enum Routes {
    static let bodyBytesMaximum = 1000

    /// Answers with the body that it was sent.
    static let echo = HTTPRoute(.post, "/echo", bodyBytesMaximum: bodyBytesMaximum) { request, _ in
        .respond(HTTPResponse(status: 200, body: Array(request.body)))
    }

    /// Answers with what it understood of the target: path, parameters, pairs of the query.
    static func show(_ pattern: String) -> HTTPRoute {
        HTTPRoute(.get, pattern, parameters: [.repeatable("a"), "b", "q", "x", "flag", "secret", ""]) { request, _ in
            let pairs = request.query.map { "\($0.name)=\($0.value)" }
            let parts = [request.path, request.pathParameters.joined(separator: ","), pairs.joined(separator: "&")]
            return .respond(HTTPResponse(status: 200, body: Array(parts.joined(separator: "|").utf8)))
        }
    }
}

/// Exchanges that wait for somebody to answer them.
final class Waiting: Sendable {
    private let exchanges = Guarded<[any HTTPExchange]>([])
    private let arrived = Semaphore()

    /// Suspends every request.
    func route(_ pattern: String, parameters: [HTTPQueryParameter] = []) -> HTTPRoute {
        HTTPRoute(.get, pattern, parameters: parameters) { _, exchange in
            self.exchanges.withLock { $0.append(exchange) }
            self.arrived.signal()
            return .suspended
        }
    }

    /// Waits for the next exchange and takes it.
    func next() -> any HTTPExchange {
        arrived.wait()
        return exchanges.withLock { $0.removeFirst() }
    }
}

/// Streams that wait for somebody to write them.
final class Streams: Sendable {
    private let streams = Guarded<[ResponseStream]>([])
    private let arrived = Semaphore()

    /// Answers every request with a stream of its own.
    func route(_ pattern: String, bufferBytesMaximum: Int = 256 * 1024) -> HTTPRoute {
        HTTPRoute(.get, pattern) { _, _ in
            let stream = ResponseStream(bufferBytesMaximum: bufferBytesMaximum)
            self.streams.withLock { $0.append(stream) }
            self.arrived.signal()
            return .respond(HTTPResponse(status: 200, headers: [("Content-Type", "text/plain")], stream: stream))
        }
    }

    /// Waits for the next stream and takes it.
    func next() -> ResponseStream {
        arrived.wait()
        return streams.withLock { $0.removeFirst() }
    }

    /// Asks for a stream on a connection and reads the head of the answer.
    func open(_ wire: Wire, _ target: String = "/stream") throws -> ResponseStream {
        wire.send("GET \(target) HTTP/1.1\r\nHost: test\r\n\r\n")
        let stream = next()
        guard try wire.head().status == 200 else { throw Wire.Failure.malformed("no stream") }
        return stream
    }
}

/// The end of a stream, to be waited for.
final class Ending: Sendable {
    private let value = Guarded<[StreamEnd]>([])
    private let told = Semaphore()

    init(of stream: ResponseStream) {
        stream.whenClosed { end in
            self.value.withLock { $0.append(end) }
            self.told.signal()
        }
    }

    /// Waits for the end.
    func wait() -> StreamEnd {
        told.wait()
        return value.withLock { $0[0] }
    }
}

/// Counts up in one thread and down in another, which waits for it.
final class Semaphore: @unchecked Sendable {
    // Allocated for good; the C library's calls are thread-safe.
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func signal() { sem_post(semaphore) }

    func wait() { while sem_wait(semaphore) != 0 {} }
}

/// A value behind a lock that the thread sanitizer understands.
final class Guarded<Value>: @unchecked Sendable {
    private let lock = NSLock()
    private var value: Value

    init(_ value: Value) { self.value = value }

    func withLock<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        try lock.withLock { try body(&value) }
    }
}
