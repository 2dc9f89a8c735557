import Clocks
import EventLog
import EventModel
import Foundation
import Locks
import Observability
import ProjectionStore
import Projector
import SimulationKit
import Testing

@testable import Replay

// Layer: machine. Beside a real fold, with a clock that is moved by hand.
@Suite("Snapshots that are taken by themselves (DESIGN 7)", .timeLimit(.minutes(10)))
struct AutomaticSnapshotsTests {
    private let rig: SnapshotRig
    private let clock = ManualClock()
    init() throws { rig = try SnapshotRig() }

    private func automatic(
        _ schedule: SnapshotSchedule, keep: Int? = nil,
        subjects: @escaping @Sendable () -> [AutomaticSnapshots.Subject]
    ) -> AutomaticSnapshots {
        var configuration = AutomaticSnapshots.Configuration(schedule)
        configuration.retention = SnapshotRetention(count: keep)
        configuration.clock = clock
        configuration.journal = rig.journal
        return AutomaticSnapshots(rig.snapshots, of: rig.log.epoch, configuration, subjects: subjects)
    }

    private func count(_ name: String) -> Int { rig.recorded.count { $0.name == name } }

    @Test("one after every so many records, of which the newest are kept; a restart goes on from those that are there")
    func everyRecords() throws {
        let subjects: @Sendable () -> [AutomaticSnapshots.Subject] = { [rig] in
            guard let projector = try? rig.projector() else { return [] }
            return AutomaticSnapshots.Subject(projector).map { [$0] } ?? []
        }
        var automatic = automatic(.records(10), keep: 2, subjects: subjects)
        for end in [5, 10, 15, 20, 30] {
            try rig.append(upTo: end)
            try rig.fold()
            automatic.tick()
            automatic.tick()
            // Another process.
            automatic = self.automatic(.records(10), keep: 2, subjects: subjects)
        }
        #expect(count("snapshot_taken") == 3 && count("snapshot_removed") == 1 && count("snapshot_failed") == 0)
        #expect(try rig.snapshots.list().manifests.map(\.nextOffset.value) == [30, 20])
    }

    @Test("a disk that is full is recorded, leaves nothing, and the fold goes on; later it is tried again")
    func fullDisk() throws {
        try rig.append(upTo: 20)
        let projector = try rig.projector()
        projector.start()
        projector.waitForEnd()
        let isFull = Guarded(true)
        let automatic = automatic(.records(1)) { [rig] in
            let source = SnapshotMaker.Source(rig.partition, "projections.sqlite") { draft, progress in
                guard isFull.withLock({ $0 }) else { return try projector.store.copy(to: draft, progress) }
                try Data("half a copy".utf8).write(to: URL(filePath: draft))
                throw StoreError(.unavailable, "the disk is full", hint: "make room", isRetriable: true)
            }
            return [.init(rig.partition, next: projector.progress.nextOffset, source)]
        }
        automatic.tick()
        #expect(rig.names == [])
        #expect(rig.recorded.map(\.message) == ["partition 0: no snapshot was taken: the disk is full; make room"])
        try rig.append(upTo: 40)
        projector.waitForEnd()
        #expect(projector.failure == nil && projector.progress.nextOffset == LogOffset(40))
        isFull.withLock { $0 = false }
        automatic.tick()
        #expect(rig.names == [], "not at once again")
        clock.advance(milliseconds: 60_000)
        automatic.tick()
        projector.stop()
        #expect(count("snapshot_taken") == 1 && rig.names.count == 2)
    }

    @Test("a stop ends the snapshot under way, of which nothing is left")
    func stops() throws {
        try rig.append(upTo: 20)
        try rig.fold()
        let automatic = Guarded<AutomaticSnapshots?>(nil)
        let made = self.automatic(.records(1)) { [rig] in
            let source = SnapshotMaker.Source(rig.partition, rig.storePath) { draft, progress in
                automatic.withLock { $0 }?.stop()
                return try StoreCopy.run(from: rig.storePath, to: draft, progress)
            }
            return [.init(rig.partition, next: LogOffset(20), source)]
        }
        automatic.withLock { $0 = made }
        made.tick()
        #expect(rig.names == [] && rig.recorded.isEmpty)
    }

    @Test("nothing is taken of projections that are being rebuilt")
    func rebuilding() throws {
        try rig.append(upTo: 20)
        try Data("no database".utf8).write(to: URL(filePath: rig.storePath))
        let projector = try rig.projector()
        #expect(projector.rebuild != nil)
        #expect(AutomaticSnapshots.Subject(projector) == nil)
    }
}
