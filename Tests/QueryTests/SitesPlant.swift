import Clocks
import EventModel
import HTTPServer
import Locks
import Observability
import Oracle
import Testing

@testable import Query

/// Several sites in one partition, whose records the test writes, asked as a whole.
final class SitesPlant: Sendable {
    let source = MemoryPlant()
    let service: SitesService
    let query: QueryService
    private let clock: ManualClock
    private let book = Book()
    private let logs = Guarded<[SiteID: OracleLog]>([:])

    /// The sites that the registry knows.
    private final class Book: Sendable {
        let sites = Guarded<[SiteID]>([])
    }

    /// - Parameter now: the server's clock, in microseconds.
    init(now: Int64) {
        let clock = ManualClock(now: Timestamp(microseconds: now))
        self.clock = clock
        let book = book
        query = QueryService(
            QueryService.Parts(
                projections: source, clock: clock, authorize: { _, _ in .refused(.problem(500)) },
                registry: { _ in nil }))
        service = SitesService(
            SitesService.Parts(
                query: query, sites: { book.sites.withLock { $0 } },
                authorize: { request in
                    if let site = request.queryValue("site_id") { return .sites([SiteID(site)]) }
                    guard let key = request.header("X-API-Key") else { return .everything }
                    return key.isEmpty
                        ? .refused(.problem(401)) : .sites(key.split(separator: ",").map { SiteID(String($0)) })
                }))
    }

    deinit {
        service.stop()
        query.stop()
    }

    var now: Int64 {
        get { clock.now.microseconds }
        set { clock.set(Timestamp(microseconds: newValue)) }
    }

    /// Makes the registry know a site.
    func register(_ site: SiteID) { book.sites.withLock { $0.append(site) } }

    /// Makes the registry forget a site.
    func forget(_ site: SiteID) { book.sites.withLock { $0.removeAll { $0 == site } } }

    func fold(_ content: RecordContent, of site: SiteID, commits: Bool = false) throws {
        let offset = source.progress.nextOffset
        try source.fold(content, commits: commits)
        logs.withLock { $0[site, default: OracleLog()].append(content, offset: offset.value) }
    }

    /// Registers a site and folds its definition.
    func define(_ site: SiteID, zone: String = "UTC", then change: (inout SiteDefinition) -> Void = { _ in }) throws {
        var definition = SiteDefinition.plant(zone: zone)
        definition.siteID = site
        change(&definition)
        if !book.sites.withLock({ $0.contains(site) }) { register(site) }
        try fold(.definition(DefinitionRecord(definition: definition, createdAt: .earliest)), of: site)
    }

    func send(_ site: SiteID, _ events: [LoggedEvent], known: Int64) throws {
        var batch = EventBatch(events, createdAt: known)
        batch.siteID = site
        try fold(.events(batch), of: site)
    }

    func view(_ site: SiteID, knownAt: Int64?) -> OracleView {
        logs.withLock { $0[site, default: OracleLog()].view(of: site, knownAt: knownAt) }
    }

    func ask(_ query: [(name: String, value: String)] = [], key: String? = nil) throws -> Answer {
        let route = try #require(service.routes.first)
        let known = Set(route.parameters.map(\.name))
        #expect(query.allSatisfy { known.contains($0.name) })
        let recorder = Recorder()
        let request = HTTPRequest(
            method: .get, path: route.pattern, query: query, headerLookup: { $0 == "X-API-Key" ? key : nil })
        switch route.admit(request) {
        case .refused(let response): recorder.complete(response)
        case .admitted(let handler, _):
            if case .respond(let response) = handler(request, recorder) { recorder.complete(response) }
        }
        let response = try recorder.wait()
        return Answer(response: response, json: response.body.isEmpty ? .null : try JSONText(response.body))
    }
}
