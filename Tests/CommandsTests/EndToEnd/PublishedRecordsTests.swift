// Layer: end to end. A server on the embedded log, its records and who is told of alerts, with the real program.
import Foundation
import HTTPServer
import JSON
import Locks
import ProcessHarness
import Testing

@testable import Commands

@Suite("Published records without Kafka (SPEC 6.4, 8.11)", .timeLimit(.minutes(10)))
struct PublishedRecordsTests {
    private func get(_ plant: PlantDirectory, _ server: AndonServer, _ target: String) throws -> JSONValue {
        let key = try String(contentsOfFile: plant.keyFile, encoding: .utf8)
        let client = APIClient.live(
            ServerAccess(url: server.url, key: String(key.prefix { !$0.isWhitespace })))
        return try #require(JSONValue(try client.fetch(APIRequest(method: "GET", target: target))))
    }

    /// Asks until the topic has so many records: those of one round come a moment after each other.
    private func records(
        _ plant: PlantDirectory, _ server: AndonServer, _ topic: String, count: Int = 1
    ) throws -> [JSONValue] {
        while server.isRunning {
            let items = try get(plant, server, "/api/metric-records?topic=\(topic)")["items"]?.items ?? []
            if items.count >= count { return items }
        }
        return []
    }

    /// The alerts of all requests, in the order in which they were told: a request has what waits when it is made.
    private func alerts(in requests: [[UInt8]]) throws -> [String] {
        try requests.flatMap { try #require(JSONValue($0))["alerts"]?.items ?? [] }
            .compactMap { $0["fingerprint"]?.text }
    }

    @Test("events become records that a reader finds, and a webhook is told of the alert, once over a restart")
    func life() throws {
        let told = Monitor<[[UInt8]]>([])
        let receiver = HTTPServer(
            configuration: HTTPServerConfiguration(),
            routes: [
                HTTPRoute(.post, "/hook", bodyBytesMaximum: 1 << 20) { request, _ in
                    let body = Array(request.body)
                    told.update { $0.append(body) }
                    return .respond(HTTPResponse(status: 200, body: []))
                }
            ])
        let hook = "http://127.0.0.1:\(try receiver.start())/hook"
        defer { receiver.stop() }
        let plant = try PlantDirectory()
        let more = ["--alert-webhook", hook, "--rate-limit", "0"]
        let server = try AndonServer(plant.data, more)
        let file = plant.folder.file("site.json")
        #expect(try AndonProcess.run(["site", "init", file]).exit == 0)
        #expect(try plant.run(["site", "apply", file]).exit == 0)
        let lines = (0..<40).map { second in
            #"{"timestamp":"2026-01-12T09:00:\#(second < 10 ? "0" : "")\#(second)Z","worker_id":"W1","#
                + #""workstation_id":"S1","event_type":"working","confidence":0.72,"camera_id":"C1"}"#
        }
        let events = try plant.folder.write("events.ndjson", lines.joined(separator: "\n"))
        #expect(try plant.run(["import", events, "--site", "plant-1"]).exit == 0)

        // By the next round, ten seconds after the first one.
        let first = told.wait { $0.first }
        let workers = try records(plant, server, "andon.metrics.worker.v1")
        #expect(workers.contains { $0["key"]?.text == "plant-1/W1/2026-01-12T09:00:00.000000Z" })
        // The average of the site and that of its only camera.
        let alerts = try records(plant, server, "andon.alerts.v1", count: 2)
        #expect(alerts.count == 2)
        #expect(alerts.allSatisfy { $0["value"]?["status"]?.text == "opened" })
        let message = try #require(JSONValue(first))
        #expect(message["version"]?.text == "4" && message["status"]?.text == "firing")
        #expect(message["externalURL"]?.text == server.url)
        // Noted a moment after the receiver has answered.
        var webhook: JSONValue?
        while server.isRunning, webhook?["told"]?.text != "2" {
            webhook = try get(plant, server, "/api/freshness")["webhooks"]?.items.first
        }
        #expect(webhook?["told"]?.text == "2" && webhook?["waiting"]?.text == "0")
        #expect(webhook?["webhook"]?.text == String(hook.dropLast("/hook".count)))
        #expect(server.end(SIGTERM).exit == 0)
        let again = try AndonServer(plant.data, more)
        #expect(try records(plant, again, "andon.alerts.v1", count: 2).count == 2)
        #expect(again.end(SIGTERM).exit == 0)
        let once = try self.alerts(in: told.withLock { $0 })
        #expect(once.count == 2 && Set(once).count == 2)
    }
}
