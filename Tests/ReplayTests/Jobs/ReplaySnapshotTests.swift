// Layer: differential. A replay that begins with a snapshot against a fold of everything.
import EventLog
import EventModel
import Foundation
import Locks
import Observability
import ProjectionStore
import Testing

@testable import Replay

@Suite("A replay begins with a snapshot", .timeLimit(.minutes(10)))
struct ReplaySnapshotTests {
    private static let partition = PartitionIndex(0)

    /// A snapshot of the first records, by a replay of them.
    private func snapshot(
        _ scene: ReplayScene, upTo offset: Int64, in snapshots: InMemorySnapshots = InMemorySnapshots()
    ) throws -> (InMemorySnapshots, SnapshotManifest) {
        let plan = try scene.plan { $0.end = .offset(nil, LogOffset(offset)) }
        let name = "first-\(offset)"
        #expect(try scene.job(plan, into: name).run { _ in })
        let store = try ProjectionStore.open(path: scene.path(Self.partition, name), logEpoch: scene.log.epoch.bytes)
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
            $0.restore = { try SnapshotRestore(snapshots).layOver(manifest, at: $1) { _, _ in true } }
        }
        #expect(try job.run { _ in })
        #expect(try scene.results(plan).first?.bySite == scene.memory().sites())
    }

    @Test("what it holds beyond the end, and other sites, cannot be left out: such a plan is refused (SPEC 7.3)")
    func refused() throws {
        let scene = try ReplayScene(seed: 4)
        let end = try scene.log.endOffset(Self.partition).value
        let (_, manifest) = try snapshot(scene, upTo: end / 2)
        let watermark = try newest(scene, before: end / 2)
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
                $0.restore = { try SnapshotRestore(snapshots).layOver(manifest, at: $1) { _, _ in isGoing } }
            }
            #expect(try job.run { _ in } == isGoing)
            #expect(FileManager.default.fileExists(atPath: scene.path(Self.partition)) == isGoing)
        }
        #expect(try scene.results(plan).first?.bySite == scene.memory().sites())
    }

    /// The largest created_at of the first records.
    private func newest(_ scene: ReplayScene, before offset: Int64) throws -> Timestamp {
        let times = (scene.records[Self.partition] ?? []).prefix(Int(offset)).map(\.record.createdAt)
        return Timestamp(microseconds: try #require(times.max()))
    }

    // MARK: The nearest one

    private func plan(
        _ scene: ReplayScene, _ snapshots: InMemorySnapshots, _ refused: Monitor<[String]> = Monitor([]),
        change: (inout ReplayRequest) -> Void = { _ in }
    ) throws -> ReplayPlan {
        var request = ReplayRequest()
        request.start = .nearestSnapshot
        change(&request)
        let choice = SnapshotChoice(
            snapshots, journal: Journal { event in refused.withLock { $0.append(event.message) } })
        return try ReplayPlan(
            request, scene.log, nearest: { try choice.nearest($0, of: scene.log.epoch, where: $1) },
            isEmbedded: false, source: [], now: ReplayScene.clock)
    }

    private func nearest(
        _ scene: ReplayScene, _ snapshots: InMemorySnapshots, _ refused: Monitor<[String]> = Monitor([]),
        _ change: (inout ReplayRequest) -> Void = { _ in }
    ) throws -> String? {
        try plan(scene, snapshots, refused, change: change).parts.first?.snapshot
    }

    @Test("the nearest is the newest that holds nothing beyond the end, and none where there is none (SPEC 7.3)")
    func newestBeforeTheEnd() throws {
        let scene = try ReplayScene(seed: 6)
        let end = try scene.log.endOffset(Self.partition).value
        let snapshots = InMemorySnapshots()
        #expect(try nearest(scene, snapshots) == nil)
        let (_, older) = try snapshot(scene, upTo: end / 3, in: snapshots)
        let (_, newer) = try snapshot(scene, upTo: 2 * end / 3, in: snapshots)
        let ids = [older.id.text, newer.id.text]
        #expect(try nearest(scene, snapshots) == ids[1])
        #expect(try nearest(scene, snapshots) { $0.follows = true } == ids[1])
        let expected: [(Int64, String?)] = [
            (end / 3 - 1, nil), (end / 3, ids[0]), (2 * end / 3 - 1, ids[0]), (2 * end / 3, ids[1]),
        ]
        for (offset, id) in expected {
            #expect(try nearest(scene, snapshots) { $0.end = .offset(nil, LogOffset(offset)) } == id, "\(offset)")
        }
        let (first, second) = try (newest(scene, before: end / 3), newest(scene, before: 2 * end / 3))
        #expect(try nearest(scene, snapshots) { $0.end = .time(first - 1) } == nil)
        #expect(try nearest(scene, snapshots) { $0.end = .time(first) } == (second > first ? ids[0] : ids[1]))
        #expect(try nearest(scene, snapshots) { $0.end = .time(second) } == ids[1])
        #expect(throws: ReplayError.self) { try nearest(scene, snapshots) { $0.sites = ["other"] } }
        let made = try plan(scene, snapshots)
        #expect(try ReplayPlan(json: made.json) == made && made.parts[0].from == newer.nextOffset)
    }

    @Test(
        "a replay to a time from the nearest snapshot equals one from the beginning (SPEC 7.1, 7.3)",
        arguments: 10...12 as ClosedRange<UInt64>)
    func toTime(seed: UInt64) throws {
        let scene = try ReplayScene(seed: seed)
        let end = try scene.log.endOffset(Self.partition).value
        let snapshots = InMemorySnapshots()
        let manifests = try [end / 4, end / 2].map { try snapshot(scene, upTo: $0, in: snapshots).1 }
        let times = (scene.records[Self.partition] ?? []).map(\.record.createdAt).sorted()
        for (number, time) in [times[times.count / 2], times[times.count - 2]].enumerated() {
            let wish: (inout ReplayRequest) -> Void = { $0.end = .time(Timestamp(microseconds: time)) }
            let (short, whole) = (try plan(scene, snapshots, change: wish), try scene.plan(wish))
            let job = scene.job(short, into: "short-\(number)") {
                $0.restore = { part, path in
                    let manifest = try #require(manifests.first { $0.id.text == part.snapshot })
                    return try SnapshotRestore(snapshots).layOver(manifest, at: path) { _, _ in true }
                }
            }
            #expect(try job.run { _ in })
            #expect(try scene.job(whole, into: "whole-\(number)").run { _ in })
            let results = [try scene.results(short, "short-\(number)"), try scene.results(whole, "whole-\(number)")]
            #expect(results[0].first?.bySite == results[1].first?.bySite)
            #expect(short.parts[0].until == whole.parts[0].until)
        }
    }

    @Test("one that is not what was written is refused with the reason, and the next older one is taken")
    func damaged() throws {
        let scene = try ReplayScene(seed: 8)
        let end = try scene.log.endOffset(Self.partition).value
        let snapshots = InMemorySnapshots()
        let (_, older) = try snapshot(scene, upTo: end / 3, in: snapshots)
        let (_, newer) = try snapshot(scene, upTo: 2 * end / 3, in: snapshots)
        for place in [30, 4097, Int(newer.bytes) / 2, Int(newer.bytes) - 1] {
            try snapshots.flip(newer.id, at: place)
            let refused = Monitor<[String]>([])
            #expect(try nearest(scene, snapshots, refused) == older.id.text)
            #expect(refused.withLock { $0.count == 1 && $0[0].contains("\(newer.id) is not used: snapshot") })
            try snapshots.flip(newer.id, at: place)
        }
        #expect(try nearest(scene, snapshots) == newer.id.text)
    }
}
