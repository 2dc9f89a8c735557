public import EventModel
public import HTTPServer
internal import Synchronization

/// Who may do what: API keys with roles and sites, limits by key and by client address (SPEC 8.2, DESIGN 6).
///
/// Every route but `/livez`, `/readyz` and `/health` begins with ``authorize(_:needs:)``.
public final class AccessControl: Sendable {
    public struct Policy: Sendable {
        /// Requests a minute of each client address and of each key; 0: no limit.
        public var requestsPerMinute: Int
        /// Lets loopback clients without a key do everything; for demonstrations only.
        public var isOpenToLoopback: Bool

        public init(requestsPerMinute: Int = 100, isOpenToLoopback: Bool = false) {
            self.requestsPerMinute = requestsPerMinute
            self.isOpenToLoopback = isOpenToLoopback
        }
    }

    private let keys: any KeySource
    private let policy: Policy
    private let limiter: RateLimiter

    /// - Parameter uptime: Milliseconds of a monotonic clock; tests pass their own.
    public init(
        keys: any KeySource, policy: Policy = Policy(),
        uptime: @escaping @Sendable () -> Int64 = { Uptime.milliseconds }
    ) {
        self.keys = keys
        self.policy = policy
        limiter = RateLimiter(uptime: uptime)
    }

    /// Why new and revoked keys no longer hold; nil while they do.
    var failure: String? { keys.failure }

    /// Lets a request in.
    /// - Throws: 401 without a valid key, 429 beyond a limit, 403 where the key's role does not allow what is needed.
    /// - Returns: by whose right; its ``Access/headers`` belong on the answer, whatever it is.
    public func authorize(_ request: HTTPRequest, needs need: Role) throws(Problem) -> Access {
        let sent = try Self.credentials(request)
        let key = sent.flatMap { keys.key($0) }
        let isOpen = sent == nil && policy.isOpenToLoopback && request.isLoopback
        let decision = limiter.admit(subjects(request, key))
        guard decision.isAllowed else {
            throw Problem(429, detail: "too many requests; wait and send again", headers: decision.headers)
        }
        guard key != nil || isOpen else {
            throw Problem(
                401, detail: sent == nil ? "an API key is needed" : "the API key is not valid",
                headers: [("WWW-Authenticate", "Bearer")] + decision.headers)
        }
        guard isOpen || key?.role.allows(need) == true else {
            throw Problem(
                403, detail: "the API key's role does not allow this; it takes \(need.rawValue)",
                headers: decision.headers)
        }
        return Access(key: key, headers: decision.headers)
    }

    /// The key that the request carries; nil without one.
    private static func credentials(_ request: HTTPRequest) throws(Problem) -> String? {
        if let authorization = request.header("Authorization") {
            let parts = authorization.split(separator: " ", omittingEmptySubsequences: true)
            guard parts.count == 2, parts[0].lowercased() == "bearer" else {
                throw Problem(
                    401, detail: "Authorization must be: Bearer KEY", headers: [("WWW-Authenticate", "Bearer")])
            }
            return String(parts[1])
        }
        return request.header("X-API-Key")
    }

    /// A key's own limit stands in place of both others.
    private func subjects(_ request: HTTPRequest, _ key: APIKey?) -> [RateLimiter.Subject] {
        if let key, let limit = key.rateLimit {
            return limit == 0 ? [] : [RateLimiter.Subject(name: "key \(key.id)", limit: limit, policy: "key")]
        }
        let limit = policy.requestsPerMinute
        guard limit > 0 else { return [] }
        var subjects = [RateLimiter.Subject(name: "address \(request.clientAddress)", limit: limit, policy: "address")]
        if let key { subjects.append(RateLimiter.Subject(name: "key \(key.id)", limit: limit, policy: "key")) }
        return subjects
    }
}

/// The right by which one request is served.
public struct Access: Sendable {
    /// nil: a loopback client of an open demonstration.
    public let key: APIKey?
    /// Headers for the answer, e.g. `RateLimit`.
    public let headers: [(name: String, value: String)]

    /// Names the key in logs and records.
    public var keyID: String { key?.id ?? "" }

    /// The site that the request is about: the query's `site_id`, else the key's only site, else the one that the body
    /// names (SPEC 2.2, 8.5).
    /// - Throws: 400 where no site, more than one or no possible id is named, 403 for a site that the key is not bound to.
    public func site(of request: HTTPRequest, namedInBody body: [UInt8]? = nil) throws(Problem) -> SiteID {
        guard request.query.count(where: { $0.name == "site_id" }) <= 1 else {
            throw Problem(400, detail: "site_id is given more than once", headers: headers)
        }
        let named = request.queryValue("site_id").map { SiteID($0) } ?? key?.onlySite ?? body.map { SiteID(bytes: $0) }
        guard let named else {
            throw Problem(400, detail: "name the site: ?site_id=…", headers: headers)
        }
        try check(named)
        return named
    }

    /// Refuses a site that the key is not bound to (403) and what is no site id (400).
    public func check(_ site: SiteID) throws(Problem) {
        guard site.isValid else {
            throw Problem(
                400, detail: "a site id has 1 to 64 of the characters A-Z a-z 0-9 . _ -", headers: headers)
        }
        guard key?.allows(site: site) ?? true else {
            throw Problem(403, detail: "the API key is not bound to this site", headers: headers)
        }
    }
}
