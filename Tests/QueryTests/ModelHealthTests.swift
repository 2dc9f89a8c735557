import EventModel
import Oracle
import Testing
import Timeline

@testable import Query

@Suite("Model health over HTTP (SPEC 6.1–6.2)") struct ModelHealthTests {
    private static let path = "/api/metrics/model-health"

    private func plant() throws -> Plant {
        let plant = Plant(now: at(24))
        try plant.define(.plant())
        try plant.send([
            event(at(8), .working, confidence: 1_000_000, camera: "c2", model: "m1"),
            event(at(8.5), .working, confidence: 650_000, camera: "c1", mark: .lowConfidence),
            event(at(9), .productCount, at: "S2", count: 2, confidence: 750_001),
            event(at(9), .idle, "W9", confidence: 1, mark: .unknownWorker),
        ])
        return plant
    }

    private func histogram(_ bins: [Int]) -> JSONText {
        .array((0..<20).map { bin in .integer(bins.count { $0 == bin }) })
    }

    @Test("accepted and low-confidence winners are samples, quarantined ones are not")
    func samples() throws {
        let answer = try plant().ask(Self.path, at(8), at(10))
        let expected: [String: JSONText] = [
            "status": .string("Warning"), "avg_confidence": .number("0.8"), "samples": .number("3"),
            "message": .string("Average confidence 0.8 is not above 0.85: keep an eye on cameras and model."),
            "below_threshold_count": .number("1"), "histogram": histogram([19, 13, 15]), "groups": .array([]),
        ]
        for (name, value) in expected { #expect(answer.json[name] == value, "\(name)") }
        #expect(answer.json.keys == Set(expected.keys).union(["meta"]))
        #expect(try plant().ask(Self.path, at(8), at(8.5)).json["samples"] == .number("1"), "edges are exact")
        #expect(try plant().ask(Self.path, at(8), at(8.5) + 1).json["samples"] == .number("2"))
    }

    @Test("without samples: Unknown, no average")
    func empty() throws {
        let answer = try plant().ask(Self.path, at(10), at(11))
        #expect(answer.json["status"] == .string("Unknown") && answer.json["avg_confidence"] == .null)
        #expect(answer.json["samples"] == .number("0") && answer.json["histogram"] == histogram([]))
    }

    @Test("the default is the last 24 h, up to now or known_at")
    func window() throws {
        let plant = try plant()
        let answer = try plant.ask(Self.path)
        #expect(answer.meta?["from"] == .string(text(at(0))) && answer.meta?["to"] == .string(text(at(24))))
        #expect(answer.json["samples"] == .number("3"))
        plant.now = at(32) + 1
        #expect(try plant.ask(Self.path).json["samples"] == .number("2"))
        let known = try plant.ask(Self.path, [("known_at", text(at(30)))])
        #expect(known.meta?["from"] == .string(text(at(6))) && known.json["samples"] == .number("3"))
        #expect(try plant.ask(Self.path, [("to", text(at(9)))]).meta?["from"] == .string(text(at(-15))))
    }

    @Test(
        "groups by id bytes, samples that name none first",
        arguments: [
            ("camera", "camera_id", [nil, "c1", "c2"]), ("workstation", "workstation_id", ["S1", "S2"]),
            ("model_version", "model_version", [nil, "m1"]),
        ] as [(String, String, [String?])])
    func groups(_ grouping: String, _ member: String, _ ids: [String?]) throws {
        let answer = try plant().ask(Self.path, at(8), at(10), [("group_by", grouping)])
        let groups = try #require(answer.json["groups"]).elements
        #expect(groups.map { $0[member] } == ids.map { $0.map { JSONText.string($0) } ?? .null })
        #expect(
            groups.allSatisfy {
                $0.keys == [
                    member, "status", "avg_confidence", "samples", "message", "below_threshold_count", "histogram",
                ]
            })
        #expect(groups.compactMap { $0["samples"]?.text.flatMap { Int($0) } }.reduce(0, +) == 3)
    }
}
