// Layer: differential. A fold of a log with junk that was declared as skipped, against a fold of the same records alone.
import EventLog
import EventModel
import Locks
import Observability
import ProjectionStore
import Projector
import SQLite
import SQLiteLog
import SimulationKit
import Testing
import Timeline

@Suite("A fold passes over the offsets that the log declares as skipped (SPEC 7.4)", .timeLimit(.minutes(10)))
struct SkippedOffsetsTests {
    private static let partition = PartitionIndex(0)

    @Test("junk halts a running fold, which answers what it has and goes on by itself once it is declared")
    func runningFold() throws {
        let plant = try FaultyPlant(events: 40)
        let events = Guarded<[JournalEvent]>([])
        let halted = Signal()
        let projector = try plant.projector {
            $0.journal = Journal { event in
                events.withLock { $0.append(event) }
                if event.name == "fold_halted" { halted.set() }
            }
        }
        projector.start()
        let end = try plant.log.endOffset(Self.partition)
        let junk = NewRecord(key: [1], createdAt: Timestamp(microseconds: 1), payload: [1, 2, 3])
        _ = try plant.log.append([junk])
        try plant.append(RandomScenario(seed: 8, size: .init(events: 40)).records)
        halted.wait()
        let message = try #require(projector.halt?.message)
        #expect(message.contains("offset \(end.value) of partition 0 is no record of Andon"))
        #expect(projector.failure == nil && projector.progress.nextOffset == end && projector.progress.isHalted)
        let snapshot = try #require(try projector.snapshot(of: RandomScenario.siteID))
        #expect(snapshot.site.ledger == (try MemoryFold(plant.scenario.records).site?.ledger))
        snapshot.close()
        try plant.log.declare(
            LogSkip(first: end, next: end.next, reason: "junk", by: "a test", at: Timestamp(microseconds: 1)),
            in: Self.partition)
        projector.waitForEnd()
        #expect(projector.halt == nil && projector.progress.isLevel)
        projector.stop()
        #expect(events.withLock { $0.filter { $0.name == "fold_halted" }.count } == 1)
    }

    @Test("a salvaged log is folded past what was skipped before it was damaged, and past what it lost (SPEC 7.4)")
    func salvagedLog() throws {
        let workplace = try Workplace()
        let log = workplace.log
        let first = RandomScenario(seed: 3, size: .init(events: 40)).records
        let second = RandomScenario(seed: 8, size: .init(events: 40)).records
        try workplace.append(first)
        let junk = try log.endOffset(Self.partition)
        _ = try log.append([NewRecord(key: [1], createdAt: Timestamp(microseconds: 1), payload: [1, 2, 3])])
        let at = Timestamp(microseconds: 1)
        let declared = LogSkip(first: junk, next: junk.next, reason: "junk", by: "an operator", at: at)
        try log.declare(declared, in: Self.partition)
        try workplace.append(second)
        log.close()
        let lost = LogOffset(junk.value + Int64(second.count) - 1)
        try Connection(path: log.path, .writer).execute(
            "UPDATE records SET payload = x'00' WHERE offset = \(lost.value)")

        let path = log.path + ".new"
        _ = try LogSalvage(path: log.path).run(into: path, by: "a test", at: at)
        let salvaged = try SQLiteLog.open(path: path)
        defer { salvaged.close() }
        #expect(try salvaged.skips(Self.partition).map(\.first) == [junk, lost])
        #expect(try salvaged.skips(Self.partition).first == declared)
        let store = try ProjectionStore.open(path: workplace.storePath, logEpoch: salvaged.epoch.bytes)
        let projector = try Projector(log: salvaged, store: store)
        projector.start()
        projector.waitForEnd()
        projector.stop()
        #expect(projector.halt == nil && projector.progress.isLevel)
        let expected = try MemoryFold(first + second.dropLast(2) + second.suffix(1)).site?.ledger
        #expect(try store.load().site(RandomScenario.siteID)?.ledger == expected)
    }

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
