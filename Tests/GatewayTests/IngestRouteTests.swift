import EventModel
import HTTPServer
import JSON
import Testing

@testable import Gateway

@Suite("Ingest, as clients see it")
struct IngestRouteTests {
    let harness: GatewayHarness

    init() throws {
        harness = try GatewayHarness()
        try harness.define()
    }

    @Test("a batch is answered with its counts, errors by index, created_at and position (SPEC 2.4)")
    func batch() throws {
        let response = harness.batch([
            eventJSON(), eventJSON(), "7", eventJSON(["confidence": "0.2"]), eventJSON(["worker_id": "\"w2\""]),
            eventJSON(["worker_id": "\"nobody\""]), eventJSON(["timestamp": "\"2026-01-12T12:05:00.000001Z\""]),
            eventJSON(["workstation_id": "\"nowhere\"", "worker_id": "\"w3\""]),
        ])
        #expect(response.status == 200)
        #expect(
            response["success_count"] == "2" && response["duplicate_count"] == "1" && response["error_count"] == "5")
        #expect(
            response.errors == [
                "2:invalid_json", "3:low_confidence:confidence", "5:unknown_worker:worker_id",
                "6:timestamp_in_future:timestamp", "7:unknown_workstation:workstation_id",
            ])
        #expect(response["created_at"] == "2026-01-12T12:00:00.000000Z" && response["position"] == "0:1")
        let stored = try #require(try harness.batches().first)
        #expect(
            stored.marks == [
                .accepted, .lowConfidence, .accepted, .unknownWorker, .timestampInFuture, .unknownWorkstation,
            ])
        #expect(stored.createdAt == harness.clock.now && stored.definitionVersion == 1 && stored.gatewayID.count == 8)
    }

    @Test("one event gets 201, then 200 as a duplicate, 422 for any other verdict (SPEC 2.4)")
    func single() throws {
        func post(_ event: String) -> (Int, String?, String?) {
            let response = harness.send(.post, "/api/events?site_id=plant", body: event)
            return (response.status, response["code"], response["position"])
        }
        #expect(post(eventJSON()) == (201, nil, "0:1"))
        #expect(post(eventJSON()) == (200, nil, "null"))
        #expect(post(eventJSON(["confidence": "0.1"])) == (422, "low_confidence", "0:2"))
        #expect(post(eventJSON(["confidence": "0.1"])) == (422, "low_confidence", "null"))
        #expect(post(eventJSON(["confidence": nil])) == (422, "missing_field", "null"))
        let problem = harness.send(.post, "/api/events?site_id=plant", body: eventJSON(["worker_id": "\"\""]))
        #expect(problem.header("Content-Type") == "application/problem+json")
        #expect(problem["field"] == "worker_id" && problem["status"] == "422")
    }

    @Test("low_confidence starts below the threshold, timestamp_in_future after max_future_seconds (SPEC 2.3)")
    func thresholds() throws {
        let response = harness.batch([
            eventJSON(["confidence": "0.7"]), eventJSON(["confidence": "0.699999", "worker_id": "\"w2\""]),
            eventJSON(["timestamp": "\"2026-01-12T12:05:00Z\""]),
            eventJSON(["timestamp": "\"2026-01-12T12:05:00.000001Z\"", "confidence": "0.1"]),
        ])
        #expect(response.errors == ["1:low_confidence:confidence", "3:timestamp_in_future:timestamp"])
    }

    @Test("NDJSON, a bare array and an object with events store the same (SPEC 2.2)")
    func layouts() throws {
        let events = (1...3).map { eventJSON(["worker_id": "\"w\($0)\""]) }
        let array = harness.send(.post, "/api/events/batch?site_id=plant", body: "[\(events.joined(separator: ","))]")
        let object = harness.send(
            .post, "/api/events/batch", body: #"{"site_id":"plant","events":[\#(events.joined(separator: ","))]}"#)
        let lines = harness.send(
            .post, "/api/events/batch?site_id=plant", body: events.joined(separator: "\n"),
            headers: ["Content-Type": "application/x-ndjson; charset=utf-8"])
        #expect([array["success_count"], object["duplicate_count"], lines["duplicate_count"]] == ["3", "3", "3"])
    }

    @Test("the query's site comes before the key's only one, that before the body's (SPEC 2.2)")
    func siteOrder() throws {
        try harness.define(makeDefinition("other"))
        let bound = try harness.key(.ingest, sites: ["other"])
        func stored(_ response: HTTPResponse) throws -> SiteID? {
            response.status < 300 ? try harness.batches().last?.siteID : nil
        }
        let naming = eventJSON(["site_id": "\"plant\""])
        #expect(try stored(harness.send(.post, "/api/events", body: naming)) == "plant")
        #expect(harness.send(.post, "/api/events", body: eventJSON()).status == 400)
        #expect(harness.send(.post, "/api/events", body: eventJSON(["site_id": "5"])).status == 400)
        #expect(try stored(harness.send(.post, "/api/events", body: eventJSON(), key: bound)) == "other")
        #expect(harness.send(.post, "/api/events", body: naming, key: bound)["code"] == "wrong_site")
        #expect(harness.send(.post, "/api/events?site_id=other", body: naming)["code"] == "wrong_site")
        #expect(try harness.batches().count == 2)
    }

    @Test("a key that is not bound to the site gets 403, and nothing is stored (SPEC 2.2)")
    func foreignSite() throws {
        let foreign = try harness.key(.ingest, sites: ["a", "b"])
        let response = harness.batch([eventJSON()], key: foreign)
        #expect(response.status == 403)
        #expect(try harness.batches().isEmpty)
        #expect(harness.batch([eventJSON()], query: "?site_id=a", key: foreign).status == 404)
        #expect(harness.batch([eventJSON()], query: "?site_id=..", key: foreign).status == 400)
    }

    @Test("bodies that cannot be taken get 400, 413 and 415 as problems, and store nothing (SPEC 2.5)")
    func refusals() throws {
        let events = [String](repeating: eventJSON(), count: 1001)
        #expect(harness.batch(events).status == 413)
        #expect(harness.batch([]).status == 400)
        for body in ["{", "\u{0}", "[1 2]", String(repeating: "[", count: 65), "{\"events\":7}"] {
            let response = harness.send(.post, "/api/events/batch?site_id=plant", body: body)
            #expect(response.status == 400 && response.header("Content-Type") == "application/problem+json")
        }
        for (path, type, status) in [
            ("/api/events/batch", "text/plain", 415), ("/api/events", "application/x-ndjson", 415),
            ("/api/events", "Application/JSON ; charset=UTF-8", 201),
        ] {
            let response = harness.send(
                .post, "\(path)?site_id=plant", body: eventJSON(), headers: ["Content-Type": type])
            #expect(response.status == status, "\(type)")
        }
        #expect(try harness.batches().count == 1)
    }

    @Test("a body that is refused is told where, and which path takes it (SPEC 2.2, 2.5)")
    func advice() {
        func detail(_ path: String, _ body: String) -> String? {
            let response = harness.send(.post, "\(path)?site_id=plant", body: body)
            return response.status == 400 ? response["detail"] : nil
        }
        #expect(
            detail("/api/events/batch", "[{},\n{} 7]")
                == "the body is not JSON in UTF-8: it goes wrong at line 2, column 4 (byte offset 8)")
        #expect(detail("/api/events", "[\(eventJSON())]")?.contains("go to /api/events/batch") == true)
        #expect(detail("/api/events/batch", eventJSON())?.contains("a single event goes to /api/events") == true)
        #expect(detail("/api/events/batch", "[\u{0}1]") == "the body is UTF-16; send UTF-8")
    }

    @Test("an error shows what stands in the field, at most 64 bytes of it (SPEC 2.4)")
    func values() {
        let long = String(repeating: "é", count: 100)
        let cases: [(name: String, value: String?, shown: String?)] = [
            ("confidence", "1.5", "1.5"), ("confidence", "\"0.9\"", "0.9"), ("confidence", nil, nil),
            ("confidence", "0.25", "0.25"), ("confidence", "0", "0"), ("worker_id", "\"no\\u0022body\"", "no\"body"),
            ("worker_id", "\"\(long)\"", String(repeating: "é", count: 32) + "…"), ("camera_id", "[1,2]", "[…]"),
            ("camera_id", "{}", "{…}"), ("camera_id", "false", "false"), ("timestamp", "null", "null"),
            ("timestamp", "\"2026-01-12T13:00:00+01:00\"", nil),
            ("timestamp", "\"2026-01-13T00:00:00.5Z\"", "2026-01-13T00:00:00.500000Z"), ("count", "1e0", "1e0"),
            ("event_type", "\"a\\nb\"", "a\nb"), ("site_id", "\"other\"", "other"),
            ("workstation_id", "\"x\"", "x"),
        ]
        for (name, value, shown) in cases {
            let response = harness.batch([eventJSON([name: value])])
            guard case .object(let members)? = JSONValue(response.body), case .array(let errors)? = members["errors"]
            else {
                Issue.record("\(response.text)")
                continue
            }
            #expect(errors.first?["value"]?.text == shown, "\(name) \(value ?? "missing")")
            let single = harness.send(.post, "/api/events?site_id=plant", body: eventJSON([name: value]))
            if !errors.isEmpty { #expect(single["value"] == shown ?? "null") }
        }
        let wrongType = harness.send(.post, "/api/events?site_id=plant", body: eventJSON(["confidence": "\"0.9\""]))
        #expect(wrongType["detail"] == "confidence must be a number, not a string")
    }

    @Test("events refused and not stored are counted by verdict, once each, until the next start (SPEC 7.4)")
    func rejected() throws {
        let spoiled = [
            "7", eventJSON(["confidence": "2"]), eventJSON(["confidence": "3"]), eventJSON(["worker_id": "\"nobody\""]),
            eventJSON(["confidence": "0.1"]), eventJSON(), eventJSON(),
        ]
        func counts(_ site: SiteID = "plant") -> [String] {
            harness.gateway.rejected(of: site).map { "\($0.0) \($0.1)" }
        }
        func post() -> HTTPResponse {
            harness.send(
                .post, "/api/events/batch?site_id=plant", body: "[\(spoiled.joined(separator: ","))]",
                headers: ["Idempotency-Key": "k"])
        }
        harness.log.failNextAppends(1)
        #expect(post().status == 503)
        #expect(counts() == [])
        #expect(post().status == 200)
        // The first answer again: nothing new was refused.
        #expect(post().status == 200)
        #expect(counts() == ["invalid_json 1", "invalid_confidence 2"])
        #expect(counts("other") == [])
    }

    @Test("a request with nothing to store writes no record and has no position (SPEC 2.8)")
    func nothingToStore() throws {
        let response = harness.batch(["1", eventJSON(["confidence": "2"])])
        #expect(response.status == 200 && response["position"] == "null" && response["error_count"] == "2")
        #expect(response["created_at"] == "2026-01-12T12:00:00.000000Z")
        #expect(try harness.batches().isEmpty)
    }

    @Test("duplicates leave the record, and with them ids that only they used (SPEC 2.6)")
    func compaction() throws {
        _ = harness.batch([eventJSON()])
        let response = harness.batch([
            eventJSON(["camera_id": "\"only-here\""]), eventJSON(["worker_id": "\"w2\"", "model_version": "\"m1\""]),
        ])
        #expect(response["duplicate_count"] == "1" && response["success_count"] == "1")
        let stored = try #require(try harness.batches().last)
        #expect(stored.count == 1 && stored.ids.count == 3)
        #expect(stored.ids[Int(stored.modelVersions[0]) - 1] == Array("m1".utf8) && stored.cameras == [0])
    }
}
