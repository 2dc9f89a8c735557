import EventModel
import Testing

@testable import Query

@Suite("Lists filtered, sorted and limited (SPEC 5.2)") struct ListTests {
    private static let workers = "/api/metrics/workers"
    private static let stations = "/api/metrics/workstations"

    /// Working 1, 3, 2 and 1 hours; the last was never seen.
    private func plant() throws -> Plant {
        let plant = Plant(now: at(30))
        plant.register(.plant(workers: ["A", "B", "C", "D", "E"]) { $0.workers[2].name = "Zoe" })
        try plant.define(.plant(workers: ["A", "B", "C", "D", "E"], stations: ["S1", "S2", "S3"]))
        for (worker, hours, station) in [("A", 1, "S1"), ("B", 3, "S2"), ("C", 2, "S2"), ("D", 1, "S1")] {
            try plant.send([
                event(at(8), .working, WorkerID(worker), at: WorkstationID(station)),
                event(at(8 + Double(hours)), .idle, WorkerID(worker), at: WorkstationID(station)),
            ])
        }
        return plant
    }

    private func ids(_ answer: Answer) -> [String] {
        answer.items.compactMap { ($0["worker_id"] ?? $0["workstation_id"])?.text }
    }

    @Test(
        "lists are sorted by any field in both directions, null last, ties by id",
        arguments: [
            ("working_us", "E A D C B"), ("-working_us", "B C A D E"), ("utilization_percentage", "A D C B E"),
            ("-utilization_percentage", "B C A D E"), ("-worker_id", "E D C B A"), ("worker_name", "A B D E C"),
            ("last_seen", "A D C B E"), ("-last_seen", "B C A D E"), ("current_workstation_id", "A D B C E"),
            ("-current_state", "E A B C D"), ("-elapsed_us", "A B C D E"),
        ])
    func sorted(_ sort: String, _ expected: String) throws {
        let answer = try plant().ask(Self.workers, at(8), at(16), [("sort", sort)])
        #expect(ids(answer) == expected.split(separator: " ").map(String.init))
    }

    @Test("every member of an item can be sorted by")
    func fields() throws {
        let plant = try plant()
        for path in [Self.workers, Self.stations] {
            let members = try #require(plant.ask(path, at(8), at(16)).items.first).keys
            for member in members {
                for sort in [member, "-" + member] {
                    #expect(try plant.ask(path, at(8), at(16), [("sort", sort)]).items.count > 2, "\(sort)")
                }
            }
        }
    }

    @Test("limit keeps the first; ids keep who is asked for, once and in the list's order")
    func limited() throws {
        let plant = try plant()
        #expect(
            ids(try plant.ask(Self.workers, at(8), at(16), [("sort", "-working_us"), ("limit", "2")])) == ["B", "C"])
        #expect(ids(try plant.ask(Self.workers, at(8), at(16), [("limit", "100")])).count == 5)
        let asked = [(name: "worker_id", value: "D"), (name: "worker_id", value: "B"), (name: "worker_id", value: "D")]
        let answer = try plant.ask(Self.workers, at(8), at(16), asked)
        #expect(ids(answer) == ["B", "D"])
        let whole = try plant.ask(Self.workers, at(8), at(16))
        #expect(answer.items == [whole.items[1], whole.items[3]])
        #expect(ids(try plant.ask(Self.stations, at(8), at(16), [("workstation_id", "S2")])) == ["S2"])
        #expect(ids(try plant.ask(Self.stations, at(8), at(16), [("sort", "-present_us"), ("limit", "1")])) == ["S1"])
    }

    @Test("an unknown id is a 404 that names the parameter; one that is known only later, or no more, too")
    func unknown() throws {
        let plant = try plant()
        for (path, name) in [(Self.workers, "worker_id"), (Self.stations, "workstation_id")] {
            let answer = try plant.ask(path, at(8), at(16), [(name, "W9")])
            #expect(answer.status == 404 && answer.json["parameter"] == .string(name))
        }
        #expect(try plant.ask(Self.workers, at(8), at(16), known: at(-1), [("worker_id", "A")]).status == 404)
        try plant.define(.plant(workers: ["A"], stations: ["S1", "S2", "S3"]), known: at(25))
        #expect(try plant.ask(Self.workers, at(8), at(16), [("worker_id", "B")]).status == 404)
        #expect(try plant.ask(Self.workers, at(8), at(16), known: at(24), [("worker_id", "B")]).status == 200)
    }
}
