import EventLog
import EventModel
import Foundation
import Testing

@testable import Publisher

@Suite("The quarantine topic (DESIGN 3, SPEC 2.7)", .timeLimit(.minutes(10)))
struct QuarantineTests {
    private func content() -> RecordContent {
        .events(
            [
                event(at(9), .working), event(at(9, 1), .idle, worker: "W9", mark: .unknownWorker),
                event(at(9, 1), .idle, worker: "W9", mark: .unknownWorker),
                event(at(9, 2), .productCount, at: "S9", count: 4, mark: .unknownWorkstation),
                event(at(19), .idle, mark: .timestampInFuture),
            ], createdAt: at(9, 5))
    }

    private func records(_ stage: Stage) throws -> [[String: Any]] {
        try stage.topics.records(stage.names.quarantine, PartitionIndex(0)).map { record in
            #expect(record.key == Stage.site.bytes)
            let json = try JSONSerialization.jsonObject(with: Data(try #require(record.value)))
            return try #require(json as? [String: Any])
        }
    }

    @Test("every quarantined event is published with its reason, its position and the headers of a dead letter")
    func published() throws {
        let stage = try Stage(now: at(9, 10))
        let fold = try stage.fold()
        try fold.apply(.definition(createdAt: at(8)))
        try fold.apply(content())
        try fold.commit()
        stage.round(try stage.core(fold))
        let found = try records(stage)
        // The log holds them all; that one of them repeats another is the fold's business.
        #expect(found.compactMap { $0["position"] as? String } == ["0:1:1", "0:1:2", "0:1:3", "0:1:4"])
        let reasons = ["unknown_worker", "unknown_worker", "unknown_workstation", "timestamp_in_future"]
        #expect(found.compactMap { $0["reason"] as? String } == reasons)
        #expect(found[2]["workstation_id"] as? String == "S9")
        #expect(found[2]["count"] as? Int == 4)
        #expect(found[0]["count"] is NSNull)
        #expect(found[0]["worker_id"] as? String == "W9")
        #expect(found[0]["camera_id"] as? String == "C1")
        #expect(found[0]["created_at"] as? String == "2026-01-12T09:05:00.000000Z")
        let record = stage.topics.records(stage.names.quarantine, PartitionIndex(0))[0]
        let headers = Dictionary(
            record.headers.map { ($0.name, String(decoding: $0.value, as: UTF8.self)) }, uniquingKeysWith: { $1 })
        #expect(headers["ce_id"] == "0:1:1")
        #expect(headers["__streams.errors.topic"] == "test.events.v1")
        #expect(headers["__streams.errors.partition"] == "0")
        #expect(headers["__streams.errors.offset"] == "1")
        #expect(headers["__streams.errors.exception"] == "unknown_worker")
    }

    @Test("a restart goes on where it stopped, and what was published stays in the store for questions")
    func resumes() throws {
        let stage = try Stage(now: at(9, 10))
        let fold = try stage.fold()
        try fold.apply(content())
        try fold.commit()
        stage.round(try stage.core(fold))
        #expect(try records(stage).count == 4)
        try fold.apply(content())
        try fold.commit()
        let core = try stage.core(fold)
        stage.round(core)
        #expect(try records(stage).count == 8)
        #expect(try fold.quarantined(after: LogOffset(-1), index: 0, limit: 100).count == 8)
        try fold.apply(.events([event(at(9, 8), .idle)], createdAt: at(9, 9)))
        try fold.commit()
        #expect(try fold.quarantined(after: LogOffset(-1), index: 0, limit: 100).count == 8)
    }

    @Test("events that were not delivered are sent again")
    func fails() throws {
        let stage = try Stage(now: at(9, 10))
        let fold = try stage.fold()
        try fold.apply(content())
        try fold.commit()
        let core = try stage.core(fold)
        stage.topics.fail(with: LogError(.unavailable, "the test wants it"))
        for _ in 0..<3 { stage.round(core) }
        stage.topics.fail(with: nil)
        stage.round(core)
        #expect(try records(stage).count == 4)
    }
}
