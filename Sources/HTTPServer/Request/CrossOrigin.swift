/// Which browser origins may read answers (SPEC 8.2 `--cors-origin`).
struct CrossOrigin: Sendable {
    private let origins: [String]

    init(_ origins: [String]) { self.origins = origins }

    /// Headers that an answer needs because of the request's origin.
    func headers(for origin: String?) -> [(name: String, value: String)] {
        guard !origins.isEmpty else { return [] }
        guard let allowed = allowed(origin) else { return [("Vary", "Origin")] }
        return [
            ("Vary", "Origin"), ("Access-Control-Allow-Origin", allowed),
            (
                "Access-Control-Expose-Headers",
                "ETag, Link, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id"
            ),
        ]
    }

    /// Further headers where the browser asks before it sends.
    func preflightHeaders(for origin: String?, allow: String) -> [(name: String, value: String)] {
        guard allowed(origin) != nil else { return [] }
        return [
            ("Access-Control-Allow-Methods", allow),
            (
                "Access-Control-Allow-Headers",
                "Authorization, Content-Encoding, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, "
                    + "X-API-Key, X-Request-Id"
            ),
            ("Access-Control-Max-Age", "600"),
        ]
    }

    /// Bytes, because String would take different spellings of a letter for equal.
    private func allowed(_ origin: String?) -> String? {
        guard let origin else { return nil }
        return origins.first { $0.utf8.elementsEqual(origin.utf8) }
    }
}
