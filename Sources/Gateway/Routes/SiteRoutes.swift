internal import Access
internal import EventModel
internal import HTTPServer
internal import Sites

/// `PUT` of definitions, and the lists of what they define (SPEC 3, 8.5).
extension Gateway {
    var siteRoutes: [HTTPRoute] {
        let definition = access.route(
            .put, "/api/sites/{site_id}", needs: .admin, parameters: ["dry_run"],
            bodyBytesMaximum: Limits.bodyBytesMaximum,
            head: { request, grant throws(Problem) in try grant.check(Self.site(request)) },
            refused: { [self] request, grant, response in audit(request, grant, "refused: \(response.status)") },
            answer: { [self] request, exchange, grant throws(Problem) in try put(request, exchange, grant) })
        var parts = DefinitionRoutes.Parts(
            access: access, partitionCount: log.partitionCount,
            all: { [self] in admission.directory.all.map(\.placed) },
            find: { [self] site in admission.roster(of: site, refresh.refresh)?.placed }, older: olderDefinitions)
        parts.clock = clock
        return [definition] + DefinitionRoutes(parts).routes
    }

    private static func site(_ request: HTTPRequest) -> SiteID { SiteID(request.pathParameters.first ?? "") }

    private func put(
        _ request: HTTPRequest, _ exchange: any HTTPExchange, _ grant: Grant
    ) throws(Problem) -> HTTPOutcome {
        do throws(Problem) {
            let put = try Self.definition(request)
            // So that the version continues from a definition that another gateway has just put.
            refresh.refresh(put.definition.siteID)
            guard submit(.definition(put), exchange) else { throw IngestAnswer.full }
            audit(request, grant, put.isDryRun ? "judged" : "submitted")
            return .suspended
        } catch {
            audit(request, grant, "refused: \(error.status)")
            throw error
        }
    }

    private func audit(_ request: HTTPRequest, _ grant: Grant?, _ result: String) {
        hooks.audit(
            AuditRecord(
                action: "put_site", keyID: grant?.keyID ?? "", clientAddress: request.clientAddress,
                siteID: Self.site(request).text, result: result))
    }

    private static func definition(_ request: HTTPRequest) throws(Problem) -> DefinitionPut {
        let condition = try VersionHeaders.condition(request)
        let isDryRun: Bool
        switch request.queryValue("dry_run") {
        case nil, "false": isDryRun = false
        case "true": isDryRun = true
        default:
            throw Problem(
                400, detail: "dry_run: must be true or false", extensions: [("parameter", .string("dry_run"))])
        }
        do throws(DefinitionError) {
            var put = DefinitionPut(
                try DefinitionJSON.read(request.body, site: site(request)), bodyBytes: request.body.count)
            put.condition = condition
            put.isDryRun = isDryRun
            return put
        } catch {
            throw DefinitionAnswer.problem(error)
        }
    }
}
