internal import HTTPServer

/// What a request without a key must show where programs on this machine need none (`--open`, SPEC 8.2): that no web page
/// from elsewhere has made a browser of this machine send it.
///
/// A browser names in `Host` what the page asked for, so a foreign name that was made to point here is recognised; it names
/// the page's own server in `Origin`; and without being asked it sends across origins only bodies of a few types.
struct KeylessAccess: Sendable {
    /// Names of this server beside those of loopback addresses: the address that it listens on.
    let hosts: [String]
    /// Origins that are allowed beside the server's own.
    let origins: [String]

    /// - Throws: 421 for a foreign host, 403 for a foreign origin, 415 for a POST that does not say what it holds.
    func check(_ request: HTTPRequest) throws(Problem) {
        let host = request.header("Host")?.lowercased()
        // Browsers always send it.
        if let host, !isOwn(host) {
            throw Problem(421, detail: "without a key this server answers to localhost alone, not to \(host)")
        }
        if let origin = request.header("Origin"), !isAllowed(origin, host) {
            throw Problem(
                403, detail: "without a key no page of \(origin) may ask; start the server with --cors-origin \(origin)"
            )
        }
        if request.method == .post, request.header("Content-Type") == nil {
            throw Problem(415, detail: "without a key a POST must say its Content-Type")
        }
    }

    private func isOwn(_ host: String) -> Bool {
        let name = Self.withoutPort(host)
        if name == "::1" || name == "localhost" || name.hasSuffix(".localhost") { return true }
        return Self.isLoopbackLiteral(name) || hosts.contains { $0.lowercased() == name }
    }

    /// Without the port, the brackets of an IPv6 address and the dot that ends a full name.
    private static func withoutPort(_ host: String) -> String {
        if host.hasPrefix("["), let end = host.firstIndex(of: "]") {
            return String(host[host.index(after: host.startIndex)..<end])
        }
        let name = host.prefix { $0 != ":" }
        return String(name.hasSuffix(".") ? name.dropLast() : name)
    }

    private static func isLoopbackLiteral(_ name: String) -> Bool {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    private func isAllowed(_ origin: String, _ host: String?) -> Bool {
        if origins.contains(where: { $0.utf8.elementsEqual(origin.utf8) }) { return true }
        return host.map { HTTPRequest.isOrigin(origin, of: $0) } ?? false
    }
}
