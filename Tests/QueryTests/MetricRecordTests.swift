// Layer: the route on real topics. What they hold, EventLogTests claim; what is published, PublisherTests.
import EventLog
import EventModel
import Foundation
import HTTPServer
internal import Locks
import SQLiteLog
import TestKit
import Testing

@testable import Query

@Suite("GET /api/metric-records (SPEC 8.11)", .timeLimit(.minutes(10)))
struct MetricRecordTests {
    private final class Desk {
        let folder: TemporaryFolder
        let topics: SQLiteTopics
        let service: MetricRecordService

        init(_ permission: SitesPermission = .everything, path: String? = nil) throws {
            folder = try TemporaryFolder()
            let topics = try SQLiteTopics(
                path: path ?? folder.file("records.sqlite"), topics: ["andon.alerts.v1", "andon.quarantine.v1"],
                recordsMaximum: 5000)
            self.topics = topics
            service = MetricRecordService(
                .init(
                    topics: ["andon.alerts.v1", "andon.quarantine.v1"],
                    page: { try topics.page($0, from: $1, limit: $2, sites: $3) }, authorize: { _ in permission }))
        }

        deinit {
            service.stop()
            topics.close()
        }

        func put(_ site: String, _ numbers: Range<Int>) throws {
            let done = Monitor(0)
            for number in numbers {
                let value = "{\"site_id\":\"\(site)\",\"number\":\(number),\"revision\":{\"offset\":\(number)}}"
                try topics.send(
                    TopicRecord(
                        topic: "andon.alerts.v1", key: Array("\(site)/k/\(number)".utf8), value: Array(value.utf8),
                        headers: [RecordHeader(name: "ce_id", value: Array("id \(number)".utf8))],
                        timestamp: Timestamp(microseconds: 0))
                ) { _ in done.update { $0 += 1 } }
            }
            done.wait { $0 == numbers.count ? () : nil }
        }

        func ask(_ query: [(String, String)]) throws -> Answer {
            let recorder = Recorder()
            let request = HTTPRequest(
                method: .get, path: MetricRecordService.path, query: query.map { (name: $0.0, value: $0.1) })
            let route = try #require(service.routes.first)
            if case .respond(let response) = route.serve(request, recorder) { recorder.complete(response) }
            let response = try recorder.wait()
            return Answer(response: response, json: try JSONText(response.body))
        }
    }

    @Test("a reader comes from the beginning to the end by its cursors, and later gets what is new")
    func reading() throws {
        let desk = try Desk()
        try desk.put("a", 0..<250)
        var query = [("topic", "andon.alerts.v1")]
        var numbers: [String?] = []
        var cursor: String?
        repeat {
            let answer = try desk.ask(query + (cursor.map { [("after", $0)] } ?? []))
            #expect(answer.status == 200 && answer.items.count <= 100, "the default limit")
            numbers += answer.items.map { $0["value"]?["number"]?.text }
            cursor = answer.json["next_cursor"]?.text
            if answer.meta?["at_end"] == .bool(true) { break }
        } while cursor != nil
        #expect(numbers == (0..<250).map { String($0) })
        try desk.put("a", 250..<252)
        query.append(("after", try #require(cursor)))
        let late = try desk.ask(query)
        #expect(late.items.map { $0["key"]?.text } == ["a/k/250", "a/k/251"])
        #expect(late.items[0]["id"] == .string("id 250") && late.items[0]["topic"] == .string("andon.alerts.v1"))
        #expect(late.items[0]["revision"]?["offset"] == .number("250"))
        #expect(late.items[0]["type"] == .null, "a header that the record does not have")
    }

    @Test("a key that is bound to sites sees their records alone (SPEC 8.2)")
    func sites() throws {
        let desk = try Desk(.sites(["b"]))
        try desk.put("a", 0..<5)
        try desk.put("b", 5..<7)
        try desk.put("a", 7..<9)
        let answer = try desk.ask([("topic", "andon.alerts.v1"), ("limit", "1")])
        #expect(answer.items.map { $0["key"]?.text } == ["b/k/5"])
        let rest = try desk.ask([
            ("topic", "andon.alerts.v1"), ("after", answer.json["next_cursor"]?.text ?? ""),
        ])
        #expect(rest.items.map { $0["key"]?.text } == ["b/k/6"] && rest.meta?["at_end"] == .bool(true))
    }

    @Test("who may not ask is refused")
    func refused() throws {
        let desk = try Desk(.refused(Problem(403).response))
        #expect(try desk.ask([("topic", "andon.alerts.v1")]).status == 403)
    }

    @Test(
        "a question that cannot be answered says what is possible",
        arguments: [
            ("", 400, "topic: missing; it is one of andon.alerts.v1, andon.quarantine.v1"),
            ("topic=andon.alarms.v1", 404, "it is one of andon.alerts.v1"),
            ("topic=andon.alerts.v1&limit=0", 400, "from 1 to 1000"),
            ("topic=andon.alerts.v1&limit=1001", 400, "from 1 to 1000"),
            ("topic=andon.alerts.v1&after=7", 400, "take next_cursor"),
            ("topic=andon.alerts.v1&after=x--1", 400, "take next_cursor"),
            ("topic=andon.alerts.v1&from=x", 400, "takes topic, after, limit, site_id"),
        ])
    func malformed(_ query: String, _ status: Int, _ says: String) throws {
        let desk = try Desk()
        let pairs = query.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1).map { String($0) }
            return (parts[0], parts[1])
        }
        let answer = try desk.ask(pairs)
        #expect(answer.status == status)
        #expect(answer.json["detail"]?.text?.contains(says) == true, "\(answer.json)")
    }

    @Test("a cursor of records that were published anew since is refused, because its place means nothing")
    func otherRecords() throws {
        let desk = try Desk()
        try desk.put("a", 0..<3)
        let cursor = try #require(try desk.ask([("topic", "andon.alerts.v1")]).json["next_cursor"]?.text)
        let other = try Desk()
        let answer = try other.ask([("topic", "andon.alerts.v1"), ("after", cursor)])
        #expect(answer.status == 400 && answer.json["detail"]?.text?.contains("published anew") == true)
    }
}
