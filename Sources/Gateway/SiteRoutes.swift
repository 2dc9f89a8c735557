internal import EventLog
internal import EventModel
internal import HTTPServer
internal import JSON

/// `PUT` of definitions, and the lists of what they define (SPEC 3, 8.5).
extension Gateway {
    var siteRoutes: [HTTPRoute] {
        [
            HTTPRoute(.put, "/api/sites/{site_id}", bodyBytesMaximum: Limits.bodyBytesMaximum) {
                [self] request, exchange in
                answer { () throws(Problem) in try put(request, exchange) }
            }
        ]
            + RegistryRoutes(access: access, partitionCount: log.partitionCount) { [self] site in
                newestSnapshot(site)?.registered
            }.routes
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
}
