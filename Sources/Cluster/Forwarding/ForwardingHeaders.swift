internal import HTTPServer

/// Headers by which a question travels from the process that was asked to the one that holds the partition.
public enum ForwardingHeader {
    /// The holder's token, which proves that the sender is of the cluster. No request that bears it is forwarded again.
    public static let token = "Andon-Forward-Token"
    /// The site about which the sender lets the client ask.
    public static let site = "Andon-Forward-Site"
    /// On a 503: the partition is not held here, another holder may know.
    public static let notHolder = "Andon-Not-Holder"
}

/// Which headers of a holder's answer reach the client.
enum AnswerHeaders {
    /// Those of one connection (RFC 9110, 7.6.1), those that the server writes itself, and those about the client, whom
    /// only the forwarder knows.
    private static let dropped: Set<String> = [
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade", "content-length", "content-encoding", "date", "server", "ratelimit",
        "ratelimit-policy", "www-authenticate", "set-cookie", ForwardingHeader.notHolder.lowercased(),
    ]

    private static func trimmed(_ text: Substring) -> String { text.filter { $0 != " " && $0 != "\t" } }

    static func endToEnd(_ headers: [(name: String, value: String)]) -> [(name: String, value: String)] {
        let named = headers.filter { $0.name.lowercased() == "connection" }
            .flatMap { header in header.value.lowercased().split(separator: ",").map(trimmed) }
        return headers.filter { header in
            let name = header.name.lowercased()
            if dropped.contains(name) || named.contains(name) || name.hasPrefix("access-control-") { return false }
            return !(name == "vary" && ["origin", "accept-encoding"].contains(header.value.lowercased()))
        }
    }
}

extension HTTPRequest {
    /// Whether another process of the cluster sends this request, or says so.
    var isForwarded: Bool { header(ForwardingHeader.token) != nil || header(ForwardingHeader.site) != nil }
}
