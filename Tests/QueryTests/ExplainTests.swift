import EventModel
import Testing

@testable import Query

@Suite("Explain (SPEC 5.9)") struct ExplainTests {
    private static let explain = "/api/explain"

    private func rows(_ answer: Answer, _ name: String) -> [String?] {
        answer.json["intervals"]?.elements.map { $0[name]?.text } ?? []
    }

    @Test("neighbours of one state and station that touch are one item; events counts them")
    func merged() throws {
        let plant = Plant(now: at(30))
        try plant.define(.plant(ttl: 3600, stations: ["S1", "S2"]))
        try plant.send([
            event(at(8), .working), event(at(8.25), .working), event(at(8.5), .working),
            event(at(8.75), .working, at: "S2"), event(at(9), .working), event(at(9), .idle),
            // Longer than the ttl without an event: what follows does not touch.
            event(at(12), .working), event(at(12.5), .working),
        ])
        let question = [(name: "worker_id", value: "W1")]
        let answer = try plant.ask(Self.explain, at(7), at(20), question)
        #expect(rows(answer, "events") == ["3", "1", "1", "2"])
        #expect(rows(answer, "from") == [at(8), at(8.75), at(9), at(12)].map(text))
        #expect(rows(answer, "to") == [at(8.75), at(9), at(10), at(13.5)].map(text))
        #expect(rows(answer, "position") == ["0:1:0", "0:1:3", "0:1:4", "0:1:6"], "that of the first")
        let single = try plant.ask(Self.explain, at(7), at(20), question + [("merge", "false")])
        #expect(rows(single, "events") == Array(repeating: "1", count: 7))
        #expect(single.json["totals"] == answer.json["totals"])
        #expect(answer.json["totals"]?["working_us"] == .integer(Microseconds.hour * 7 / 2))
        #expect(answer.json["totals"]?["unknown_us"] == .integer(Microseconds.hour * 19 / 2))
    }

    @Test("items of camera rate become few: a day of one state is one item")
    func cameraRate() throws {
        let plant = Plant(now: at(30))
        try plant.define(.plant())
        for hour in 0..<24 {
            try plant.send((0..<90).map { event(at(Double(hour)) + Int64($0) * 40 * Microseconds.second, .working) })
        }
        let answer = try plant.ask(Self.explain, at(0), at(24), [("worker_id", "W1")])
        #expect(rows(answer, "events") == ["2160"])
    }

    @Test("an unknown worker is a 404; one whom a definition or an event names is known")
    func unknown() throws {
        let plant = Plant(now: at(30))
        try plant.define(.plant(workers: ["W1", "W2"]), known: at(1))
        try plant.send([event(at(2), .working), event(at(3), .working, "W8", mark: .unknownWorker)], known: at(4))
        func status(_ worker: String, _ known: Int64? = nil) throws -> Int {
            try plant.ask(Self.explain, at(0), at(24), known: known, [("worker_id", worker)]).status
        }
        #expect(try status("W9") == 404 && status("W1") == 200 && status("W2") == 200)
        #expect(try status("W8") == 404, "only quarantined events name him")
        #expect(try status("W1", at(0.5)) == 404, "before the definition nobody knew him")
        try plant.define(.plant(workers: ["W1"]), known: at(5))
        #expect(try status("W2") == 200, "who was dropped stays explainable")
    }
}
