// Layer: end to end. Which site a request means, for keys that are bound to several (SPEC 2.2, 8.5).
import Foundation
import ProcessHarness
import Testing

@testable import Commands

@Suite("Sites of a key, over HTTP")
struct KeyBindingTests {
    private static let sites = ["p1", "p2", "p3"]
    /// Everything that is asked about a site.
    private static let questions = [
        "/api/metrics/workers", "/api/metrics/workstations", "/api/metrics/factory", "/api/metrics/model-health",
        "/api/explain?worker_id=W1", "/api/events", "/api/ledger", "/api/workers", "/api/workstations",
        "/api/quarantine", "/api/quarantine/stats",
    ]

    private func definition(_ site: String) -> String {
        """
        {"site":{"site_id":"\(site)"},"workers":[{"worker_id":"W1"}],"workstations":[{"workstation_id":"S1"}]}
        """
    }

    /// Makes a key with the command that operators use.
    private func key(_ plant: PlantDirectory, sites: [String]) throws -> String {
        let options = sites.flatMap { ["--site", $0] }
        let made = try AndonProcess.run(
            ["key", "create", "--data-dir", plant.data, "--role", "operator", "--rate-limit", "0"] + options)
        try #require(made.exit == 0, "\(made.errors)")
        return made.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func status(_ server: AndonServer, _ key: String, _ target: String, body: String? = nil) throws -> Int {
        let client = APIClient.live(ServerAccess(url: server.url, key: key))
        let headers = body == nil ? [] : [("Content-Type", "application/json")]
        return try client.send(
            APIRequest(
                method: body == nil ? "GET" : "POST", target: target, headers: headers, body: Array((body ?? "").utf8))
        ).status
    }

    private func target(_ question: String, site: String?) -> String {
        guard let site else { return question }
        return question + (question.contains("?") ? "&" : "?") + "site_id=\(site)"
    }

    @Test("a key bound to two sites and a request that names none is 400, for every question and for events")
    func twoSites() throws {
        let plant = try PlantDirectory()
        // Before the server runs: a key that is made later holds within a second only.
        let one = try key(plant, sites: ["p2"])
        let two = try key(plant, sites: ["p1", "p2"])
        let server = try plant.server()
        for site in Self.sites {
            let file = try plant.folder.write("\(site).json", definition(site))
            try #require(try plant.run(["site", "apply", file]).exit == 0)
        }
        let event = """
            {"timestamp":"2026-01-12T08:00:00Z","worker_id":"W1","workstation_id":"S1","event_type":"working",\
            "confidence":0.9}
            """
        for question in Self.questions {
            #expect(try status(server, one, target(question, site: nil)) == 200, "\(question)")
            #expect(try status(server, two, target(question, site: nil)) == 400, "\(question)")
            for (site, expected) in zip(Self.sites, [200, 200, 403]) {
                #expect(try status(server, two, target(question, site: site)) == expected, "\(question) of \(site)")
            }
        }
        #expect(try status(server, two, "/api/events", body: event) == 400)
        #expect(try status(server, two, "/api/events/batch", body: "[\(event)]") == 400)
        for (site, expected) in zip(Self.sites, [200, 200, 403]) {
            let body = "{\"site_id\":\"\(site)\",\"events\":[\(event)]}"
            #expect(try status(server, two, "/api/events/batch", body: body) == expected, "\(site)")
        }
        withExtendedLifetime(server) {}
    }
}
