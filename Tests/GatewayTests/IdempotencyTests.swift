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
        let answers = [post(harness, batch), post(harness, single, "/api/events", idempotencyKey: "s")]
        #expect(answers.map(\.status) == [200, 422] && answers.allSatisfy { $0["position"] != "null" })
        harness.gateway.stop()
        harness.clock.advance(seconds: 3600)
        let next = try GatewayHarness(log: harness.log, clock: harness.clock, folder: harness.folder)
        let key = harness.adminKey
        #expect(post(next, batch, key: key).body == answers[0].body)
        #expect(post(next, single, "/api/events", key: key, idempotencyKey: "s").body == answers[1].body)
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

    @Test("a thousand errors come again as they were, and the record holds a verdict for each alone (SPEC 2.5)")
    func manyErrors() throws {
        let harness = try GatewayHarness()
        try harness.define()
        let events = (0..<999).map { number in
            switch number % 4 {
            case 0: "7"
            case 1: eventJSON(["worker_id": "\"stranger \(number)\""])
            case 2: eventJSON(["confidence": "0.1", "timestamp": "\"2026-01-12T06:00:00.\(number)Z\""])
            default: eventJSON(["event_type": "\"dancing\""])
            }
        }
        let body = "[\((events + [eventJSON()]).joined(separator: ","))]"
        let first = post(harness, body)
        #expect(first["error_count"] == "999" && first.errors.count == 999)
        #expect(post(harness, body).body == first.body)
        let verdicts = try #require(try harness.batches().last?.idempotency?.verdicts)
        #expect(verdicts.count == 1000 && AnswerFile.bytes(verdicts).count <= 2000)
    }

    @Test("requests that store nothing write no record, whoever sends how many of them (SPEC 2.5)")
    func nothingStored() throws {
        let harness = try GatewayHarness()
        try harness.define()
        let other = try harness.key(.ingest)
        let first = post(harness, "[\(eventJSON())]", key: other, idempotencyKey: "mine")
        let end = try harness.log.endOffset(PartitionIndex(0))
        let junk = "[" + Array(repeating: "7", count: 1000).joined(separator: ",") + "]"
        for number in 0..<40 {
            let answer = post(harness, junk, idempotencyKey: "junk \(number)")
            #expect(answer["error_count"] == "1000" && answer["position"] == "null")
        }
        #expect(try harness.log.endOffset(PartitionIndex(0)) == end)
        #expect(post(harness, "[\(eventJSON())]", key: other, idempotencyKey: "mine").body == first.body)
        let second = post(harness, junk, idempotencyKey: "junk 0")
        #expect(second.status == 200 && second["error_count"] == "1000")
    }

    @Test("the API key with the most answers gives up its oldest, never another's (SPEC 2.5)")
    func rooms() {
        var table = IdempotencyTable(bytesMaximum: 100 * (IdempotencyTable.entryBytes + 4))
        let now = Timestamp(microseconds: 0)
        func claim(_ owner: UInt8, _ number: Int) -> IdempotencyClaim {
            IdempotencyClaim(
                apiKeyID: [owner], path: [], key: Array("\(number)".utf8), bodyHash: .of(Array("\(number)".utf8)))
        }
        func answer(_ claim: IdempotencyClaim) -> KeptAnswer {
            KeptAnswer(claim, VerdictRuns([.accepted]), createdAt: now)
        }
        for number in 0..<20 {
            table.remember(answer(claim(1, 100 - number)))
            #expect(table.begin(claim(2, number), now: now) == .claimed)
            table.finish(claim(2, number), answer(claim(2, number)))
        }
        for number in 0..<1000 {
            #expect(table.begin(claim(3, number), now: now) == .claimed)
            table.finish(claim(3, number), answer(claim(3, number)))
        }
        #expect((80...100).contains(table.count))
        for number in 0..<20 {
            #expect(table.begin(claim(1, 100 - number), now: now) == .answered(answer(claim(1, 100 - number))))
            #expect(table.begin(claim(2, number), now: now) == .answered(answer(claim(2, number))))
        }
        #expect(table.begin(claim(3, 999), now: now) == .answered(answer(claim(3, 999))))
        #expect(table.begin(claim(3, 0), now: now) == .claimed)
    }
}
