import EventModel
import HTTPServer
import Testing

@testable import Gateway
@testable import Sites

/// Which site a request means, for keys that are bound to none, one, two or all (SPEC 2.2, 8.5).
@Suite("Sites of a key")
struct KeyBindingTests {
    private let harness: GatewayHarness
    private static let sites: [SiteID] = ["plant", "plant-2", "plant-3"]

    init() throws {
        harness = try GatewayHarness()
        for site in Self.sites { try harness.define(makeDefinition(site)) }
    }

    /// Every way to send one event, without a site and with one in the body.
    private func ingest(_ key: String, query: String = "", body site: SiteID? = nil) -> [Int] {
        let member = site.map { #""site_id":"\#($0)","# } ?? ""
        let event = eventJSON()
        let single = "{" + member + event.dropFirst()
        let answers = [
            harness.send(.post, "/api/events\(query)", body: single, key: key),
            harness.send(.post, "/api/events/batch\(query)", body: "{\(member)\"events\":[\(event)]}", key: key),
        ]
        return answers.map(\.status)
    }

    private func lists(_ key: String, query: String = "") -> [Int] {
        ["/api/workers", "/api/workstations"].map { harness.send(.get, $0 + query, key: key).status }
    }

    @Test("a key bound to two sites and a request that names none is 400, and nothing is stored (SPEC 2.2)")
    func two() throws {
        for sites in [["plant", "plant-2"], ["plant-2", "plant"], Self.sites] as [[SiteID]] {
            let key = try harness.key(.operator, sites: sites)
            #expect(ingest(key) == [400, 400], "\(sites)")
            let bare = harness.send(.post, "/api/events/batch", body: "[\(eventJSON())]", key: key)
            let lines = harness.send(
                .post, "/api/events/batch", body: eventJSON(), key: key,
                headers: ["Content-Type": "application/x-ndjson"])
            #expect([bare.status, lines.status] == [400, 400], "\(sites)")
            #expect(lists(key) == [400, 400], "\(sites)")
        }
        #expect(try harness.batches().isEmpty)
    }

    @Test("a key bound to two sites reaches each of them by name, in the query or the body, and no third (SPEC 2.2)")
    func named() throws {
        let key = try harness.key(.operator, sites: ["plant", "plant-2"])
        for site in ["plant", "plant-2"] as [SiteID] {
            #expect(ingest(key, body: site) == [201, 200], "\(site)")
            #expect(ingest(key, query: "?site_id=\(site)") == [200, 200], "\(site)")
            #expect(lists(key, query: "?site_id=\(site)") == [200, 200], "\(site)")
        }
        #expect(ingest(key, query: "?site_id=plant-3") == [403, 403])
        #expect(ingest(key, body: "plant-3") == [403, 403])
        #expect(lists(key, query: "?site_id=plant-3") == [403, 403])
        #expect(try harness.batches().map(\.siteID) == ["plant", "plant-2"])
    }

    @Test("a key bound to one site means it, a key for all sites means none that is not named (SPEC 8.5)")
    func oneAndAll() throws {
        let one = try harness.key(.operator, sites: ["plant-2"])
        #expect(ingest(one) == [201, 200] && lists(one) == [200, 200])
        #expect(try harness.batches().map(\.siteID) == ["plant-2"])
        let all = try harness.key(.operator)
        #expect(ingest(all) == [400, 400] && lists(all) == [400, 400])
        #expect(
            ingest(all, query: "?site_id=plant-3") == [201, 200] && lists(all, query: "?site_id=plant-3") == [200, 200])
    }

    @Test("the definition of a site is open to keys that are bound to it, whichever of theirs it is (SPEC 8.2)")
    func definitions() throws {
        let key = try harness.key(.admin, sites: ["plant", "plant-2"])
        let statuses = Self.sites.map { harness.send(.get, "/api/sites/\($0)", key: key).status }
        #expect(statuses == [200, 200, 403])
        let puts = Self.sites.map { site in
            harness.send(.put, "/api/sites/\(site)", body: DefinitionJSON.bytes(makeDefinition(site)), key: key).status
        }
        #expect(puts == [200, 200, 403])
    }
}
