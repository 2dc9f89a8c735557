// What the service keeps between questions is tried with questions that alternate between what it kept and what is new.
import EventModel
import Testing

@testable import Query

@Suite("What is kept between questions") struct CacheTests {
    private func workers(_ plant: Plant, known: Int64? = nil) throws -> [String] {
        let answer = try plant.ask("/api/metrics/workers", at(0), at(24), known: known)
        #expect(answer.status == 200)
        // A worker without a name is shown by his id.
        return answer.items.map { "\($0["worker_id"]?.text ?? "?") \($0["worker_name"]?.text ?? "?")" }
    }

    @Test("lists follow the definition that is visible, whichever was asked for before (SPEC 3, 5.1)")
    func rosters() throws {
        let plant = Plant()
        try plant.define(.plant(workers: ["W1", "W2"], stations: ["S1"]), known: at(1))
        for _ in 0..<2 { #expect(try workers(plant) == ["W1 W1", "W2 W2"]) }
        try plant.define(.plant(workers: ["W3"], stations: ["S2"]), known: at(2))
        for _ in 0..<2 {
            #expect(try workers(plant) == ["W3 W3"])
            #expect(try workers(plant, known: at(1)) == ["W1 W1", "W2 W2"])
            let stations = try plant.ask("/api/metrics/workstations", at(0), at(24)).items
            #expect(stations.map { $0["workstation_id"]?.text } == ["S2"])
        }
    }

    @Test("a worker who was dropped since keeps the last known name, under known_at too (SPEC 3, 5.8)")
    func formerNames() throws {
        let plant = Plant()
        try plant.define(.plant(workers: ["W1", "W2"]), known: at(1))
        let newest = SiteDefinition.plant(workers: ["W2"])
        try plant.define(newest, known: at(2))
        for name in ["Ana", "Bea"] {
            plant.register(newest, former: FormerNames(workers: [.init(id: "W1", name: name)]))
            for _ in 0..<2 {
                #expect(try workers(plant, known: at(1)) == ["W1 \(name)", "W2 W2"])
                #expect(try workers(plant) == ["W2 W2"])
            }
        }
    }

    @Test("names are the registry's newest, also where only a name changed (SPEC 3)")
    func names() throws {
        let plant = Plant()
        let definition = SiteDefinition.plant(workers: ["W1", "W2"])
        try plant.define(definition, known: at(1))
        for name in ["Ana", "Bea", "Ana"] {
            var named = definition
            named.workers[1].name = name
            plant.register(named)
            for _ in 0..<2 { #expect(try workers(plant) == ["W1 W1", "W2 \(name)"]) }
        }
        plant.register(definition)
        #expect(try workers(plant) == ["W1 W1", "W2 W2"])
    }

    @Test("the site's day is that of the zone that is visible, whichever was asked for before (SPEC 5.1)")
    func zones() throws {
        let plant = Plant(now: at(20))
        try plant.define(.plant(zone: "UTC"), known: at(1))
        func start(_ known: Int64?) throws -> String? {
            let knownAt = known.map { [(name: "known_at", value: text($0))] } ?? []
            return try plant.ask("/api/metrics/workers", knownAt).meta?["from"]?.text
        }
        #expect(try start(nil) == text(at(0)))
        try plant.define(.plant(zone: "Asia/Kolkata"), known: at(2))
        for _ in 0..<2 {
            // 01:30 of the next day in Kolkata.
            #expect(try start(nil) == text(at(18.5)))
            #expect(try start(at(1)) == text(at(0)))
        }
    }

    @Test("a cursor with one wrong bit is refused or is another place of the same question, never a fault (SPEC 8.5)")
    func cursors() throws {
        let plant = Plant()
        try plant.define(.plant())
        try plant.send((0..<6).map { event(at(Double($0)), .working) })
        let first = try plant.ask("/api/events", [("limit", "2")])
        let cursor = Array(try #require(first.json["next_cursor"]?.text).utf8)
        var refused = 0
        for bit in 0..<cursor.count * 8 {
            var wrong = cursor
            wrong[bit / 8] ^= 1 << UInt8(bit % 8)
            guard let text = String(validating: wrong, as: UTF8.self) else { continue }
            let answer = try plant.ask("/api/events", [("limit", "2"), ("cursor", text)])
            #expect(answer.status == 200 || answer.status == 400, "bit \(bit)")
            if answer.status == 400 {
                refused += 1
                #expect(answer.json["parameter"] == .string("cursor"))
            }
            // The last 8 of 24 bytes tell the question: 11 characters, the first of which they share.
            if bit / 8 > 21 { #expect(answer.status == 400, "bit \(bit)") }
        }
        #expect(refused > cursor.count * 2)
    }
}
