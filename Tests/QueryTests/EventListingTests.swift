import EventModel
import Oracle
import SimulationKit
import Testing

@testable import Query

@Suite("Listing events (SPEC 8.5)") struct EventListingTests {
    private func busyPlant() throws -> Plant {
        let plant = Plant()
        try plant.define(.plant(workers: ["W1", "W2"], stations: ["S1", "S2"]))
        try plant.send(
            [
                event(at(8), .working, camera: "c1", model: "m1"), event(at(8), .idle, "W2", at: "S2"),
                event(at(9), .productCount, count: 3, confidence: 1_000_000),
                event(at(9), .absent, "W2", confidence: 650_000, mark: .lowConfidence),
                event(at(9), .absent, "W9", mark: .unknownWorker),
            ], known: at(10))
        try plant.send([event(at(7), .working, "W2"), event(at(8), .working, at: "S2")], known: at(11))
        return plant
    }

    private func positions(_ answer: Answer) -> [String] { answer.items.compactMap { $0["position"]?.text } }

    @Test("winners alone, newest event_time first, then position, with every member")
    func order() throws {
        let answer = try busyPlant().ask("/api/events")
        #expect(positions(answer) == ["0:1:2", "0:1:3", "0:1:0", "0:1:1", "0:2:0"])
        #expect(
            answer.items[2]
                == .object([
                    "timestamp": .string(text(at(8))), "worker_id": .string("W1"), "workstation_id": .string("S1"),
                    "event_type": .string("working"), "confidence": .number("0.95"), "count": .null,
                    "camera_id": .string("c1"), "model_version": .string("m1"), "low_confidence": .bool(false),
                    "position": .string("0:1:0"), "created_at": .string(text(at(10))),
                ]))
        #expect(answer.items[0]["count"] == .number("3") && answer.items[0]["confidence"] == .number("1"))
        #expect(answer.items[1]["low_confidence"] == .bool(true) && answer.items[1]["camera_id"] == .null)
        #expect(answer.json.keys == ["items", "meta"], "the last page has no next_cursor")
        #expect(answer.header("Link") == nil)
    }

    @Test(
        "filters by worker, station, type, event time, created_at and known_at; bounds are half-open",
        arguments: [
            ([("worker_id", "W2")], ["0:1:3", "0:1:1", "0:2:0"]), ([("workstation_id", "S2")], ["0:1:1"]),
            ([("event_type", "working")], ["0:1:0", "0:2:0"]), ([("event_type", "product_count")], ["0:1:2"]),
            ([("from", text(at(8))), ("to", text(at(9)))], ["0:1:0", "0:1:1"]),
            ([("created_from", text(at(11)))], ["0:2:0"]),
            ([("created_to", text(at(11)))], ["0:1:2", "0:1:3", "0:1:0", "0:1:1"]),
            ([("known_at", text(at(10)))], ["0:1:2", "0:1:3", "0:1:0", "0:1:1"]),
            ([("worker_id", "W9")], []), ([("worker_id", "nobody")], []), ([("workstation_id", "nowhere")], []),
            ([("worker_id", "W2"), ("workstation_id", "S1"), ("event_type", "working")], ["0:2:0"]),
        ] as [([(String, String)], [String])])
    func filters(_ query: [(String, String)], _ expected: [String]) throws {
        let answer = try busyPlant().ask("/api/events", query.map { (name: $0.0, value: $0.1) })
        #expect(answer.status == 200 && positions(answer) == expected)
    }

    @Test("a cursor belongs to its question: other filters or another site refuse it, another limit does not")
    func bound() throws {
        let plant = try busyPlant()
        let first = try plant.ask("/api/events", [("limit", "2"), ("from", "2026-01-12T00:00:00 01:00")])
        let cursor = try #require(first.json["next_cursor"]?.text)
        #expect(
            first.header("Link")
                == "</api/events?limit=2&from=2026-01-12T00%3A00%3A00%2001%3A00&cursor=\(cursor)>; rel=\"next\"")
        let same = [(name: "from", value: "2026-01-12T00:00:00 01:00"), (name: "cursor", value: cursor)]
        #expect(positions(try plant.ask("/api/events", same)) == ["0:1:0", "0:1:1", "0:2:0"])
        for other in [[], [("from", text(at(1)))], [("worker_id", "W1")]] as [[(name: String, value: String)]] {
            let answer = try plant.ask("/api/events", [("cursor", cursor)] + other)
            #expect(answer.status == 400 && answer.json["parameter"] == .string("cursor"))
        }
        for broken in [String(cursor.dropLast(4)), cursor + "AAAA", "_" + cursor.dropFirst()] {
            #expect(try plant.ask("/api/events", Array(same.prefix(1)) + [("cursor", broken)]).status == 400)
        }
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
        let winners = log.view(of: Plant.site).winners.filter { $0.mark.eventClass != .quarantined }
            .sorted { ($1.time, $0.offset, $0.index) < ($0.time, $1.offset, $1.index) }
            .map { "0:\($0.offset):\($0.index)" }
        for limit in [1, 3, 50] {
            var found: [String] = []
            var cursor: String?
            repeat {
                let more = cursor.map { [(name: "cursor", value: $0)] } ?? []
                let answer = try plant.ask("/api/events", [("limit", String(limit))] + more)
                found += positions(answer)
                cursor = answer.json["next_cursor"]?.text
                #expect(answer.items.count == limit || cursor == nil)
            } while cursor != nil && found.count <= winners.count
            #expect(found == winners, "seed \(seed), limit \(limit)")
        }
    }
}
