public import Access
public import Clocks
internal import EventModel
public import HTTPServer
internal import JSON
internal import Locks

/// Rebuilds over HTTP, for operators (SPEC 7.3): `/api/admin/rebuilds`.
///
/// Any process answers; holders are asked for what they know. The server's thread checks a request and suspends its
/// exchange; one of a few threads of this service does the rest. Create it, pass ``routes`` to the server, ``stop()`` it
/// after the server.
public final class RebuildService: Sendable {
    /// Each waits for holders most of the time.
    static let threadsMaximum = 4
    static let waitingMaximum = 32
    /// Differences in an answer.
    static let limitDefault = 20
    static let limitMaximum = 200

    public struct Parts: Sendable {
        public var board: any JobBoard
        public var holders: any RebuildHolders
        public var access: AccessControl
        public var clock: any ProcessClock = .system
        /// Every act, whether it was allowed or not (DESIGN 6).
        public var audit: @Sendable (AuditRecord) -> Void = { _ in }

        public init(board: any JobBoard, holders: any RebuildHolders, access: AccessControl) {
            self.board = board
            self.holders = holders
            self.access = access
        }
    }

    private let parts: Parts
    private let director: RebuildDirector
    private let pool: ThreadPool<@Sendable () -> Void>

    public init(_ parts: Parts) {
        self.parts = parts
        director = RebuildDirector(parts.board, parts.holders, parts.clock)
        pool = ThreadPool(
            "rebuild", threadsMaximum: Self.threadsMaximum, waitingMaximum: Self.waitingMaximum
        ) { { $0() } }
    }

    /// Accepts nothing more, and lets no answer wait for holders.
    public func stop() {
        director.stop()
        pool.close()
    }

    // MARK: Routes

    private static let path = "/api/admin/rebuilds"

    public var routes: [HTTPRoute] {
        [
            looking(Self.path) { director, _ throws(Problem) in
                Self.list(try director.list())
            },
            looking(Self.path + "/{id}") { director, asked throws(Problem) in
                .json(200, try director.status(asked.id).json)
            },
            looking(Self.path + "/{id}/diff", ["limit"]) { director, asked throws(Problem) in
                .json(200, try director.differences(asked.id, limit: asked.limit).json)
            },
            acting("start", Self.path, ["reason", "rate"]) { director, asked throws(Problem) in
                try director.start(by: asked.by, reason: asked.reason ?? "", pace: asked.pace)
            },
            acting("promote", Self.path + "/{id}/promote", ["accept_diff", "force", "reason"]) {
                director, asked throws(Problem) in
                try director.promote(asked.id, by: asked.by, accepted: asked.accepted, forced: asked.forced)
            },
        ]
            + [RebuildAct.pause, .resume, .cancel, .rollback].map { act in
                acting(act.name, Self.path + "/{id}/" + act.name, []) { director, asked throws(Problem) in
                    try director.act(act, asked.id, by: asked.by)
                }
            }
    }

    private func looking(
        _ pattern: String, _ parameters: [HTTPQueryParameter] = [],
        _ answer: @escaping @Sendable (RebuildDirector, AskedRebuild) throws(Problem) -> HTTPResponse
    ) -> HTTPRoute {
        parts.access.route(
            .get, pattern, needs: .operator, parameters: parameters,
            head: { _, grant throws(Problem) in try Self.checkAllSites(grant) },
            answer: { [self] request, exchange, grant throws(Problem) in
                let asked = try AskedRebuild(request, grant)
                return try later(exchange) { director throws(Problem) in try answer(director, asked) }
            })
    }

    private func acting(
        _ name: String, _ pattern: String, _ parameters: [HTTPQueryParameter],
        _ act: @escaping @Sendable (RebuildDirector, AskedRebuild) throws(Problem) -> RebuildStatus
    ) -> HTTPRoute {
        parts.access.route(
            .post, pattern, needs: .operator, parameters: parameters,
            head: { _, grant throws(Problem) in try Self.checkAllSites(grant) },
            refused: { [self] request, grant, response in
                audit(name, request.pathParameters.first, request.clientAddress, grant, "refused: \(response.status)")
            },
            answer: { [self] request, exchange, grant throws(Problem) in
                let (id, address) = (request.pathParameters.first, request.clientAddress)
                do throws(Problem) {
                    let asked = try AskedRebuild(request, grant)
                    return try later(exchange) { [self] director throws(Problem) in
                        do throws(Problem) {
                            let status = try act(director, asked)
                            audit(name, status.job.id.text, address, grant, asked.result)
                            return Self.response(status, isNew: name == "start")
                        } catch {
                            audit(name, id, address, grant, "refused: \(error.status)")
                            throw error
                        }
                    }
                } catch {
                    audit(name, id, address, grant, "refused: \(error.status)")
                    throw error
                }
            })
    }

    /// A rebuild is of all sites.
    private static func checkAllSites(_ grant: Grant) throws(Problem) {
        guard grant.key?.sites.isEmpty ?? true else {
            throw Problem(403, detail: "the API key is bound to sites; a rebuild is of all sites")
        }
    }

    /// Answers from a thread of the service.
    private func later(
        _ exchange: any HTTPExchange,
        _ answer: @escaping @Sendable (RebuildDirector) throws(Problem) -> HTTPResponse
    ) throws(Problem) -> HTTPOutcome {
        let isTaken = pool.submit { [director] in
            do throws(Problem) { exchange.complete(try answer(director)) } catch { exchange.complete(error.response) }
        }
        guard isTaken else {
            throw Problem(503, detail: "too many requests about rebuilds wait", headers: [("Retry-After", "2")])
        }
        return .suspended
    }

    private func audit(_ act: String, _ job: String?, _ address: String, _ grant: Grant?, _ result: String) {
        // What a path holds may be anything.
        let job = job.flatMap { JobID($0) }?.text ?? ""
        parts.audit(
            AuditRecord(
                action: "\(act)_rebuild", keyID: grant?.keyID ?? "", clientAddress: address, jobID: job,
                result: result))
    }

    // MARK: Answers

    /// 201 for a new one; 200 once all holders have done what is wanted, else 202 with those that have not.
    private static func response(_ status: RebuildStatus, isNew: Bool) -> HTTPResponse {
        let location = [(name: "Location", value: "\(path)/\(status.job.id)")]
        return .json(isNew ? 201 : status.isDone ? 200 : 202, status.json, headers: isNew ? location : [])
    }

    private static func list(_ all: [RebuildStatus]) -> HTTPResponse {
        var json = JSONWriter()
        json.object { json in
            json.key("items")
            json.array { json in for status in all { status.writeItem(to: &json) } }
            json.key("meta")
            json.object { _ in }
        }
        return .json(200, json.bytes)
    }
}

/// What a request about rebuilds says.
struct AskedRebuild: Sendable {
    /// The name of the key, or its id where it has none.
    let by: String
    let id: JobID
    let reason: String?
    let pace: RebuildPace
    let accepted: Int64?
    let forced: String?
    let limit: Int

    /// - Throws: 404 for what is no id, 400 for a parameter that says nothing.
    init(_ request: HTTPRequest, _ grant: Grant) throws(Problem) {
        let name = grant.key.map { $0.name.isEmpty ? $0.id : $0.name } ?? "loopback"
        by = String(name.prefix(RebuildJob.nameMaximum))
        let path = request.pathParameters.first ?? "none"
        guard let id = JobID(path) else { throw Problem(404, detail: "there is no such rebuild") }
        self.id = id
        reason = request.queryValue("reason")
        guard (reason ?? "").utf8.count <= RebuildJob.reasonBytesMaximum else {
            throw Self.malformed("reason", "has at most \(RebuildJob.reasonBytesMaximum) bytes")
        }
        guard let pace = RebuildPace(request.queryValue("rate") ?? "auto") else {
            throw Self.malformed("rate", "must be auto or a number of events a second")
        }
        self.pace = pace
        accepted = try Self.number(request, "accept_diff", in: 0...Int64.max)
        limit = Int(
            try Self.number(request, "limit", in: 0...Int64(RebuildService.limitMaximum))
                ?? Int64(RebuildService.limitDefault))
        switch request.queryValue("force") {
        case nil, "false": forced = nil
        case "true":
            guard let reason, !reason.isEmpty else { throw Self.malformed("reason", "is needed with force=true") }
            forced = reason
        default: throw Self.malformed("force", "must be true or false")
        }
    }

    /// For the audit.
    var result: String {
        if let forced { return "done by force: \(forced)" }
        return accepted.map { "done, with up to \($0) differences" } ?? "done"
    }

    private static func number(
        _ request: HTTPRequest, _ name: String, in range: ClosedRange<Int64>
    ) throws(Problem) -> Int64? {
        guard let text = request.queryValue(name) else { return nil }
        guard let number = Int64(text), range.contains(number) else {
            throw malformed(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private static func malformed(_ parameter: String, _ detail: String) -> Problem {
        Problem(400, detail: "\(parameter): \(detail)", extensions: [("parameter", .string(parameter))])
    }
}
