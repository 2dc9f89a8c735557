import EventModel
import HTTPServer
internal import Locks
import Testing

@testable import Gateway
@testable import Sites

@Suite("Lists of workers and workstations as they were known")
struct RegistryListTests {
    private static let first = """
        {"site":{},"workers":[{"worker_id":"b","name":"Bo","location":"Hall"},{"worker_id":"a","name":"Ada"}],\
        "workstations":[{"workstation_id":"t"},{"workstation_id":"s","name":"Saw","line":"L1"}]}
        """
    private static let second = """
        {"site":{},"workers":[{"worker_id":"b","name":"Bo B.","location":"Yard"}],\
        "workstations":[{"workstation_id":"s","name":"Bandsaw","line":"L2","capacity":2}]}
        """

    /// Knows what the log had before, as a fold does: people as ids alone.
    private final class History: Sendable {
        let state = Guarded<(definitions: [PlacedDefinition], isBehind: Bool)>(([], false))

        func older(_ question: OlderDefinitionQuestion) -> OlderDefinition {
            state.withLock { state in
                guard !state.isBehind else { return .behind }
                var visible = state.definitions.last { $0.createdAt <= question.knownAt }
                visible.map { visible?.definition = $0.definition.withoutPersonalData }
                return .found(visible)
            }
        }
    }

    /// The second definition follows a minute after the first one, at 12:00.
    private func harness(_ history: History) throws -> GatewayHarness {
        let harness = try GatewayHarness(older: { history.older($0) })
        for body in [Self.first, Self.second] {
            try #require(harness.send(.put, "/api/sites/plant", body: body).status < 300)
            let placed = try #require(harness.gateway.site("plant"))
            history.state.withLock { $0.definitions.append(placed) }
            harness.clock.advance(seconds: 60)
        }
        return harness
    }

    private func list(_ harness: GatewayHarness, _ path: String, _ time: String) -> HTTPResponse {
        harness.send(.get, "/api/\(path)?site_id=plant&known_at=2026-01-12T\(time)Z")
    }

    @Test("a list at a known_at has the members of then, with their last known names (SPEC 3, 5.1)")
    func older() throws {
        let harness = try harness(History())
        #expect(
            list(harness, "workers", "12:00:30").text
                == #"{"items":[{"worker_id":"a","name":"Ada"},{"worker_id":"b","name":"Bo B.","location":"Yard"}],"#
                + #""meta":{"site_id":"plant","definition":1,"known_at":"2026-01-12T12:00:30.000000Z"}}"#)
        #expect(
            list(harness, "workstations", "12:00:30").text.hasPrefix(
                #"{"items":[{"workstation_id":"s","name":"Bandsaw","line":"L1","capacity":1},"#
                    + #"{"workstation_id":"t","capacity":1}],"meta":{"site_id":"plant","definition":1,"#))
    }

    @Test("the newest definition is visible from its created_at on; before the first one lists are empty (SPEC 3, 5.1)")
    func edges() throws {
        let history = History()
        let harness = try harness(history)
        #expect(list(harness, "workers", "12:00:59.999999").text.contains(#""definition":1,"#))
        let newest = list(harness, "workers", "12:01:00")
        #expect(newest.text.contains(#""definition":2,"#) && !newest.text.contains("Ada"))
        // What the registry has needs no fold.
        history.state.withLock { $0.isBehind = true }
        #expect(list(harness, "workers", "12:01:00").body == newest.body)
        history.state.withLock { $0.isBehind = false }
        #expect(
            list(harness, "workers", "11:59:59").text.hasPrefix(
                #"{"items":[],"meta":{"site_id":"plant","definition":null,"#))
    }

    @Test("a known_at without offset is the site's own time, by its newest definition (SPEC 5.1)")
    func localTime() throws {
        let history = History()
        let harness = try harness(history)
        func version(_ knownAt: String) -> String? {
            harness.send(.get, "/api/workers?site_id=plant&known_at=\(knownAt)").text.contains(#""definition":1,"#)
                ? "first" : "newest"
        }
        #expect(version("2026-01-12T12:00:30") == "first" && version("2026-01-12T12:01") == "newest")
        let moved = Self.second.replacing("\"site\":{}", with: "\"site\":{\"time_zone\":\"Asia/Kolkata\"}")
        _ = harness.send(.put, "/api/sites/plant", body: moved)
        #expect(version("2026-01-12T17:30:30") == "first")
    }

    @Test("what is not folded yet is 503, never today's list (SPEC 8.5)")
    func behind() throws {
        let history = History()
        let harness = try harness(history)
        history.state.withLock { $0.isBehind = true }
        let answer = list(harness, "workers", "12:00:30")
        #expect(answer.status == 503 && answer.header("Retry-After") == "1")
    }

    @Test("another process' answer is passed on, and an error of reading is 503 (SPEC 8.5)")
    func elsewhere() throws {
        let failures = Guarded(false)
        let harness = try GatewayHarness(older: { question in
            if failures.withLock({ $0 }) { throw Problem(503, detail: "cut off") }
            return .elsewhere(.respond(.problem(418, question.request.path)))
        })
        _ = harness.send(.put, "/api/sites/plant", body: Self.first)
        #expect(list(harness, "workers", "11:00:00").status == 418)
        failures.withLock { $0 = true }
        #expect(list(harness, "workers", "11:00:00")["detail"] == "cut off")
    }

    @Test("a known_at that is no time, or more than 5 s ahead, is 400; a definition itself takes none (SPEC 5.1, 8.5)")
    func malformed() throws {
        let harness = try harness(History())
        for query in ["known_at=yesterday", "known_at=2026-01-13", "known_at=2026-01-12T12:02:06Z", "known_at="] {
            let answer = harness.send(.get, "/api/workers?site_id=plant&\(query)")
            #expect(answer.status == 400 && answer["parameter"] == "known_at", "\(query)")
        }
        #expect(harness.send(.get, "/api/workers?site_id=plant&known_at=2026-01-12T12:02:05Z").status == 200)
        #expect(harness.send(.get, "/api/workers?site_id=plant&known_at=2026-01-12T12:00:30 00:00").status == 200)
        #expect(harness.send(.get, "/api/sites/plant?known_at=2026-01-12T12:00:00Z")["parameter"] == "known_at")
        #expect(harness.send(.get, "/api/workers?site_id=other&known_at=2026-01-12T12:00:00Z").status == 404)
    }
}
