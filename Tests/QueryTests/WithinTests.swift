import EventModel
import Testing

@testable import Query

@Suite("Windows by name, local times, and what of them counts (SPEC 5.1)") struct WithinTests {
    private static let workers = "/api/metrics/workers"

    private func utc(_ text: String) throws -> Int64 { try #require(Timestamp(rfc3339: text)).microseconds }

    /// Berlin, two weekday shifts from 06:00 to 22:00; one worker who works from 04:00 to 10:00 local on Monday.
    private func berlin() throws -> Plant {
        let plant = Plant(now: try utc("2026-01-14T12:00:00Z"))
        try plant.define(
            .plant(zone: "Europe/Berlin", workers: ["W1", "W2"], stations: ["S1", "S2"]) {
                $0.targetMicrounitsPerHour = 1_000_000
                $0.workstations[0].capacity = 2
                $0.shifts = [
                    .init(name: "early", startMinute: 360, endMinute: 840, days: 0b001_1111),
                    .init(name: "late", startMinute: 840, endMinute: 1320, days: 0b001_1111),
                ]
            })
        try plant.send([
            event(at(3), .working), event(at(4), .productCount, count: 3), event(at(6), .productCount, count: 4),
            event(at(9), .idle), event(at(10), .absent), event(at(11), .absent),
        ])
        return plant
    }

    @Test("within shifts every time, count and denominator is taken inside their instances only")
    func shifts() throws {
        let plant = try berlin()
        let day = [(name: "from", value: "2026-01-12"), (name: "to", value: "2026-01-13")]
        let all = try #require(plant.ask(Self.workers, day).items.first)
        #expect(all["working_us"] == .integer(6 * Microseconds.hour) && all["total_units_produced"] == .number("7"))
        #expect(all["elapsed_us"] == .integer(24 * Microseconds.hour) && all["utilization_percentage"] == .number("25"))
        // The shifts begin at 05:00 UTC and end at 21:00 UTC.
        let answer = try plant.ask(Self.workers, day + [("within", "shifts")])
        let shifts = try #require(answer.items.first)
        #expect(
            shifts["working_us"] == .integer(4 * Microseconds.hour) && shifts["total_units_produced"] == .number("4"))
        #expect(shifts["elapsed_us"] == .integer(16 * Microseconds.hour))
        #expect(shifts["utilization_percentage"] == .number("25") && shifts["unknown_us"] == .number("0"))
        #expect(shifts["presence_utilization_percentage"] == .number("80"))
        #expect(answer.meta?["from"] == .string("2026-01-11T23:00:00.000000Z"))
        // Current and last stay those before E.
        #expect(shifts["last_seen"] == .string(text(at(11))) && shifts["current_state"] == .string("absent"))
        let late = try plant.ask("/api/metrics/factory", day + [("within", "shift:late")]).json
        #expect(late["elapsed_us"] == .integer(8 * Microseconds.hour) && late["working_us"] == .number("0"))
        #expect(late["active_workers"] == .number("1") && late["active_workstations"] == .number("0"))
        #expect(late["target_units"] == .number("8") && late["total_production_count"] == .number("0"))
        let whole = try plant.ask("/api/metrics/factory", day).json
        #expect(whole["active_workstations"] == .number("1") && whole["target_units"] == .number("16"))
    }

    @Test("within shifts of a weekend nothing is left: sums are 0, ratios null")
    func weekend() throws {
        let weekend = try #require(
            berlin().ask(Self.workers, [("from", "2026-01-10"), ("to", "2026-01-12"), ("within", "shifts")]).items.first
        )
        #expect(weekend["elapsed_us"] == .number("0") && weekend["coverage_percentage"] == .null)
    }

    @Test("explain within shifts adds up to the figures within shifts (SPEC 5.9)")
    func explain() throws {
        let plant = try berlin()
        let day = [(name: "period", value: "today"), (name: "known_at", value: text(at(30)))]
        let answer = try plant.ask("/api/explain", [("worker_id", "W1"), ("within", "shift:early")] + day)
        #expect(answer.json["totals"]?["working_us"] == .number("0"), "Tuesday")
        let monday = try plant.ask(
            "/api/explain",
            [("worker_id", "W1"), ("within", "shift:early"), ("from", "2026-01-12"), ("to", "2026-01-13")])
        #expect(monday.json["totals"]?["working_us"] == .integer(4 * Microseconds.hour))
        #expect(monday.json["intervals"]?.elements.compactMap { $0["from"]?.text } == [at(5), at(9), at(10)].map(text))
    }

    @Test("where nothing was observed utilization and availability are null, not 0 and 100")
    func unobserved() throws {
        let items = try berlin().ask(Self.workers, [("from", "2026-01-12"), ("to", "2026-01-13")]).items
        let unseen = try #require(items.last)
        for name in ["utilization_percentage", "availability_percentage", "presence_utilization_percentage"] {
            #expect(unseen[name] == .null, "\(name)")
        }
        #expect(unseen["coverage_percentage"] == .number("0") && unseen["unknown_us"] == unseen["elapsed_us"])
        // Only absent: there is something to tell.
        let absent = try #require(try berlin().ask(Self.workers, at(10), at(12)).items.first)
        #expect(absent["utilization_percentage"] == .number("0") && absent["availability_percentage"] == .number("0"))
        #expect(absent["presence_utilization_percentage"] == .null)
    }

    @Test("a workstation's occupancy is also given relative to its capacity (SPEC 5.3)")
    func capacity() throws {
        let stations = try berlin().ask("/api/metrics/workstations", at(8), at(12)).items
        #expect(stations[0]["occupancy_percentage"] == .number("50"))
        #expect(stations[0]["capacity_occupancy_percentage"] == .number("25"))
        #expect(stations[1]["capacity_occupancy_percentage"] == .number("0"))
    }

    @Test(
        "a period names the window, by the site's days and shifts at now",
        arguments: [
            ("yesterday", "2026-01-12T23:00:00.000000Z", "2026-01-13T23:00:00.000000Z"),
            ("last_week", "2026-01-04T23:00:00.000000Z", "2026-01-11T23:00:00.000000Z"),
            ("shift", "2026-01-14T05:00:00.000000Z", "2026-01-14T13:00:00.000000Z"),
            ("previous_shift", "2026-01-13T13:00:00.000000Z", "2026-01-13T21:00:00.000000Z"),
        ])
    func period(_ name: String, _ from: String, _ to: String) throws {
        let plant = try berlin()
        for path in [Self.workers, "/api/metrics/factory", "/api/metrics/model-health", "/api/events"] {
            let answer = try plant.ask(path, [("period", name)])
            #expect(answer.meta?["from"] == .string(from) && answer.meta?["to"] == .string(to), "\(path)")
            #expect(answer.header("ETag") == nil, "tomorrow it is another window")
        }
        let knownYesterday = try plant.ask(Self.workers, [("period", "today"), ("known_at", "2026-01-13")])
        #expect(knownYesterday.meta?["from"] == .string("2026-01-12T23:00:00.000000Z"))
        #expect(knownYesterday.meta?["known_at"] == .string("2026-01-12T23:00:00.000000Z"))
    }

    @Test("every time parameter takes a local date or time of the site")
    func localTimes() throws {
        let plant = try berlin()
        let answer = try plant.ask(Self.workers, [("from", "2026-01-12T04:00"), ("to", "2026-01-12T11:30:00.5")])
        #expect(answer.meta?["from"] == .string("2026-01-12T03:00:00.000000Z"))
        #expect(answer.meta?["to"] == .string("2026-01-12T10:30:00.500000Z"))
        // The events became known at 24:00 UTC, 01:00 on the 13th in Berlin.
        func count(_ query: [(name: String, value: String)]) throws -> Int {
            try plant.ask("/api/events", query).items.count
        }
        #expect(try count([("created_from", "2026-01-13T01:00")]) == 6)
        #expect(try count([("created_from", "2026-01-13T01:01")]) == 0)
        #expect(try count([("created_to", "2026-01-13T01:00")]) == 0)
        #expect(try count([("from", "2026-01-12T10:00"), ("to", "2026-01-12T11:00")]) == 1)
        #expect(try count([("known_at", "2026-01-13T01:00")]) == 6)
        #expect(try count([("known_at", "2026-01-13T00:59:59")]) == 0)
        #expect(try plant.ask(Self.workers, [("known_at", "2026-01-15")]).status == 400, "tomorrow")
    }
}
