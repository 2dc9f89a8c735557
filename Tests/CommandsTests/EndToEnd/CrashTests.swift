// Layer: simulation with a real process. Kills at moments that a seed picks; the seed is printed when a test fails.
// Cannot catch what only a loss of power shows: the kernel keeps what a killed process wrote.
import Foundation
import JSON
import Locks
import Oracle
import ProcessHarness
import SimulationKit
import Testing

@testable import Commands

/// A server that is killed while requests are on their way, and started again when the next one finds it dead.
private final class MortalServer: Sendable {
    private struct State {
        var server: AndonServer?
        var client: APIClient?
        var kills = 0
        /// Requests until the one that is killed.
        var untilKill: Int
        var random: SeededGenerator
    }

    private let state: Guarded<State>
    private let plant: String
    private let key: String
    /// How many requests from one kill to the next. At least two, so that the one after a kill gets through; at most ten,
    /// so that fifty requests meet five kills, whatever is drawn.
    private static let requestsPerKill = 2...10

    init(_ plant: PlantDirectory, seed: UInt64) throws {
        self.plant = plant.data
        key = try String(contentsOfFile: plant.keyFile, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        var random = SeededGenerator(seed: seed)
        state = Guarded(State(untilKill: Int.random(in: Self.requestsPerKill, using: &random), random: random))
    }

    var kills: Int { state.withLock { $0.kills } }

    /// Ends it for good.
    func end() { state.withLock { _ = $0.server?.end(SIGTERM) } }

    func send(_ request: APIRequest) throws(TransportFailure) -> APIAnswer {
        let result: Result<APIAnswer, TransportFailure> = state.withLock { state in
            do {
                if state.server == nil {
                    let server = try AndonServer(plant)
                    state.server = server
                    state.client = APIClient.live(ServerAccess(url: server.url, key: key))
                }
            } catch {
                return .failure(TransportFailure(message: "\(error)", isRetriable: false))
            }
            guard let server = state.server, let client = state.client else {
                return .failure(TransportFailure(message: ""))
            }
            state.untilKill -= 1
            let isLast = state.untilKill == 0
            let killer = isLast ? killLater(server, turns: Int.random(in: 0...40_000, using: &state.random)) : nil
            let answer = Result { () throws(TransportFailure) in try client.send(request) }
            if let killer {
                killer.join()
                state.server = nil
                state.kills += 1
                state.untilKill = Int.random(in: Self.requestsPerKill, using: &state.random)
            }
            return answer
        }
        return try result.get()
    }
}

/// Kills a server from a thread of its own, after it gave way to other threads some times: no event tells how far the
/// server is inside a request, so the moment is random.
private func killLater(_ server: AndonServer, turns: Int) -> BackgroundThread {
    .start("killer") {
        for _ in 0..<turns { sched_yield() }
        server.end(SIGKILL)
    }
}

@Suite("kill -9 in the middle of ingest and fold")
struct CrashTests {
    /// What is sent: a made-up day always, real factories where they are there.
    static let sources = ["made-up day"] + ["machine-shop", "detections"].filter(RealData.isAvailable)

    /// A site and its events as files of `plant`.
    private func write(_ source: String, to plant: PlantDirectory) throws -> (definition: String, events: String) {
        guard source != "made-up day" else {
            let day = try plant.writeDay(seed: 3, workers: 6)
            return (day.site, day.events)
        }
        return (
            try plant.folder.copy("site.json", from: RealData.path(source, "registry.json")),
            try plant.folder.copy("events.ndjson", from: RealData.path(source, "events.ndjson"))
        )
    }

    @Test(
        "whatever was acknowledged is in the figures once; the digest is an undisturbed run's (SPEC 2.6, 7.1)",
        arguments: sources)
    func kills(source: String) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        let calm = try PlantDirectory()
        let (file, events) = try write(source, to: calm)
        let definition = try DefinitionFile(path: file)
        let site = try #require(definition.siteID)
        let server = try calm.server()
        #expect(try calm.run(["site", "apply", file]).exit == 0)
        let imported = try calm.run(["import", events, "--site", site])
        #expect(imported.exit == 0, "\(imported.errors)")

        let stormy = try PlantDirectory()
        let kills = try storm(stormy, definition, site, events, seed: seed)
        #expect(kills >= 5, "seed \(seed): too few kills to prove anything")
        #expect(try stormy.digest(site) == calm.digest(site), "seed \(seed)")
        let revived = try stormy.server()
        for question in ["workers", "workstations", "factory", "model-health"] {
            let words = [question, "--site", site, "--from=2012-01-01T00:00:00Z", "--to=2026-02-01T00:00:00Z"]
            #expect(figures(try calm.ask(words)) == figures(try stormy.ask(words)), "\(question), seed \(seed)")
        }
        let (quiet, loud) = (try calm.ask(["ledger", "--site", site]), try stormy.ask(["ledger", "--site", site]))
        for name in ["folded", "low_confidence", "quarantined"] { #expect(loud[name] == quiet[name], "seed \(seed)") }
        withExtendedLifetime((server, revived)) {}
    }

    /// Imports through a server that is killed again and again.
    /// - Returns: how often it was.
    private func storm(
        _ plant: PlantDirectory, _ definition: DefinitionFile, _ site: String, _ events: String, seed: UInt64
    ) throws -> Int {
        let mortal = try MortalServer(plant, seed: seed)
        let client = APIClient(access: ServerAccess(url: "http://mortal", key: nil)) {
            request throws(TransportFailure) in try mortal.send(request)
        }
        let put = APIRequest(
            method: "PUT", target: "/api/sites/\(site)", headers: [("Content-Type", "application/json")],
            body: definition.json)
        // The first attempt may meet a dying server; the second then does not.
        #expect((0..<2).contains { _ in (try? client.send(put))?.isSuccess == true }, "seed \(seed)")
        // About eighty batches, whatever the file.
        let lines = try String(contentsOfFile: events, encoding: .utf8).utf8.count { $0 == UInt8(ascii: "\n") }
        let outcome = try plant.runImport(events, site: site, batch: min(1000, lines / 80 + 1), client)
        mortal.end()
        #expect(outcome.isComplete, "seed \(seed)")
        #expect(outcome.state.verdicts.faults == 0, "seed \(seed)")
        return mortal.kills
    }

    /// An answer without what tells when it was given.
    private func figures(_ answer: JSONValue) -> JSONValue {
        guard case .object(var members) = answer else { return answer }
        members["meta"] = nil
        return .object(members)
    }
}
