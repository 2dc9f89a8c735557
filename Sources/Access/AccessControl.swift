public import Clocks
public import HTTPServer
internal import Observability

/// Who may do what: API keys with roles and sites, limits by key and by client address (SPEC 8.2, DESIGN 6).
///
/// Every route but those of health is made by ``route(_:_:needs:parameters:bodyBytesMaximum:head:refused:answer:)``, or
/// begins with ``authorize(_:needs:)``.
public final class AccessControl: Sendable {
    public struct Policy: Sendable {
        /// Requests a minute of each client address and of each key; 0: no limit.
        public var requestsPerMinute: Int
        /// Lets loopback clients do everything without a key; for demonstrations only.
        public var isOpenToLoopback: Bool
        /// The address that the server listens on: clients without a key may call it by this name, or by one of loopback.
        public var listenHost: String
        /// Browser origins whose pages may ask without a key, beside the server's own.
        public var origins: [String]

        public init(
            requestsPerMinute: Int = 100, isOpenToLoopback: Bool = false, listenHost: String = "127.0.0.1",
            origins: [String] = []
        ) {
            self.requestsPerMinute = requestsPerMinute
            self.isOpenToLoopback = isOpenToLoopback
            self.listenHost = listenHost
            self.origins = origins
        }
    }

    private let keys: any KeySource
    private let policy: Policy
    private let limiter: RateLimiter
    private let keyless: KeylessAccess

    public init(keys: any KeySource, policy: Policy = Policy(), clock: any ProcessClock = .system) {
        self.keys = keys
        self.policy = policy
        limiter = RateLimiter(clock: clock)
        keyless = KeylessAccess(hosts: [policy.listenHost], origins: policy.origins)
    }

    /// Why new and revoked keys no longer arrive; nil while they do.
    public var failure: String? { keys.failure }

    /// A route that asks for a key whose role allows what is needed, and decides so before the body is read (SPEC 8.2).
    ///
    /// - Parameters:
    ///   - head: Judges what else the head says; by default the site that the query names.
    ///   - refused: Learns of what was refused on the head; the grant is nil where the key itself was not enough.
    ///   - answer: Answers a request that was granted; a problem that it throws becomes the answer.
    public func route(
        _ method: HTTPMethod, _ pattern: String, needs need: Role, parameters: [HTTPQueryParameter] = [],
        bodyBytesMaximum: Int = 0,
        head: @escaping @Sendable (HTTPRequest, Grant) throws(Problem) -> Void = { request, grant throws(Problem) in
            try grant.checkSiteOfQuery(request)
        },
        refused: @escaping @Sendable (HTTPRequest, Grant?, HTTPResponse) -> Void = { _, _, _ in },
        answer: @escaping @Sendable (HTTPRequest, any HTTPExchange, Grant) throws(Problem) -> HTTPOutcome
    ) -> HTTPRoute {
        HTTPRoute(method, pattern, parameters: parameters, bodyBytesMaximum: bodyBytesMaximum) { [self] request in
            var granted: Grant?
            do throws(Problem) {
                let grant = try authorize(request, needs: need)
                granted = grant
                try head(request, grant)
                let handler: HTTPRoute.Handler = { request, exchange in
                    do throws(Problem) { return try answer(request, exchange, grant) } catch {
                        return .respond(error.response)
                    }
                }
                return .admitted(handler, account: grant.key?.id)
            } catch {
                let response = error.response
                refused(request, granted, response)
                return .refused(response)
            }
        }
    }

    /// Grants access to a request, and adds what is left of its limits to the answer, whichever answer it gets.
    /// - Throws: 401 without a valid key, 429 beyond a limit, 403 where the key's role does not allow what is needed, and,
    ///   for a loopback client of an open demonstration, 421, 403 or 415 where a web page from elsewhere may have sent it.
    public func authorize(_ request: HTTPRequest, needs need: Role) throws(Problem) -> Grant {
        let grant = try admit(request, try Credentials(request))
        guard grant.key?.role.allows(need) ?? true else {
            throw Problem(
                403, detail: "the API key's role does not allow this; it takes \(need.rawValue)")
        }
        return grant
    }

    /// The same whatever the key's role.
    func admit(_ request: HTTPRequest, _ sent: Credentials) throws(Problem) -> Grant {
        let text = sent.text(for: request)
        let key = text.flatMap { keys.key($0) }
        if let key { request.noteForLog(JournalEvent.Field("key", key.id)) }
        try limit(request, key)
        if let key { return Grant(key: key) }
        if sent.mayBeKeyless, policy.isOpenToLoopback, request.isLoopback {
            try keyless.check(request)
            return Grant(key: nil)
        }
        guard sent.isCookie else {
            throw .unauthorized(text == nil ? "an API key is needed" : "the API key is not valid")
        }
        guard text != nil else {
            throw Problem(
                403, detail: "a session counts for \(request.method.rawValue) only where Origin names this host")
        }
        throw .unauthorized(
            "the session's API key is not valid", headers: [SessionCookie.clearing(for: request)])
    }

    /// Whether what was granted may go on: the key was not revoked since.
    public func isInForce(_ grant: Grant) -> Bool { grant.key.map { keys.isInForce(id: $0.id) } ?? true }

    /// Counts a request, and adds what is left of its limits to the answer.
    /// - Throws: 429.
    func limit(_ request: HTTPRequest, _ key: APIKey?) throws(Problem) {
        let decision = limiter.admit(subjects(request, key))
        request.addAnswerHeaders(decision.headers)
        guard decision.isAllowed else {
            throw Problem(429, detail: "too many requests; wait and send again")
        }
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
