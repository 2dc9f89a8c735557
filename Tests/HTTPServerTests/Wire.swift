import Glibc

/// A loopback connection that sends any bytes and reads answers: what a well-behaved client library would not do.
final class Wire {
    struct Reply: Equatable {
        var status = 0
        var headers: [(name: String, value: String)] = []
        var body: [UInt8] = []

        func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }

        var text: String { String(decoding: body, as: UTF8.self) }

        static func == (left: Reply, right: Reply) -> Bool { left.status == right.status && left.body == right.body }
    }

    enum Failure: Error {
        case socket(String)
        /// The server closed where an answer was due.
        case closed
        case malformed(String)
    }

    /// Nothing here takes so long unless something is broken: then the test fails instead of hanging.
    private static let patienceSeconds = 30

    let socket: Int32
    private var unread: [UInt8] = []

    /// - Parameter receiveBytes: What the kernel keeps while nobody reads; nil: as it likes.
    init(port: UInt16, receiveBytes: Int32? = nil) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var receiveBytes {
            setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &receiveBytes, socklen_t(MemoryLayout<Int32>.size))
        }
        var patience = timeval(tv_sec: Self.patienceSeconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, size)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw Failure.socket(String(cString: strerror(errno))) }
    }

    deinit { close(socket) }

    /// - Returns: False where the server does not take it any more.
    @discardableResult
    func send(_ bytes: some Collection<UInt8>) -> Bool {
        let bytes = Array(bytes)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    @discardableResult
    func send(_ text: String) -> Bool { send(text.utf8) }

    func endSending() { shutdown(socket, Int32(SHUT_WR)) }

    /// Closes with a reset, as a client that crashes.
    func reset() {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        shutdown(socket, Int32(SHUT_RDWR))
    }

    /// The next answer, whole. 1xx answers are passed over unless asked for.
    func reply(toHead: Bool = false, interim: Bool = false) throws -> Reply {
        while true {
            let reply = try one(toHead: toHead)
            if interim || reply.status >= 200 { return reply }
        }
    }

    /// The head of the next answer, whose body is read by ``chunk()`` or ``rest()``.
    func head() throws -> Reply { try one(toHead: true) }

    /// The next chunk of a chunked body; empty at its end.
    func chunk() throws -> [UInt8] {
        let size = try readLine()
        guard let count = Int(size, radix: 16) else { throw Failure.malformed(size) }
        let bytes = try take(count)
        guard try readLine().isEmpty else { throw Failure.malformed("a chunk of \(count) bytes is longer") }
        return bytes
    }

    /// All chunks to the end of a chunked body.
    func chunks() throws -> [UInt8] {
        var body: [UInt8] = []
        while true {
            let chunk = try chunk()
            if chunk.isEmpty { return body }
            body += chunk
        }
    }

    /// So many bytes.
    func take(_ count: Int) throws -> [UInt8] {
        while unread.count < count { guard fill() else { throw Failure.closed } }
        defer { unread.removeFirst(count) }
        return Array(unread[..<count])
    }

    /// Everything until the server closes.
    func rest() -> [UInt8] {
        while fill() {}
        return unread
    }

    /// True where the stream ends without another byte.
    func isClosed() -> Bool { unread.isEmpty && !fill() }

    private func one(toHead: Bool) throws -> Reply {
        var reply = Reply()
        let head = try readHead()
        let lines = head.split(separator: "\r\n").map(String.init)
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count >= 2, let status = Int(words[1]) else { throw Failure.malformed(head) }
        reply.status = status
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { throw Failure.malformed(line) }
            reply.headers.append(
                (String(line[..<colon]), String(line[line.index(after: colon)...].drop { $0 == " " })))
        }
        guard !toHead, status >= 200, status != 204 else { return reply }
        guard let length = reply.header("Content-Length").flatMap(Int.init) else { throw Failure.malformed(head) }
        reply.body = try take(length)
        return reply
    }

    private func readHead() throws -> String { try read(until: [13, 10, 13, 10]) }

    private func readLine() throws -> String { try read(until: [13, 10]) }

    /// What stands before the mark, which is read over.
    private func read(until mark: [UInt8]) throws -> String {
        var searched = 0
        while true {
            for index in searched..<max(searched, unread.count - mark.count + 1)
            where unread[index..<(index + mark.count)].elementsEqual(mark) {
                let text = String(decoding: unread[..<index], as: UTF8.self)
                unread.removeFirst(index + mark.count)
                return text
            }
            searched = max(0, unread.count - mark.count + 1)
            guard fill() else { throw Failure.closed }
        }
    }

    private func fill() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = recv(socket, &buffer, buffer.count, 0)
        precondition(count >= 0 || errno != EAGAIN, "the server neither answers nor closes")
        guard count > 0 else { return false }
        unread.append(contentsOf: buffer[..<count])
        return true
    }
}
