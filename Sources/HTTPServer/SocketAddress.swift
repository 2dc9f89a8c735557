import Glibc

/// The text of an address, and whether it is this machine's own.
struct PeerAddress {
    let text: String
    let isLoopback: Bool

    static let unknown = PeerAddress(text: "unknown", isLoopback: false)

    /// IPv4 addresses that arrive mapped into IPv6 count as IPv4, so that a client has one name.
    init(_ address: UnsafePointer<sockaddr>?) {
        switch Int32(address?.pointee.sa_family ?? 0) {
        case AF_INET:
            let ipv4 = UnsafeRawPointer(address!).loadUnaligned(as: sockaddr_in.self).sin_addr
            self.init(withUnsafeBytes(of: ipv4) { Array($0) })
        case AF_INET6:
            let ipv6 = UnsafeRawPointer(address!).loadUnaligned(as: sockaddr_in6.self).sin6_addr
            self.init(withUnsafeBytes(of: ipv6) { Array($0) })
        default: self = .unknown
        }
    }

    /// The address that a literal names; nil when it is no address.
    init?(literal: String) {
        var ipv4 = in_addr()
        var ipv6 = in6_addr()
        if inet_pton(AF_INET, literal, &ipv4) == 1 {
            self.init(withUnsafeBytes(of: ipv4) { Array($0) })
        } else if inet_pton(AF_INET6, literal, &ipv6) == 1 {
            self.init(withUnsafeBytes(of: ipv6) { Array($0) })
        } else {
            return nil
        }
    }

    private init(text: String, isLoopback: Bool) {
        self.text = text
        self.isLoopback = isLoopback
    }

    /// - Parameter bytes: 4 or 16 of them, in network order.
    private init(_ bytes: [UInt8]) {
        let isMapped = bytes.count == 16 && bytes[..<12] == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        let address = isMapped ? Array(bytes[12...]) : bytes
        if address.count == 4 {
            text = address.map { String($0) }.joined(separator: ".")
            isLoopback = address[0] == 127
        } else {
            let characters = [CChar](unsafeUninitializedCapacity: Int(INET6_ADDRSTRLEN)) { buffer, count in
                _ = inet_ntop(AF_INET6, address, buffer.baseAddress, UInt32(INET6_ADDRSTRLEN))
                count = strnlen(buffer.baseAddress!, Int(INET6_ADDRSTRLEN))
            }
            text = String(decoding: characters.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            isLoopback = address == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
        }
    }
}

/// The client's address as proxies report it (DESIGN 6).
enum ForwardedAddress {
    /// - Parameters:
    ///   - header: All `X-Forwarded-For` lines, joined by commas.
    ///   - trustedProxies: How many entries, from the right, trusted proxies wrote.
    /// - Returns: The N-th from the right; where there are fewer, the first, which a trusted proxy wrote as well. nil
    ///   where it is not an address.
    static func find(in header: String, trustedProxies: Int) -> String? {
        let entries = header.split(separator: ",").map { $0.filter { $0 != " " && $0 != "\t" } }
        guard !entries.isEmpty, trustedProxies > 0 else { return nil }
        let entry = entries[max(0, entries.count - trustedProxies)]
        return PeerAddress(literal: withoutPort(entry))?.text
    }

    /// `192.0.2.1:80`, `[2001:db8::1]:80` and `[2001:db8::1]` lose port and brackets.
    private static func withoutPort(_ entry: String) -> String {
        if entry.hasPrefix("["), let end = entry.firstIndex(of: "]") {
            return String(entry[entry.index(after: entry.startIndex)..<end])
        }
        let colons = entry.filter { $0 == ":" }.count
        return colons == 1 ? String(entry.prefix { $0 != ":" }) : entry
    }
}

/// How the client speaks to the first trusted proxy.
enum ForwardedScheme {
    /// - Parameters:
    ///   - header: All `X-Forwarded-Proto` lines, joined by commas.
    ///   - trustedProxies: How many entries, from the right, trusted proxies may have written; most replace what they get,
    ///     so there may be fewer.
    static func isSecure(_ header: String, trustedProxies: Int) -> Bool {
        let entries = header.split(separator: ",").map { $0.filter { $0 != " " && $0 != "\t" } }
        guard !entries.isEmpty, trustedProxies > 0 else { return false }
        return entries[max(0, entries.count - trustedProxies)].lowercased() == "https"
    }
}

/// A bound and listening socket.
struct Listener {
    let socket: Int32
    let isIPv6: Bool
    let port: UInt16

    /// Connections that may wait to be accepted.
    private static let backlog: Int32 = 1024

    init(host: String, port: UInt16) throws {
        let literal = Self.literal(host)
        var storage = sockaddr_storage()
        let length: Int
        if let address = Self.ipv4(literal, port) {
            isIPv6 = false
            length = MemoryLayout<sockaddr_in>.size
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: address, as: sockaddr_in.self) }
        } else if let address = Self.ipv6(literal, port) {
            isIPv6 = true
            length = MemoryLayout<sockaddr_in6>.size
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: address, as: sockaddr_in6.self) }
        } else {
            throw HTTPServerError(
                code: .invalidHost, message: "\(host) is not an IPv4 or IPv6 address",
                hint: "Listen on 127.0.0.1, 0.0.0.0, ::1 or ::.", isRetriable: false)
        }
        socket = try Self.listen(isIPv6 ? AF_INET6 : AF_INET, &storage, socklen_t(length), "\(host):\(port)")
        self.port = Self.boundPort(socket)
    }

    private static func literal(_ host: String) -> String {
        if host == "localhost" { return "127.0.0.1" }
        return host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    }

    private static func ipv4(_ literal: String, _ port: UInt16) -> sockaddr_in? {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        return inet_pton(AF_INET, literal, &address.sin_addr) == 1 ? address : nil
    }

    private static func ipv6(_ literal: String, _ port: UInt16) -> sockaddr_in6? {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        return inet_pton(AF_INET6, literal, &address.sin6_addr) == 1 ? address : nil
    }

    private static func listen(
        _ family: Int32, _ address: inout sockaddr_storage, _ length: socklen_t, _ name: String
    ) throws -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let socket = Glibc.socket(family, kind, 0)
        guard socket >= 0 else { throw failure(name, errno) }
        var yes: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, length) }
        }
        guard bound == 0, Glibc.listen(socket, backlog) == 0 else {
            let reason = errno
            close(socket)
            throw failure(name, reason)
        }
        return socket
    }

    private static func boundPort(_ socket: Int32) -> UInt16 {
        var storage = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        withUnsafeMutablePointer(to: &storage) {
            _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) }
        }
        // The port is at the same offset in both families.
        return UInt16(bigEndian: storage.sin6_port)
    }

    private static func failure(_ name: String, _ reason: Int32) -> HTTPServerError {
        let hint =
            switch reason {
            case EADDRINUSE: "Another process listens there: stop it or choose another port."
            case EACCES: "Ports below 1024 need a privilege: choose a higher one."
            case EADDRNOTAVAIL: "This machine has no such address."
            default: "Check the address."
            }
        return HTTPServerError(
            code: .cannotListen, message: "cannot listen on \(name): \(String(cString: strerror(reason)))",
            hint: hint, isRetriable: reason == EADDRINUSE)
    }
}
