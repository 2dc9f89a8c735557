internal import HTTPServer

/// The key that a request shows, and where: in a header of its own, or in the cookie of a browser (SPEC 7.6, 8.2).
enum Credentials {
    case absent
    case key(String)
    case cookie(String)

    /// A key in a header wins: who sends one means it, while a browser sends its cookie unasked.
    /// - Throws: ``Problem``, 401, where `Authorization` holds something else.
    init(_ request: HTTPRequest) throws(Problem) {
        if let authorization = request.header("Authorization") {
            let parts = authorization.split(separator: " ", omittingEmptySubsequences: true)
            guard parts.count == 2, parts[0].lowercased() == "bearer" else {
                throw .unauthorized("Authorization must be: Bearer KEY")
            }
            self = .key(String(parts[1]))
        } else if let key = request.header("X-API-Key") {
            self = .key(key)
        } else {
            self = request.header("Cookie").flatMap { SessionCookie.value(in: $0) }.map { .cookie($0) } ?? .absent
        }
    }

    /// The key, unless it is in a cookie that does not count for this request: a page from elsewhere may have made the
    /// browser send it.
    func text(for request: HTTPRequest) -> String? {
        switch self {
        case .absent: nil
        case .key(let text): text
        case .cookie(let text): request.method.isReading || request.comesFromOwnPage ? text : nil
        }
    }

    var isCookie: Bool {
        if case .cookie = self { true } else { false }
    }

    /// Whether a program that needs no key may have sent the request. A cookie is no sign that it meant to show one: it may
    /// be that of another server on this machine.
    var mayBeKeyless: Bool {
        switch self {
        case .absent, .cookie: true
        case .key: false
        }
    }
}

extension HTTPMethod {
    /// Changes nothing.
    fileprivate var isReading: Bool { self == .get || self == .head }
}

extension HTTPRequest {
    /// Whether a browser says that a page of this very server sends the request (SPEC 7.6).
    var comesFromOwnPage: Bool {
        guard let origin = header("Origin"), let host = header("Host") else { return false }
        return Self.isOrigin(origin, of: host)
    }

    /// Whether a browser says that a page of another server sends the request.
    var comesFromForeignPage: Bool { header("Origin") != nil && !comesFromOwnPage }

    /// Host and port decide: behind a proxy that speaks TLS the scheme is not known here.
    static func isOrigin(_ origin: String, of host: String) -> Bool {
        let (origin, host) = (origin.lowercased(), host.lowercased())
        return origin == "http://" + host || origin == "https://" + host
    }
}

extension Problem {
    static func unauthorized(_ detail: String, headers: [(name: String, value: String)] = []) -> Problem {
        Problem(401, detail: detail, headers: [("WWW-Authenticate", "Bearer")] + headers)
    }
}
