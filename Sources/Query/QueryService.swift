public import EventModel
public import HTTPServer
internal import Locks
internal import Timeline

/// Who may ask, and about which site.
public enum QueryPermission: Sendable {
    /// The site that the request means, by `site_id` or by its key (SPEC 8.5); `headers` go with every answer.
    case granted(SiteID, headers: [(name: String, value: String)] = [])
    /// The answer to give instead: 401, 403, 429, or 400 where no site can be told.
    case refused(HTTPResponse)
}

/// Answers questions about what was folded (SPEC 5, 6.2, 7.4, 8.5).
///
/// A request is judged on the server's thread, then its exchange sleeps until one of a few threads of its own has
/// computed the answer, so that ingest never waits for a question. Create it, hand ``routes`` to the server, and
/// ``stop()`` it after the server.
public final class QueryService: Sendable {
    /// What the service needs of the rest.
    public struct Parts: Sendable {
        /// The projections of the partition.
        public var source: any QuerySource
        /// The server's clock.
        public var clock: @Sendable () -> Timestamp
        /// Judges key, role `viewer`, rate and site of a request; runs on a thread of the server.
        public var authorize: @Sendable (HTTPRequest) -> QueryPermission
        /// The newest full definition of a site: names of workers are in the registry alone (SPEC 3).
        public var registry: @Sendable (SiteID) -> SiteDefinition?
        /// Is told why a question could not be answered, for the log.
        public var failed: @Sendable (String) -> Void

        public init(
            source: any QuerySource, clock: @escaping @Sendable () -> Timestamp,
            authorize: @escaping @Sendable (HTTPRequest) -> QueryPermission,
            registry: @escaping @Sendable (SiteID) -> SiteDefinition?,
            failed: @escaping @Sendable (String) -> Void = { _ in }
        ) {
            self.source = source
            self.clock = clock
            self.authorize = authorize
            self.registry = registry
            self.failed = failed
        }
    }

    let parts: Parts
    let zones = ZoneCache()
    let rosters = RosterCache()
    let settlement = SettlementWatch()
    private let pool: QueryPool
    private let waiting = Guarded(0)

    /// How long a question waits for the fold (SPEC 8.3).
    static let waitMilliseconds = 5000
    /// Questions that wait for the fold at once; each holds a connection and nothing else.
    static let waitingMaximum = 1024

    /// - Parameter threadCount: threads that compute answers.
    public init(_ parts: Parts, threadCount: Int = 2) {
        self.parts = parts
        pool = QueryPool(threadCount: threadCount)
    }

    /// Takes no more questions; those taken are still answered.
    public func stop() { pool.stop() }

    /// One route per question, all `GET`.
    public var routes: [HTTPRoute] {
        QueryKind.allCases.map { kind in
            HTTPRoute(.get, kind.path) { [self] request, exchange in handle(kind, request, exchange) }
        }
    }

    private func handle(_ kind: QueryKind, _ request: HTTPRequest, _ exchange: any HTTPExchange) -> HTTPOutcome {
        switch parts.authorize(request) {
        case .refused(let response):
            return .respond(response)
        case .granted(let site, let headers):
            do {
                let parameters = try QueryParameters(
                    request.query, of: kind, partition: parts.source.partition, now: parts.clock())
                let asked = AskedQuestion(
                    kind: kind, parameters: parameters, site: site, ifNoneMatch: request.header("If-None-Match"),
                    headers: headers, exchange: exchange)
                start(asked)
                return .suspended
            } catch let problem as Problem {
                return .respond(problem.response.adding(headers))
            } catch {
                return .respond(failure(error).adding(headers))
            }
        }
    }

    private func start(_ asked: AskedQuestion) {
        guard let position = asked.parameters.minPosition else { return enqueue(asked) }
        waitForFold(asked, offset: position.offset) { [self] in enqueue(asked) }
    }

    private func enqueue(_ asked: AskedQuestion) {
        let isTaken = pool.submit { [self] in
            if let response = answer(asked) { asked.complete(response) }
        }
        if !isTaken {
            asked.complete(Problem.busy("too many questions are waiting", retryAfterSeconds: 1).response)
        }
    }

    /// Goes on when the record at `offset` has been folded; else the answer is 503 (SPEC 8.3).
    private func waitForFold(_ asked: AskedQuestion, offset: LogOffset, _ goOn: @escaping @Sendable () -> Void) {
        let isTaken = waiting.withLock { count in
            guard count < QueryService.waitingMaximum else { return false }
            count += 1
            return true
        }
        guard isTaken else {
            return asked.complete(
                Problem.busy("too many questions wait for the fold", retryAfterSeconds: 1).response)
        }
        parts.source.whenPassed(offset, timeoutMilliseconds: QueryService.waitMilliseconds) { [self] isPassed in
            waiting.withLock { $0 -= 1 }
            if isPassed { return goOn() }
            let detail = "the fold has not passed offset \(offset.value) within 5 s"
            asked.complete(Problem.busy(detail, retryAfterSeconds: 1).response)
        }
    }

    /// The answer; nil where it will be given later.
    private func answer(_ asked: AskedQuestion) -> HTTPResponse? {
        do {
            let clock = parts.clock()
            guard let reading = try parts.source.reading(of: asked.site) else { return try answerUnseen(asked) }
            defer { reading.close() }
            settlement.note(reading.standing, at: clock)
            let question = try Question(
                asked.kind, asked.parameters, reading, clock: clock, zones: zones,
                registered: parts.registry(asked.site))
            return try answer(question, asked)
        } catch let problem as Problem {
            return problem.response
        } catch let error as TimelineError where error.code == .tooLong {
            return Problem.busy(error.message, retryAfterSeconds: 60).response
        } catch {
            return failure(error)
        }
    }

    /// A site that no folded record names: unknown, or defined a moment ago (its definition is on its way).
    private func answerUnseen(_ asked: AskedQuestion) throws -> HTTPResponse? {
        guard parts.registry(asked.site) != nil else {
            return .problem(404, "there is no site \(asked.site)")
        }
        guard !asked.isSecondTry else {
            return Problem.busy("the site's definition is not folded yet", retryAfterSeconds: 1).response
        }
        let standing = try parts.source.standing()
        var again = asked
        again.isSecondTry = true
        let retry = again
        if standing.logEnd == .zero {
            enqueue(retry)
        } else {
            waitForFold(retry, offset: LogOffset(standing.logEnd.value - 1)) { [self] in enqueue(retry) }
        }
        return nil
    }

    private func failure(_ error: any Error) -> HTTPResponse {
        parts.failed("question not answered: \(error)")
        return Problem.busy("the projections cannot be read at the moment", retryAfterSeconds: 5).response
    }
}

/// A request that is to be answered: all of it that outlives its handler.
struct AskedQuestion: Sendable {
    let kind: QueryKind
    let parameters: QueryParameters
    let site: SiteID
    let ifNoneMatch: String?
    let headers: [(name: String, value: String)]
    let exchange: any HTTPExchange
    /// It waited for the fold to see its site already.
    var isSecondTry = false

    func complete(_ response: HTTPResponse) { exchange.complete(response.adding(headers)) }
}

extension HTTPResponse {
    func adding(_ more: [(name: String, value: String)]) -> HTTPResponse {
        var response = self
        response.headers += more
        return response
    }
}
