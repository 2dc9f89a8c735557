import EventModel
import HTTPServer
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
        for body in ["{", "\u{0}", "[\"\\ud800\"]", String(repeating: "[", count: 65), "{\"events\":7}"] {
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
