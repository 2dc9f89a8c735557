internal import Access
internal import Cluster
internal import HTTPServer
internal import Query

/// Live streams and the sessions of browsers, as a part of a process (SPEC 7.5, 7.6).
struct LivePart: Sendable {
    private let service: LiveStreamService
    private let sessions: SessionRoutes

    /// For a process that folds all partitions itself.
    init(_ access: AccessControl, _ query: QueryService) {
        service = LiveStreamService(query, LiveStreamService.Parts(authorize: { access.livePermission($0) }))
        sessions = SessionRoutes(access)
    }

    /// For a process that relays the streams of other partitions than its own.
    /// - Parameter forwarded: Admits what others relay from this process; nil where it holds no partition.
    init(_ cluster: ClusterParts, _ query: QueryService, _ forwarded: ForwardedAccess? = nil) {
        let access = cluster.access
        let authorize: @Sendable (HTTPRequest) -> LivePermission = { request in
            forwarded?.livePermission(request) { access.livePermission($0) } ?? access.livePermission(request)
        }
        let parts = LiveStreamService.Parts(authorize: authorize) { asked, isInForce in
            cluster.relay.relay(
                asked.request, site: asked.site, partition: asked.partition, exchange: asked.exchange,
                isInForce: isInForce)
        }
        service = LiveStreamService(query, parts)
        sessions = SessionRoutes(access)
    }

    /// Listed behind the projections: it stops before they do.
    var part: ServicePart {
        ServicePart(
            routes: service.routes + sessions.routes, start: { [service] in service.start() },
            stop: { [service] in service.stop() })
    }
}

extension AccessControl {
    /// Whether a request may follow a site, and for how long.
    fileprivate func livePermission(_ request: HTTPRequest) -> LivePermission {
        do throws(Problem) {
            let grant = try authorize(request, needs: .viewer)
            return .granted(try grant.site(of: request), isInForce: { [self] in isInForce(grant) })
        } catch {
            return .refused(error.response)
        }
    }
}
