import EventModel
import Projector
import SimulationKit
import Testing

@Suite("Sources that a fold tells")
struct SourceTests {
    @Test("a fold that was opened again tells every source of what it counts, and none that nobody sent (SPEC 2.3)")
    func told() throws {
        let records = RandomScenario(seed: 5, size: .init(events: 200)).records
        let workplace = try Workplace()
        try workplace.append(records)
        try workplace.foldToEnd(ProjectorConfiguration())
        var counted: Set<[[UInt8]?]> = []
        var sent: Set<[[UInt8]?]> = []
        for case .events(let batch) in records.map(\.content) {
            for event in 0..<batch.count {
                let (camera, model) = (Int(batch.cameras[event]), Int(batch.modelVersions[event]))
                let source = [
                    batch.ids[Int(batch.workstations[event])], camera == 0 ? nil : batch.ids[camera - 1],
                    model == 0 ? nil : batch.ids[model - 1],
                ]
                sent.insert(source)
                if batch.marks[event].eventClass != .quarantined { counted.insert(source) }
            }
        }
        var told: Set<[[UInt8]?]> = []
        try Projector(log: workplace.log, store: try workplace.store()).forEachSource { site, source in
            #expect(site == RandomScenario.siteID)
            told.insert([
                Array(source.workstation), source.camera.map { Array($0) }, source.modelVersion.map { Array($0) },
            ])
        }
        #expect(counted.count > 3 && counted.isSubset(of: told) && told.isSubset(of: sent))
    }
}
