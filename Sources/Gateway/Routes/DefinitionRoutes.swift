public import Access
internal import EventLog
public import EventModel
public import HTTPServer
internal import JSON
internal import Sites

/// `GET` of definitions and of the lists of what they define (SPEC 3, 8.5). Every process that knows the registry
/// answers these, gateways and workers alike.
public struct DefinitionRoutes: Sendable {
    private let access: AccessControl
    private let partitionCount: Int32
    private let find: @Sendable (SiteID) -> PlacedDefinition?

    /// - Parameters:
    ///   - partitionCount: Partitions of the log, to check `min_position`.
    ///   - find: The newest definition; nil for an unknown site.
    public init(
        access: AccessControl, partitionCount: Int32, find: @escaping @Sendable (SiteID) -> PlacedDefinition?
    ) {
        self.access = access
        self.partitionCount = partitionCount
        self.find = find
    }

    public var routes: [HTTPRoute] {
        [
            route("/api/sites/{site_id}", ["min_position"]) { request, grant throws(Problem) in
                let placed = try find(SiteID(request.pathParameters.first ?? ""), grant)
                try checkPosition(request, placed.siteID)
                return DefinitionJSON.bytes(placed)
            },
            route("/api/workers", Self.listParameters) { request, grant throws(Problem) in
                try list(request, grant) { definition, json in
                    for worker in definition.workers.sorted(by: { $0.workerID < $1.workerID }) {
                        DefinitionJSON.write(worker, to: &json)
                    }
                }
            },
            route("/api/workstations", Self.listParameters) { request, grant throws(Problem) in
                try list(request, grant) { definition, json in
                    for station in definition.workstations.sorted(by: { $0.workstationID < $1.workstationID }) {
                        DefinitionJSON.write(station, to: &json)
                    }
                }
            },
        ]
    }

    private static let listParameters: [HTTPQueryParameter] = ["site_id", "min_position"]

    private func route(
        _ path: String, _ parameters: [HTTPQueryParameter],
        _ answer: @escaping @Sendable (HTTPRequest, Grant) throws(Problem) -> [UInt8]
    ) -> HTTPRoute {
        access.route(.get, path, needs: .viewer, parameters: parameters) { request, _, grant throws(Problem) in
            .respond(.json(200, try answer(request, grant)))
        }
    }

    private func find(_ site: SiteID, _ grant: Grant) throws(Problem) -> PlacedDefinition {
        try grant.check(site)
        guard let placed = find(site) else { throw Problem(404, detail: "no such site") }
        return placed
    }

    private func list(
        _ request: HTTPRequest, _ grant: Grant, _ items: (SiteDefinition, inout JSONWriter) -> Void
    ) throws(Problem) -> [UInt8] {
        let placed = try find(try grant.site(of: request), grant)
        try checkPosition(request, placed.siteID)
        var json = JSONWriter(reservedBytes: 4096)
        json.object { json in
            json.key("items")
            json.array { json in items(placed.definition, &json) }
            json.key("meta")
            DefinitionJSON.writeMeta(placed, to: &json)
        }
        return json.bytes
    }

    /// The lists are never older than an answer of the gateway that serves them, so there is nothing to wait for
    /// (SPEC 8.3).
    private func checkPosition(_ request: HTTPRequest, _ site: SiteID) throws(Problem) {
        guard let text = request.queryValue("min_position") else { return }
        guard let position = RecordPosition(text) else {
            throw Problem(400, detail: "min_position must be partition:offset")
        }
        guard position.partition == Partitioner.partition(of: site.bytes, partitionCount: partitionCount) else {
            throw Problem(400, detail: "min_position names another partition than the site's")
        }
    }
}
