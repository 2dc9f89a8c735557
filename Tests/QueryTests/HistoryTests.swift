// Layer: oracle, and examples by hand. The history of figures against a fold of only what was known at each created_at.
// Catches items that are missing, that are too many, or whose values are not those of that moment; cannot catch a SPEC
// that both read wrongly: for that there are the examples.
import EventModel
import Oracle
import SimulationKit
import Testing

@testable import Query

@Suite("How figures changed as knowledge arrived (SPEC 7.7)") struct HistoryTests {
    private static let path = "/api/history"

    /// What an item has to say.
    private struct Expected: Equatable {
        var createdAt: JSONText
        var before: JSONText
        var after: JSONText
    }

    @Test(
        "each item has the values before and after its created_at, no change is missing, none is made up (SPEC 7.2, 7.7)",
        arguments: 1...40)
    func oracle(_ seed: UInt64) throws {
        var known = try KnownPlant(seed: seed)
        for _ in 0..<4 {
            let range = known.randomWindow()
            let knownAt = known.randomKnownAt()
            for subject in known.subjects.shuffled(using: &known.generator).prefix(4) {
                let expected = expected(known, subject, range, knownAt)
                let limit = Int.random(in: 1...7, using: &known.generator)
                let found = try pages(known.plant, subject, range, knownAt, limit)
                let comment = "seed \(seed): \(subject) \(range) known at \(knownAt ?? -1), \(limit) a page"
                #expect(found.map(\.createdAt) == expected.map(\.createdAt), "\(comment)\n\(known.scenario)")
                for (found, expected) in zip(found, expected) {
                    #expect(found == expected, "\(comment)\n\(known.scenario)")
                }
            }
        }
    }

    private func expected(
        _ known: KnownPlant, _ subject: KnownPlant.Subject, _ range: Range<Int64>, _ knownAt: Int64?
    ) -> [Expected] {
        let times = Set(known.log.events.map(\.createdAt) + known.log.definitions.map(\.createdAt))
        // Before its begin a window is empty, and nothing in it can change.
        let inside = times.filter { $0 > range.lowerBound && $0 <= knownAt ?? .max && !range.isEmpty }
        return inside.sorted(by: >).compactMap { time in
            let before = known.members(subject, range, knownAt: time - 1, now: time)
            let after = known.members(subject, range, knownAt: time, now: time)
            let changed = after.filter { before[$0.key] != $0.value }
            return changed.isEmpty
                ? nil
                : Expected(
                    createdAt: .string(text(time)),
                    before: .object(changed.reduce(into: [:]) { $0[$1.key] = before[$1.key] }),
                    after: .object(changed))
        }
    }

    private func pages(
        _ plant: Plant, _ subject: KnownPlant.Subject, _ range: Range<Int64>, _ knownAt: Int64?, _ limit: Int
    ) throws -> [Expected] {
        var found: [Expected] = []
        var cursor: String?
        repeat {
            let more = [subject.parameter, ("limit", String(limit))] + (cursor.map { [("cursor", $0)] } ?? [])
            let answer = try plant.ask(Self.path, range.lowerBound, range.upperBound, known: knownAt, more)
            // Who did not exist for a question with an early known_at is a 404, and has no history then.
            if answer.status == 404 { return [] }
            try #require(answer.status == 200)
            #expect(answer.items.count <= limit)
            found += answer.items.map {
                Expected(
                    createdAt: $0["created_at"] ?? .null, before: $0["before"] ?? .null, after: $0["after"] ?? .null)
            }
            cursor = answer.json["next_cursor"]?.text
        } while cursor != nil
        return found
    }

    /// W1 works from 8 to 10 and is idle then; an event of 9 comes at 24 only.
    private func lateEvent() throws -> Plant {
        let plant = Plant(now: at(30))
        try plant.define(.plant(workers: ["W1", "W2"], stations: ["S1", "S2"]))
        try plant.send([event(at(8), .working)], known: at(8.01))
        try plant.send([event(at(10), .idle)], known: at(10.01))
        try plant.send([event(at(9), .absent), event(at(9.5), .productCount, count: 3)], known: at(24))
        return plant
    }

    @Test("a late event is an item with its cause, position, events, and the members that it changed")
    func late() throws {
        let answer = try lateEvent().ask(Self.path, at(8), at(12), [("worker_id", "W1")])
        let item = try #require(answer.items.first)
        #expect(
            item
                == .object([
                    "created_at": .string(text(at(24))), "position": .string("0:3:0"),
                    "cause": .string("late_event"), "definition": .null,
                    "events": .object(["absent": .number("1"), "product_count": .number("1")]),
                    "before": .object([
                        "working_us": .integer(2 * Microseconds.hour), "absent_us": .number("0"),
                        "total_active_time_hours": .number("2"), "total_absent_time_hours": .number("0"),
                        "utilization_percentage": .number("50"), "availability_percentage": .number("100"),
                        "presence_utilization_percentage": .number("50"), "total_units_produced": .number("0"),
                        "units_per_hour": .number("0"),
                    ]),
                    "after": .object([
                        "working_us": .integer(Microseconds.hour), "absent_us": .integer(Microseconds.hour),
                        "total_active_time_hours": .number("1"), "total_absent_time_hours": .number("1"),
                        "utilization_percentage": .number("25"), "availability_percentage": .number("75"),
                        "presence_utilization_percentage": .number("33.33"), "total_units_produced": .number("3"),
                        "units_per_hour": .number("3"),
                    ]),
                ]))
        let causes = answer.items.map { $0["cause"]?.text }
        #expect(causes == ["late_event", "event", "event"])
        #expect(answer.meta?["from"] == .string(text(at(8))) && answer.json["next_cursor"] == nil)
    }

    @Test("an event that repeats a state, a duplicate, another worker or station is no item; the factory's has both")
    func nothing() throws {
        let plant = try lateEvent()
        try plant.send([event(at(8.5), .working), event(at(10), .idle)], known: at(25))
        try plant.send([event(at(8), .working, "W2", at: "S2")], known: at(26))
        for (name, value, count) in [
            ("worker_id", "W1", 3), ("workstation_id", "S1", 3), ("worker_id", "W2", 1), ("workstation_id", "S2", 1),
            ("factory", "true", 4),
        ] {
            let answer = try plant.ask(Self.path, at(8), at(12), [(name, value)])
            #expect(answer.items.count == count, "\(name) \(value)")
        }
    }

    @Test("a definition is an item where it moves figures: a target, a capacity, a ttl, a dropped worker")
    func definitions() throws {
        let plant = try lateEvent()
        try plant.define(
            .plant(workers: ["W2"], stations: ["S1", "S2"]) {
                $0.targetMicrounitsPerHour = 4_000_000
                $0.workstations[0].capacity = 2
            }, known: at(11))
        let factory = try plant.ask(Self.path, at(8), at(12), [("factory", "true")]).items
        let item = try #require(factory.first { $0["cause"] == .string("definition") })
        #expect(item["created_at"] == .string(text(at(11))) && item["position"] == .string("0:4:0"))
        #expect(item["definition"] == .number("2") && item["events"] == .object([:]))
        #expect(item["before"]?["target_units"] == .null && item["after"]?["target_units"] == .number("12"))
        let station = try plant.ask(Self.path, at(8), at(12), [("workstation_id", "S1")]).items
        let capacity = try #require(station.first { $0["cause"] == .string("definition") })
        #expect(capacity["before"]?["capacity"] == .number("1") && capacity["after"]?["capacity"] == .number("2"))
        // Seen at 24, the worker's day has ended at 11.
        let worker = try plant.ask(Self.path, at(8), at(12), [("worker_id", "W1")]).items
        #expect(worker.map { $0["cause"]?.text } == ["late_event", "event", "event"])
    }

    @Test("a page ends at its limit and a cursor goes on; a cursor of another question is refused")
    func paging() throws {
        let plant = try lateEvent()
        let first = try plant.ask(Self.path, at(8), at(12), [("worker_id", "W1"), ("limit", "1")])
        #expect(first.items.count == 1)
        let cursor = try #require(first.json["next_cursor"]?.text)
        #expect(first.header("Link")?.contains("rel=\"next\"") == true)
        let rest = try plant.ask(Self.path, at(8), at(12), [("worker_id", "W1"), ("cursor", cursor)])
        #expect(rest.items.count == 2 && rest.json["next_cursor"] == nil)
        let other = try plant.ask(Self.path, at(8), at(12), [("factory", "true"), ("cursor", cursor)])
        #expect(other.status == 400 && other.json["parameter"] == .string("cursor"))
    }

    @Test("a page looks at no more than a thousand created_ats: it may be empty, and its cursor goes on")
    func bounded() throws {
        let plant = Plant(now: at(30))
        try plant.define(.plant())
        try plant.send([event(at(8), .working)], known: at(8))
        for second in 1...1200 as ClosedRange<Int64> {
            let time = at(8) + second * Microseconds.second
            try plant.send([event(time, .working)], known: time + 1)
        }
        let query = [(name: "worker_id", value: "W1")]
        let first = try plant.ask(Self.path, at(7), at(9), query)
        #expect(first.items.isEmpty)
        let cursor = try #require(first.json["next_cursor"]?.text)
        let second = try plant.ask(Self.path, at(7), at(9), query + [("cursor", cursor)])
        // The state at 8 is the only thing that ever changed: what follows says the same.
        #expect(second.items.isEmpty && second.json["next_cursor"] == nil)
    }

    @Test("random histories have items of every cause and pages that follow each other, else they say nothing")
    func coverage() throws {
        var causes: [String: Int] = [:]
        for seed in 1...10 as ClosedRange<UInt64> {
            let known = try KnownPlant(seed: seed)
            let times = known.log.events.filter { $0.mark == .accepted }.map(\.time).sorted()
            let range = times[times.count / 10]..<times[times.count * 9 / 10]
            for subject in known.subjects {
                let more = [subject.parameter, (name: "limit", value: "100")]
                for item in try known.plant.ask(Self.path, range.lowerBound, range.upperBound, more).items {
                    causes[item["cause"]?.text ?? "", default: 0] += 1
                }
            }
        }
        #expect(causes.count == 3 && causes.values.allSatisfy { $0 > 20 }, "\(causes)")
    }

    @Test("a history is about one worker, workstation or the factory, and has at most 100 items a page")
    func refused() throws {
        let plant = try lateEvent()
        for query in [
            [], [("worker_id", "W1"), ("workstation_id", "S1")], [("worker_id", "W1"), ("factory", "true")],
            [("factory", "false")],
        ] as [[(name: String, value: String)]] {
            let answer = try plant.ask(Self.path, query)
            #expect(answer.status == 400 && answer.json["parameter"] == .string("worker_id"))
        }
        #expect(try plant.ask(Self.path, [("factory", "true"), ("limit", "101")]).status == 400)
        #expect(try plant.ask(Self.path, [("factory", "true"), ("limit", "100")]).status == 200)
        for (name, value) in [("worker_id", "W9"), ("workstation_id", "S9")] {
            let answer = try plant.ask(Self.path, [(name, value)])
            #expect(answer.status == 404 && answer.json["parameter"] == .string(name))
        }
        #expect(try plant.ask(Self.path, at(40), at(41), [("factory", "true")]).items.isEmpty)
    }
}
