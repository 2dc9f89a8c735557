// Layer: differential. A fold of a log with junk that was declared as skipped, against a fold of the same records alone.
import EventLog
import EventModel
import ProjectionStore
import Projector
import SimulationKit
import Testing
import Timeline

@Suite("A fold passes over the offsets that the log declares as skipped (SPEC 7.4)", .timeLimit(.minutes(10)))
struct SkippedOffsetsTests {
    private static let partition = PartitionIndex(0)

    @Test("what is folded around junk is what is folded without it, also by a fold that goes on behind it")
    func aroundJunk() throws {
        let plant = try FaultyPlant(events: 40)
        let end = try plant.log.endOffset(Self.partition)
        try plant.appendJunk(count: 2)
        // Level at the end, where nothing but skipped offsets is.
        let projector = try plant.projector()
        projector.start()
        projector.waitForEnd()
        projector.stop()
        #expect(projector.progress.nextOffset == LogOffset(end.value + 2))
        let more = RandomScenario(seed: 8, size: .init(events: 40)).records
        try plant.append(more)
        try plant.appendJunk(count: 1)
        for _ in 0..<2 {
            // Opens the store that stands behind the skip, and compares the log with it.
            try plant.foldToEnd()
            let expected = try MemoryFold(plant.scenario.records + more).site?.ledger
            #expect(try plant.ledger() == expected)
        }
        let digest = try SiteDigest.compute(site: RandomScenario.siteID, log: plant.log, storePath: nil)
        let store = plant.storePath
        #expect(try SiteDigest.compute(site: RandomScenario.siteID, log: plant.log, storePath: store) == digest)
        #expect(digest != nil)
    }
}

extension FaultyPlant {
    /// Appends records that are none of Andon's, and declares them.
    func appendJunk(count: Int) throws {
        let end = try log.endOffset(PartitionIndex(0))
        for _ in 0..<count {
            _ = try log.append([NewRecord(key: [1], createdAt: Timestamp(microseconds: 1), payload: [1, 2, 3])])
        }
        try log.declare(
            LogSkip(
                first: end, next: LogOffset(end.value + Int64(count)), reason: "junk", by: "a test",
                at: Timestamp(microseconds: 1)), in: PartitionIndex(0))
    }
}
