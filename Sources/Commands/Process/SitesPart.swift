internal import Access
internal import Cluster
internal import EventModel
internal import HTTPServer
internal import Query

/// Questions about every site at once, as a part of a process (SPEC 5.11).
struct SitesPart {
    /// To be listed after what answers questions: it stops before that.
    let part: ServicePart

    /// For `andon up`, which holds everything.
    init(_ access: AccessControl, _ query: QueryService, sites: @escaping @Sendable () -> [SiteID]) {
        let service = SitesService(
            SitesService.Parts(query: query, sites: sites, authorize: { access.sitesPermission($0) }))
        part = ServicePart(routes: service.routes, stop: { service.stop() })
    }

    /// For a process of a cluster.
    /// - Parameter forwarded: how a worker knows the other processes; nil for a gateway, which holds nothing.
    init(_ cluster: ClusterParts, _ query: QueryService, _ journal: StructuredLog, forwarded: ForwardedAccess?) {
        let gatherer = PartitionGatherer(table: cluster.holders, journal: journal.journal)
        let service = SitesService(
            SitesService.Parts(
                query: query, sites: { cluster.registry.directory.sites.map(\.siteID) },
                authorize: { cluster.access.sitesPermission($0) }, gather: { gatherer.gatherSites($0, $1, $2) }))
        let holder = forwarded.map { SiteHolderRoutes(service, access: $0) }
        part = ServicePart(
            routes: service.routes + (holder?.routes ?? []),
            stop: {
                gatherer.stop()
                service.stop()
                holder?.stop()
            })
    }
}

extension AccessControl {
    /// Whether a request may ask about many sites, and which it may see.
    func sitesPermission(_ request: HTTPRequest) -> SitesPermission {
        do throws(Problem) {
            let grant = try authorize(request, needs: .viewer)
            if request.queryValue("site_id") != nil { return .sites([try grant.site(of: request)]) }
            let sites = grant.key?.sites ?? []
            return sites.isEmpty ? .everything : .sites(sites)
        } catch {
            return .refused(error.response)
        }
    }
}
