// Layer: machine and oracle. Quarantined events as they were sent, as they are listed and as they are counted.
import EventModel
import Oracle
import SimulationKit
import Testing

@testable import Query

@Suite("Quarantined events (SPEC 2.7)") struct QuarantineListingTests {
    private static let list = "/api/quarantine"
    private static let stats = "/api/quarantine/stats"

    private func busyPlant(commits: Bool = false) throws -> Plant {
        let plant = Plant()
        try plant.define(.plant(workers: ["W1"], stations: ["S1"]))
        try plant.send(
            [
                event(at(8), .working), event(at(8), .working, "W9", camera: "c1", model: "m1", mark: .unknownWorker),
                event(at(9), .productCount, "W8", count: 7, mark: .unknownWorker),
                event(at(7), .idle, at: "S9", camera: "c1", mark: .unknownWorkstation),
            ], known: at(10), commits: commits)
        try plant.send(
            [event(at(20), .absent, confidence: 500_000, mark: .timestampInFuture)], known: at(11), commits: commits)
        // Sent again, and once more with an earlier created_at that came later into the log.
        try plant.send([event(at(20), .absent, mark: .timestampInFuture)], known: at(12), commits: commits)
        try plant.send([event(at(7), .idle, at: "S9", mark: .unknownWorkstation)], known: at(9), commits: false)
        return plant
    }

    private func positions(_ answer: Answer) -> [String] { answer.items.compactMap { $0["position"]?.text } }

    @Test("winners alone, newest created_at first, then position, with every member", arguments: [true, false])
    func order(_ commits: Bool) throws {
        let answer = try busyPlant(commits: commits).ask(Self.list)
        #expect(positions(answer) == ["0:2:0", "0:1:1", "0:1:2", "0:4:0"])
        #expect(
            answer.items[1]
                == .object([
                    "timestamp": .string(text(at(8))), "created_at": .string(text(at(10))),
                    "position": .string("0:1:1"), "reason": .string("unknown_worker"), "worker_id": .string("W9"),
                    "workstation_id": .string("S1"), "camera_id": .string("c1"), "model_version": .string("m1"),
                    "event_type": .string("working"), "confidence": .number("0.95"), "count": .null,
                ]))
        #expect(answer.items[2]["count"] == .number("7") && answer.items[2]["camera_id"] == .null)
        #expect(answer.json.keys == ["items", "meta"])
    }

    @Test(
        "filters by reason, worker, station, camera, event time and created_at; bounds are half-open",
        arguments: [
            ([("reason", "unknown_worker")], ["0:1:1", "0:1:2"]), ([("reason", "timestamp_in_future")], ["0:2:0"]),
            ([("reason", "unknown_workstation")], ["0:4:0"]), ([("worker_id", "W9")], ["0:1:1"]),
            ([("worker_id", "W1")], ["0:2:0", "0:4:0"]), ([("workstation_id", "S9")], ["0:4:0"]),
            ([("camera_id", "c1")], ["0:1:1"]), ([("worker_id", "nobody")], []), ([("camera_id", "m2")], []),
            ([("from", text(at(8))), ("to", text(at(20)))], ["0:1:1", "0:1:2"]),
            ([("created_from", text(at(10))), ("created_to", text(at(11)))], ["0:1:1", "0:1:2"]),
            ([("created_to", "2026-01-12T10:00")], ["0:4:0"]),
        ] as [([(String, String)], [String])])
    func filters(_ query: [(String, String)], _ expected: [String]) throws {
        for commits in [true, false] {
            let plant = try busyPlant(commits: commits)
            let query = query.map { (name: $0.0, value: $0.1) }
            let answer = try plant.ask(Self.list, query)
            #expect(answer.status == 200 && positions(answer) == expected)
            let counted = try plant.ask(Self.stats, query).items.compactMap { $0["count"]?.text }.compactMap { Int($0) }
            #expect(counted.reduce(0, +) == expected.count)
        }
    }

    @Test("it takes the role operator: a viewer is refused")
    func role() throws {
        let plant = try busyPlant()
        for path in [Self.list, Self.stats] {
            #expect(try plant.ask(path, headers: ["X-API-Key": "viewer"]).status == 403)
            #expect(try plant.ask(path, headers: ["X-API-Key": "operator"]).status == 200)
        }
        #expect(try plant.ask("/api/events", headers: ["X-API-Key": "viewer"]).status == 200)
    }

    @Test("statistics group by reason, worker, workstation and camera, the most first")
    func statistics() throws {
        let plant = try busyPlant()
        try plant.send(
            [
                event(at(10), .idle, "W9", camera: "c1", mark: .unknownWorker),
                event(at(11), .idle, "W9", camera: "c1", model: "m2", mark: .unknownWorker),
            ], known: at(13))
        let answer = try plant.ask(Self.stats)
        #expect(
            answer.items.map { [$0["reason"]?.text, $0["worker_id"]?.text, $0["count"]?.text] } == [
                ["unknown_worker", "W9", "3"], ["timestamp_in_future", "W1", "1"], ["unknown_worker", "W8", "1"],
                ["unknown_workstation", "W1", "1"],
            ])
        #expect(
            answer.items[0]
                == .object([
                    "reason": .string("unknown_worker"), "worker_id": .string("W9"), "workstation_id": .string("S1"),
                    "camera_id": .string("c1"), "count": .number("3"), "oldest": .string(text(at(10))),
                    "newest": .string(text(at(13))),
                ]))
        #expect(answer.json["truncated"] == .bool(false) && answer.json.keys == ["items", "truncated", "meta"])
    }

    @Test("more than 1000 groups are cut, and the answer says so")
    func truncated() throws {
        let plant = Plant()
        try plant.define(.plant())
        for block in 0..<2 {
            try plant.send(
                (0..<600).map { event(at(8), .idle, WorkerID("X\(block * 600 + $0)"), mark: .unknownWorker) },
                known: at(9), commits: block == 0)
        }
        let answer = try plant.ask(Self.stats)
        #expect(answer.items.count == 1000 && answer.json["truncated"] == .bool(true))
    }

    @Test("paging shows every winner exactly once, in order, whatever the page and whatever arrives", arguments: 1...12)
    func paging(_ seed: UInt64) throws {
        let scenario = RandomScenario(seed: seed, size: .init(events: 120))
        let plant = Plant(now: Timestamp.latest.microseconds)
        var log = OracleLog()
        for (offset, record) in scenario.records.enumerated() {
            try plant.source.fold(record.content, commits: offset % 3 == 0)
            log.append(record.content, offset: Int64(offset))
        }
        let winners = log.view(of: Plant.site).quarantined.map { "0:\($0.offset):\($0.index)" }
        let ledger = try plant.ask("/api/ledger").json
        #expect(ledger["quarantined"] == .integer(winners.count))
        for limit in [1, 3, 50] {
            var found: [String] = []
            var cursor: String?
            repeat {
                let more = cursor.map { [(name: "cursor", value: $0)] } ?? []
                let answer = try plant.ask(Self.list, [("limit", String(limit))] + more)
                found += positions(answer)
                cursor = answer.json["next_cursor"]?.text
                #expect(answer.items.count == limit || cursor == nil)
            } while cursor != nil && found.count <= winners.count
            #expect(found == winners, "seed \(seed), limit \(limit)")
        }
        let counts = try plant.ask(Self.stats).items.compactMap { $0["count"]?.text }.compactMap { Int($0) }
        #expect(counts.reduce(0, +) == winners.count && counts == counts.sorted(by: >))
    }

    @Test("a cursor of one listing is refused by another, and by another filter")
    func bound() throws {
        let plant = try busyPlant()
        let first = try plant.ask(Self.list, [("limit", "2")])
        let cursor = try #require(first.json["next_cursor"]?.text)
        #expect(first.header("Link") == "</api/quarantine?limit=2&cursor=\(cursor)>; rel=\"next\"")
        #expect(positions(try plant.ask(Self.list, [("cursor", cursor)])) == ["0:1:2", "0:4:0"])
        #expect(try plant.ask(Self.list, [("cursor", cursor), ("worker_id", "W9")]).status == 400)
        #expect(try plant.ask("/api/events", [("cursor", cursor)]).status == 400)
    }
}
