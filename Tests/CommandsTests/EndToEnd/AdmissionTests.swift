// Layer: end to end. What an edge sends by HTTP, and where it shows.
import Foundation
import JSON
import ProcessHarness
import Testing

@testable import Commands

@Suite("From a request to a figure")
struct AdmissionTests {
    static let definition = """
        {"site":{"site_id":"p1","confidence_threshold":0.7,"observation_ttl_seconds":0},
         "workers":[{"worker_id":"W1","name":"Ada"}],"workstations":[{"workstation_id":"S1"}]}
        """

    /// An event as JSON; what is not given is good.
    func event(_ time: String, _ type: String = "working", worker: String = "W1", confidence: String = "0.9") -> String
    {
        """
        {"timestamp":"2026-01-12T\(time)Z","worker_id":"\(worker)","workstation_id":"S1","event_type":"\(type)",\
        "confidence":\(confidence)}
        """
    }

    func post(_ plant: PlantDirectory, _ server: AndonServer, _ events: [String]) throws -> JSONValue {
        let key = try String(contentsOfFile: plant.keyFile, encoding: .utf8).trimmingCharacters(
            in: .whitespacesAndNewlines)
        let client = APIClient.live(ServerAccess(url: server.url, key: key))
        let body = try client.fetch(
            APIRequest(
                method: "POST", target: "/api/events/batch?site_id=p1", headers: [("Content-Type", "application/json")],
                body: Array("[\(events.joined(separator: ","))]".utf8)))
        return try #require(JSONValue(body))
    }

    @Test(
        "low confidence feeds model health alone, its mark stays; unknown workers are counted apart (SPEC 2.7, 7.4, 8.3)"
    )
    func marks() throws {
        let plant = try PlantDirectory()
        let server = try plant.server()
        let file = try plant.folder.write("site.json", Self.definition)
        #expect(try plant.run(["site", "apply", file]).exit == 0)
        let answer = try post(
            plant, server,
            [event("08:00:00"), event("09:00:00", "idle", confidence: "0.699999"), event("10:00:00", worker: "W9")])
        #expect(answer["success_count"] == .integer(1))
        #expect(answer["errors"]?.items.map { $0["code"]?.text } == ["low_confidence", "unknown_worker"])
        // A lower threshold and a new worker later on change nothing about what was admitted.
        let relaxed = Self.definition.replacing("0.7,", with: "0.1,").replacing(
            "[{\"worker_id\"", with: "[{\"worker_id\":\"W9\"},{\"worker_id\"")
        #expect(try plant.run(["site", "apply", try plant.folder.write("site.json", relaxed)]).exit == 0)
        let position = try #require(answer["position"]?.text)
        let window = [
            "--site=p1", "--from=2026-01-12T08:00:00Z", "--to=2026-01-12T12:00:00Z", "--min-position", position,
        ]
        let workers = try plant.ask(["workers"] + window)["items"]?.items ?? []
        #expect(workers.map { $0["worker_id"]?.text } == ["W1", "W9"])
        #expect(workers.map { $0["working_us"]?.text } == ["14400000000", "0"])
        let health = try plant.ask(["model-health"] + window)
        #expect(health["samples"] == .integer(2))
        #expect(health["below_threshold_count"] == .integer(1))
        let ledger = try plant.ask(["ledger", "--site=p1"])
        let counts = ["received", "folded", "duplicates", "low_confidence", "quarantined", "definitions"].map {
            ledger[$0]?.text
        }
        #expect(counts == ["3", "1", "0", "1", "1", "2"])
        withExtendedLifetime(server) {}
    }

    @Test("the reference day, through the whole program (SPEC 5.2)")
    func referenceDay() throws {
        let plant = try PlantDirectory()
        let server = try plant.server()
        #expect(try plant.run(["site", "apply", try plant.folder.write("site.json", Self.definition)]).exit == 0)
        let count = event("10:00:00", "product_count").replacing("}", with: ",\"count\":5}")
        let answer = try post(
            plant, server,
            [
                event("08:00:00"), count, event("10:15:00", "idle"), event("10:30:00"), event("12:00:00", "absent"),
                event("13:00:00"), event("15:30:00", "idle"),
            ])
        #expect(answer["success_count"] == .integer(7))
        let result = try plant.run([
            "query", "workers", "--site=p1", "--from=2026-01-12T08:00:00Z", "--to=2026-01-12T16:00:00Z",
            "--min-position", answer["position"]?.text ?? "",
        ])
        #expect(result.exit == 0, "\(result.errors)")
        #expect(result.output.hasPrefix("workers of p1, 2026-01-12 08:00 to 2026-01-12 16:00 (UTC)\n"))
        #expect(
            result.output.contains("W1      Ada   idle    S1               6.25    0.75      1.00       0.00")
                && result.output.contains(" 78.13 ") && result.output.contains(" 87.50 ")
                && result.output.contains(" 0.80  2026-01-12 15:30:00\n"))
        withExtendedLifetime(server) {}
    }
}
