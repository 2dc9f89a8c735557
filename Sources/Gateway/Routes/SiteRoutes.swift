internal import Access
internal import EventModel
internal import HTTPServer
internal import Sites

/// `PUT` of definitions, and the lists of what they define (SPEC 3, 8.5).
extension Gateway {
    var siteRoutes: [HTTPRoute] {
        let definition = access.route(
            .put, "/api/sites/{site_id}", needs: .admin, bodyBytesMaximum: Limits.bodyBytesMaximum,
            head: { request, grant throws(Problem) in try grant.check(Self.site(request)) },
            refused: { [self] request, grant, response in audit(request, grant, "refused: \(response.status)") },
            answer: { [self] request, exchange, grant throws(Problem) in try put(request, exchange, grant) })
        let lists = DefinitionRoutes(access: access, partitionCount: log.partitionCount) { [self] site in
            admission.roster(of: site, refresh.refresh)?.placed
        }
        return [definition] + lists.routes
    }

    private static func site(_ request: HTTPRequest) -> SiteID { SiteID(request.pathParameters.first ?? "") }

    private func put(
        _ request: HTTPRequest, _ exchange: any HTTPExchange, _ grant: Grant
    ) throws(Problem) -> HTTPOutcome {
        do throws(Problem) {
            try submitDefinition(request, exchange)
            audit(request, grant, "submitted")
            return .suspended
        } catch {
            audit(request, grant, "refused: \(error.status)")
            throw error
        }
    }

    private func submitDefinition(_ request: HTTPRequest, _ exchange: any HTTPExchange) throws(Problem) {
        let site = Self.site(request)
        let definition: SiteDefinition
        do throws(DefinitionError) {
            definition = try DefinitionJSON.read(request.body, site: site)
        } catch {
            throw DefinitionAnswer.problem(error)
        }
        // So that the version continues from a definition that another gateway has just put.
        refresh.refresh(site)
        guard submit(.definition(definition, bodyBytes: request.body.count), exchange) else { throw IngestAnswer.full }
    }

    private func audit(_ request: HTTPRequest, _ grant: Grant?, _ result: String) {
        hooks.audit(
            AuditRecord(
                action: "put_site", keyID: grant?.keyID ?? "", clientAddress: request.clientAddress,
                siteID: Self.site(request).text, result: result))
    }
}
