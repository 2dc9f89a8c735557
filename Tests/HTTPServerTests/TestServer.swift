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
        HTTPRoute(.get, pattern) { request, _ in
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
    func route(_ pattern: String) -> HTTPRoute {
        HTTPRoute(.get, pattern) { _, exchange in
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
