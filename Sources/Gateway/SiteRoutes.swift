internal import EventLog
internal import EventModel
internal import HTTPServer

/// Definitions and the lists of what they define (SPEC 3, 8.5), and health.
extension Gateway {
    var siteRoutes: [HTTPRoute] {
        [
            HTTPRoute(.put, "/api/sites/{site_id}", bodyBytesMaximum: Limits.bodyBytesMaximum) {
                [self] request, exchange in
                answer { () throws(Problem) in try put(request, exchange) }
            },
            HTTPRoute(.get, "/api/sites/{site_id}") { [self] request, _ in
                answer { () throws(Problem) in
                    let access = try access.authorize(request, needs: .viewer)
                    let snapshot = try snapshot(Self.siteInPath(request), access)
                    return .respond(.json(200, DefinitionJSON.bytes(snapshot), headers: access.headers))
                }
            },
            HTTPRoute(.get, "/api/workers") { [self] request, _ in
                answer { () throws(Problem) in
                    try list(request) { definition, json in
                        for worker in definition.workers.sorted(by: { $0.workerID < $1.workerID }) {
                            DefinitionJSON.write(worker, to: &json)
                        }
                    }
                }
            },
            HTTPRoute(.get, "/api/workstations") { [self] request, _ in
                answer { () throws(Problem) in
                    try list(request) { definition, json in
                        for station in definition.workstations.sorted(by: { $0.workstationID < $1.workstationID }) {
                            DefinitionJSON.write(station, to: &json)
                        }
                    }
                }
            },
        ]
    }

    var healthRoutes: [HTTPRoute] {
        [
            HTTPRoute(.get, "/livez") { _, _ in .respond(.json(200, Array(#"{"status":"ok"}"#.utf8))) },
            HTTPRoute(.get, "/readyz") { [self] _, _ in .respond(readiness) },
            HTTPRoute(.get, "/health") { [self] _, _ in .respond(readiness) },
        ]
    }

    private var readiness: HTTPResponse {
        let missing = notReady
        guard missing.isEmpty else {
            return .problem(503, "not ready: " + missing.joined(separator: "; "), headers: [("Retry-After", "1")])
        }
        return .json(200, Array(#"{"status":"ok"}"#.utf8))
    }

    // MARK: Definitions

    private static func siteInPath(_ request: HTTPRequest) -> SiteID { SiteID(request.pathParameters.first ?? "") }

    /// The definition by which events of a site are admitted; nobody calls a site unknown that another gateway has just
    /// admitted (DESIGN 5).
    func newestSnapshot(_ site: SiteID) -> SiteSnapshot? {
        if let snapshot = directory[site] { return snapshot }
        refresh.refresh(site)
        return directory[site]
    }

    private func snapshot(_ site: SiteID, _ access: Access) throws(Problem) -> SiteSnapshot {
        try access.check(site)
        guard let snapshot = newestSnapshot(site) else {
            throw Problem(404, detail: "no such site", headers: access.headers)
        }
        return snapshot
    }

    private func put(_ request: HTTPRequest, _ exchange: any HTTPExchange) throws(Problem) -> HTTPOutcome {
        let site = Self.siteInPath(request)
        var keyID = ""
        do throws(Problem) {
            let access = try access.authorize(request, needs: .admin)
            keyID = access.keyID
            try access.check(site)
            let work = DefinitionWork(
                definition: try definition(request, site, access), sizeBytes: request.body.count,
                headers: access.headers, exchange: exchange)
            // So that the version counts on from what another gateway has just put.
            refresh.refresh(site)
            guard queue(of: site).submit(.definition(work)) else {
                throw Problem(
                    503, detail: "too many requests wait for the log; send it again",
                    headers: [("Retry-After", "1")] + access.headers)
            }
        } catch {
            audit(request, site, keyID, "refused: \(error.status)")
            throw error
        }
        audit(request, site, keyID, "submitted")
        return .suspended
    }

    private func definition(
        _ request: HTTPRequest, _ site: SiteID, _ access: Access
    ) throws(Problem) -> SiteDefinition {
        do throws(DefinitionError) {
            return try DefinitionJSON.read(request.body, site: site)
        } catch {
            guard error.isJSON else {
                throw Problem(400, detail: "the body is not JSON in UTF-8", headers: access.headers)
            }
            var json = JSONWriter()
            json.array { json in
                for fault in error.faults {
                    json.object { json in
                        json.member("pointer", fault.pointer)
                        json.member("message", fault.message)
                    }
                }
            }
            throw Problem(
                422, detail: "the definition is not valid; nothing was stored",
                extensions: [("errors", .raw(json.bytes))], headers: access.headers)
        }
    }

    private func audit(_ request: HTTPRequest, _ site: SiteID, _ keyID: String, _ result: String) {
        hooks.audit(
            AuditRecord(
                action: "put_site", keyID: keyID, clientAddress: request.clientAddress, siteID: site.text,
                result: result))
    }

    // MARK: Lists

    private func list(
        _ request: HTTPRequest, _ items: (SiteDefinition, inout JSONWriter) -> Void
    ) throws(Problem) -> HTTPOutcome {
        let access = try access.authorize(request, needs: .viewer)
        let snapshot = try snapshot(try access.site(of: request), access)
        try checkPosition(request, snapshot.definition.siteID, access)
        var json = JSONWriter(reservedBytes: 4096)
        json.object { json in
            json.key("items")
            json.array { json in items(snapshot.definition, &json) }
            json.key("meta")
            DefinitionJSON.writeMeta(snapshot, to: &json)
        }
        return .respond(.json(200, json.bytes, headers: access.headers))
    }

    /// The lists never lag behind an answer of this gateway, so there is nothing to wait for (SPEC 8.3).
    private func checkPosition(_ request: HTTPRequest, _ site: SiteID, _ access: Access) throws(Problem) {
        guard let text = request.queryValue("min_position") else { return }
        guard let position = RecordPosition(text) else {
            throw Problem(400, detail: "min_position must be partition:offset", headers: access.headers)
        }
        guard position.partition == Partitioner.partition(of: site.bytes, partitionCount: log.partitionCount) else {
            throw Problem(400, detail: "min_position names another partition than the site's", headers: access.headers)
        }
    }
}
