import EventModel
import HTTPServer
import Testing

@testable import Query

@Suite("Malformed questions (SPEC 2.5, 5.1)") struct MalformedQueryTests {
    private static let metrics = "/api/metrics/workers"
    private static let factory = "/api/metrics/factory"

    @Test(
        "a parameter that is unknown, repeated or not of its kind is a 400 that names it",
        arguments: [
            (metrics, "form", ["form=2026-01-12T00:00:00Z"]), (metrics, "workstation_id", ["workstation_id=S1"]),
            (factory, "worker_id", ["worker_id=W1"]), (factory, "sort", ["sort=working_us"]),
            ("/api/ledger", "known_at", ["known_at=2026-01-12T00:00:00Z"]), (factory, "limit", ["limit=5"]),
            (metrics, "from", ["from="]), (metrics, "from", ["from=2026-1-12"]),
            (metrics, "from", ["from=2026-01-12T24:00"]), (metrics, "from", ["from=2026-02-29"]),
            (metrics, "from", ["from=2026-01-12T06"]), (metrics, "from", ["from=2026-01-12T06:00:00.Z"]),
            (metrics, "from", ["from=2026-01-12 06:00"]), (metrics, "from", ["from=1969-12-31"]),
            (metrics, "period", ["period=tomorrow"]), (metrics, "period", ["period=shift"]),
            (metrics, "period", ["period=today", "from=2026-01-12"]),
            (metrics, "period", ["period=today", "to=2026-01-12"]), (metrics, "within", ["within=shift:"]),
            (metrics, "within", ["within=early"]), (metrics, "within", ["within=shifts"]),
            (metrics, "within", ["within=shift:early"]), ("/api/events", "within", ["within=all"]),
            (metrics, "sort", ["sort="]), (metrics, "sort", ["sort=+working_us"]), (metrics, "sort", ["sort=name"]),
            (metrics, "limit", ["limit=0"]), (metrics, "limit", ["limit=1000001"]),
            ("/api/explain", "worker_id", ["worker_id=W1", "worker_id=W2"]),
            ("/api/explain", "merge", ["worker_id=W1", "merge=no"]),
            (metrics, "to", ["to=2026-02-30T00:00:00Z"]),
            (metrics, "to", ["to=1969-12-31T23:59:59Z"]), (metrics, "to", ["to=10000-01-01T00:00:00Z"]),
            (metrics, "to", ["to=9999-12-31T23:59:59-00:01"]),
            (metrics, "known_at", ["known_at=yesterday"]),
            (metrics, "from", ["from=2026-01-12T00:00:00Z", "from=2026-01-12T00:00:00Z"]),
            (metrics, "site_id", ["site_id=plant", "site_id=plant"]),
            (metrics, "to", ["from=2026-01-12T00:00:00.000001Z", "to=2026-01-12T00:00:00Z"]),
            (metrics, "to", ["to=2026-01-12T00:00:00Z"]),
            ("/api/metrics/model-health", "group_by", ["group_by=site"]),
            ("/api/metrics/model-health", "group_by", ["group_by="]),
            ("/api/explain", "worker_id", []), ("/api/explain", "worker_id", ["worker_id="]),
            ("/api/explain", "worker_id", ["worker_id=a\u{1}"]),
            ("/api/events", "worker_id", ["worker_id=\(String(repeating: "x", count: 129))"]),
            ("/api/events", "event_type", ["event_type=Working"]), ("/api/events", "limit", ["limit=0"]),
            ("/api/events", "limit", ["limit=1001"]), ("/api/events", "limit", ["limit=+5"]),
            ("/api/events", "limit", ["limit=99999999999999999999"]), ("/api/events", "cursor", ["cursor="]),
            ("/api/events", "cursor", ["cursor=!!"]), ("/api/events", "cursor", ["cursor=AAAA"]),
            ("/api/events", "created_from", ["created_from=now"]),
            ("/api/quarantine", "reason", ["reason=duplicate"]), ("/api/quarantine", "limit", ["limit=1001"]),
            ("/api/quarantine", "cursor", ["cursor=AAAA"]), ("/api/quarantine", "camera_id", ["camera_id="]),
            ("/api/quarantine", "known_at", ["known_at=2026-01-12"]),
            ("/api/quarantine/stats", "limit", ["limit=5"]),
            ("/api/events", "created_to", ["created_from=2026-01-12T00:00:01Z", "created_to=2026-01-12T00:00:00Z"]),
            (metrics, "min_position", ["min_position=5"]), (metrics, "min_position", ["min_position=0:-1"]),
            (metrics, "min_position", ["min_position=0:1:0"]), (metrics, "min_position", ["min_position=1:0"]),
            (metrics, "min_position", ["min_position=0:99999999999999999999"]),
            ("/api/metrics/heatmap", "of", []), ("/api/metrics/heatmap", "of", ["of=factory"]),
            ("/api/metrics/trend", "of", ["of=workers"]), ("/api/metrics/trend", "bucket", ["bucket="]),
            ("/api/metrics/shifts", "within", ["within=shifts"]), ("/api/metrics/trend", "limit", ["limit=5"]),
            ("/api/metrics/model-health/report", "period", ["period=last_week"]),
            ("/api/metrics/model-health/trend", "from", ["from=2026-01-12"]),
            ("/api/metrics/model-health/drift", "baseline_to", ["baseline_from=2026-01-12", "baseline_to=2026-01-11"]),
            ("/api/history", "worker_id", ["worker_id=W1", "factory=true"]), ("/api/alerts", "within", ["within=all"]),
            ("/api/compare", "known_at", ["known_at=2026-01-12"]),
        ])
    func malformed(_ path: String, _ parameter: String, _ query: [String]) throws {
        let plant = try referenceDay()
        let pairs = query.map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (name: String(parts[0]), value: String(parts[1]))
        }
        let answer = try plant.ask(path, pairs)
        #expect(answer.status == 400)
        #expect(answer.header("Content-Type") == "application/problem+json")
        #expect(answer.json["parameter"] == .string(parameter))
    }

    @Test("limits hold at their edges: known_at 5 s ahead, 1000 items, ids of 128 bytes")
    func edges() throws {
        let plant = try referenceDay()
        let ahead = plant.now + 5 * Microseconds.second
        #expect(try plant.ask(Self.metrics, [("known_at", text(ahead))]).status == 200)
        #expect(try plant.ask(Self.metrics, [("known_at", text(ahead + 1))]).json["parameter"] == .string("known_at"))
        #expect(try plant.ask("/api/events", [("limit", "1000")]).status == 200)
        #expect(try plant.ask("/api/events", [("limit", "1")]).items.count == 1)
        #expect(try plant.ask("/api/events", [("worker_id", String(repeating: "x", count: 128))]).items.isEmpty)
        let latest = try plant.ask(
            Self.metrics, [("to", "9999-12-31T23:59:59.999999Z"), ("from", "1970-01-01T00:00:00Z")])
        #expect(latest.items.first?["working_us"] == .integer(25 * Microseconds.hour / 4))
    }

    @Test("an offset's plus sign that arrives as a space is understood")
    func plus() throws {
        let answer = try referenceDay().ask(
            Self.metrics, [("from", "2026-01-12T13:30:00 05:30"), ("to", "2026-01-12T21:30:00+05:30")])
        #expect(answer.meta?["from"] == .string(text(at(8))) && answer.meta?["to"] == .string(text(at(16))))
    }

    @Test("an unknown site is a 404; who may not ask gets the refusal")
    func sites() throws {
        let plant = try referenceDay()
        let unknown = try plant.ask(Self.metrics, [("site_id", "elsewhere")])
        #expect(unknown.status == 404 && unknown.header("Content-Type") == "application/problem+json")
        #expect(try plant.ask(Self.metrics, headers: ["X-API-Key": "none"]).status == 401)
        // The key is judged before the query.
        #expect(try plant.ask(Self.metrics, [("x", "y")], headers: ["X-API-Key": "none"]).status == 401)
    }

    @Test("when the projections cannot be read the answer is 503 with Retry-After, and the journal says why")
    func broken() throws {
        let plant = try referenceDay()
        plant.source.breakDown()
        let answer = try plant.ask(Self.metrics)
        #expect(answer.status == 503 && answer.header("Retry-After") == "5")
        let event = try #require(plant.events.all.first)
        #expect(event.name == "question_failed" && event.level == .error && plant.events.all.count == 1)
        #expect(event.message == "/api/metrics/workers about site plant could not be answered: Broken()")
    }

    @Test("after the stop of the service questions are a 503 that may be tried again")
    func stopped() throws {
        let plant = try referenceDay()
        plant.service.stop()
        let answer = try plant.ask(Self.metrics)
        #expect(answer.status == 503 && answer.header("Retry-After") == "1")
    }
}
