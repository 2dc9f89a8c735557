import Crypto
import EventModel
import HTTPServer
import Testing

@testable import Gateway

@Suite("Idempotency-Key")
struct IdempotencyTests {
    private func post(
        _ harness: GatewayHarness, _ body: String, _ path: String = "/api/events/batch", key: String? = nil,
        idempotencyKey: String = "k1"
    ) -> HTTPResponse {
        harness.send(
            .post, "\(path)?site_id=plant", body: body, key: key, headers: ["Idempotency-Key": idempotencyKey])
    }

    @Test("the same body gets the first answer again, another body 422, another key or path its own answer (SPEC 2.5)")
    func replay() throws {
        let harness = try GatewayHarness()
        try harness.define()
        let first = post(harness, "[\(eventJSON())]")
        harness.clock.advance(seconds: 60)
        let again = post(harness, "[\(eventJSON())]")
        #expect(again.status == 200 && again.body == first.body && again["success_count"] == "1")
        #expect(post(harness, "[\(eventJSON()) ]").status == 422)
        #expect(post(harness, "[\(eventJSON())]", idempotencyKey: "k2")["duplicate_count"] == "1")
        #expect(post(harness, eventJSON(), "/api/events").status == 200)
        #expect(try post(harness, "[\(eventJSON())]", key: harness.key(.ingest))["duplicate_count"] == "1")
    }

    @Test("nothing is reported as stored for a site by the answer that another site got (SPEC 2.5)")
    func otherSite() throws {
        let harness = try GatewayHarness()
        try harness.define()
        try harness.define(makeDefinition("plant-2"))
        let body = "[\(eventJSON())]"
        #expect(post(harness, body)["success_count"] == "1")
        let headers = ["Idempotency-Key": "k1"]
        let other = harness.send(.post, "/api/events/batch?site_id=plant-2", body: body, headers: headers)
        #expect(other.status == 422)
        let twice = harness.send(.post, "/api/events/batch?site_id=plant&site_id=plant-2", body: body)
        #expect(twice.status == 400)
    }

    @Test("the first answer comes again after a restart, for verdicts, errors and problems alike (SPEC 2.5)")
    func restart() throws {
        let harness = try GatewayHarness()
        try harness.define()
        let batch = "[\(eventJSON()),1,\(eventJSON(["confidence": "0.1"]))]"
        let single = eventJSON(["worker_id": "\"nobody\""])
        let answers = [
            post(harness, batch), post(harness, single, "/api/events", idempotencyKey: "s"),
            post(harness, "[7]", idempotencyKey: "empty"),
        ]
        #expect(answers.map(\.status) == [200, 422, 200] && answers.allSatisfy { $0["position"] != "null" })
        harness.gateway.stop()
        harness.clock.advance(seconds: 3600)
        let next = try GatewayHarness(log: harness.log, clock: harness.clock, folder: harness.folder)
        let key = harness.adminKey
        #expect(post(next, batch, key: key).body == answers[0].body)
        #expect(post(next, single, "/api/events", key: key, idempotencyKey: "s").body == answers[1].body)
        #expect(post(next, "[7]", key: key, idempotencyKey: "empty").body == answers[2].body)
        #expect(post(next, "[8]", key: key, idempotencyKey: "empty").status == 422)
        // The duplicate window came back too.
        #expect(next.batch([eventJSON()])["duplicate_count"] == "1")
    }

    @Test("a key is kept for 24 hours, not longer (SPEC 2.5)")
    func expiry() throws {
        let harness = try GatewayHarness()
        try harness.define()
        _ = post(harness, "[\(eventJSON())]")
        harness.clock.advance(seconds: 86_399)
        #expect(post(harness, "[\(eventJSON())]")["success_count"] == "1")
        harness.clock.advance(seconds: 1)
        #expect(post(harness, "[\(eventJSON())]")["duplicate_count"] == "1")
    }

    @Test("an Idempotency-Key of 255 bytes is taken, an empty one or one of 256 is a bad request (SPEC 2.5)")
    func keyLength() throws {
        let harness = try GatewayHarness()
        try harness.define()
        func status(_ length: Int) -> Int {
            post(harness, "[\(eventJSON())]", idempotencyKey: String(repeating: "k", count: length)).status
        }
        #expect(status(255) == 200)
        #expect(status(256) == 400)
        #expect(status(0) == 400)
    }

    @Test("the table is bounded in bytes: the oldest answers go first")
    func bounded() {
        var table = IdempotencyTable(bytesMaximum: 3 * 256 + 30)
        let now = Timestamp(microseconds: 0)
        func claim(_ number: UInt8) -> IdempotencyClaim {
            IdempotencyClaim(apiKeyID: [], path: [], key: [number], bodyHash: .of([number]))
        }
        for number in UInt8(0)..<10 {
            #expect(table.begin(claim(number), now: now) == .claimed)
            table.finish(claim(number), StoredAnswer(status: 200, json: [1, 2, 3], createdAt: now))
        }
        #expect(table.count == 3)
        #expect(table.begin(claim(0), now: now) == .claimed)
        #expect(table.begin(claim(9), now: now) != .claimed)
    }
}
