// Layer: machine and property. A definition that changes shifts while one runs, and sums over parts that equal the whole.
import EventModel
import Oracle
import SimulationKit
import Testing

@testable import Query

@Suite("Shifts that change, and parts that add up (SPEC 5.1, 5.5, 5.7)") struct ShiftChangeTests {
    private static let shifts = "/api/metrics/shifts"
    private static let factory = "/api/metrics/factory"

    private func shift(_ name: String, _ start: Int, _ end: Int) -> SiteDefinition.Shift {
        .init(name: name, startMinute: start * 60, endMinute: end * 60)
    }

    @Test(
        "a definition that changes shifts in mid-shift holds for the whole shift, and known_at shows what was planned")
    func midShift() throws {
        let plant = Plant(now: at(11))
        try plant.define(.plant { $0.shifts = [shift("early", 6, 14), shift("late", 14, 22)] })
        try plant.send((0..<10).map { event(at(6 + Double($0) / 2), .productCount, count: 1) }, known: at(10.5))
        func spans(_ known: Int64?) throws -> [String] {
            try plant.ask(Self.shifts, at(0), at(24), known: known).items.map { item in
                let times = ["start", "end"].map { item[$0]?.text?.dropFirst(11).prefix(5) ?? "" }
                return "\(item["shift"]?.text ?? "") \(times[0])-\(times[1]) \(item["status"]?.text ?? "")"
            }
        }
        #expect(try spans(nil) == ["early 06:00-14:00 running"])
        // At 11:00 the early shift is cut to 10:00, and a middle one begins.
        try plant.define(.plant { $0.shifts = [shift("early", 6, 10), shift("middle", 10, 18)] }, known: at(11))
        #expect(try spans(nil) == ["early 06:00-10:00 over", "middle 10:00-18:00 running"])
        #expect(try spans(at(10.75)) == ["early 06:00-14:00 running"])
        let units = try plant.ask(Self.shifts, at(0), at(24)).items.map { $0["total_production_count"] }
        #expect(units == [.number("8"), .number("2")])
        let early = try plant.ask(Self.factory, at(0), at(24), [("within", "shift:early")]).json
        #expect(
            early["total_production_count"] == .number("8") && early["elapsed_us"] == .integer(4 * Microseconds.hour))
        #expect(try plant.ask(Self.factory, at(0), at(24), [("within", "shift:late")]).status == 400)
        let before = try plant.ask(Self.factory, at(0), at(24), known: at(10.75), [("within", "shift:early")]).json
        #expect(before["total_production_count"] == .number("10"))
        #expect(before["elapsed_us"] == .integer(at(10.75) - at(6)))
    }

    /// Members that add up.
    private static let sums =
        ["working_us", "idle_us", "absent_us", "present_us", "elapsed_us"]
        + ["total_units_produced", "total_production_count"]

    private static func sum(_ items: [JSONText]) -> [String: Int64] {
        var sum: [String: Int64] = [:]
        for item in items {
            for member in sums {
                if let value = item[member]?.text.flatMap({ Int64($0) }) { sum[member, default: 0] += value }
            }
        }
        return sum
    }

    @Test("what the buckets of a trend say adds up to the whole window, within shifts and as known before")
    func trends() throws {
        let compared = try (1...12).reduce(0) { try $0 + trends($1) }
        #expect(compared > 100)
    }

    private func trends(_ seed: UInt64) throws -> Int {
        var known = try KnownPlant(seed: 52_000 + seed)
        let plant = known.plant
        var compared = 0
        for _ in 0..<3 {
            let range = known.randomWindow()
            let knownAt = known.randomKnownAt()
            for within in [nil, "shifts"] as [String?] {
                let more = within.map { [(name: "within", value: $0)] } ?? []
                for length in ["hour", "day", "week", "month"] {
                    for (of, path, name, id) in try subjects(plant, range, knownAt) {
                        let whole = try plant.ask(path, range.lowerBound, range.upperBound, known: knownAt, more + id)
                        let trend = try plant.ask(
                            "/api/metrics/trend", range.lowerBound, range.upperBound, known: knownAt,
                            more + [("of", of), ("bucket", length)])
                        // Too many buckets, or no shifts.
                        guard trend.status == 200, whole.status == 200 else { continue }
                        let expected = Self.sum(name == nil ? [whole.json] : whole.items)
                        let found = Self.sum(trend.items)
                        // A window without a bucket has no items.
                        guard !trend.items.isEmpty else { continue }
                        #expect(found == expected, "seed \(seed) \(of) \(length) \(more) \(range) \(knownAt ?? -1)")
                        compared += 1
                    }
                }
            }
        }
        return compared
    }

    /// The factory, and the first of the lists: what a trend is of, the whole's path and how it names one.
    private func subjects(
        _ plant: Plant, _ range: Range<Int64>, _ known: Int64?
    ) throws -> [(of: String, path: String, name: String?, id: [(name: String, value: String)])] {
        var subjects: [(String, String, String?, [(name: String, value: String)])] = [
            ("factory", Self.factory, nil, [])
        ]
        for kind in ["worker", "workstation"] {
            let path = "/api/metrics/\(kind)s"
            let list = try plant.ask(path, range.lowerBound, range.upperBound, known: known).items
            guard let id = list.first?["\(kind)_id"]?.text else { continue }
            subjects.append(("\(kind):\(id)", path, "\(kind)_id", [("\(kind)_id", id)]))
        }
        return subjects
    }

    @Test("within shifts equals the union of their instances: what two shifts share counts once")
    func union() throws {
        let compared = try (1...16).reduce(0) { try $0 + union($1) }
        #expect(compared > 5)
    }

    private func union(_ seed: UInt64) throws -> Int {
        var known = try KnownPlant(seed: 53_000 + seed)
        let plant = known.plant
        var compared = 0
        for _ in 0..<6 {
            let range = known.randomWindow()
            let knownAt = known.randomKnownAt()
            let within = try plant.ask(
                Self.factory, range.lowerBound, range.upperBound, known: knownAt, [("within", "shifts")])
            let instances = try plant.ask(Self.shifts, range.lowerBound, range.upperBound, known: knownAt)
            guard within.status == 200, instances.status == 200 else { continue }
            // Each instance alone, from where the ones before it end.
            var parts: [JSONText] = []
            var reached = Int64.min
            for item in instances.items.prefix(60) {
                let edges = ["from", "to"].compactMap {
                    item[$0]?.text.flatMap { Timestamp(rfc3339: $0)?.microseconds }
                }
                let start = max(edges[0], reached)
                reached = max(reached, edges[1])
                guard start < edges[1] else { continue }
                parts.append(try plant.ask(Self.factory, start, edges[1], known: knownAt).json)
            }
            guard instances.items.count <= 60, !parts.isEmpty else { continue }
            #expect(Self.sum(parts) == Self.sum([within.json]), "seed \(seed) \(range) \(knownAt ?? -1)")
            compared += 1
        }
        return compared
    }
}
