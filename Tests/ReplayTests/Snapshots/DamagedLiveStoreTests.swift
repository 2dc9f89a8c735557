// Layer: differential. Live projections that are damaged, and snapshots of them, against folds from zero.
import EventLog
import EventModel
import Foundation
import Locks
import Observability
import ProjectionStore
import Projector
import SQLite
import SimulationKit
import Testing

@testable import Replay

@Suite("Damaged live projections are restored from a snapshot (DESIGN 1.12, 7)", .timeLimit(.minutes(5)))
struct DamagedLiveStoreTests {
    private let rig: SnapshotRig
    private let recorded = Monitor<[JournalEvent]>([])
    init() throws { rig = try SnapshotRig() }

    private var aside: String { rig.storePath + ".damaged" }
    private var all: Int64 { Int64(rig.records.count) }
    private var messages: [String] {
        recorded.withLock { $0.filter { $0.name == "rebuild_begins" }.map(\.message) }
    }

    /// A snapshot, all of the log folded, and a byte of the file that is not what was written.
    private func damaged() throws -> SnapshotManifest {
        let taken = try rig.take(at: rig.records.count / 2)
        try rig.append(upTo: rig.records.count)
        try rig.fold()
        try damage()
        return taken
    }

    private func damage() throws {
        try Connection(path: rig.storePath, ConnectionOptions(mode: .writer, checksPages: true)).checkpoint(.truncate)
        try rig.flip(rig.storePath, at: 4096 * 2 + 100)
    }

    private func projector(
        _ restore: (@Sendable (PartitionIndex, String) throws -> Bool)? = nil
    ) throws -> Projector {
        var configuration = ProjectorConfiguration()
        configuration.scrubHours = 0
        configuration.limits.commitMilliseconds = 0
        let journal = Journal { [recorded] event in recorded.update { $0.append(event) } }
        configuration.journal = journal
        let (snapshots, log) = (rig.snapshots, rig.log)
        configuration.restore =
            restore ?? { partition, path in
                try SnapshotRestore(snapshots, journal: journal).newest(
                    of: log, partition, needsFeed: false, to: path) != nil
            }
        return try Projector(
            log: rig.log, generations: GenerationDirectory(path: rig.storePath), configuration: configuration)
    }

    /// Folds to the end of the log, and compares with a fold from zero.
    /// - Returns: how many records were folded.
    private func finish(_ projector: Projector) throws -> Int64 {
        projector.start()
        projector.waitForEnd()
        projector.stop()
        let digest = try SiteDigest.compute(site: RandomScenario.siteID, log: rig.log, storePath: rig.storePath)
        #expect(digest == (try rig.digest(ofFirst: rig.records.count)))
        #expect(!FileManager.default.fileExists(atPath: rig.storePath + ".fresh"))
        return projector.statistics.records
    }

    @Test("found by a start, they are put aside, and only what came after the snapshot is folded; the message says so")
    func found() throws {
        let taken = try damaged()
        let folded = try finish(try projector())
        #expect(folded == all - taken.nextOffset.value)
        #expect(FileManager.default.fileExists(atPath: aside))
        let message = try #require(messages.first)
        #expect(message.contains("were damaged ("), "\(message)")
        #expect(
            message.hasSuffix(
                "from a snapshot that stands at offset \(taken.nextOffset.value) and the log: offset "
                    + "\(taken.nextOffset.value) of \(all)"), "\(message)")
        // It is a store like any other: the next start goes on from it.
        #expect(try finish(try projector()) == 0 && messages.count == 1)
    }

    @Test("until what they answered is known again, nothing is answered, also over another start (SPEC 7.3)")
    func answers() throws {
        _ = try damaged()
        for _ in 0..<2 {
            let projector = try projector()
            #expect(projector.rebuild?.goal == LogOffset(all))
            let error = #expect(throws: ProjectorError.self) { try projector.snapshot(of: RandomScenario.siteID) }
            #expect(error?.code == .rebuilding)
            projector.stop()
        }
        _ = try finish(try projector())
    }

    @Test("where a snapshot has everything the damage is told all the same, and answers go on at once")
    func nothingToFold() throws {
        _ = try rig.take(at: rig.records.count)
        try damage()
        let projector = try projector()
        #expect(projector.rebuild == nil)
        #expect(try finish(projector) == 0)
        #expect(messages.count == 1 && messages[0].contains("from a snapshot"), "\(messages)")
    }

    @Test("of snapshots the newest sound one is taken; without any the whole log is folded")
    func snapshots() throws {
        let taken = try damaged()
        try rig.flip("\(rig.snapshots.path)/\(taken.id).sqlite", at: 8192)
        #expect(try finish(try projector()) == all)
        #expect(recorded.withLock { $0.contains { $0.name == "snapshot_refused" } })
        #expect(messages.first?.contains("from the log: offset 0 of") == true, "\(messages)")
    }

    @Test(
        "while the snapshot cannot be restored the damaged projections stay where they are, and another start tries again"
    )
    func unavailable() throws {
        let taken = try damaged()
        let before = try Data(contentsOf: URL(filePath: rig.storePath))
        #expect(throws: (any Error).self) {
            try projector { _, _ in throw LogError(.unavailable, "the broker is away") }
        }
        #expect(try Data(contentsOf: URL(filePath: rig.storePath)) == before)
        #expect(!FileManager.default.fileExists(atPath: aside))
        #expect(try finish(try projector()) == all - taken.nextOffset.value)
    }

    @Test("found while they answer, they are restored in the same way")
    func running() throws {
        let taken = try rig.take(at: rig.records.count / 2)
        try rig.append(upTo: rig.records.count)
        let projector = try projector()
        projector.start()
        projector.waitForEnd()
        projector.store.condition.note(StoreError(.damaged, "for a test", isRetriable: true))
        recorded.wait { events in events.contains { $0.name == "rebuild_begins" } ? () : nil }
        projector.waitForEnd()
        projector.stop()
        #expect(messages.last?.contains("a snapshot that stands at offset \(taken.nextOffset.value)") == true)
        let digest = try SiteDigest.compute(site: RandomScenario.siteID, log: rig.log, storePath: rig.storePath)
        #expect(digest == (try rig.digest(ofFirst: rig.records.count)))
    }
}
