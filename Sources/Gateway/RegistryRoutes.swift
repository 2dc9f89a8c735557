internal import EventLog
public import EventModel
public import HTTPServer
internal import JSON

/// `GET` of definitions and of the lists of what they define (SPEC 3, 8.5): every process that knows the registry
/// answers these, gateways and workers alike.
public struct RegistryRoutes: Sendable {
    private let access: AccessControl
    private let partitionCount: Int32
    private let find: @Sendable (SiteID) -> RegisteredDefinition?

    /// - Parameters:
    ///   - partitionCount: Of the log, to judge `min_position`.
    ///   - find: The newest definition; nil for an unknown site.
    public init(
        access: AccessControl, partitionCount: Int32, find: @escaping @Sendable (SiteID) -> RegisteredDefinition?
    ) {
        self.access = access
        self.partitionCount = partitionCount
        self.find = find
    }

    public var routes: [HTTPRoute] {
        [
            route("/api/sites/{site_id}") { request, access throws(Problem) in
                try DefinitionJSON.bytes(find(SiteID(request.pathParameters.first ?? ""), access))
            },
            route("/api/workers") { request, access throws(Problem) in
                try list(request, access) { definition, json in
                    for worker in definition.workers.sorted(by: { $0.workerID < $1.workerID }) {
                        DefinitionJSON.write(worker, to: &json)
                    }
                }
            },
            route("/api/workstations") { request, access throws(Problem) in
                try list(request, access) { definition, json in
                    for station in definition.workstations.sorted(by: { $0.workstationID < $1.workstationID }) {
                        DefinitionJSON.write(station, to: &json)
                    }
                }
            },
        ]
    }

    private func route(
        _ path: String, _ answer: @escaping @Sendable (HTTPRequest, Access) throws(Problem) -> [UInt8]
    ) -> HTTPRoute {
        HTTPRoute(.get, path) { request, _ in
            do throws(Problem) {
                let right = try access.authorize(request, needs: .viewer)
                return .respond(.json(200, try answer(request, right), headers: right.headers))
            } catch {
                return .respond(error.response)
            }
        }
    }

    private func find(_ site: SiteID, _ access: Access) throws(Problem) -> RegisteredDefinition {
        try access.check(site)
        guard let registered = find(site) else {
            throw Problem(404, detail: "no such site", headers: access.headers)
        }
        return registered
    }

    private func list(
        _ request: HTTPRequest, _ access: Access, _ items: (SiteDefinition, inout JSONWriter) -> Void
    ) throws(Problem) -> [UInt8] {
        let registered = try find(try access.site(of: request), access)
        try checkPosition(request, registered.definition.siteID, access)
        var json = JSONWriter(reservedBytes: 4096)
        json.object { json in
            json.key("items")
            json.array { json in items(registered.definition, &json) }
            json.key("meta")
            DefinitionJSON.writeMeta(registered, to: &json)
        }
        return json.bytes
    }

    /// The lists never lag behind an answer of the gateway that gave it, so there is nothing to wait for (SPEC 8.3).
    private func checkPosition(_ request: HTTPRequest, _ site: SiteID, _ access: Access) throws(Problem) {
        guard let text = request.queryValue("min_position") else { return }
        guard let position = RecordPosition(text) else {
            throw Problem(400, detail: "min_position must be partition:offset", headers: access.headers)
        }
        guard position.partition == Partitioner.partition(of: site.bytes, partitionCount: partitionCount) else {
            throw Problem(400, detail: "min_position names another partition than the site's", headers: access.headers)
        }
    }
}

/// `/livez`, `/readyz` and `/health`: no key, no limit (SPEC 8.2).
public enum HealthRoutes {
    /// - Parameter notReady: What is still missing before requests can be served; empty: 200.
    public static func routes(notReady: @escaping @Sendable () -> [String]) -> [HTTPRoute] {
        let ok = HTTPResponse.json(200, Array(#"{"status":"ok"}"#.utf8))
        let readiness: @Sendable () -> HTTPResponse = {
            let missing = notReady()
            guard !missing.isEmpty else { return ok }
            return .problem(503, "not ready: " + missing.joined(separator: "; "), headers: [("Retry-After", "1")])
        }
        return [
            HTTPRoute(.get, "/livez") { _, _ in .respond(ok) },
            HTTPRoute(.get, "/readyz") { _, _ in .respond(readiness()) },
            HTTPRoute(.get, "/health") { _, _ in .respond(readiness()) },
        ]
    }
}
