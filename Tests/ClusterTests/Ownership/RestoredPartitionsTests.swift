// Layer: differential. Workers that take partitions over with nothing but a shared folder of snapshots, against folds
// from zero: equal digests. The log is in memory, stores and snapshots are real files.
import EventLog
import EventModel
import Foundation
import Locks
import Observability
import ProjectionStore
import Projector
import Replay
import SimulationKit
import Testing

@testable import Cluster

@Suite("Partitions that are restored from snapshots (DESIGN 7)", .timeLimit(.minutes(10)))
struct RestoredPartitionsTests {
    private static let all = (0..<4).map { PartitionIndex($0) }
    private static let holders = Dictionary(uniqueKeysWithValues: all.map { ($0, 0) })

    private let plant: ClusterPlant
    private let recorded = RecordedEvents()
    init() throws { plant = try ClusterPlant(seed: 3) }

    private var snapshots: SnapshotDirectory { SnapshotDirectory(path: plant.folder.file("snapshots")) }

    private func worker(_ name: String, keepsFeed: Bool = true) throws -> WorkerPartitions {
        let restore = SnapshotRestore(
            snapshots, journal: recorded.journal)
        return try plant.worker(name) { configuration in
            configuration.keepsFeed = keepsFeed
            configuration.projector.restore = { [log = plant.log] partition, path in
                try restore.newest(of: log, partition, needsFeed: keepsFeed, to: path) != nil
            }
        }
    }

    /// Folds all there is.
    /// - Returns: how many records each partition had to fold.
    private func fold(_ name: String, keepsFeed: Bool = true, takesSnapshots: Bool = false) throws
        -> [PartitionIndex: Int64]
    {
        let worker = try worker(name, keepsFeed: keepsFeed)
        defer { worker.stop() }
        worker.assign(Self.all)
        try plant.waitUntilFolded([worker], Self.holders)
        var folded: [PartitionIndex: Int64] = [:]
        for projector in worker.projectors {
            folded[projector.partition] = projector.statistics.records
            guard takesSnapshots else { continue }
            let maker = SnapshotMaker(snapshots, program: "test")
            _ = try maker.take(SnapshotMaker.Source(projector.store, projector.partition))
        }
        return folded
    }

    private func expectDigests(_ name: String) throws {
        for site in plant.definedSites {
            let wanted = try SiteDigest.compute(site: site, log: plant.log, storePath: nil)
            let path = plant.storePath(name, plant.partition(of: site))
            #expect(try SiteDigest.compute(site: site, log: plant.log, storePath: path) == wanted && wanted != nil)
        }
    }

    private func ends() throws -> [PartitionIndex: Int64] {
        try Dictionary(uniqueKeysWithValues: Self.all.map { ($0, try plant.log.endOffset($0).value) })
    }

    @Test("another worker starts from the newest snapshot that fits and folds only the rest: equal digests (SPEC 7.3)")
    func takesOver() throws {
        var random = SeededGenerator(seed: 9)
        for _ in 0..<3 { _ = try plant.appendSome(&random) }
        _ = try fold("a", takesSnapshots: true)
        let taken = try snapshots.list().manifests
        #expect(taken.count == 4 && taken.allSatisfy { $0.hasFeed })
        try plant.appendAll()
        let rest = try fold("b")
        let ends = try ends()
        for manifest in taken {
            let partition = manifest.partition
            #expect(rest[partition] == (ends[partition] ?? 0) - manifest.nextOffset.value)
        }
        try expectDigests("b")
        #expect(recorded.all.count { $0.name == "snapshot_restored" } == 4)
    }

    @Test("an owner takes no snapshot of a replica, which keeps no feed; it says so and folds the whole log")
    func replica() throws {
        try plant.appendAll()
        _ = try fold("replica", keepsFeed: false, takesSnapshots: true)
        #expect(try fold("owner") == ends())
        try expectDigests("owner")
        let refusals = recorded.all.filter { $0.name == "snapshot_refused" }.map(\.message)
        #expect(refusals.count == 4 && refusals.allSatisfy { $0.contains("replica") })
    }
}

/// What was recorded in a journal.
private final class RecordedEvents: Sendable {
    private let events = Guarded<[JournalEvent]>([])
    var all: [JournalEvent] { events.withLock { $0 } }
    var journal: Journal { Journal { [self] event in events.withLock { $0.append(event) } } }
}
