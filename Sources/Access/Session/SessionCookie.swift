internal import HTTPServer

/// The cookie in which a browser keeps its key (SPEC 7.6).
///
/// Scripts cannot read it, other sites cannot have it sent, and it ends with the browser.
enum SessionCookie {
    static let name = "andon_session"

    /// The key in a `Cookie` header; nil if it has none.
    static func value(in header: String) -> String? {
        for pair in header.split(separator: ";") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2, trimmed(sides[0]) == name else { continue }
            let value = trimmed(sides[1])
            return value.isEmpty ? nil : value
        }
        return nil
    }

    /// The header that sets it.
    static func setting(_ key: String, for request: HTTPRequest) -> (name: String, value: String) {
        header(key, "", request)
    }

    /// The header that removes it.
    static func clearing(for request: HTTPRequest) -> (name: String, value: String) {
        header("", "; Max-Age=0", request)
    }

    private static func header(_ value: String, _ end: String, _ request: HTTPRequest) -> (name: String, value: String)
    {
        let secure = request.isSecure ? "; Secure" : ""
        return ("Set-Cookie", "\(name)=\(value); Path=/; HttpOnly; SameSite=Strict\(secure)\(end)")
    }

    private static func trimmed(_ text: Substring) -> String { text.filter { $0 != " " && $0 != "\t" } }
}
