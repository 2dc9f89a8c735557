internal import Access
internal import EventModel
internal import HTTPServer
internal import Sites

/// `PUT` of definitions, and the lists of what they define (SPEC 3, 8.5).
extension Gateway {
    var siteRoutes: [HTTPRoute] {
        let definition = HTTPRoute(.put, "/api/sites/{site_id}", bodyBytesMaximum: Limits.bodyBytesMaximum) {
            [self] request, exchange in put(request, exchange)
        }
        let lists = DefinitionRoutes(access: access, partitionCount: log.partitionCount) { [self] site in
            admission.roster(of: site, refresh.refresh)?.placed
        }
        return [definition] + lists.routes
    }

    private func put(_ request: HTTPRequest, _ exchange: any HTTPExchange) -> HTTPOutcome {
        let site = SiteID(request.pathParameters.first ?? "")
        var keyID = ""
        let outcome = access.serve(request, needs: .admin) { grant throws(Problem) in
            keyID = grant.keyID
            try grant.check(site)
            let definition: SiteDefinition
            do throws(DefinitionError) {
                definition = try DefinitionJSON.read(request.body, site: site)
            } catch {
                throw DefinitionAnswer.problem(error)
            }
            // So that the version continues from a definition that another gateway has just put.
            refresh.refresh(site)
            guard submit(.definition(definition, bodyBytes: request.body.count), exchange) else {
                throw IngestAnswer.full
            }
            return .suspended
        }
        let result = if case .respond(let response) = outcome { "refused: \(response.status)" } else { "submitted" }
        hooks.audit(
            AuditRecord(
                action: "put_site", keyID: keyID, clientAddress: request.clientAddress, siteID: site.text,
                result: result))
        return outcome
    }
}
