import EventModel
import Projector
import SimulationKit
import Testing

@Suite("Projector: definitions of before the newest one")
struct DefinitionHistoryTests {
    private func definition(_ workers: [WorkerID], _ stations: [String]) -> SiteDefinition {
        var definition = SiteDefinition(siteID: RandomScenario.siteID)
        definition.workers = workers.map { SiteDefinition.Worker(workerID: $0) }
        definition.workstations = stations.map { name in
            SiteDefinition.Workstation(workstationID: WorkstationID(name), name: "N \(name)", capacity: 3)
        }
        return definition
    }

    @Test("a definition is found as it was known at a time, last in the log, after a restart too (SPEC 3, 5.1)")
    func found() throws {
        let definitions = [definition(["a", "b"], ["s"]), definition(["b"], ["s", "t"]), definition(["c"], [])]
        let workplace = try Workplace()
        // The second one has a later created_at than the third: another gateway's clock.
        let stamps: [Int64] = [1_000, 3_000, 2_000]
        try workplace.append(
            zip(definitions, stamps).map { RandomScenario.Record.definition($0, createdAt: $1) })
        try workplace.foldToEnd(.forgetful)
        let projector = try Projector(log: workplace.log, store: try workplace.store(), configuration: .forgetful)
        projector.start()
        defer { projector.stop() }
        func known(_ microseconds: Int64) throws -> PlacedDefinition? {
            try projector.definition(of: RandomScenario.siteID, knownAt: Timestamp(microseconds: microseconds))
        }
        #expect(try known(999) == nil)
        #expect(try projector.definition(of: "other", knownAt: Timestamp(microseconds: 5_000)) == nil)
        for (time, number) in [(1_000, 0), (1_999, 0), (2_000, 2), (5_000, 2)] as [(Int64, Int)] {
            let placed = try #require(try known(time))
            #expect(placed.definition == definitions[number], "at \(time)")
            #expect(placed.version == UInt64(number + 1) && placed.position.offset.value == Int64(number))
            #expect(placed.createdAt.microseconds == stamps[number])
        }
    }
}
