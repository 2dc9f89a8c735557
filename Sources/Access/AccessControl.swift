public import Clocks
public import HTTPServer

/// Who may do what: API keys with roles and sites, limits by key and by client address (SPEC 8.2, DESIGN 6).
///
/// Every route but `/livez`, `/readyz` and `/health` answers inside ``serve(_:needs:_:)``, or begins with
/// ``authorize(_:needs:)``.
public final class AccessControl: Sendable {
    public struct Policy: Sendable {
        /// Requests a minute of each client address and of each key; 0: no limit.
        public var requestsPerMinute: Int
        /// Lets loopback clients do everything without a key; for demonstrations only.
        public var isOpenToLoopback: Bool

        public init(requestsPerMinute: Int = 100, isOpenToLoopback: Bool = false) {
            self.requestsPerMinute = requestsPerMinute
            self.isOpenToLoopback = isOpenToLoopback
        }
    }

    private let keys: any KeySource
    private let policy: Policy
    private let limiter: RateLimiter

    public init(keys: any KeySource, policy: Policy = Policy(), clock: any ProcessClock = .system) {
        self.keys = keys
        self.policy = policy
        limiter = RateLimiter(clock: clock)
    }

    /// Why new and revoked keys no longer arrive; nil while they do.
    public var failure: String? { keys.failure }

    /// Answers a request by `body` if access is granted; a problem thrown by `body` becomes the answer.
    public func serve(
        _ request: HTTPRequest, needs need: Role, _ body: (Grant) throws(Problem) -> HTTPOutcome
    ) -> HTTPOutcome {
        do throws(Problem) {
            return try body(authorize(request, needs: need))
        } catch {
            return .respond(error.response)
        }
    }

    /// Grants access to a request, and adds what is left of its limits to the answer, whichever answer it gets.
    /// - Throws: 401 without a valid key, 429 beyond a limit, 403 where the key's role does not allow what is needed.
    public func authorize(_ request: HTTPRequest, needs need: Role) throws(Problem) -> Grant {
        let sent = try Self.credentials(request)
        let key = sent.flatMap { keys.key($0) }
        let isOpen = sent == nil && policy.isOpenToLoopback && request.isLoopback
        let decision = limiter.admit(subjects(request, key))
        request.addAnswerHeaders(decision.headers)
        guard decision.isAllowed else {
            throw Problem(429, detail: "too many requests; wait and send again")
        }
        guard key != nil || isOpen else {
            throw Problem(
                401, detail: sent == nil ? "an API key is needed" : "the API key is not valid",
                headers: [("WWW-Authenticate", "Bearer")])
        }
        guard isOpen || key?.role.allows(need) == true else {
            throw Problem(
                403, detail: "the API key's role does not allow this; it takes \(need.rawValue)")
        }
        return Grant(key: key)
    }

    /// The key in the request; nil if there is none.
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

    /// A key's own limit replaces both others.
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
