import EventModel
import Oracle
import SimulationKit
import Timeline

/// A scenario that was folded as a process would: commits now and then, pages that leave, hours not rebuilt to the end.
struct FoldedScenario {
    private(set) var fold = PartitionFold()
    let store = MemoryProjections()
    private(set) var log = OracleLog()

    init(_ scenario: RandomScenario, _ generator: inout SeededGenerator) throws {
        let commitPercent = generator.pick([0, 20, 60])
        let slicePercent = generator.pick([0, 40, 100])
        for (offset, record) in scenario.records.enumerated() {
            log.append(record.content, offset: Int64(offset))
            try apply(record.content)
            if generator.chance(Double(slicePercent)) { try fold.rederive(pageLimit: 1, pages: store) }
            guard generator.chance(Double(commitPercent)) else { continue }
            let set = fold.takeCommit()
            store.apply(set)
            fold.finishCommit(set)
            fold.evict(.init(tailBytes: 0, otherBytes: 0))
        }
        while generator.chance(90), fold.isRederiving { try fold.rederive(pageLimit: 1, pages: store) }
        // A commit that is taken and not written: questions see its differences all the same.
        if generator.chance(30) { _ = fold.takeCommit() }
    }

    private mutating func apply(_ record: RecordContent) throws {
        switch record {
        case .events(let batch): try fold.apply(batch, offset: fold.nextOffset, pages: store)
        case .definition(let definition):
            let zone = RandomScenario.offsetSeconds(of: definition.definition.timeZone)
            let offset = ((zone % 3600) + 3600) % 3600 * Microseconds.second
            try fold.apply(definition, offset: fold.nextOffset, hourOffset: offset, pages: store)
        }
    }
}
