internal import Foundation
internal import Glibc
internal import SimulationKit

/// Sends the requests of a load over many connections from one thread, one request at a time per connection.
///
/// Every body is new: connection *c* of *n* sends the requests `first + c`, `first + c + n`, …
struct LoadClient {
    struct Plan: Sendable {
        var port: UInt16
        var shape: LoadShape
        var connections: Int
        var first = 0
        var seconds: Double
        /// Requests a second over all connections; nil: as fast as they are answered.
        var pace: Double?
        var key: String?
    }

    struct Outcome: Sendable {
        var requests = 0
        /// Answers other than 200 and 201.
        var refused = 0
        var seconds = 0.0
        /// The status of the first refused request.
        var firstRefusal = 0
    }

    /// Runs the load until it ends.
    static func run(_ plan: Plan) throws -> Outcome {
        var client = try LoadClient(plan)
        defer { client.close() }
        return try client.run()
    }

    private let plan: Plan
    private var watched: [pollfd] = []
    private var links: [Link] = []
    private var outcome = Outcome()

    private init(_ plan: Plan) throws {
        self.plan = plan
        let path = plan.shape.eventsPerRequest == 1 ? "/api/events" : "/api/events/batch"
        for number in 0..<plan.connections {
            var link = try Link(plan: plan, path: path, request: plan.first + number)
            link.isDue = plan.pace == nil
            links.append(link)
            watched.append(pollfd(fd: link.socket, events: 0, revents: 0))
        }
    }

    private func close() {
        for link in links { Glibc.close(link.socket) }
    }

    private mutating func run() throws -> Outcome {
        let clock = ContinuousClock()
        let start = clock.now
        let end = start + .milliseconds(Int(plan.seconds * 1000))
        var sent = 0.0
        for number in links.indices { try advance(number, isEnding: false) }
        while true {
            let now = clock.now
            let isEnding = now >= end
            if isEnding && links.allSatisfy({ $0.isIdle }) { break }
            if let pace = plan.pace, !isEnding {
                let due = (now - start).inSeconds * pace
                while sent < due, let idle = links.indices.first(where: { links[$0].isIdle }) {
                    sent += 1
                    links[idle].isDue = true
                    try advance(idle, isEnding: false)
                }
                sent = max(sent, due - Double(plan.connections))
            }
            for number in links.indices {
                watched[number].events = Int16(links[number].isSending ? POLLOUT : POLLIN)
            }
            guard poll(&watched, nfds_t(watched.count), plan.pace == nil ? 100 : 1) > 0 else { continue }
            for number in links.indices where watched[number].revents != 0 {
                try advance(number, isEnding: isEnding)
            }
        }
        outcome.seconds = (clock.now - start).inSeconds
        return outcome
    }

    /// Writes and reads as far as the socket allows; unless paced, the next request follows each answer at once.
    private mutating func advance(_ number: Int, isEnding: Bool) throws {
        while true {
            if links[number].isIdle {
                guard links[number].isDue && !isEnding else { return }
                links[number].begin(step: plan.connections)
                if plan.pace != nil { links[number].isDue = false }
            }
            guard try links[number].write(), let status = try links[number].read() else { return }
            outcome.requests += 1
            if status != 200 && status != 201 {
                outcome.refused += 1
                if outcome.firstRefusal == 0 { outcome.firstRefusal = status }
            }
        }
    }
}

/// One connection: a partly written request or a partly read answer.
private struct Link {
    let socket: Int32
    var isDue = true
    private var body: LoadBody
    private var request: Int
    private let head: [UInt8]
    private var output: [UInt8] = []
    private var written = 0
    private var input: [UInt8] = []
    private(set) var isIdle = true
    var isSending: Bool { written < output.count }

    init(plan: LoadClient.Plan, path: String, request: Int) throws {
        guard let connected = connectToLoopback(plan.port) else {
            throw CommandFailure(.failure, "the load cannot connect: errno \(errno)")
        }
        socket = connected
        body = LoadBody(plan.shape)
        self.request = request
        let credentials = plan.key.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        head = Array(
            """
            POST \(path)?site_id=\(plan.shape.siteID) HTTP/1.1\r
            Host: 127.0.0.1\r
            \(credentials)Content-Type: application/json\r
            Content-Length: \(body.bytes.count)\r
            \r

            """.utf8)
        _ = fcntl(socket, F_SETFL, O_NONBLOCK)
    }

    mutating func begin(step: Int) {
        body.fill(request: request)
        request += step
        output.removeAll(keepingCapacity: true)
        output.append(contentsOf: head)
        output.append(contentsOf: body.bytes)
        written = 0
        input.removeAll(keepingCapacity: true)
        isIdle = false
    }

    /// - Returns: whether the whole request is written.
    mutating func write() throws -> Bool {
        while written < output.count {
            let count = output.withUnsafeBytes {
                send(socket, $0.baseAddress.map { $0 + written }, $0.count - written, Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                if errno == EAGAIN { return false }
                throw CommandFailure(.failure, "the server closed a connection of the load: errno \(errno)")
            }
            written += count
        }
        return true
    }

    /// - Returns: the status once the answer is complete.
    mutating func read() throws -> Int? {
        while true {
            let size = 4096
            let count = withUnsafeTemporaryAllocation(byteCount: size, alignment: 8) { buffer in
                let count = recv(socket, buffer.baseAddress, size, 0)
                if count > 0 { input.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
                return count
            }
            if count == 0 { throw CommandFailure(.failure, "the server closed a connection of the load") }
            if count < 0 {
                if errno == EAGAIN { return nil }
                throw CommandFailure(.failure, "a connection of the load broke: errno \(errno)")
            }
            if let status = completeStatus() {
                isIdle = true
                return status
            }
        }
    }

    /// The status, once head and body are complete. Works on bytes, because it shares the machine with the server.
    private func completeStatus() -> Int? {
        guard input.count > 16, let end = headEnd() else { return nil }
        let name = Array("content-length:".utf8)
        var length = 0
        var line = 0
        while line + name.count < end {
            if zip(name, input[line...]).allSatisfy({ $0 == $1 | 0x20 || $0 == $1 }) {
                for byte in input[(line + name.count)..<end].prefix(while: { $0 != 13 }) where byte != 32 {
                    length = length * 10 + Int(byte) - 48
                }
            }
            line = (input[line...].firstIndex(of: 10) ?? end) + 1
        }
        guard input.count >= end + 4 + length else { return nil }
        return input[9..<12].reduce(0) { $0 * 10 + Int($1) - 48 }
    }

    private func headEnd() -> Int? {
        var index = 0
        while index + 3 < input.count {
            if input[index] == 13, input[index + 1] == 10, input[index + 2] == 13, input[index + 3] == 10 {
                return index
            }
            index += 1
        }
        return nil
    }
}

/// A connection to a local port, or nil.
func connectToLoopback(_ port: UInt16) -> Int32? {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard socket >= 0 else { return nil }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let connected = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
    guard connected == 0 else {
        close(socket)
        return nil
    }
    var one: Int32 = 1
    setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    return socket
}
