internal import Clocks
internal import EventModel
internal import Figures
public import HTTPServer
internal import Locks
internal import Observability
internal import Projector
internal import Timeline

/// Answers questions about folded events (SPEC 5, 6.2, 7.4, 8.5).
///
/// The server's thread checks a request and suspends its exchange; one of a few threads of the service computes the
/// answer. So ingest never waits for a question. Create the service, pass ``routes`` to the server, and ``stop()`` it
/// after the server.
public final class QueryService: Sendable {
    let parts: Parts
    let zones = ZoneCache()
    let rosters = RosterCache()
    private let partMemories = PartMemories()
    private let settlements = Guarded<[PartitionIndex: SettlementWatch]>([:])
    /// Few threads, and separate from the server's, so that questions never delay ingest.
    private let pool: ThreadPool<@Sendable () -> Void>
    private let waiting = Guarded(0)

    /// How long a question waits for the fold (SPEC 8.3).
    static let waitMilliseconds = 5000
    /// Maximum number of questions waiting for the fold; each holds a connection and nothing else.
    static let waitingMaximum = 1024
    /// At 10 ms each, 128 questions on two threads wait 0.6 s: beyond that a retry serves better than a longer queue.
    static let queuedMaximum = 128
    /// How long a question waits for a thread. Who asks for little must not wait for all that others ask for, and whoever
    /// waits longer has often given up.
    static let queuedMilliseconds = 5000

    /// - Parameter threadCount: Number of threads that compute answers.
    public init(_ parts: Parts, threadCount: Int = 2) {
        self.parts = parts
        pool = ThreadPool("query", threadsMaximum: threadCount, waitingMaximum: Self.queuedMaximum) { { $0() } }
    }

    /// Accepts no more questions; accepted ones are still answered.
    public func stop() { pool.close() }

    /// One route per question, all `GET`.
    public var routes: [HTTPRoute] {
        QueryKind.allCases.map { kind in
            HTTPRoute(.get, kind.path, parameters: kind.parameters) { [self] request in admit(kind, request) }
        }
    }

    /// Keys and sites are judged before the query.
    private func admit(_ kind: QueryKind, _ request: HTTPRequest) -> HTTPAdmission {
        switch parts.authorize(request, kind.role) {
        case .refused(let response): .refused(response)
        case .granted(let site): .admitted { [self] request, exchange in handle(kind, request, exchange, site) }
        }
    }

    private func handle(
        _ kind: QueryKind, _ request: HTTPRequest, _ exchange: any HTTPExchange, _ site: SiteID
    ) -> HTTPOutcome {
        do {
            return try start(kind, request, exchange, site)
        } catch let problem as Problem {
            return .respond(problem.response)
        } catch {
            return .respond(failure(kind, site, error))
        }
    }

    private func start(
        _ kind: QueryKind, _ request: HTTPRequest, _ exchange: any HTTPExchange, _ site: SiteID
    ) throws -> HTTPOutcome {
        let partition = parts.projections.partition(of: site)
        let parameters = try QueryParameters(request.query, of: kind, partition: partition)
        guard let projections = parts.projections.projections(of: partition) else {
            let asked = AskedElsewhere(request: request, site: site, partition: partition, exchange: exchange)
            guard let outcome = parts.elsewhere(asked) else {
                let detail = "no process that answers for partition \(partition.value) is known at the moment"
                throw Problem.busy(detail, retryAfterSeconds: 1)
            }
            return outcome
        }
        let asked = AskedQuestion(
            kind: kind, parameters: parameters, site: site, projections: projections,
            ifNoneMatch: request.header("If-None-Match"), accept: request.header("Accept"), exchange: exchange,
            arrival: parts.clock.uptime)
        if let position = parameters.minPosition {
            waitForFold(asked, offset: position.offset) { [self] in enqueue(asked) }
        } else {
            enqueue(asked)
        }
        return .suspended
    }

    /// What is known about the log of a partition; kept while the partition comes and goes.
    func settlement(_ partition: PartitionIndex) -> SettlementWatch {
        settlements.withLock { watches in
            if let watch = watches[partition] { return watch }
            let watch = SettlementWatch()
            watches[partition] = watch
            return watch
        }
    }

    /// What is settled at a snapshot, with what earlier questions have left behind; nil where nothing is settled.
    ///
    /// - Parameter clock: from before the snapshot was taken.
    func remembered(
        _ snapshot: ProjectionSnapshot, _ partition: PartitionIndex, _ clock: AnswerClock
    ) -> RememberedParts? {
        let settlement = settlement(partition)
        settlement.note(snapshot.progress, at: clock.certain)
        let before = settlement.settledBefore(snapshot.progress, era: clock.certain.era, lag: clock.gatewayLag)
        guard let before, let memory = partMemories.memory(of: snapshot, era: clock.certain.era) else { return nil }
        return RememberedParts(memory, settledBefore: before.microseconds)
    }

    private func enqueue(_ asked: AskedQuestion) {
        let deadline = parts.clock.uptime.advanced(milliseconds: QueryService.queuedMilliseconds)
        let isTaken = pool.submit { [self] in
            guard parts.clock.uptime <= deadline else {
                let detail = "other questions took more than 5 s"
                return asked.complete(Problem.busy(detail, retryAfterSeconds: 5).response)
            }
            if let response = answer(asked) { asked.complete(response) }
        }
        if !isTaken {
            asked.complete(Problem.busy("too many questions are waiting", retryAfterSeconds: 1).response)
        }
    }

    /// Continues when the record at `offset` has been folded; if that takes too long, the answer is 503 (SPEC 8.3).
    private func waitForFold(
        _ asked: AskedQuestion, offset: LogOffset, milliseconds: Int = QueryService.waitMilliseconds,
        _ goOn: @escaping @Sendable () -> Void
    ) {
        let isTaken = waiting.withLock { count in
            guard count < QueryService.waitingMaximum else { return false }
            count += 1
            return true
        }
        guard isTaken else {
            return asked.complete(
                Problem.busy("too many questions wait for the fold", retryAfterSeconds: 1).response)
        }
        asked.projections.whenPassed(offset, timeoutMilliseconds: milliseconds) { [self] isPassed in
            waiting.withLock { $0 -= 1 }
            if isPassed { return goOn() }
            let detail = "the fold has not passed offset \(offset.value) within 5 s"
            asked.complete(Problem.busy(detail, retryAfterSeconds: 1).response)
        }
    }

    /// The answer; nil if it will be given later.
    private func answer(_ asked: AskedQuestion) -> HTTPResponse? {
        do {
            let clock = parts.clock.now
            let answerClock = parts.answerClock()
            guard let snapshot = try asked.projections.snapshot(of: asked.site) else { return answerUnseen(asked) }
            defer { snapshot.close() }
            let question = try Question(
                asked.kind, asked.parameters, snapshot, clock: clock, zones: zones,
                registered: parts.registry(asked.site),
                remembered: remembered(snapshot, asked.projections.partition, answerClock))
            return try answer(question, asked, answerClock)
        } catch let problem as Problem {
            return problem.response
        } catch let error as TimelineError where error.code == .tooLong {
            return Problem.busy(error.message, retryAfterSeconds: 60).response
        } catch let error as ProjectorError where error.isRetriable {
            return Problem.busy(error.description, retryAfterSeconds: 1).response
        } catch {
            return failure(asked.kind, asked.site, error)
        }
    }

    /// A site that no folded record names: unknown, or defined a moment ago (its definition is on its way).
    private func answerUnseen(_ asked: AskedQuestion) -> HTTPResponse? {
        guard parts.registry(asked.site) != nil else {
            return .problem(404, "there is no site \(asked.site)")
        }
        let progress = asked.projections.progress
        let now = parts.clock.uptime
        let isCurrent = now - asked.arrival >= progress.endAgeMicroseconds
        let left = now.milliseconds(until: asked.arrival.advanced(milliseconds: QueryService.waitMilliseconds))
        guard !asked.hasSeenEnd, asked.tries < AskedQuestion.triesMaximum, left > 0 else {
            return Problem.busy("the site's definition is not folded yet", retryAfterSeconds: 1).response
        }
        var again = asked
        again.tries += 1
        // An end read since arrival is behind the definition; after an older end, the next record may be the
        // definition.
        again.hasSeenEnd = isCurrent
        let retry = again
        let last = LogOffset(progress.logEnd.value - 1)
        let awaited = isCurrent ? last : max(last, progress.nextOffset)
        if awaited < .zero {
            enqueue(retry)
        } else {
            waitForFold(retry, offset: awaited, milliseconds: left) { [self] in enqueue(retry) }
        }
        return nil
    }

    private func failure(_ kind: QueryKind, _ site: SiteID, _ error: any Error) -> HTTPResponse {
        parts.journal.record(.questionFailed(kind.path, site, error.forOperator))
        return Problem.busy("the projections cannot be read at the moment", retryAfterSeconds: 5).response
    }
}

/// A question to be answered: everything that outlives its handler.
struct AskedQuestion: Sendable {
    let kind: QueryKind
    let parameters: QueryParameters
    let site: SiteID
    /// The projections of the site's partition when the question arrived.
    let projections: any Projections
    let ifNoneMatch: String?
    let accept: String?
    let exchange: any HTTPExchange
    let arrival: MonotonicTime
    /// How often it has waited for the fold to reach its site.
    var tries = 0
    /// The fold has covered everything that the log held on arrival, and the site was not in it.
    var hasSeenEnd = false
    static let triesMaximum = 20

    func complete(_ response: HTTPResponse) { exchange.complete(response) }
}
