// Layer: differential. Two folds of one log, committed and numbered differently, must not differ; and where the digests of
// two folds differ, the comparison has to say so. It cannot tell whether either is right: that is the oracle's.
import EventModel
import Foundation
import Replay
import SimulationKit
import Testing
import Timeline

@Suite("Comparison of equal stores (SPEC 7.1)", .timeLimit(.minutes(10)))
struct EqualStoresTests {
    private static let size = RandomScenario.Size(events: 160, workers: 5, stations: 3, eventsPerRecord: 8)

    @Test("two folds of one log are equal, however they were committed (SPEC 4.5, 7.1)", arguments: 0..<12)
    func commits(seed: Int) throws {
        let scenario = RandomScenario(seed: UInt64(7_400 + seed), size: Self.size)
        let folder = try StoreFolder()
        try folder.fold(scenario.records, into: "live", commitEvery: 1)
        try folder.fold(scenario.records, into: "new", commitEvery: 1 + seed)
        let found = try folder.compare("live", "new")
        #expect(found.isEqual, "\(found)\n\(scenario)")
        #expect(found.position.value == Int64(scenario.records.count))
        let ledger = try folder.integer("live", "SELECT folded + low_confidence FROM site")
        let quarantined = try folder.integer("live", "SELECT quarantined FROM site")
        #expect(found.count(.event)?.equal == ledger ?? 0, "\(scenario)")
        #expect(found.count(.quarantinedEvent)?.equal == quarantined ?? 0, "\(scenario)")
    }

    @Test("when hours were derived again after a definition does not show (DESIGN 1.7)", arguments: 0..<24)
    func slices(seed: Int) throws {
        let size = RandomScenario.Size(events: 120, workers: 4, eventsPerRecord: 4, definitionsPercent: 25)
        let scenario = RandomScenario(seed: UInt64(7_800 + seed), size: size)
        let folder = try StoreFolder()
        try folder.fold(scenario.records, into: "live", slicePages: 1000)
        try folder.fold(scenario.records, into: "new", commitEvery: 2, slicePages: seed % 3)
        let found = try folder.compare("live", "new")
        #expect(found.isEqual, "\(found)\n\(scenario)")
    }

    @Test("another numbering of workers, stations, cameras and models does not show (SPEC 7.1)", arguments: 0..<12)
    func numbers(seed: Int) throws {
        let scenario = RandomScenario(seed: UInt64(7_500 + seed), size: Self.size)
        let folder = try StoreFolder()
        try folder.fold(scenario.records, into: "live")
        try folder.renumber("live", as: "new")
        #expect(try folder.dump("live") == folder.dump("new"), "the copy is not the same: \(scenario)")
        let found = try folder.compare("live", "new")
        #expect(found.isEqual, "\(found)\n\(scenario)")
        let back = try folder.compare("new", "live")
        #expect(back.isEqual && back.counts == found.counts, "\(scenario)")
        // And what differs is found all the same.
        let sum = try folder.integer("new", "SELECT working FROM hour WHERE kind = 0")
        guard sum != nil else { return }
        try folder.copy(
            "new", as: "wrong",
            [
                "UPDATE hour SET units = units + 3 WHERE kind = 0 AND (hour, entity) IN "
                    + "(SELECT hour, entity FROM hour WHERE kind = 0 LIMIT 1)"
            ])
        #expect(try folder.compare("live", "wrong").kinds == [.workerHour], "\(scenario)")
    }

    @Test("one event folded differently is found whenever the digest shows it (SPEC 7.1)")
    func alteredEvents() throws {
        var found = 0
        for seed in 0..<40 as Range<UInt64> {
            let scenario = RandomScenario(seed: 7_600 + seed, size: Self.size)
            var random = SeededGenerator(seed: seed)
            guard let records = scenario.altered(&random) else { continue }
            let folder = try StoreFolder()
            try folder.fold(scenario.records, into: "live")
            try folder.fold(records, into: "new")
            let differences = try folder.compare("live", "new")
            let isSameDump = try folder.dump("live") == folder.dump("new")
            if !isSameDump {
                found += 1
                #expect(!differences.isEqual, "seed \(seed)\n\(scenario)")
                #expect(!differences.kinds.isDisjoint(with: [.event, .quarantinedEvent]), "\(scenario)")
            }
        }
        #expect(found >= 10, "the altered events changed next to nothing")
    }

    @Test("stores of other positions and of other logs are refused with what to do")
    func refusals() throws {
        let scenario = RandomScenario(seed: 7_700, size: Self.size)
        let folder = try StoreFolder()
        try folder.fold(scenario.records, into: "live")
        try folder.fold(Array(scenario.records.dropLast()), into: "behind")
        try folder.fold(scenario.records, into: "other", epoch: [1, 2, 3])
        let behind = #expect(throws: ReplayError.self) { try folder.compare("live", "behind") }
        #expect(behind?.name == "comparison_positions" && behind?.isRetriable == true && behind?.hint != nil)
        let other = #expect(throws: ReplayError.self) { try folder.compare("live", "other") }
        #expect(other?.name == "comparison_logs" && other?.hint != nil)
        try folder.copy("live", as: "format", ["UPDATE meta SET value = value + 1 WHERE name = 'format'"])
        let format = #expect(throws: ReplayError.self) { try folder.compare("live", "format") }
        #expect(format?.name == "comparison_format" && format?.hint != nil)
        try folder.copy("live", as: "deriving", ["UPDATE site SET rederive_cursor = 0"])
        let deriving = #expect(throws: ReplayError.self) { try folder.compare("deriving", "live") }
        #expect(deriving?.name == "comparison_deriving" && deriving?.isRetriable == true)
    }
}

extension RandomScenario {
    /// The records with one event at another station, of another confidence, or counting more; nil without events.
    func altered(_ random: inout SeededGenerator) -> [Record]? {
        let places = records.indices.filter { if case .events = records[$0] { true } else { false } }
        guard !places.isEmpty else { return nil }
        let place = random.pick(places)
        guard case .events(var events, let createdAt) = records[place] else { return nil }
        let index = random.pick(0...events.count - 1)
        switch random.pick(0...2) {
        case 0: events[index].workstation = "S-other"
        case 1: events[index].confidence = 123_456
        default: events[index].time += 1
        }
        var altered = records
        altered[place] = .events(events, createdAt: createdAt)
        return altered
    }
}
