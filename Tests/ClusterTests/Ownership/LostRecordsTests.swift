// Layer: machine. A worker whose log has lost what it was to read next.
import EventLog
import EventModel
import SimulationKit
import Testing

@testable import Cluster

@Suite("Partitions whose next records are gone", .timeLimit(.minutes(5)))
struct LostRecordsTests {
    @Test("it stands still, and goes on by itself once they are declared as skipped (SPEC 7.9)")
    func skipped() throws {
        let plant = try ClusterPlant(seed: 6)
        var random = SeededGenerator(seed: 3)
        _ = try plant.appendSome(&random)
        let worker = try plant.worker("a")
        let partition = PartitionIndex(0)
        worker.assign([partition])
        try plant.waitUntilFolded([worker], [partition: 0])
        worker.revoke([partition])
        // Until then its fold may still read what comes.
        worker.wait(partition) { $0 == .closed }
        try plant.appendAll()
        let kept = LogOffset(try plant.log.endOffset(partition).value - 1)
        plant.log.removeRecords(partition, before: kept)
        worker.assign([partition])
        worker.wait(partition) { $0 == .failed }
        let lost = try #require(worker.failures[partition]?.lost)
        try #require(lost.upperBound == kept && lost.upperBound.value - lost.lowerBound.value > 1)
        worker.check()
        #expect(worker.statuses[partition]?.phase == .failed)
        // Not all of them: it stays where it is.
        let middle = LogOffset(lost.lowerBound.value + 1)
        func declare(_ range: Range<LogOffset>) throws {
            try plant.log.declare(
                LogSkip(
                    first: range.lowerBound, next: range.upperBound, reason: "retention", by: "a",
                    at: Timestamp(microseconds: 1)), in: partition)
        }
        try declare(lost.lowerBound..<middle)
        worker.check()
        #expect(worker.statuses[partition]?.phase == .failed)
        try declare(middle..<kept)
        worker.wait(partition) { $0 == .folding }
        try plant.waitUntilFolded([worker], [partition: 0])
        #expect(worker.progress[partition]?.nextOffset == kept.next && worker.failures.isEmpty)
        worker.stop()
    }
}
