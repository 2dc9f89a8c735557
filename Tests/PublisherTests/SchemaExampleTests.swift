// Layer: the published contract. What it cannot see: whether values keep to their limits; consumers in other languages do.
import EventLog
import EventModel
import Foundation
import JSON
import Testing

@testable import Publisher

@Suite("Records of the publisher and the examples of their JSON Schemas", .timeLimit(.minutes(10)))
struct SchemaExampleTests {
    /// The examples of `Schemas/andon/v1/NAME.schema.json`.
    private func examples(_ name: String) throws -> [NSDictionary] {
        let top = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = top.appending(path: "Schemas/andon/v1/\(name).schema.json")
        let schema = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any]
        let examples = try #require(schema?["examples"] as? [NSDictionary])
        try #require(!examples.isEmpty)
        return examples
    }

    /// Names of all members, those of inner objects as `outer.inner`.
    private func members(_ value: Any, _ path: String = "") -> Set<String> {
        guard let object = value as? [String: Any] else { return [] }
        return object.reduce(into: []) { names, member in
            names.insert(path + member.key)
            names.formUnion(members(member.value, path + member.key + "."))
        }
    }

    /// Those of a record without the objects that it may lack.
    private func names(_ names: Set<String>, of record: StageRecord) -> Set<String> {
        names.filter { name in
            !(record.previous == nil && name.hasPrefix("previous."))
                && !(record.cause == nil && name.hasPrefix("cause."))
        }
    }

    /// Name of the schema of a kind's records.
    private func schema(_ kind: MetricKind) -> String { kind == .alert ? "alert" : "\(kind.name)-metric" }

    @Test(
        "every published record has the members of its schema's example, and no others", arguments: MetricKind.allCases)
    func metrics(kind: MetricKind) throws {
        let stage = try Stage(now: at(9, 10))
        let fold = try stage.fold()
        let core = try stage.core(fold)
        try fold.apply(
            .definition(createdAt: at(8)) {
                $0.targetMicrounitsPerHour = 120_000_000
                $0.shifts = [SiteDefinition.Shift(name: "early", startMinute: 360, endMinute: 840)]
            })
        let doubtful = (Int64(0)..<30).map { second in
            var sample = event(at(9, 0, second), .working, worker: "W2")
            sample.confidence = 500_000
            return sample
        }
        try fold.apply(
            .events([event(at(9), .working), event(at(9, 1), .productCount)] + doubtful, createdAt: at(9)))
        try fold.commit()
        stage.round(core)
        stage.round(core)
        try fold.apply(.events([event(at(9, 2), .idle)], createdAt: at(9, 10)))
        try fold.commit()
        stage.round(core)
        stage.round(core)
        // The example of an alert is about a camera.
        let records = stage.records(kind).filter { kind != .alert || $0.text("scope") == "camera" }
        let example = members(try examples(schema(kind))[0])
        #expect(records.contains { $0.previous == nil } && records.contains { $0.previous != nil })
        for record in records {
            #expect(members(record.members) == names(example, of: record))
        }
    }

    @Test("the examples of metric schemas are read as records", arguments: MetricKind.allCases)
    func reading(kind: MetricKind) throws {
        for example in try examples(schema(kind)) {
            let names = ["kind", "scope", "shift", "worker_id", "workstation_id", "camera_id", "model_version"]
            var entity = names.compactMap { example[$0] }.map { Array((($0 as? String) ?? "").utf8) }
            if example["scope"] as? String == "site" { entity.append([]) }
            let text = example[kind == .shift ? "start" : "hour_start"] as? String
            let start = try #require(text.flatMap { Timestamp(rfc3339: $0) })
            let key = MetricKey(site: "plant-1", entity: entity, hourStart: start.microseconds)
            let followed = FollowedRecord(
                position: RecordPosition(partition: PartitionIndex(7), offset: LogOffset(0)), key: key.bytes,
                value: Array(try JSONSerialization.data(withJSONObject: example)), headers: [], timestamp: start)
            let received = try #require(ReceivedMetric(followed, kind: kind))
            let state = try #require(received.state)
            #expect(received.key == key)
            #expect(state.status.rawValue == example["status"] as? String)
            #expect(state.epoch == "00112233445566778899aabbccddeeff")
            var writer = JSONWriter()
            writer.object { state.figures.write(to: &$0) }
            let basis = try JSONSerialization.jsonObject(with: Data(writer.bytes)) as? NSDictionary
            #expect(PublishedFigures(stored: state.figures.stored, kind) == state.figures)
            let previous = try examples(schema(kind))[0]["previous"] as? NSDictionary
            let figures = try #require(previous?["figures"] as? NSDictionary)
            let said = try #require(basis as? [String: Any])
            // A closed alert has no figures.
            #expect(members(said) == (state.status == .closed ? [] : members(figures)))
            for (name, value) in said { expectSame(value, example[name] ?? NSNull(), name) }
        }
    }

    /// Whether a figure is what the record says; an object may have more there.
    private func expectSame(_ figure: Any, _ told: Any, _ name: String) {
        if let inner = figure as? [String: Any], let object = told as? [String: Any] {
            for (part, value) in inner { expectSame(value, object[part] ?? NSNull(), "\(name).\(part)") }
        } else {
            #expect((figure as? NSObject) == (told as? NSObject), "\(name)")
        }
    }

    @Test("a quarantined event has the members of its schema's example, and no others")
    func quarantine() throws {
        let stage = try Stage(now: at(9, 10))
        let fold = try stage.fold()
        let core = try stage.core(fold)
        let events = [
            event(at(9), .working, worker: "W9", mark: .unknownWorker),
            event(at(9), .productCount, worker: "W9", mark: .unknownWorker),
        ]
        try fold.apply(.events(events, createdAt: at(9)))
        try fold.commit()
        stage.round(core)
        let records = stage.topics.records(stage.names.quarantine, PartitionIndex(0))
        #expect(records.count == 2)
        let example = members(try examples("quarantine")[0])
        for record in records {
            let value = try #require(record.value)
            #expect(members(try JSONSerialization.jsonObject(with: Data(value))) == example)
        }
    }
}
