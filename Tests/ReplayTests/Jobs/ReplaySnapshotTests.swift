// Layer: differential. A replay that begins with a snapshot against a fold of everything.
import EventLog
import EventModel
import Foundation
import ProjectionStore
import Testing

@testable import Replay

@Suite("A replay begins with a snapshot", .timeLimit(.minutes(10)))
struct ReplaySnapshotTests {
    private static let partition = PartitionIndex(0)

    /// A snapshot of the first records, by a replay of them.
    private func snapshot(_ scene: ReplayScene, upTo offset: Int64) throws -> (InMemorySnapshots, SnapshotManifest) {
        let plan = try scene.plan { $0.end = .offset(nil, LogOffset(offset)) }
        #expect(try scene.job(plan, into: "first").run { _ in })
        let snapshots = InMemorySnapshots()
        let store = try ProjectionStore.open(path: scene.path(Self.partition, "first"), logEpoch: scene.log.epoch.bytes)
        let maker = SnapshotMaker(snapshots, program: "test")
        return (snapshots, try #require(try maker.take(.init(store, Self.partition))))
    }

    @Test(
        "and holds what it holds and what followed, as a fold from the beginning does (SPEC 7.1, 7.3)",
        arguments: 1...3 as ClosedRange<UInt64>)
    func folds(seed: UInt64) throws {
        let scene = try ReplayScene(seed: seed)
        let end = try scene.log.endOffset(Self.partition).value
        let (snapshots, manifest) = try snapshot(scene, upTo: end / 2)
        var request = ReplayRequest()
        request.start = .snapshot(manifest.id.text)
        let plan = try ReplayPlan(
            request, scene.log, snapshot: manifest, isEmbedded: true, source: [], now: ReplayScene.clock)
        #expect(plan.parts.map(\.from) == [manifest.nextOffset])
        let job = scene.job(plan) {
            $0.restore = { path in try SnapshotRestore(snapshots).restore(manifest, to: path) { _, _ in true } }
        }
        #expect(try job.run { _ in })
        #expect(try scene.results(plan).first?.bySite == scene.memory().sites())
    }

    @Test("what it holds beyond the end, and other sites, cannot be left out: such a plan is refused (SPEC 7.3)")
    func refused() throws {
        let scene = try ReplayScene(seed: 4)
        let end = try scene.log.endOffset(Self.partition).value
        let (_, manifest) = try snapshot(scene, upTo: end / 2)
        let watermark = try #require(manifest.watermark)
        func plan(_ change: (inout ReplayRequest) -> Void, _ snapshot: SnapshotManifest?) throws -> ReplayPlan {
            var request = ReplayRequest()
            request.start = .snapshot(manifest.id.text)
            change(&request)
            return try ReplayPlan(
                request, scene.log, snapshot: snapshot, isEmbedded: true, source: [], now: ReplayScene.clock)
        }
        _ = try plan({ $0.end = .time(watermark) }, manifest)
        var other = manifest
        other.log = .random()
        #expect(throws: ReplayError.self) { try plan({ _ in }, nil) }
        #expect(throws: ReplayError.self) { try plan({ _ in }, other) }
        #expect(throws: ReplayError.self) { try plan({ $0.end = .time(watermark - 1) }, manifest) }
        #expect(throws: ReplayError.self) { try plan({ $0.end = .offset(nil, LogOffset(end / 2 - 1)) }, manifest) }
        #expect(throws: ReplayError.self) { try plan({ $0.sites = ["other"] }, manifest) }
    }

    @Test("told to stop while the snapshot is copied, it leaves nothing, and the same plan begins again")
    func stopped() throws {
        let scene = try ReplayScene(seed: 5)
        let (snapshots, manifest) = try snapshot(scene, upTo: 3)
        var request = ReplayRequest()
        request.start = .snapshot(manifest.id.text)
        let plan = try ReplayPlan(
            request, scene.log, snapshot: manifest, isEmbedded: true, source: [], now: ReplayScene.clock)
        for isGoing in [false, true] {
            let job = scene.job(plan) {
                $0.restore = { path in
                    try isGoing && SnapshotRestore(snapshots).restore(manifest, to: path) { _, _ in true }
                }
            }
            #expect(try job.run { _ in } == isGoing)
            #expect(FileManager.default.fileExists(atPath: scene.path(Self.partition)) == isGoing)
        }
        #expect(try scene.results(plan).first?.bySite == scene.memory().sites())
    }
}
