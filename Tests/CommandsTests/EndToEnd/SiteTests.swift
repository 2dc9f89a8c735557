// Layer: end to end. What an administrator does with a site's definition.
import Foundation
import JSON
import ProcessHarness
import Testing

@testable import Commands

@Suite("A site's definition, from its first to its last")
struct SiteTests {
    private func get(_ plant: PlantDirectory, _ server: AndonServer, _ target: String) throws -> JSONValue {
        let key = try String(contentsOfFile: plant.keyFile, encoding: .utf8)
        let client = APIClient.live(
            ServerAccess(url: server.url, key: String(key.prefix { !$0.isWhitespace })))
        return try #require(JSONValue(try client.fetch(APIRequest(method: "GET", target: target))))
    }

    private func names(_ list: JSONValue) -> [String] {
        list["items"]?.items.map { "\($0["worker_id"]?.text ?? "?") \($0["name"]?.text ?? "-")" } ?? []
    }

    @Test("the example of site init is applied as it is, listed, shown, and changed with care (SPEC 3, 5.11)")
    func life() throws {
        let plant = try PlantDirectory()
        let server = try plant.server()
        let file = plant.folder.file("site.json")
        #expect(try AndonProcess.run(["site", "init", file]).exit == 0)
        let applied = try plant.run(["site", "apply", file])
        #expect(applied.exit == 0 && applied.errors.contains("site plant-1 is new"))
        #expect(try plant.run(["site", "list"]).output.contains("plant-1  Plant 1  Europe/Berlin"))
        let shown = try plant.run(["site", "show", "plant-1", "-o", "json"])
        let first = try #require(JSONValue(shown.output.utf8))
        // What is shown can be applied again.
        let copy = try plant.folder.write("copy.json", shown.output)
        #expect(try plant.run(["site", "apply", copy]).errors.contains("definition 1 as before"))

        let smaller = try plant.folder.write(
            "smaller.json", #"{site: {site_id: "plant-1"}, workers: [{worker_id: "W2", name: "Grace"}]}"#)
        let plan = try plant.run(["site", "apply", smaller, "--dry-run"])
        #expect(plan.exit == 0 && plan.output.contains("drops worker W1 (Ada)"))
        #expect(try plant.run(["site", "apply", smaller]).exit == ExitCode.usage.rawValue)
        #expect(try plant.run(["site", "apply", smaller, "--yes", "--if-match", "7"]).exit == 1)
        #expect(names(try get(plant, server, "/api/workers?site_id=plant-1")) == ["W1 Ada", "W2 Grace"])
        #expect(try plant.run(["site", "apply", smaller, "--yes", "--if-match", "1"]).exit == 0)

        #expect(names(try get(plant, server, "/api/workers?site_id=plant-1")) == ["W2 Grace"])
        let then = try #require(first["created_at"]?.text)
        let before = "/api/workers?site_id=plant-1&known_at=\(then)"
        #expect(names(try get(plant, server, before)) == ["W1 Ada", "W2 Grace"])
        #expect(server.end(SIGTERM).exit == 0)
        // Names of dropped ones outlive the process.
        let again = try plant.server()
        #expect(names(try get(plant, again, before)) == ["W1 Ada", "W2 Grace"])
        #expect(again.end(SIGTERM).exit == 0)
    }

    @Test("a misspelt list and a broken file drop nobody, and say where the fault is (SPEC 3)")
    func faults() throws {
        let plant = try PlantDirectory()
        let server = try plant.server()
        let file = plant.folder.file("site.json")
        _ = try AndonProcess.run(["site", "init", file])
        #expect(try plant.run(["site", "apply", file]).exit == 0)
        let misspelt = try plant.folder.write(
            "misspelt.json", #"{"site": {"site_id": "plant-1", "timezone": "CET"}, "worker": []}"#)
        let refused = try plant.run(["site", "apply", misspelt, "--yes"])
        #expect(refused.exit == ExitCode.badData.rawValue)
        #expect(refused.errors.contains("/worker: unknown member; did you mean \"workers\"?"))
        #expect(refused.errors.contains("/site/timezone: unknown member; did you mean \"time_zone\"?"))
        let broken = try plant.folder.write("broken.json", "{\n  \"site\": {}\n  \"workers\": []\n}")
        let syntax = try plant.run(["site", "apply", broken, "--site", "plant-1"])
        #expect(syntax.exit == ExitCode.badData.rawValue && syntax.errors.contains("line 3, column 3"))
        #expect(names(try get(plant, server, "/api/workers?site_id=plant-1")).count == 2)
        #expect(server.end(SIGTERM).exit == 0)
    }
}
