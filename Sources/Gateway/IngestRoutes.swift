internal import Crypto
internal import EventModel
internal import HTTPServer

/// `POST /api/events` and `/api/events/batch` (SPEC 2).
extension Gateway {
    /// Bytes of an Idempotency-Key.
    static let idempotencyKeyBytesMaximum = 255

    var ingestRoutes: [HTTPRoute] {
        [
            HTTPRoute(.post, "/api/events", bodyBytesMaximum: Limits.bodyBytesMaximum) { [self] request, exchange in
                answer { () throws(Problem) in try ingest(request, exchange, isSingle: true) }
            },
            HTTPRoute(.post, "/api/events/batch", bodyBytesMaximum: Limits.bodyBytesMaximum) {
                [self] request, exchange in
                answer { () throws(Problem) in try ingest(request, exchange, isSingle: false) }
            },
        ]
    }

    private func ingest(
        _ request: HTTPRequest, _ exchange: any HTTPExchange, isSingle: Bool
    ) throws(Problem) -> HTTPOutcome {
        let access = try access.authorize(request, needs: .ingest)
        let layout = try Self.layout(of: request, isSingle: isSingle, access)
        guard let parser = pool.takeParser() else { throw Self.full(access) }
        defer { pool.give(parser) }
        do throws(BodyFault) {
            try parser.read(request.body, layout)
        } catch {
            throw Self.problem(error, access)
        }
        let snapshot = try site(of: request, parser.namedSite(layout), access)
        let claim = try claim(request, snapshot.definition.siteID, access)
        if let claim {
            let outcome = idempotency.begin(claim, now: clock())
            if case .answered(let answer) = outcome {
                return .respond(IngestAnswer.response(answer, headers: access.headers))
            }
            try Self.refuse(outcome, access)
        }
        let parsed = pool.takeRequest()
        parser.judge(by: snapshot, into: parsed)
        if parsed.hasUnknown { judgeAgainByNewest(parsed, snapshot) }
        let work = IngestWork(
            request: parsed, isSingle: isSingle, claim: claim, headers: access.headers, exchange: exchange)
        guard queue(of: snapshot.definition.siteID).submit(.ingest(work)) else {
            if let claim { idempotency.forget(claim) }
            pool.give(parsed)
            throw Self.full(access)
        }
        return .suspended
    }

    /// Nobody is called unknown whom another gateway has just admitted (DESIGN 5).
    private func judgeAgainByNewest(_ parsed: ParsedRequest, _ snapshot: SiteSnapshot) {
        let site = snapshot.definition.siteID
        refresh.refresh(site)
        if let newest = directory[site], newest !== snapshot { parsed.judgeAgain(by: newest) }
    }

    // MARK: Checks

    private static func layout(
        of request: HTTPRequest, isSingle: Bool, _ access: Access
    ) throws(Problem) -> BodyLayout {
        // Parameters such as a charset say nothing that matters: the body has to be UTF-8.
        let type = request.header("Content-Type")?.split(separator: ";", maxSplits: 1).first.map {
            $0.filter { $0 != " " && $0 != "\t" }.lowercased()
        }
        switch (type ?? "application/json", isSingle) {
        case ("application/json", true): return .single
        case ("application/json", false): return .batch
        case ("application/x-ndjson", false): return .lines
        default:
            let types = isSingle ? "application/json" : "application/json or application/x-ndjson"
            throw Problem(415, detail: "the body must be \(types)", headers: access.headers)
        }
    }

    private static func problem(_ fault: BodyFault, _ access: Access) -> Problem {
        switch fault {
        case .malformed: Problem(400, detail: "the body is not JSON in UTF-8", headers: access.headers)
        case .tooDeep:
            Problem(
                400, detail: "the body is nested deeper than \(Limits.jsonDepthMaximum)", headers: access.headers)
        case .noEvents: Problem(400, detail: "the body holds no event", headers: access.headers)
        case .tooManyEvents:
            Problem(
                413, detail: "a request holds at most \(Limits.batchEventsMaximum) events", headers: access.headers)
        case .noMemory: full(access)
        }
    }

    private static func full(_ access: Access) -> Problem {
        Problem(
            503, detail: "too many requests wait for the log; send it again",
            headers: [("Retry-After", "1")] + access.headers)
    }

    private func site(
        of request: HTTPRequest, _ named: IngestParser.NamedSite, _ access: Access
    ) throws(Problem) -> SiteSnapshot {
        let body: [UInt8]? = if case .id(let id) = named { id } else { nil }
        let site = try access.site(of: request, namedInBody: body)
        guard let snapshot = newestSnapshot(site) else {
            throw Problem(404, detail: "no such site; put its definition first", headers: access.headers)
        }
        return snapshot
    }

    // MARK: Idempotency

    /// The site counts as part of the body: the answer to one site must never be taken for that of another.
    private func claim(
        _ request: HTTPRequest, _ site: SiteID, _ access: Access
    ) throws(Problem) -> IdempotencyClaim? {
        guard let key = request.header("Idempotency-Key") else { return nil }
        guard 1...Self.idempotencyKeyBytesMaximum ~= key.utf8.count else {
            throw Problem(
                400, detail: "an Idempotency-Key has 1 to \(Self.idempotencyKeyBytesMaximum) bytes",
                headers: access.headers)
        }
        var hasher = SHA256Hasher()
        hasher.update(site.bytes + [0])
        hasher.update(request.body)
        return IdempotencyClaim(
            apiKeyID: Array(access.keyID.utf8), path: Array(request.path.utf8), key: Array(key.utf8),
            bodyHash: hasher.finish())
    }

    private static func refuse(_ outcome: IdempotencyTable.Outcome, _ access: Access) throws(Problem) {
        switch outcome {
        case .claimed, .answered: break
        case .inFlight:
            throw Problem(
                409, detail: "a request with this Idempotency-Key still waits for its answer",
                headers: [("Retry-After", "1")] + access.headers)
        case .otherBody:
            throw Problem(
                422, detail: "this Idempotency-Key was used with another body or site",
                extensions: [("code", .string("idempotency_key_reused"))],
                headers: access.headers)
        }
    }
}
