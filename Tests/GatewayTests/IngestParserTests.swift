import EventModel
import Testing

@testable import Gateway

@Suite("Reading and judging ingest bodies")
struct IngestParserTests {
    @Test("every field of an event reaches its column (SPEC 2.1)")
    func columns() throws {
        let request = try parse(
            """
            {"events":[{"timestamp":"2026-01-12T07:00:00.1234567+01:00","worker_id":"w\\u0031","workstation_id":"s2",
            "event_type":"product_count","confidence":0.7654321,"count":12,"camera_id":"c\\u00e9","model_version":"m",
            "extra":{"worker_id":"x","deep":[1,{"a":null}]}}]}
            """)
        let batch = request.batch
        #expect(request.rejections.isEmpty && request.indexes == [0] && request.eventCount == 1)
        #expect(batch.times == [1_768_197_600_123_456])
        #expect(batch.types == [.productCount] && batch.marks == [.accepted] && batch.counts == [12])
        #expect(batch.confidences == [765_432])
        #expect(batch.ids[Int(batch.workers[0])] == Array("w1".utf8))
        #expect(batch.ids[Int(batch.workstations[0])] == Array("s2".utf8))
        #expect(batch.ids[Int(batch.cameras[0]) - 1] == Array("cé".utf8))
        #expect(batch.ids[Int(batch.modelVersions[0]) - 1] == Array("m".utf8))
        #expect(batch.siteID == "plant" && batch.definitionVersion == 1)
    }

    @Test("ids are stored once per request and columns of reused requests start afresh")
    func dictionary() throws {
        let parser = try #require(IngestParser())
        let request = ParsedRequest()
        for _ in 0..<2 {
            let body = Array("[\(eventJSON()),\(eventJSON()),\(eventJSON(["worker_id": "\"s1\""]))]".utf8)
            try body.withUnsafeBytes { try parser.read($0, .batch) }
            parser.judge(by: makeRoster(), into: request)
            #expect(request.batch.count == 3 && request.batch.ids.count == 2 && request.hashes.count == 2)
            #expect(request.batch.marks == [.accepted, .accepted, .unknownWorker])
        }
    }

    static let faults: [(String, String?, Verdict, EventField)] = [
        ("timestamp", nil, .missingField, .timestamp), ("worker_id", nil, .missingField, .workerID),
        ("workstation_id", nil, .missingField, .workstationID), ("event_type", nil, .missingField, .eventType),
        ("confidence", nil, .missingField, .confidence),
        ("timestamp", "5", .invalidType, .timestamp), ("timestamp", "null", .invalidType, .timestamp),
        ("worker_id", "[]", .invalidType, .workerID), ("workstation_id", "{}", .invalidType, .workstationID),
        ("event_type", "true", .invalidType, .eventType), ("confidence", "\"0.9\"", .invalidType, .confidence),
        ("confidence", "\"NaN\"", .invalidType, .confidence), ("confidence", "null", .invalidType, .confidence),
        ("count", "\"1\"", .invalidType, .count), ("camera_id", "1", .invalidType, .cameraID),
        ("model_version", "false", .invalidType, .modelVersion), ("site_id", "1", .invalidType, .siteID),
        ("timestamp", "\"2026-01-12T06:00:00\"", .invalidTimestamp, .timestamp),
        ("timestamp", "\"2026-02-30T06:00:00Z\"", .invalidTimestamp, .timestamp),
        ("timestamp", "\"2026-01-12T06:00:60Z\"", .invalidTimestamp, .timestamp),
        ("timestamp", "\"\"", .invalidTimestamp, .timestamp),
        ("event_type", "\"Working\"", .invalidEventType, .eventType),
        ("event_type", "\"\"", .invalidEventType, .eventType),
        ("event_type", "\"idles\"", .invalidEventType, .eventType),
        ("confidence", "1.000001", .invalidConfidence, .confidence),
        ("confidence", "-0.1", .invalidConfidence, .confidence),
        ("confidence", "1e308", .invalidConfidence, .confidence),
        ("confidence", "1e400", .invalidConfidence, .confidence),
        ("confidence", "123456789012345678901234567890", .invalidConfidence, .confidence),
        ("count", "1.0", .invalidCount, .count), ("count", "2", .invalidCount, .count),
        ("count", "1e0", .invalidCount, .count), ("count", "-1", .invalidCount, .count),
        ("count", "18446744073709551616", .invalidCount, .count),
        ("worker_id", "\"\"", .invalidID, .workerID), ("worker_id", "\"a\\u0000\"", .invalidID, .workerID),
        ("workstation_id", "\"\\u007f\"", .invalidID, .workstationID), ("camera_id", "\"\\n\"", .invalidID, .cameraID),
        ("model_version", "\"\u{85}\"", .invalidID, .modelVersion),
        ("site_id", "\"other\"", .wrongSite, .siteID), ("site_id", "\"\"", .wrongSite, .siteID),
    ]

    @Test("each rule that an event breaks gives its verdict and names the field (SPEC 2.3)", arguments: faults)
    func eachRule(name: String, value: String?, expected: Verdict, field: EventField) throws {
        let (verdict, named) = try verdict(eventJSON([name: value]))
        #expect(verdict == expected && named == field)
    }

    @Test("an event that breaks several rules gets the first (SPEC 2.3)")
    func firstRule() throws {
        // From the last rule to the first: each step breaks one more.
        let steps: [(String, String?, Verdict)] = [
            ("workstation_id", "\"nowhere\"", .unknownWorkstation), ("worker_id", "\"nobody\"", .unknownWorker),
            ("site_id", "\"other\"", .wrongSite), ("camera_id", "\"\"", .invalidID), ("count", "2", .invalidCount),
            ("confidence", "7", .invalidConfidence), ("event_type", "\"x\"", .invalidEventType),
            ("timestamp", "\"x\"", .invalidTimestamp), ("model_version", "7", .invalidType),
            ("worker_id", nil, .missingField),
        ]
        var changes: [String: String?] = [:]
        for (name, value, expected) in steps {
            changes[name] = .some(value)
            #expect(try verdict(eventJSON(changes)).0 == expected)
        }
    }

    @Test("counts and ids at their limits are valid, beyond them are not (SPEC 2.1)")
    func limits() throws {
        func check(_ changes: [String: String?]) throws -> Verdict { try verdict(eventJSON(changes)).0 }
        #expect(try check(["event_type": "\"product_count\"", "count": "1000000"]) == .accepted)
        #expect(try check(["event_type": "\"product_count\"", "count": "1000001"]) == .invalidCount)
        #expect(try check(["event_type": "\"product_count\"", "count": "0"]) == .invalidCount)
        #expect(try check(["count": "0"]) == .accepted)
        #expect(try check(["count": "1"]) == .accepted)
        #expect(
            try check(["count": "null", "camera_id": "null", "model_version": "null", "site_id": "null"]) == .accepted)
        #expect(try check(["camera_id": "\"\(String(repeating: "x", count: 128))\""]) == .accepted)
        #expect(try check(["camera_id": "\"\(String(repeating: "x", count: 129))\""]) == .invalidID)
        #expect(try check(["camera_id": "\"\(String(repeating: "é", count: 64))\""]) == .accepted)
        #expect(try check(["camera_id": "\"\(String(repeating: "é", count: 65))\""]) == .invalidID)
        #expect(try check(["confidence": "1.0000004"]) == .accepted)
        #expect(try check(["confidence": "0"]) == .accepted)
    }

    @Test("a product_count without count counts one, a state none (SPEC 2.1)")
    func defaultCount() throws {
        let request = try parse("[\(eventJSON(["event_type": "\"product_count\""])),\(eventJSON(["count": "1"]))]")
        #expect(request.batch.counts == [1, 0])
    }

    @Test("of duplicate keys the last wins, also where the name is written with escapes (SPEC 2.1)")
    func duplicateKeys() throws {
        let twice =
            eventJSON().dropLast() + #","confidence":"x","confidence":0.5,"\u0063ount":1,"count":9,"count":null}"#
        let request = try parse("[\(twice)]")
        #expect(request.rejections.isEmpty && request.batch.confidences == [500_000])
        let events = try parse(#"{"events":[1,2,3],"events":[\#(eventJSON())]}"#)
        #expect(events.eventCount == 1 && events.batch.count == 1)
        #expect(throws: BodyFault.noList) { try parse(#"{"events":[\#(eventJSON())],"events":null}"#) }
    }

    @Test("one bad element never costs the others (SPEC 2.4)")
    func badElements() throws {
        let request = try parse("[1,\(eventJSON()),null,[],\"x\",\(eventJSON(["confidence": "1e999"])),\(eventJSON())]")
        #expect(request.indexes == [1, 6])
        #expect(request.rejections.map(\.index) == [0, 2, 3, 4, 5])
        #expect(
            request.rejections.map(\.verdict) == [
                .invalidJSON, .invalidJSON, .invalidJSON, .invalidJSON, .invalidConfidence,
            ])
    }

    @Test("a site named at the top level applies to the events that name none (SPEC 2.2)")
    func envelopeSite() throws {
        let parser = try #require(IngestParser())
        let body = Array(
            #"{"events":[\#(eventJSON()),\#(eventJSON(["site_id": "\"plant\""]))],"site_id":"other"}"#.utf8)
        try body.withUnsafeBytes { try parser.read($0, .batch) }
        #expect(parser.namedSite(.batch) == Array("other".utf8))
        let request = ParsedRequest()
        parser.judge(by: makeRoster(), into: request)
        #expect(
            request.rejections == [
                Rejection(index: 0, verdict: .wrongSite, field: .siteID, value: .string(Array("other".utf8)))
            ])
        #expect(request.indexes == [1])
    }

    @Test("an id that needs Unicode normalisation is another id")
    func normalisation() throws {
        var definition = makeDefinition()
        definition.workers = [SiteDefinition.Worker(workerID: "caf\u{e9}")]
        let roster = makeRoster(definition)
        #expect(try verdict(eventJSON(["worker_id": "\"caf\u{e9}\""]), by: roster).0 == .accepted)
        #expect(try verdict(eventJSON(["worker_id": "\"cafe\u{301}\""]), by: roster).0 == .unknownWorker)
    }
}
