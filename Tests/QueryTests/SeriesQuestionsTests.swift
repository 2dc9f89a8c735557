import EventModel
import Testing

@testable import Query

@Suite("Questions about shifts and series (SPEC 5.5–5.7, 5.10, 6.3, 6.6)") struct SeriesQuestionsTests {
    private static let trend = "/api/metrics/trend"
    private static let heatMap = "/api/metrics/heatmap"
    private static let day = [(name: "from", value: "2026-01-12"), (name: "to", value: "2026-01-13")]

    private func utc(_ text: String) throws -> Int64 { try #require(Timestamp(rfc3339: text)).microseconds }

    /// Berlin: two shifts that touch at 14:00. Ana works 05:00 to 20:00 UTC and makes a unit every quarter of an hour, but
    /// none from 14:00 to 14:15 local time.
    private func plant(now: String = "2026-01-14T12:00:00Z") throws -> Plant {
        let plant = Plant(now: try utc(now))
        let definition = SiteDefinition.plant(zone: "Europe/Berlin", workers: ["W1", "W2"], stations: ["S1", "S2"]) {
            $0.workers[0].name = "Ana"
            $0.shifts = [
                .init(name: "early", startMinute: 360, endMinute: 840, days: 0b001_1111),
                .init(name: "late", startMinute: 840, endMinute: 1320, days: 0b001_1111),
            ]
            $0.targetMicrounitsPerHour = 4_000_000
        }
        plant.register(definition)
        try plant.define(definition)
        try plant.send([event(at(5), .working), event(at(20), .absent)])
        try plant.send(
            (20..<80).filter { $0 != 52 }.map { event(at(Double($0) / 4) + 1, .productCount, count: 1) })
        return plant
    }

    @Test("the instances of a day's shifts are listed with their figures and what their handover did")
    func shifts() throws {
        let items = try plant().ask("/api/metrics/shifts", Self.day).items
        #expect(items.map { $0["shift"]?.text } == ["early", "late"])
        #expect(items.allSatisfy { $0["date"] == .string("2026-01-12") && $0["status"] == .string("over") })
        #expect(items[0]["start"] == .string("2026-01-12T05:00:00.000000Z"))
        #expect(items[0]["total_production_count"] == .number("32") && items[0]["target_units"] == .number("32"))
        #expect(items[1]["total_production_count"] == .number("27"))
        #expect(items[1]["target_variance_percentage"] == .number("-15.62"))
        let handover = items[1]["handover"]
        #expect(handover?["started"] == .array([.string("late")]) && handover?["ended"] == .array([.string("early")]))
        #expect(handover?["units"] == .number("0") && handover?["baseline_units"] == .number("8"))
        #expect(handover?["dip_percentage"] == .number("100") && handover?["baseline_rate"] == .number("4"))
        #expect(handover?["utilization_percentage"] == .number("100"))
    }

    @Test("a shift that still runs is clipped to now, and its target counts only the time that passed")
    func running() throws {
        let running = try plant(now: "2026-01-12T15:00:00Z").ask("/api/metrics/shifts", [("period", "shift")])
        let item = try #require(running.items.first)
        #expect(running.items.count == 1 && item["status"] == .string("running"))
        #expect(item["to"] == .string("2026-01-12T15:00:00.000000Z"))
        #expect(item["end"] == .string("2026-01-12T21:00:00.000000Z") && item["target_units"] == .number("8"))
        #expect(running.header("ETag") == nil)
        // The window is over, the shift is not: a moment later it may be over, too.
        let part = [(name: "from", value: "2026-01-12T14:30"), (name: "to", value: "2026-01-12T15:00")]
        #expect(try plant(now: "2026-01-12T15:00:00Z").ask("/api/metrics/shifts", part).header("ETag") == nil)
        #expect(try plant(now: "2026-01-16T15:00:00Z").ask("/api/metrics/shifts", part).header("ETag") != nil)
    }

    @Test("a shift that ends now is over, a microsecond earlier it runs (SPEC 5.5)")
    func endsNow() throws {
        for (now, status) in [("2026-01-12T13:00:00Z", "over"), ("2026-01-12T12:59:59.999999Z", "running")] {
            #expect(
                try plant(now: now).ask("/api/metrics/shifts", Self.day).items.first?["status"] == .string(status))
        }
    }

    @Test("the 7 days before an end inside an hour begin inside an hour, too (SPEC 6.3)")
    func trailing() throws {
        let week = 7.0 * 24
        let plant = Plant(now: at(week + 12.5))
        try plant.define(.plant())
        try plant.send(
            [
                event(at(12.25), .working, confidence: 500_000), event(at(12.75), .idle, confidence: 600_000),
                event(at(week + 11.5), .working, confidence: 700_000),
                event(at(week + 12.25), .idle, confidence: 900_000),
            ], known: at(week + 12.4))
        let hours = try plant.ask("/api/metrics/model-health/trend", [("days", "1")]).json["hours"]?.elements ?? []
        #expect(hours.map { $0["avg_confidence"] } == [.number("0.7"), .number("0.9")])
        // The whole hour at 11 sees all of the hour at 12 a week before; the cut one sees what came after half past.
        #expect(hours.map { $0["trailing_avg_confidence"] } == [.number("0.6"), .number("0.7333")])
    }

    @Test("handovers are one for each distinct start in the window")
    func handovers() throws {
        let items = try plant().ask("/api/metrics/handover", Self.day).items
        #expect(items.map { $0["at"]?.text } == ["2026-01-12T05:00:00.000000Z", "2026-01-12T13:00:00.000000Z"])
        #expect(items[0]["ended"] == .array([]))
    }

    @Test("without shifts there are no instances and no handovers")
    func noShifts() throws {
        let plant = try referenceDay()
        for path in ["/api/metrics/shifts", "/api/metrics/handover"] {
            #expect(try plant.ask(path, at(8), at(16)).json["items"] == .array([]))
        }
    }

    @Test("a trend of the factory, a worker or a station has a bucket for each hour of the wall clock")
    func trends() throws {
        let plant = try plant()
        let factory = try plant.ask(Self.trend, Self.day).items
        #expect(factory.count == 24 && factory[6]["total_production_count"] == .number("4"))
        #expect(factory[6]["from"] == .string("2026-01-12T05:00:00.000000Z"))
        #expect(factory[6]["time_range_start"] == nil && factory[6]["active_workers"] == .number("1"))
        let worker = try plant.ask(Self.trend, Self.day + [("of", "worker:W1"), ("bucket", "day")]).items
        #expect(worker.count == 1 && worker[0]["working_us"] == .integer(15 * Microseconds.hour))
        #expect(worker[0]["worker_id"] == .string("W1") && worker[0]["current_state"] == nil)
        #expect(worker[0]["worker_name"] == nil && worker[0]["last_seen"] == nil)
        let station = try plant.ask(Self.trend, Self.day + [("of", "workstation:S1"), ("within", "shift:late")]).items
        #expect(station[13]["elapsed_us"] == .number("0") && station[14]["elapsed_us"] == .integer(Microseconds.hour))
        #expect(
            station[14]["capacity"] == .number("1") && station[14]["capacity_occupancy_percentage"] == .number("100"))
    }

    @Test("a heat map has a row for everybody whom the lists show, with names")
    func heatMap() throws {
        let plant = try plant()
        let workers = try plant.ask(Self.heatMap, Self.day + [("of", "workers"), ("bucket", "day")])
        #expect(workers.json["buckets"]?.elements.count == 1)
        let rows = workers.json["rows"]?.elements ?? []
        #expect(rows.map { $0["name"]?.text } == ["Ana", "W2"])
        #expect(rows[0]["units"] == .array([.number("59")]) && rows[1]["utilization_percentage"] == .array([.null]))
        let cameras = try plant.ask(Self.heatMap, Self.day + [("of", "cameras"), ("bucket", "day")]).json
        // UTC days: the day in Berlin is two of them.
        #expect(cameras["buckets"]?.elements.count == 2)
        #expect(cameras["rows"]?.elements.map { $0["id"] } == [.null])
    }

    @Test("another name of a worker changes the tag of a heat map of workers, and of no other one")
    func names() throws {
        let plant = try plant()
        func tags() throws -> [String?] {
            try ["workers", "workstations"].map {
                try plant.ask(Self.heatMap, Self.day + [("of", $0)]).header("ETag")
            }
        }
        let before = try tags()
        plant.register(.plant(zone: "Europe/Berlin", workers: ["W1", "W2"]) { $0.workers[0].name = "Anna" })
        let after = try tags()
        #expect(before.allSatisfy { $0 != nil } && before[0] != after[0] && before[1] == after[1])
    }

    @Test("a drift is measured from as long a window just before, or from the one that is named")
    func drift() throws {
        let plant = try plant()
        let path = "/api/metrics/model-health/drift"
        let half = [(name: "from", value: "2026-01-12T12:00"), (name: "to", value: "2026-01-12T18:00")]
        let before = try plant.ask(path, half).json
        #expect(before["samples"] == .number("23") && before["baseline_samples"] == .number("25"))
        #expect(before["drift"] == .string("unknown") && before["groups"] == .array([]))
        #expect(before["baseline_from"]?.text == "2026-01-12T05:00:00.000000Z")
        #expect(before["baseline_to"]?.text == "2026-01-12T11:00:00.000000Z")
        let named = half + [("baseline_from", "2026-01-12"), ("baseline_to", "2026-01-12T07:00")]
        #expect(try plant.ask(path, named).json["baseline_samples"] == .number("5"))
    }

    @Test(
        "a question that makes no sense is 400 and says what does (SPEC 2.5)",
        arguments: [
            ("/api/metrics/trend", "bucket", "fortnight", "must be hour, day, week or month"),
            ("/api/metrics/heatmap?workers", "bucket", "week", "must be hour or day"),
            ("/api/metrics/trend", "of", "camera:C1", "must be factory, worker:ID or workstation:ID"),
            ("/api/metrics/trend", "of", "worker:", "must be 1 to 128 bytes without control characters"),
            ("/api/metrics/trend", "within", "shift:night", "the site has no such shift; it has early, late"),
            ("/api/metrics/heatmap", "of", "shifts", "must be workers, workstations or cameras"),
            ("/api/metrics/model-health/trend", "days", "93", "must be a whole number from 1 to 92"),
            ("/api/metrics/model-health/trend", "days", "0", "must be a whole number from 1 to 92"),
            ("/api/metrics/model-health/drift", "baseline_from", "2026-01-12", "give both or none"),
        ])
    func malformed(_ path: String, _ name: String, _ value: String, _ message: String) throws {
        let parts = path.split(separator: "?").map(String.init)
        let of = parts.count > 1 ? [(name: "of", value: parts[1])] : []
        let answer = try plant().ask(parts[0], Self.daysOnly(path) + of + [(name, value)])
        #expect(answer.status == 400)
        #expect(answer.json["detail"]?.text?.contains(message) == true, "\(answer.json)")
    }

    private static func daysOnly(_ path: String) -> [(name: String, value: String)] {
        path.hasSuffix("model-health/trend") ? [] : day
    }

    @Test("more than 1000 buckets, a million cells or 1000 shifts are 400; one less is answered (SPEC 5.7, 5.10)")
    func limits() throws {
        let plant = try plant(now: "2030-01-01T00:00:00Z")
        func status(_ path: String, _ from: String, _ to: String, _ more: [(name: String, value: String)] = []) throws
            -> Int
        { try plant.ask(path, [("from", from), ("to", to)] + more).status }
        // 41 days and 16 hours are 1000 hours.
        #expect(try status(Self.trend, "2026-01-01T00:00", "2026-02-11T16:00") == 200)
        #expect(try status(Self.trend, "2026-01-01T00:00", "2026-02-11T16:01") == 400)
        #expect(try status(Self.trend, "2026-01-01", "2029-01-01", [("bucket", "week")]) == 200)
        // Two shifts on each of five days a week: 100 weeks have 1000.
        #expect(try status("/api/metrics/shifts", "2026-01-05", "2027-12-06") == 200)
        #expect(try status("/api/metrics/shifts", "2026-01-05", "2027-12-07") == 400)
        #expect(try status("/api/metrics/handover", "2026-01-05", "2027-12-06") == 200)
        #expect(try status("/api/metrics/handover", "2026-01-05", "2027-12-07") == 400)
        let crowd = Plant(now: try utc("2030-01-01T00:00:00Z"))
        try crowd.define(.plant(workers: (0..<1001).map { "W\($0)" }, stations: ["S1"]))
        let map = try crowd.ask(
            Self.heatMap, [("of", "workers"), ("from", "2026-01-01T00:00"), ("to", "2026-02-11T16:00")])
        #expect(map.status == 400 && map.json["detail"]?.text?.contains("cells") == true)
        let smaller = try crowd.ask(
            Self.heatMap, [("of", "workers"), ("from", "2026-01-01T00:00"), ("to", "2026-02-11T15:00")])
        #expect(smaller.status == 200)
    }

    @Test("whoever the question knows nothing of is 404, a dropped worker who was seen is not")
    func unknown() throws {
        let plant = try plant()
        for of in ["worker:W9", "workstation:S9"] {
            let answer = try plant.ask(Self.trend, Self.day + [("of", of)])
            #expect(answer.status == 404 && answer.json["parameter"] == .string("of"))
        }
        try plant.define(.plant(workers: ["W2"], stations: ["S2"]), known: at(30))
        #expect(try plant.ask(Self.trend, Self.day + [("of", "worker:W1")]).status == 200)
        #expect(try plant.ask(Self.trend, Self.day + [("of", "workstation:S1")]).status == 200)
        let before = Self.day + [(name: "known_at", value: text(at(-30)))]
        #expect(try plant.ask(Self.trend, before + [("of", "worker:W1")]).status == 404)
        #expect(try plant.ask(Self.trend, before + [("of", "workstation:S1")]).status == 404)
    }
}
