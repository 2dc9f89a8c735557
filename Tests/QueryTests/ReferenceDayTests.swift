import EventModel
import Testing

@testable import Query

@Suite("The reference day of SPEC 5, asked over HTTP") struct ReferenceDayTests {
    @Test("workers: every member, to the digit (SPEC 5.2)")
    func workers() throws {
        let answer = try referenceDay().ask("/api/metrics/workers", at(8), at(16))
        #expect(answer.status == 200 && answer.header("Content-Type") == "application/json")
        let expected: [String: JSONText] = [
            "worker_id": .string("W1"), "worker_name": .string("Ana"), "working_us": .number("22500000000"),
            "idle_us": .number("2700000000"), "absent_us": .number("3600000000"), "unknown_us": .number("0"),
            "elapsed_us": .number("28800000000"), "total_active_time_hours": .number("6.25"),
            "total_idle_time_hours": .number("0.75"), "total_absent_time_hours": .number("1"),
            "utilization_percentage": .number("78.13"), "presence_utilization_percentage": .number("89.29"),
            "availability_percentage": .number("87.5"),
            "coverage_percentage": .number("100"), "total_units_produced": .number("5"),
            "units_per_hour": .number("0.8"), "last_seen": .string("2026-01-12T15:30:00.000000Z"),
            "current_state": .string("idle"), "current_workstation_id": .string("S1"),
        ]
        #expect(answer.items == [.object(expected)])
        #expect(answer.json.keys == ["items", "meta"])
    }

    @Test("a window inside the day counts state from before it (SPEC 4.4)")
    func inside() throws {
        let worker = try #require(referenceDay().ask("/api/metrics/workers", at(8.5), at(9.5)).items.first)
        #expect(worker["working_us"] == .number("3600000000") && worker["total_units_produced"] == .number("0"))
        #expect(worker["utilization_percentage"] == .number("100") && worker["units_per_hour"] == .number("0"))
    }

    @Test("workstations: every member, to the digit (SPEC 5.3)")
    func workstations() throws {
        let answer = try referenceDay().ask("/api/metrics/workstations", at(8), at(16))
        let expected: [String: JSONText] = [
            "workstation_id": .string("S1"), "workstation_name": .string("Press"), "capacity": .number("2"),
            "present_us": .number("25200000000"), "working_us": .number("22500000000"),
            "elapsed_us": .number("28800000000"), "occupancy_time_hours": .number("7"),
            "occupancy_percentage": .number("87.5"), "capacity_occupancy_percentage": .number("43.75"),
            "utilization_percentage": .number("89.29"),
            "total_units_produced": .number("5"), "throughput_rate": .number("0.71"),
            "current_workers": .number("1"), "last_activity": .string("2026-01-12T15:30:00.000000Z"),
        ]
        #expect(answer.items == [.object(expected)])
    }

    @Test("factory: every member, to the digit; no target, no variance (SPEC 5.4)")
    func factory() throws {
        let answer = try referenceDay().ask("/api/metrics/factory", at(8), at(16))
        let expected: [String: JSONText] = [
            "total_productive_time_hours": .number("6.25"), "working_us": .number("22500000000"),
            "elapsed_us": .number("28800000000"), "total_production_count": .number("5"),
            "average_utilization_percentage": .number("78.13"), "average_production_rate": .number("0.63"),
            "active_workers": .number("1"), "active_workstations": .number("1"), "target_units": .null,
            "target_variance_percentage": .null, "coverage_percentage": .number("100"),
            "time_range_start": .string("2026-01-12T08:00:00.000000Z"),
            "time_range_end": .string("2026-01-12T16:00:00.000000Z"),
        ]
        for (name, value) in expected { #expect(answer.json[name] == value, "\(name)") }
        #expect(answer.json.keys == Set(expected.keys).union(["meta"]))
    }

    @Test("explain: intervals and counts that add up to the worker's figures (SPEC 5.9)")
    func explain() throws {
        let plant = try referenceDay()
        let answer = try plant.ask("/api/explain", at(9), at(12.5), [("worker_id", "W1")])
        let intervals = try #require(answer.json["intervals"]).elements
        #expect(intervals.compactMap { $0["state"]?.text } == ["working", "idle", "working", "absent"])
        #expect(
            intervals[0]
                == .object([
                    "state": .string("working"), "workstation_id": .string("S1"), "from": .string(text(at(9))),
                    "to": .string(text(at(10.25))), "events": .number("1"), "position": .string("0:1:0"),
                    "created_at": .string(text(at(24))),
                ]))
        #expect(
            answer.json["counts"]
                == .array([
                    .object([
                        "timestamp": .string(text(at(10))), "workstation_id": .string("S1"), "count": .number("5"),
                        "position": .string("0:1:1"), "created_at": .string(text(at(24))),
                    ])
                ]))
        #expect(
            answer.json["totals"]
                == .object([
                    "working_us": .integer(at(2.75) - monday), "idle_us": .integer(at(0.25) - monday),
                    "absent_us": .integer(at(0.5) - monday), "unknown_us": .number("0"),
                    "elapsed_us": .integer(at(3.5) - monday), "total_units_produced": .number("5"),
                ]))
        #expect(answer.json.keys == ["intervals", "counts", "totals", "meta"])
    }

    @Test("ledger: what was received is folded, a duplicate, marked or quarantined (SPEC 7.4)")
    func ledger() throws {
        let plant = try referenceDay()
        try plant.send([
            event(at(8), .working), event(at(9), .idle, mark: .lowConfidence),
            event(at(9), .idle, "W9", mark: .unknownWorker),
        ])
        let answer = try plant.ask("/api/ledger")
        let expected = [
            "received": 10, "folded": 7, "duplicates": 1, "low_confidence": 1, "quarantined": 1, "definitions": 1,
        ]
        for (name, value) in expected { #expect(answer.json[name] == .integer(value), "\(name)") }
        #expect(
            answer.json["rejected"]
                == .object(["unknown_worker": .number("2"), "invalid_type": .number("1")]), "as the process counts them"
        )
        #expect(answer.json.keys == Set(expected.keys).union(["rejected", "meta"]))
        #expect(answer.meta?["from"] == .null && answer.meta?["known_at"] == .null)
    }

    @Test("meta: every member (SPEC 5.8)")
    func meta() throws {
        let plant = try referenceDay()
        plant.now = at(24) + 1_234_567
        let answer = try plant.ask("/api/metrics/factory", at(8), at(16), known: at(24))
        #expect(
            answer.meta
                == .object([
                    "site_id": .string("plant"), "from": .string(text(at(8))), "to": .string(text(at(16))),
                    "known_at": .string(text(at(24))), "time_zone": .string("UTC"), "spec": .number("2"),
                    "definition": .number("1"), "settled": .bool(false), "positions": .object(["0": .number("2")]),
                    "newest_event_time": .string(text(at(15.5))), "newest_created_at": .string(text(at(24))),
                    "freshness_seconds": .number("1.235"),
                ]))
    }

    @Test("names fall back to ids; people's names come from the registry alone (SPEC 3)")
    func names() throws {
        let plant = Plant()
        try plant.define(.plant { $0.workers[0].name = "Ana" })
        let worker = try #require(plant.ask("/api/metrics/workers").items.first)
        #expect(worker["worker_name"] == .string("W1"))
        let station = try #require(plant.ask("/api/metrics/workstations").items.first)
        #expect(station["workstation_name"] == .string("S1"))
        plant.register(.plant { $0.workers[0].name = "Ana" })
        #expect(try plant.ask("/api/metrics/workers").items.first?["worker_name"] == .string("Ana"))
        plant.register(.plant { $0.workers[0].name = "Bea \"B\"" })
        #expect(try plant.ask("/api/metrics/workers").items.first?["worker_name"] == .string("Bea \"B\""))
    }
}
