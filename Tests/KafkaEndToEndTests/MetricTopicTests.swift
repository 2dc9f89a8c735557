// Layer: the whole, real broker and processes, read by a program of another language. What it cannot see: brokers that
// fail.
import Foundation
import HTTPClient
import KafkaHarness
import ProcessHarness
import Testing

@Suite("Metric topics, read as a downstream service reads them", .needsKafka, .needsPythonConsumer)
struct MetricTopicTests {
    private static let site = "plant-1"

    /// A gateway and a worker under a prefix of their own.
    private final class Line {
        let prefix = uniquePrefix()
        let brokers: String
        let folder: String
        let gateway: AndonServer
        let worker: AndonServer
        private let client = HTTPClient()

        init() throws {
            brokers = try KafkaCluster.shared().brokers
            folder = FileManager.default.temporaryDirectory.appending(path: "andon-\(prefix)").path
            let kafka = ["--brokers", brokers, "--topic-prefix", prefix]
            let created = try AndonProcess.run(["topics", "create", "--partitions", "2"] + kafka)
            try #require(created.exit == 0, "\(created.errors)")
            gateway = try AndonServer(["gateway", "--open", "--rate-limit", "0"] + kafka)
            worker = try AndonServer(["worker", "--open", "--rate-limit", "0", "--data-dir", folder] + kafka)
        }

        deinit {
            gateway.end(SIGTERM)
            worker.end(SIGTERM)
            try? FileManager.default.removeItem(atPath: folder)
        }

        /// Sends JSON; what it answers.
        @discardableResult
        func send(_ method: String, _ path: String, _ body: Any) throws -> [String: Any] {
            let answer = try client.send(
                method, gateway.url + path, headers: [("Content-Type", "application/json")],
                body: Array(try JSONSerialization.data(withJSONObject: body)))
            try #require((200...201).contains(answer.status), "\(String(decoding: answer.body, as: UTF8.self))")
            return try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
        }

        /// The gateway does not hold the site: it asks the worker.
        func ask(_ path: String) throws -> [String: Any] {
            let answer = try client.send("GET", gateway.url + path)
            try #require(answer.status == 200, "\(String(decoding: answer.body, as: UTF8.self))")
            return try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
        }

        func metrics(_ topic: String, until keys: [String], _ status: String) throws -> PythonConsumer.Metrics {
            let topic = "\(prefix).metrics.\(topic).v1"
            return try PythonConsumer.metrics(brokers: brokers, topic: topic, until: keys, status: status)
        }
    }

    private func time(_ clock: String) -> String { "2026-01-12T\(clock):00.000000Z" }

    private func event(_ clock: String, _ type: String, count: Int? = nil) -> [String: Any] {
        var event: [String: Any] = [
            "timestamp": time(clock), "worker_id": "W1", "workstation_id": "S1", "event_type": type, "confidence": 0.93,
        ]
        event["count"] = count
        return event
    }

    /// SPEC's reference day.
    private var day: [[String: Any]] {
        [
            event("08:00", "working"), event("10:00", "product_count", count: 5), event("10:15", "idle"),
            event("10:30", "working"), event("12:00", "absent"), event("13:00", "working"), event("15:30", "idle"),
        ]
    }

    /// Members that both have must be the same.
    private func expectSame(_ record: [String: Any], _ answer: [String: Any], _ names: [String]) {
        for name in names { #expect(record[name] as? NSObject == answer[name] as? NSObject, "\(name)") }
    }

    @Test(
        "a consumer that knows the schemas alone sees what questions answer, and a late event's correction",
        .timeLimit(.minutes(10)))
    func referenceDay() throws {
        let line = try Line()
        let definition: [String: Any] = [
            "site": ["site_id": Self.site, "time_zone": "UTC", "observation_ttl_seconds": 3600 * 4],
            "workers": [["worker_id": "W1"]], "workstations": [["workstation_id": "S1"]],
        ]
        try line.send("PUT", "/api/sites/\(Self.site)", definition)
        let stored = try line.send("POST", "/api/events/batch?site_id=\(Self.site)", ["events": day])
        #expect(stored["success_count"] as? Int == 7)

        let hours = ["08", "09", "10", "11", "12", "13", "14", "15"]
        let keys = hours.map { "\(Self.site)/W1/\(time("\($0):00"))" }
        let key = keys[7]
        let read = try line.metrics("worker", until: keys, "final")
        #expect(read.refused == [])
        #expect(read.behind == [])
        #expect(read.events[key]?["source"] == "/andon/\(Self.site)")
        for (hour, key) in zip(hours, keys) {
            let record = try #require(read.records[key], "\(hour)")
            let end = try #require(record["hour_end"] as? String)
            let window = "from=\(time("\(hour):00"))&to=\(end)"
            let answer = try line.ask("/api/metrics/workers?site_id=\(Self.site)&\(window)")
            let item = try #require((answer["items"] as? [[String: Any]])?.first)
            let names = [
                "worker_id", "working_us", "idle_us", "absent_us", "unknown_us", "elapsed_us",
                "total_active_time_hours", "utilization_percentage", "availability_percentage", "coverage_percentage",
                "total_units_produced", "units_per_hour", "current_state", "current_workstation_id",
            ]
            expectSame(record, item, names)
        }
        let working = keys.compactMap { read.records[$0]?["working_us"] as? Int }
        #expect(working.reduce(0, +) == 22_500_000_000, "6.25 hours")

        try line.send("POST", "/api/events/batch?site_id=\(Self.site)", ["events": [event("15:15", "absent")]])
        let again = try line.metrics("worker", until: [key], "restated")
        #expect(again.refused == [])
        let restated = try #require(again.records[key])
        #expect(restated["absent_us"] as? Int == 900_000_000)
        let previous = try #require((restated["previous"] as? [String: Any])?["figures"] as? [String: Any])
        #expect(previous["absent_us"] as? Int == 0)
        #expect(previous["working_us"] as? Int == 1_800_000_000)

        for (topic, id) in [("workstation", "/S1"), ("factory", ""), ("model-health", "/S1//")] {
            let read = try line.metrics(topic, until: ["\(Self.site)\(id)/\(time("15:00"))"], "restated")
            #expect(read.refused == [], "\(topic)")
        }
        let events = try PythonConsumer.events(brokers: line.brokers, topic: "\(line.prefix).events.v1")
        #expect(events.filter { $0["definition"] != nil }.count == 1)
        #expect(
            events.compactMap { $0["event_type"] as? String } == day.compactMap { $0["event_type"] as? String } + [
                "absent"
            ])
    }
}
