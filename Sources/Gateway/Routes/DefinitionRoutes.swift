public import Access
public import Clocks
internal import Crypto
internal import EventLog
public import EventModel
internal import Figures
public import HTTPServer
internal import JSON
internal import Sites

/// `GET` of definitions and of the lists of what they define (SPEC 3, 5.11, 8.5). Every process that knows the registry
/// answers these, gateways and workers alike.
public struct DefinitionRoutes: Sendable {
    /// What the routes need from their process.
    public struct Parts: Sendable {
        public var access: AccessControl
        public var clock: any ProcessClock = .system
        /// Partitions of the log, to check `min_position`.
        public var partitionCount: Int32
        /// The newest definitions of all sites.
        public var all: @Sendable () -> [PlacedDefinition]
        /// The newest definition of one; nil for an unknown site.
        public var find: @Sendable (SiteID) -> PlacedDefinition?
        /// Whether a request may read lists, and of which site; by default as its key says.
        public var permit: @Sendable (HTTPRequest) -> Permission
        /// Finds definitions of before the newest one.
        public var older: @Sendable (OlderDefinitionQuestion) throws -> OlderDefinition

        public init(
            access: AccessControl, partitionCount: Int32, all: @escaping @Sendable () -> [PlacedDefinition],
            find: @escaping @Sendable (SiteID) -> PlacedDefinition?,
            older: @escaping @Sendable (OlderDefinitionQuestion) throws -> OlderDefinition
        ) {
            self.access = access
            self.partitionCount = partitionCount
            self.all = all
            self.find = find
            self.older = older
            permit = { request in
                do throws(Problem) {
                    return .granted(try access.authorize(request, needs: .viewer).site(of: request))
                } catch {
                    return .refused(error.response)
                }
            }
        }
    }

    /// Whether a request may read the lists of a site.
    public enum Permission: Sendable {
        case granted(SiteID)
        /// The answer to give instead.
        case refused(HTTPResponse)
    }

    private let parts: Parts
    private let zones = ZoneCache()

    public init(_ parts: Parts) { self.parts = parts }

    public var routes: [HTTPRoute] {
        [
            parts.access.route(.get, "/api/sites", needs: .viewer) { request, _, grant throws(Problem) in
                .respond(Self.tagged(sites(grant), request))
            },
            parts.access.route(
                .get, "/api/sites/{site_id}", needs: .viewer, parameters: ["min_position"]
            ) { request, _, grant throws(Problem) in
                let site = SiteID(request.pathParameters.first ?? "")
                try grant.check(site)
                let placed = try find(site)
                try checkPosition(request, site)
                return .respond(
                    .json(DefinitionJSON.bytes(placed), tag: VersionHeaders.tag(placed), for: request))
            },
            list(.workers, "/api/workers"), list(.workstations, "/api/workstations"),
        ]
    }

    // MARK: Lists

    private func list(_ list: RegistryList, _ path: String) -> HTTPRoute {
        HTTPRoute(.get, path, parameters: ["site_id", "known_at", "min_position"]) { request in
            switch parts.permit(request) {
            case .refused(let response): return .refused(response)
            case .granted(let site):
                return .admitted { request, exchange in
                    do throws(Problem) { return try answer(list, site, request, exchange) } catch {
                        return .respond(error.response)
                    }
                }
            }
        }
    }

    private func answer(
        _ list: RegistryList, _ site: SiteID, _ request: HTTPRequest, _ exchange: any HTTPExchange
    ) throws(Problem) -> HTTPOutcome {
        let newest = try find(site)
        try checkPosition(request, site)
        // Which definition is visible depends on known_at, so a local one is read by the newest definition.
        let knownAt = try knownAt(request, zones.zone(newest.definition.timeZone))
        guard let knownAt, newest.createdAt > knownAt else {
            return .respond(Self.tagged(list.answer(newest, newest: newest, knownAt: knownAt), request))
        }
        let question = OlderDefinitionQuestion(
            request: request, exchange: exchange, knownAt: knownAt, newest: newest)
        switch Result(catching: { try parts.older(question) }) {
        case .success(.found(let visible)):
            return .respond(Self.tagged(list.answer(visible, newest: newest, knownAt: knownAt), request))
        case .success(.elsewhere(let outcome)): return outcome
        case .success(.behind):
            throw Self.later("the site's newest definition is not folded yet; ask again")
        case .failure(let error):
            throw error as? Problem ?? Self.later("the older definitions cannot be read at the moment")
        }
    }

    private static func later(_ detail: String) -> Problem {
        Problem(503, detail: detail, headers: [("Retry-After", "1")])
    }

    private func find(_ site: SiteID) throws(Problem) -> PlacedDefinition {
        guard let placed = parts.find(site) else { throw Problem(404, detail: "no such site") }
        return placed
    }

    /// known_at may be this far ahead of the server's clock: clients' clocks differ (SPEC 5.1).
    private static let knownAtLeadMaximum = 5 * Microseconds.second

    private func knownAt(_ request: HTTPRequest, _ zone: SiteZone) throws(Problem) -> Timestamp? {
        guard let text = request.queryValue("known_at") else { return nil }
        guard let time = AskedTime(text)?.resolved(in: zone) else {
            throw Self.malformed("known_at", AskedTime.expectation)
        }
        let now = parts.clock.now
        guard time - now <= Self.knownAtLeadMaximum else {
            throw Self.malformed("known_at", "lies more than 5 s after the server's clock, \(now)")
        }
        return time
    }

    /// The lists are never older than an answer of the gateway that serves them, so there is nothing to wait for
    /// (SPEC 8.3).
    private func checkPosition(_ request: HTTPRequest, _ site: SiteID) throws(Problem) {
        guard let text = request.queryValue("min_position") else { return }
        guard let position = RecordPosition(text) else {
            throw Self.malformed("min_position", "must be partition:offset")
        }
        guard position.partition == Partitioner.partition(of: site.bytes, partitionCount: parts.partitionCount) else {
            throw Self.malformed("min_position", "names another partition than the site's")
        }
    }

    private static func malformed(_ parameter: String, _ detail: String) -> Problem {
        Problem(400, detail: "\(parameter): \(detail)", extensions: [("parameter", .string(parameter))])
    }

    /// A list by the hash of its bytes: names may change without a new version.
    private static func tagged(_ body: [UInt8], _ request: HTTPRequest) -> HTTPResponse {
        let hash = SHA256Digest.of(body)
        return .json(body, tag: "\"\(Hex.encode(hash.bytes.prefix(16)))\"", for: request)
    }

    // MARK: Sites

    /// The sites that a key may see, by id bytes (SPEC 5.11).
    private func sites(_ grant: Grant) -> [UInt8] {
        let visible = parts.all().filter { grant.key?.allows(site: $0.siteID) ?? true }
        var json = JSONWriter(reservedBytes: 64 + 120 * visible.count)
        json.object { json in
            json.key("items")
            json.array { json in
                for placed in visible.sorted(by: { $0.siteID < $1.siteID }) {
                    json.object { json in
                        json.member("site_id", placed.siteID.text)
                        json.member("name", placed.definition.name)
                        json.member("time_zone", placed.definition.timeZone)
                        json.member("definition", Int64(clamping: placed.version))
                        json.size(placed.definition)
                    }
                }
            }
            json.key("meta")
            json.object { _ in }
        }
        return json.bytes
    }
}

extension JSONWriter {
    /// What who shows a site has to know before it asks anything: the definition of a large one takes megabytes.
    fileprivate mutating func size(_ definition: SiteDefinition) {
        member("worker_count", definition.workers.count)
        member("workstation_count", definition.workstations.count)
        key("shifts")
        // One that differs by weekday has an entry for each kind of day.
        var names: Set<String> = []
        array { json in
            for shift in definition.shifts where names.insert(shift.name).inserted { json.string(shift.name) }
        }
        member("board_names", definition.showsNamesOnBoards)
    }
}
