// Layer: oracle and machine. Every site that a key may see, asked at once, against a recomputation from the whole log of each.
import EventModel
import Oracle
import SimulationKit
import Testing

@testable import Query

@Suite("Every site at once (SPEC 5.11)", .timeLimit(.minutes(10))) struct SitesTests {
    private static let sites: [SiteID] = ["plant-a", "plant-b", "plant-c"]

    @Test("each site's figures, newest event, freshness and alerts equal the oracle's", arguments: 1...16)
    func oracle(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: 71_000 + seed)
        let plant = SitesPlant(now: 0)
        let scenarios = Self.sites.indices.map {
            RandomScenario(seed: seed * 1000 + UInt64($0), size: .init(events: 40))
        }
        for site in Self.sites { plant.register(site) }
        let longest = scenarios.map(\.records.count).max() ?? 0
        for number in 0..<longest {
            for (site, scenario) in zip(Self.sites, scenarios) where number < scenario.records.count {
                let content = OracleAnswersTests.withShifts(scenario.records[number].content(of: site), &generator)
                try plant.fold(content, of: site, commits: Bool.random(using: &generator))
            }
        }
        plant.now = max(scenarios.flatMap(\.knownAts).max() ?? 0, 0) + 1
        let instants = scenarios.flatMap(\.instants).filter { $0 >= 0 && $0 <= Timestamp.latest.microseconds }
        let knownAts = scenarios.flatMap(\.knownAts)
        for _ in 0..<4 {
            var edges = (0..<2).map { _ in instants.randomElement(using: &generator) ?? 0 }.sorted()
            // Shifts of ten thousand years take the oracle too long.
            edges[1] = min(edges[1], edges[0] + 366 * Microseconds.day)
            let known = Bool.random(using: &generator) ? knownAts.randomElement(using: &generator) : nil
            var query = [(name: "from", value: text(edges[0])), (name: "to", value: text(edges[1]))]
            if let known { query.append(("known_at", text(known))) }
            let answer = try plant.ask(query)
            let items = Self.sites.map { site in
                Self.item(
                    site, plant, OracleWindow(from: edges[0], to: edges[1], now: known ?? plant.now), edges[0], known)
            }
            #expect(answer.json["items"] == .array(items), "seed \(seed) \(edges) known \(known ?? -1)")
            #expect(answer.json["missing"] == .array([]))
        }
    }

    private static func item(
        _ site: SiteID, _ plant: SitesPlant, _ window: OracleWindow, _ from: Int64, _ known: Int64?
    ) -> JSONText {
        let view = plant.view(site, knownAt: known)
        let newest = view.newest
        let age = newest.createdAt.map { max(0, plant.now - $0) }
        return .object(
            view.factory(window, zone: Asked.zone(view)).members.merging([
                "site_id": .string(site.text), "time_range_start": .string(text(from)),
                "time_range_end": .string(text(window.end)),
                "newest_event_time": newest.eventTime.map { .string(text($0)) } ?? .null,
                "freshness_seconds": age.map { .decimal(ExactDecimal(Int128($0), over: 1_000_000, places: 3)) }
                    ?? .null,
                "alerts": .integer(view.alerts.count(where: \.isCurrent)),
            ]) { $1 })
    }

    @Test("alerts are those of each scope's newest hour with enough samples, however long ago that was (SPEC 6.4)")
    func alerts() throws {
        var generator = SeededGenerator(seed: 5)
        var seen = 0
        for round in 0..<12 {
            let plant = SitesPlant(now: at(10_000))
            try plant.define("plant-a")
            // Around the steps in which the hours are looked through, and far away.
            let hours: [Int64] = [9990, 9989, 9943, 9942, 9941, 9847, 9846, 9000, 5001, 5000, 3]
            for hour in hours.shuffled(using: &generator) {
                var events: [LoggedEvent] = []
                for camera in ["C1", "C2", nil] as [CameraID?] where generator.pick(0...2) > 0 {
                    let base = generator.pick([600_000, 740_000, 760_000, 990_000] as [UInt32])
                    for number in 0..<generator.pick(28...32) {
                        events.append(
                            event(
                                at(Double(hour)) + Int64(number) * Microseconds.second, .working,
                                camera == nil ? "W1" : WorkerID("W\(camera?.text ?? "")"), confidence: base,
                                camera: camera))
                    }
                }
                if !events.isEmpty { try plant.send("plant-a", events, known: at(Double(generator.pick(0...9_990)))) }
            }
            for known in [nil, at(5000), at(9000)] as [Int64?] {
                let view = plant.view("plant-a", knownAt: known)
                let expected = view.alerts.count(where: \.isCurrent)
                let query = known.map { [(name: "known_at", value: text($0))] } ?? []
                // Twice: the second time nothing new has come in.
                for _ in 0..<2 {
                    let answer = try plant.ask(query)
                    #expect(answer.items.first?["alerts"] == .integer(expected), "round \(round)")
                }
                seen += expected
            }
        }
        #expect(seen > 10)
    }

    @Test("a period is read by each site's own clocks (SPEC 5.1)")
    func zones() throws {
        let plant = SitesPlant(now: at(12))
        try plant.define("berlin", zone: "Europe/Berlin")
        try plant.define("kolkata", zone: "Asia/Kolkata")
        let items = try plant.ask([("period", "yesterday")]).items
        #expect(
            items.map { $0["time_range_start"]?.text } == [
                "2026-01-10T23:00:00.000000Z", "2026-01-10T18:30:00.000000Z",
            ])
        let local = try plant.ask([("from", "2026-01-12T01:00"), ("to", "2026-01-12T06:00")]).items
        #expect(
            local.map { $0["time_range_end"]?.text } == ["2026-01-12T05:00:00.000000Z", "2026-01-12T00:30:00.000000Z"])
        #expect(try plant.ask([("known_at", "2026-01-12T06:00")]).meta?["known_at"] == .string("2026-01-12T06:00"))
    }

    @Test("a site for which the question makes no sense is named with the reason; where none has an answer it is 400")
    func nonsense() throws {
        let plant = SitesPlant(now: at(12))
        try plant.define("plain")
        try plant.define("shifts") { $0.shifts = [.init(name: "early", startMinute: 360, endMinute: 840, days: 127)] }
        let answer = try plant.ask([("within", "shifts")])
        #expect(answer.items.map { $0["site_id"]?.text } == ["shifts"])
        #expect(
            answer.json["missing"]
                == .array([
                    .object([
                        "sites": .array([.string("plain")]), "partition": .number("0"),
                        "reason": .string("within: the site has no shifts"),
                    ])
                ]))
        let none = try plant.ask([("within", "shift:night")])
        #expect(none.status == 400 && none.json["parameter"] == .string("within"))
        let early = try plant.ask([("from", text(at(2))), ("to", text(at(1)))])
        #expect(early.status == 400 && early.json["detail"]?.text?.contains("lies before from") == true)
        for (name, value, message) in [
            ("from", "yesterday", "must be a time"), ("within", "night", "must be all, shifts or shift:NAME"),
            ("period", "decade", "must be today, yesterday"),
            ("known_at", text(at(13)), "5 s after the server's clock"),
        ] {
            let answer = try plant.ask([(name, value)])
            #expect(answer.status == 400 && answer.json["detail"]?.text?.contains(message) == true, "\(name)")
        }
        #expect(try plant.ask([("period", "today"), ("from", text(at(0)))]).status == 400)
    }

    @Test("a key sees its own sites alone, and positions tell nothing about others (SPEC 5.8, 8.2)")
    func keys() throws {
        let plant = SitesPlant(now: at(12))
        for site in Self.sites { try plant.define(site) }
        try plant.send("plant-c", [event(at(1), .working)], known: at(2))
        #expect(try plant.ask(key: "").status == 401)
        let bound = try plant.ask(key: "plant-b,plant-a,plant-z")
        #expect(bound.items.map { $0["site_id"]?.text } == ["plant-a", "plant-b"])
        #expect(bound.meta?["positions"] == .object(["0": .number("2")]))
        let all = try plant.ask()
        #expect(all.items.count == 3 && all.meta?["positions"] == .object(["0": .number("4")]))
        #expect(all.header("ETag") == nil && all.header("Cache-Control") == "private, no-cache")
        #expect(try plant.ask([("site_id", "plant-b")]).items.map { $0["site_id"]?.text } == ["plant-b"])
        #expect(try plant.ask([("site_id", "plant-z")]).status == 404)
        #expect(try SitesPlant(now: at(12)).ask().json["items"] == .array([]))
    }

    @Test("a site whose definition is not folded yet, and sites whose projections cannot be read, are named as missing")
    func unreadable() throws {
        let plant = SitesPlant(now: at(12))
        try plant.define("plant-a")
        plant.register("new")
        let answer = try plant.ask()
        #expect(answer.items.count == 1)
        let missing = try #require(answer.json["missing"]?.elements.first)
        #expect(missing["sites"] == .array([.string("new")]))
        #expect(missing["reason"] == .string("the site's definition is not folded yet"))
        plant.source.breakDown()
        let broken = try plant.ask()
        #expect(broken.status == 200 && broken.items.isEmpty)
        #expect(broken.json["missing"]?.elements.first?["sites"] == .array([.string("new"), .string("plant-a")]))
        #expect(broken.meta?["settled"] == .bool(false))
    }

    @Test("an answer about a settled past is settled (SPEC 5.8)")
    func settled() throws {
        let plant = SitesPlant(now: at(12))
        for site in Self.sites { try plant.define(site) }
        #expect(try plant.ask([("known_at", text(at(11)))]).meta?["settled"] == .bool(true))
        #expect(try plant.ask().meta?["settled"] == .bool(false))
    }
}
