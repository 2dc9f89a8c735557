// Layer: oracle, and examples by hand. Two states of knowledge against the figures of a fold of what each of them knew.
import EventModel
import Foundation
import Oracle
import SimulationKit
import Testing

@testable import Query

@Suite("Figures at two states of knowledge (SPEC 7.7)") struct CompareTests {
    private static let path = "/api/compare"

    @Test(
        "both sides are the figures that were known then, and their difference, at random times (SPEC 7.2, 7.7)",
        arguments: 1...40)
    func oracle(_ seed: UInt64) throws {
        var known = try KnownPlant(seed: seed)
        for _ in 0..<4 {
            let range = known.randomWindow()
            let (a, b) = (known.randomKnownAt(), known.randomKnownAt())
            let times = [("known_at_a", a), ("known_at_b", b)].compactMap { name, time in
                time.map { (name: name, value: text($0)) }
            }
            let answer = try known.plant.ask(Self.path, range.lowerBound, range.upperBound, times)
            let comment: Comment = "seed \(seed): \(range) at \(a ?? -1) and \(b ?? -1)\n\(known.scenario)"
            try #require(answer.status == 200, comment)
            let before = Side(known, range, a)
            let after = Side(known, range, b)
            check(answer.json["workers"], "worker_id", before.workers, after.workers, comment)
            check(answer.json["workstations"], "workstation_id", before.workstations, after.workstations, comment)
            #expect(without(answer.json["factory"]) == compared(before.factory, after.factory), comment)
        }
    }

    /// What one side has to be.
    private struct Side {
        var workers: [String: Members] = [:]
        var workstations: [String: Members] = [:]
        var factory: Members

        init(_ known: KnownPlant, _ range: Range<Int64>, _ knownAt: Int64?) {
            let view = known.log.view(of: Plant.site, knownAt: knownAt)
            let window = OracleWindow(
                from: range.lowerBound, to: range.upperBound, now: knownAt ?? known.plant.now)
            for worker in view.workers(window) { workers[worker.worker.text] = worker.members }
            for station in view.workstations(window) {
                workstations[station.workstation.text] = station.members.merging([
                    "current_workers": .integer(station.currentWorkers)
                ]) { $1 }
            }
            factory = view.factory(window, zone: Asked.zone(view)).members
        }
    }

    private func check(
        _ items: JSONText?, _ id: String, _ a: [String: Members], _ b: [String: Members], _ comment: Comment
    ) {
        let items = items?.elements ?? []
        let ids = Set(a.keys).union(b.keys)
        #expect(items.compactMap { $0[id]?.text } == ids.sorted { Array($0.utf8).lexicographicallyPrecedes($1.utf8) })
        for item in items {
            let name = item[id]?.text ?? ""
            #expect(without(item) == compared(a[name], b[name]), comment)
        }
    }

    /// An item without its id and name; what it lacks by name.
    private func without(_ item: JSONText?) -> JSONText? {
        guard case .object(let members)? = item else { return nil }
        var rest = members.filter { !$0.key.hasSuffix("_id") && !$0.key.hasSuffix("_name") }
        let lacking = members["without_difference"]?.elements.compactMap(\.text) ?? []
        rest["without_difference"] = .array(lacking.sorted().map { .string($0) })
        return .object(rest)
    }

    private func compared(_ a: Members?, _ b: Members?) -> JSONText {
        var difference: Members?
        var lacking: Set<String> = []
        if let a, let b {
            difference = [:]
            for (name, value) in b {
                let other = a[name] ?? .null
                difference?[name] = minus(value, other)
                if (value == .null) != (other == .null) { lacking.insert(name) }
            }
        }
        return .object([
            "differs": .bool(a != b), "a": a.map { .object($0) } ?? .null, "b": b.map { .object($0) } ?? .null,
            "difference": difference.map { .object($0) } ?? .null,
            "without_difference": .array(lacking.sorted().map { .string($0) }),
        ])
    }

    private func minus(_ left: JSONText, _ right: JSONText) -> JSONText {
        guard case .number(let left) = left, case .number(let right) = right, let left = Decimal(string: left),
            let right = Decimal(string: right)
        else { return .null }
        return .number("\(left - right)")
    }

    /// Working from 8 to 12; from 24 on it is known that there was a break from 9 to 10, and W2 is there.
    private func plant() throws -> Plant {
        let plant = Plant(now: at(30))
        plant.register(.plant(workers: ["W1", "W2"]) { $0.workers[0].name = "Ana" })
        try plant.define(.plant(workers: ["W1", "W3"]), known: at(1))
        try plant.send([event(at(8), .working), event(at(12), .idle)], known: at(12))
        try plant.define(.plant(workers: ["W1", "W2"]), known: at(13))
        try plant.send([event(at(9), .absent), event(at(10), .working)], known: at(24))
        return plant
    }

    private let morning = [
        (name: "known_at_a", value: text(at(12.5))), (name: "from", value: text(at(8))),
        (name: "to", value: text(at(12))),
    ]

    @Test("items that differ are flagged, a side that does not list somebody is null, and names are the newest")
    func example() throws {
        let answer = try plant().ask(Self.path, morning)
        #expect(answer.json["a"] == .object(["known_at": .string(text(at(12.5))), "definition": .number("1")]))
        #expect(answer.json["b"] == .object(["known_at": .null, "definition": .number("2")]))
        let workers = answer.json["workers"]?.elements ?? []
        #expect(workers.map { $0["worker_id"]?.text } == ["W1", "W2", "W3"])
        #expect(workers.map { $0["differs"] } == [.bool(true), .bool(true), .bool(true)])
        #expect(workers[0]["worker_name"] == .string("Ana"))
        #expect(workers[0]["difference"]?["working_us"] == .integer(-Microseconds.hour))
        #expect(workers[0]["difference"]?["utilization_percentage"] == .number("-25"))
        #expect(workers[1]["a"] == .null && workers[1]["difference"] == .null && workers[2]["b"] == .null)
        let station = try #require(answer.json["workstations"]?[0])
        #expect(
            station["differs"] == .bool(true) && station["difference"]?["present_us"] == .integer(-Microseconds.hour))
        #expect(answer.json["factory"]?["difference"]?["active_workers"] == .number("0"))
    }

    @Test("a member that is null on one side has no difference and is named")
    func lacking() throws {
        let answer = try plant().ask(Self.path, [("known_at_a", text(at(11)))] + Array(morning.dropFirst()))
        let worker = try #require(answer.json["workers"]?[0])
        #expect(worker["a"]?["utilization_percentage"] == .null)
        #expect(worker["difference"]?["utilization_percentage"] == .null)
        #expect(worker["without_difference"]?.elements.contains(.string("utilization_percentage")) == true)
    }

    @Test("differing_only leaves out what is equal and counts it; ids keep whom they name, of either side")
    func narrowed() throws {
        let plant = try plant()
        let same = try plant.ask(Self.path, [("known_at_a", text(at(25)))] + Array(morning.dropFirst()))
        #expect(same.json["workers"]?.elements.allSatisfy { $0["differs"] == .bool(false) } == true)
        let only = try plant.ask(
            Self.path, [("known_at_a", text(at(25))), ("differing_only", "true")] + Array(morning.dropFirst()))
        #expect(only.json["workers"] == .array([]) && only.json["equal_workers"] == .number("2"))
        #expect(only.json["equal_workstations"] == .number("1"))
        let one = try plant.ask(Self.path, morning + [("worker_id", "W3")])
        #expect(one.json["workers"]?.elements.count == 1 && one.json["workstations"] == .array([]))
        for (name, value) in [("worker_id", "W9"), ("workstation_id", "S9")] {
            let answer = try plant.ask(Self.path, morning + [(name, value)])
            #expect(answer.status == 404 && answer.json["parameter"] == .string(name))
        }
    }

    @Test("the window is one for both sides, by default the later side's day; each side ends with what it knows")
    func window() throws {
        let plant = try plant()
        let answer = try plant.ask(Self.path, [("known_at_a", text(at(12))), ("known_at_b", text(at(13)))])
        #expect(answer.meta?["from"] == .string(text(at(0))) && answer.meta?["known_at"] == .string(text(at(13))))
        #expect(answer.json["factory"]?["a"]?["elapsed_us"] == .integer(12 * Microseconds.hour))
        #expect(answer.json["factory"]?["b"]?["elapsed_us"] == .integer(13 * Microseconds.hour))
        let ahead = plant.now + 6 * Microseconds.second
        for name in ["known_at_a", "known_at_b"] {
            let refused = try plant.ask(Self.path, [(name, text(ahead))])
            #expect(refused.status == 400 && refused.json["parameter"] == .string(name))
        }
    }

    @Test("a comparison is settled when both sides are (SPEC 5.8)")
    func settled() throws {
        let plant = try plant()
        func isSettled(_ a: Int64?, _ b: Int64?) throws -> JSONText? {
            let times = [("known_at_a", a), ("known_at_b", b)].compactMap { name, time in
                time.map { (name: name, value: text($0)) }
            }
            return try plant.ask(Self.path, times).meta?["settled"]
        }
        #expect(try isSettled(at(12), at(25)) == .bool(true))
        #expect(try isSettled(nil, at(25)) == .bool(false) && isSettled(at(12), nil) == .bool(false))
        #expect(try isSettled(plant.now, at(25)) == .bool(false))
    }
}
