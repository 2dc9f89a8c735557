// Layer: machine. A projector with generations, and snapshots of it: what a worker tells its retention guard.
import EventLog
import EventModel
import KafkaLog
import ProjectionStore
import Projector
import Replay
import SQLiteLog
import Testing

@testable import Commands

@Suite("What still has to read the log (SPEC 7.9)", .timeLimit(.minutes(5)))
struct NeededPositionsTests {
    private static let job = "5f0c91aa"
    private let plant: StoredPlant
    private let log: SQLiteLog
    private let end = LogOffset(Int64(StoredPlant.records))

    init() throws {
        plant = try StoredPlant()
        log = try SQLiteLog.open(path: plant.directory.log)
    }

    private func running(_ body: (Projector) throws -> Void) throws {
        var configuration = ProjectorConfiguration()
        configuration.scrubHours = 0
        let projector = try Projector(log: log, generations: plant.directory.generations, configuration: configuration)
        projector.start()
        defer { projector.stop() }
        try body(projector)
    }

    @Test("the fold, a rebuild that is paused, also after a start, and what is kept for a rollback, each by its name")
    func generations() throws {
        defer { log.close() }
        try running { projector in
            #expect(projector.needed.map(\.what) == ["the fold of partition 0"])
            #expect(projector.needed.map(\.next) == [end])
            try projector.build(job: Self.job, pace: .paused)
            try expectPaused(projector)
        }
        try running { projector in
            try expectPaused(projector)
            try projector.build(job: Self.job, pace: .unlimited)
            try projector.promote(job: Self.job)
            let needed = projector.needed
            #expect(
                needed.map(\.what) == ["the fold of partition 0", "generation 1 of partition 0, kept for a rollback,"])
            #expect(needed.map(\.next) == [end, end])
        }
    }

    private func expectPaused(_ projector: Projector) throws {
        let needed = projector.needed
        #expect(needed.map(\.what) == ["the fold of partition 0", "rebuild \(Self.job) in partition 0"])
        #expect(needed.map(\.next) == [end, .zero] && needed.allSatisfy { $0.partition == PartitionIndex(0) })
        #expect(needed.last?.remedy.contains("andon rebuild resume \(Self.job)") == true)
        let extents = [PartitionIndex(0): LogExtent(start: .zero, end: end, aging: LogOffset(3))]
        let found = RetentionGuard.findings("events", TopicRetention(milliseconds: 86_400_000), needed, extents)
        #expect(found.count == 1 && found[0].contains("rebuild \(Self.job) in partition 0 still needs"), "\(found)")
    }

    @Test("of the snapshots of a partition the newest that a start could go on from, by its id")
    func snapshots() throws {
        defer { log.close() }
        let snapshots = SnapshotDirectory(path: plant.directory.snapshots)
        let settings = SnapshotSettings(snapshots)
        let partition = PartitionIndex(0)
        func needed(_ log: LogEpoch, feed: Bool = false) -> [NeededPosition] {
            settings.needed(of: log, in: [partition, PartitionIndex(1)], needsFeed: feed)
        }
        #expect(needed(log.epoch) == [])
        let source = SnapshotMaker.Source(path: plant.directory.generations.livePath, partition)
        let taken = try #require(try SnapshotMaker(snapshots, program: "test").take(source))
        let found = needed(log.epoch)
        #expect(found.map(\.what) == ["snapshot \(taken.id)"] && found.map(\.next) == [end])
        #expect(found.first?.remedy == "take a new one: andon snapshot create")
        #expect(needed(.random()) == [], "it is of another log")
        #expect(needed(log.epoch, feed: true).isEmpty == !taken.hasFeed, "a publisher could follow it, or could not")
    }
}
