// Layer: oracle and machine. A service is asked again and again while records come in, so that what it remembers of parts of
// hours would show if it were out of date; every number against a recomputation from the whole log.
import EventModel
import Figures
import Oracle
import Projector
import SimulationKit
import Testing
import Timeline

@testable import Query

@Suite("What the service remembers of parts of hours (SPEC 2.9, 5.5, 5.6, 5.8)") struct RememberedPartsTests {
    @Test("shifts and handovers equal the oracle's after every record, however late it is", arguments: 1...24)
    func growing(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let scenario = RandomScenario(seed: 81_000 + seed, size: .init(events: 40))
        let instants = scenario.instants.filter { $0 >= 0 && $0 <= Timestamp.latest.microseconds }
        let middle = instants[instants.count / 2]
        let from = max(0, middle - generator.pick(0...2 * Microseconds.day))
        let to = from + generator.pick(1...3 * Microseconds.day)
        let plant = Plant(now: 0)
        var log = OracleLog()
        for (offset, record) in scenario.records.enumerated() {
            let content = SeriesAnswersTests.withShifts(record.content, &generator)
            try plant.source.fold(content, commits: Bool.random(using: &generator))
            if Bool.random(using: &generator) { try plant.source.rederive() }
            log.append(content, offset: Int64(offset))
            // As late as can be: the oldest record to come is appended 30 s after its created_at (SPEC 2.8).
            let oldest = scenario.records[(offset + 1)...].map(\.createdAt).min()
            plant.now = oldest.map { $0 + 30 * Microseconds.second } ?? scenario.knownAts.last! + Microseconds.day
            let known =
                Bool.random(using: &generator) ? min(plant.now, generator.pick(scenario.knownAts)) : nil
            let asked = AskedSeries(
                put: { try plant.ask($0, $1) }, view: log.view(of: Plant.site, knownAt: known),
                window: OracleWindow(from: from, to: to, now: known ?? plant.now), from: from, to: to, known: known,
                now: known ?? plant.now)
            let comment = "after \(offset), from \(from) to \(to) known \(known ?? -1)\n\(scenario)"
            try asked.checkShifts(comment)
            try asked.checkHandovers(comment)
        }
    }

    private func units(_ plant: Plant) throws -> JSONText? {
        try plant.ask("/api/metrics/factory", at(9.75), at(10.25)).json["total_production_count"]
    }

    @Test("what was settled while a clock was ahead is forgotten once time was set back (SPEC 2.9)")
    func setBack() throws {
        let plant = try referenceDay(now: at(1000))
        try plant.send([event(at(10.1), .productCount, count: 1)], known: at(924))
        #expect(try units(plant) == .number("6"))
        // Clock and gateway were ahead, and both are right again.
        plant.now = at(25)
        try plant.source.fold(
            .clockSetBack(
                ClockSetBack(
                    createdAt: Timestamp(microseconds: at(25)), newestCreatedAt: Timestamp(microseconds: at(924)),
                    reason: .synchronised)))
        try plant.send([event(at(10.2), .productCount, count: 10)], known: at(25))
        plant.now = at(26)
        #expect(try units(plant) == .number("16"))
        #expect(try units(plant) == .number("16"))
    }

    @Test("nothing is remembered over another fold, another era of the clock, or another dispute about it")
    func apart() throws {
        final class Fold: Sendable {}
        let plant = try referenceDay()
        let site = try #require(try plant.source.snapshot(of: Plant.site)?.site)
        let memories = PartMemories()
        func memory(_ fold: Fold?, era: UInt64 = 0, setBackTo: Int64? = nil) throws -> PartMemory? {
            var partition = PartitionFold()
            if let setBackTo {
                let record = ClockSetBack(
                    createdAt: Timestamp(microseconds: setBackTo), newestCreatedAt: Timestamp(microseconds: at(900)),
                    reason: .synchronised)
                try partition.apply(record, offset: .zero)
            }
            let snapshot = ProjectionSnapshot(
                site: site, reader: MemoryProjections(),
                progress: FoldProgress(nextOffset: .zero, logEnd: .zero), clockDisputes: partition.clockDisputes,
                fold: fold)
            return memories.memory(of: snapshot, era: era)
        }
        let (one, other) = (Fold(), Fold())
        var last = try memory(one)
        #expect(try last != nil && memory(one) === last)
        for next in [
            try memory(other), try memory(other, era: 1), try memory(other, era: 1, setBackTo: at(5)),
            try memory(other, era: 1, setBackTo: at(6)),
        ] {
            #expect(next != nil && next !== last)
            last = next
        }
        #expect(try memory(other, era: 1, setBackTo: at(6)) === last)
        #expect(try memory(nil) == nil)
    }
}
