// Layer: the whole program, as an operator uses it.
import Foundation
import JSON
import ProcessHarness
import Testing

@testable import Commands

@Suite("A rebuild of a running server, by its commands", .timeLimit(.minutes(10)))
struct RebuildRunTests {
    private static let questions = ["workers", "workstations", "factory", "model-health"]

    /// Answers without what tells when they were given.
    private func figures(_ plant: PlantDirectory, _ site: String) throws -> [JSONValue] {
        try Self.questions.map { question in
            let answer = try plant.ask([
                question, "--site", site, "--from=2012-01-01T00:00:00Z", "--to=2026-02-01T00:00:00Z",
            ])
            guard case .object(var members) = answer else { return answer }
            members["meta"] = nil
            return .object(members)
        }
    }

    private func rebuild(_ plant: PlantDirectory, _ words: [String]) throws -> JSONValue {
        let result = try plant.run(["rebuild"] + words + ["-o", "json"])
        guard result.exit == 0, let answer = JSONValue(result.output.utf8) else {
            throw CommandFailure(.failure, "\(words): exit \(result.exit), \(result.errors)")
        }
        return answer
    }

    private func plant() throws -> (PlantDirectory, site: String, server: AndonServer) {
        let plant = try PlantDirectory()
        let day = try plant.writeDay(seed: 11, workers: 6)
        let site = try #require(try DefinitionFile(path: day.site).siteID)
        let server = try plant.server()
        #expect(try plant.run(["site", "apply", day.site]).exit == 0)
        let imported = try plant.run(["import", day.events, "--site", site])
        try #require(imported.exit == 0, "\(imported.errors)")
        return (plant, site, server)
    }

    @Test("start, follow, diff, promote and rollback: every figure stays as it is (SPEC 7.3, 8.10)")
    func whole() throws {
        let (plant, site, server) = try plant()
        let before = try figures(plant, site)
        let digest = try plant.digest(site)
        let started = try rebuild(plant, ["start", "--reason", "a look at it", "--rate", "auto"])
        #expect(started["reason"] == .string("a look at it"))
        #expect(try plant.run(["rebuild", "start"]).exit == 1)
        #expect(try figures(plant, site) == before)
        let level = try rebuild(plant, ["status", "--follow"])
        #expect(level["state"] == .string("level") && level["lagging"] == .null)
        let diff = try rebuild(plant, ["diff"])
        #expect(diff["is_equal"] == .bool(true) && diff["different"] == .integer(0))
        #expect((diff["equal"]?.text.flatMap { Int($0) } ?? 0) > 100)
        #expect(try rebuild(plant, ["promote"])["state"] == .string("promoted"))
        #expect(try rebuild(plant, ["promote"])["revision"] == .integer(2))
        #expect(try figures(plant, site) == before && plant.digest(site) == digest)
        #expect(try rebuild(plant, ["rollback"])["state"] == .string("rolled_back"))
        #expect(try figures(plant, site) == before && plant.digest(site) == digest)
        #expect(try plant.run(["rebuild", "cancel", "--yes"]).exit == 0)
        #expect(try figures(plant, site) == before)
        let words = server.end(SIGTERM).errors
        for act in ["start_rebuild", "promote_rebuild", "rollback_rebuild", "cancel_rebuild"] {
            #expect(words.contains(act), "\(act) is not in the audit")
        }
    }

    @Test(
        "killed while it builds, when it is level and right after it was promoted, it goes on where it stood (SPEC 8.10)"
    )
    func killed() throws {
        var (plant, site, server) = try plant()
        let before = try figures(plant, site)
        _ = try rebuild(plant, ["start", "--rate", "1000"])
        server.end(SIGKILL)
        server = try plant.server()
        #expect(try rebuild(plant, ["status"])["wanted"] == .string("running"))
        _ = try rebuild(plant, ["pause"])
        server.end(SIGKILL)
        server = try plant.server()
        #expect(try rebuild(plant, ["status"])["state"] == .string("paused"))
        _ = try rebuild(plant, ["resume"])
        #expect(try rebuild(plant, ["status", "--follow"])["state"] == .string("level"))
        server.end(SIGKILL)
        server = try plant.server()
        #expect(try rebuild(plant, ["status", "--follow"])["state"] == .string("level"))
        _ = try rebuild(plant, ["promote"])
        server.end(SIGKILL)
        server = try plant.server()
        #expect(try rebuild(plant, ["status"])["state"] == .string("promoted"))
        #expect(try figures(plant, site) == before)
        #expect(try rebuild(plant, ["rollback"])["state"] == .string("rolled_back"))
        #expect(try figures(plant, site) == before)
        withExtendedLifetime(server) {}
    }
}
