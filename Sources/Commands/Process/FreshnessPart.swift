internal import Access
internal import Clocks
internal import EventModel
internal import HTTPServer
internal import Observability
internal import Projector
internal import Query

/// How far the folds of a process are: looks at them every second, tells it at `/api/freshness`, and makes the process not
/// ready where one of them is stuck (SPEC 7.8).
struct FreshnessPart {
    let part: ServicePart
    let routes: [HTTPRoute]

    private static let lookMilliseconds = 1000

    /// - Parameters:
    ///   - warnings: what somebody should do about, one sentence each.
    ///   - held: the partitions that the process holds at the moment.
    init(
        _ access: AccessControl, _ journal: Journal, partitionCount: Int32 = 1,
        clock: any ProcessClock = .system, warnings: @escaping @Sendable () -> [String] = { [] },
        held: @escaping @Sendable () -> [PartitionIndex: HeldFold]
    ) {
        let watch = FoldWatch(clock: clock, held: held)
        let service = FreshnessService(
            FreshnessService.Parts(
                partitionCount: partitionCount, watch: watch, clock: clock,
                authorize: { access.freshnessPermission($0) }, warnings: warnings, journal: journal))
        let ticker = Ticker(milliseconds: Self.lookMilliseconds, clock: clock)
        routes = service.routes
        part = ServicePart(
            serve: { _ in ticker.start("andon-watch") { watch.note() } },
            stop: {
                ticker.stop()
                service.stop()
            },
            reasons: {
                watch.stuck.map { ReadinessReason(.failing, $0) } + warnings().map { ReadinessReason(.degraded, $0) }
            })
    }
}

extension AccessControl {
    /// Whether a request may ask how fresh the figures are, and of which sites (SPEC 7.8).
    func freshnessPermission(_ request: HTTPRequest) -> FreshnessPermission {
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
