import EventModel
import Testing

@testable import Query

@Suite("Windows of questions (SPEC 5.1)") struct WindowTests {
    private func utc(_ text: String) throws -> Int64 { try #require(Timestamp(rfc3339: text)).microseconds }

    @Test(
        "a missing from or to is the start or end of the site-local day of now",
        arguments: [
            ("UTC", "2026-01-12T23:59:59Z", "2026-01-12T00:00:00Z", "2026-01-13T00:00:00Z"),
            ("Asia/Kolkata", "2026-01-12T19:00:00Z", "2026-01-12T18:30:00Z", "2026-01-13T18:30:00Z"),
            ("Europe/Berlin", "2026-03-29T10:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
            ("Europe/Berlin", "2026-10-25T10:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
            ("Australia/Lord_Howe", "2026-10-04T00:00:00Z", "2026-10-03T13:30:00Z", "2026-10-04T13:00:00Z"),
        ])
    func defaults(_ zone: String, _ now: String, _ from: String, _ to: String) throws {
        let plant = Plant(now: try utc(now))
        try plant.define(.plant(zone: zone), known: at(-100))
        for path in ["/api/metrics/workers", "/api/metrics/workstations", "/api/metrics/factory"] {
            let answer = try plant.ask(path)
            #expect(answer.meta?["from"] == .string(text(try utc(from))), "\(path)")
            #expect(answer.meta?["to"] == .string(text(try utc(to))), "\(path)")
        }
        let worker = try #require(plant.ask("/api/metrics/workers").items.first)
        #expect(worker["elapsed_us"] == .integer(try utc(now) - utc(from)))
        // The day is that of known_at where the question has one, in the zone of the definition visible then.
        plant.now = try utc(now) + 40 * Microseconds.day
        let known = try plant.ask("/api/metrics/factory", [("known_at", now)])
        #expect(known.meta?["from"] == .string(text(try utc(from))))
        #expect(known.json["elapsed_us"] == .integer(try utc(now) - utc(from)))
    }

    @Test("without a visible definition the day is UTC's, lists are empty and the factory still counts (SPEC 3)")
    func undefined() throws {
        let plant = Plant(now: at(12))
        try plant.send([event(at(1), .working)], known: at(2))
        try plant.define(.plant(zone: "Asia/Kolkata"), known: at(3))
        let answer = try plant.ask("/api/metrics/workers", [("known_at", text(at(2.5)))])
        #expect(answer.items.isEmpty && answer.meta?["from"] == .string(text(at(0))))
        #expect(answer.meta?["definition"] == .null)
        let factory = try plant.ask("/api/metrics/factory", [("known_at", text(at(2.5)))])
        #expect(factory.json["active_workers"] == .number("1"))
        #expect(factory.json["working_us"] == .integer(Microseconds.hour * 3 / 2))
    }

    @Test("a site with a definition and no events answers with its people and places")
    func emptySite() throws {
        let plant = Plant()
        try plant.define(.plant(workers: ["b", "a", "B"], stations: ["s2", "s10"]))
        #expect(try plant.ask("/api/metrics/workers").items.compactMap { $0["worker_id"]?.text } == ["B", "a", "b"])
        let stations = try plant.ask("/api/metrics/workstations").items
        #expect(stations.compactMap { $0["workstation_id"]?.text } == ["s10", "s2"])
        #expect(stations[0]["last_activity"] == .null && stations[0]["capacity"] == .number("1"))
        #expect(try plant.ask("/api/events").items.isEmpty)
        #expect(try plant.ask("/api/ledger").json["definitions"] == .number("1"))
    }

    @Test("lists follow the newest visible definition: dropped workers leave, and come back with an older known_at")
    func dropped() throws {
        let plant = Plant(now: at(20))
        try plant.define(.plant(workers: ["W1", "W2"]), known: at(1))
        try plant.send([event(at(8), .working)], known: at(8))
        try plant.define(.plant(workers: ["W2", "W3"]), known: at(10))
        let now = try plant.ask("/api/metrics/workers", at(8), at(16))
        #expect(now.items.compactMap { $0["worker_id"]?.text } == ["W2", "W3"])
        #expect(now.meta?["definition"] == .number("2"))
        #expect(
            try plant.ask("/api/metrics/factory", at(8), at(16)).json["working_us"] == .integer(2 * Microseconds.hour))
        let then = try plant.ask("/api/metrics/workers", at(8), at(16), known: at(9))
        #expect(then.items.compactMap { $0["worker_id"]?.text } == ["W1", "W2"])
        #expect(then.items[0]["working_us"] == .integer(Microseconds.hour) && then.meta?["definition"] == .number("1"))
    }

    @Test("E is the earlier of to and now; ratios over nothing are null, sums are 0 (SPEC 5.1)")
    func nothing() throws {
        let plant = try referenceDay()
        plant.now = at(9)
        let half = try #require(plant.ask("/api/metrics/workers", at(8), at(16)).items.first)
        #expect(half["elapsed_us"] == .integer(Microseconds.hour) && half["current_state"] == .string("working"))
        for (from, to) in [(at(10), at(10)), (at(10), at(16))] {
            let worker = try #require(plant.ask("/api/metrics/workers", from, to).items.first)
            for name in ["utilization_percentage", "availability_percentage", "coverage_percentage", "units_per_hour"] {
                #expect(worker[name] == .null, "\(name)")
            }
            for name in ["working_us", "unknown_us", "elapsed_us", "total_active_time_hours", "total_units_produced"] {
                #expect(worker[name] == .number("0"), "\(name)")
            }
            #expect(worker["last_seen"] == .string(text(at(8))), "only what lies before E counts")
            let factory = try plant.ask("/api/metrics/factory", from, to)
            for name in ["average_utilization_percentage", "average_production_rate", "coverage_percentage"] {
                #expect(factory.json[name] == .null, "\(name)")
            }
            #expect(factory.json["time_range_end"] == .string(text(at(9))))
            let station = try #require(plant.ask("/api/metrics/workstations", from, to).items.first)
            for name in ["occupancy_percentage", "utilization_percentage", "throughput_rate"] {
                #expect(station[name] == .null, "\(name)")
            }
        }
    }

    @Test("just before E: a state that ends with its ttl there still holds, an instant later nothing does")
    func current() throws {
        let plant = Plant(now: at(30))
        try plant.define(.plant(ttl: 3600))
        try plant.send([event(at(8), .working)])
        let held = try #require(plant.ask("/api/metrics/workers", at(7), at(9)).items.first)
        #expect(held["current_state"] == .string("working") && held["current_workstation_id"] == .string("S1"))
        let gone = try #require(plant.ask("/api/metrics/workers", at(7), at(9) + 1).items.first)
        #expect(gone["current_state"] == .string("unknown") && gone["current_workstation_id"] == .null)
        #expect(gone["unknown_us"] == .integer(Microseconds.hour + 1))
    }

    @Test("targets: hours inside the union of shifts that run over midnight and summer time (SPEC 5.4)")
    func targets() throws {
        let plant = Plant(now: try utc("2026-04-02T00:00:00Z"))
        try plant.define(
            .plant(zone: "Europe/Berlin") {
                $0.targetMicrounitsPerHour = 2_500_000
                $0.shifts = [.init(name: "night", startMinute: 1320, endMinute: 360)]
            })
        let start = try utc("2026-03-28T12:00:00+01:00")
        try plant.send([event(start + Microseconds.hour, .productCount, count: 14)])
        // The night of 28 March has seven hours.
        let answer = try plant.ask("/api/metrics/factory", start, try utc("2026-03-29T12:00:00+02:00"))
        #expect(answer.json["target_units"] == .number("17.5"))
        #expect(answer.json["target_variance_percentage"] == .number("-20"))
        let clipped = try plant.ask("/api/metrics/factory", start, try utc("2026-03-28T22:20:00+01:00"))
        #expect(clipped.json["target_units"] == .number("0.83"))
        #expect(clipped.json["target_variance_percentage"] == .number("1580"))
        let outside = try plant.ask("/api/metrics/factory", start, start + Microseconds.hour)
        #expect(outside.json["target_units"] == .number("0") && outside.json["target_variance_percentage"] == .null)
    }

    @Test("without shifts the target counts the whole window (SPEC 5.4)")
    func targetWithoutShifts() throws {
        let plant = Plant(now: at(30))
        try plant.define(.plant { $0.targetMicrounitsPerHour = 333_333 })
        let answer = try plant.ask("/api/metrics/factory", at(8), at(16))
        #expect(answer.json["target_units"] == .number("2.67"))
        #expect(answer.json["target_variance_percentage"] == .number("-100"))
    }
}
