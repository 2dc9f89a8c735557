import EventLog
import EventModel
import Foundation
import Locks
import Observability
import ProjectionStore
import Projector
import SQLiteLog
import SimulationKit
import Testing

@testable import Replay

// Layer: differential. Snapshots against folds from zero, sound and damaged.
@Suite("Taking and restoring snapshots (SPEC 7.1, 7.3)", .timeLimit(.minutes(10)))
struct SnapshotRestoreTests {
    private let rig: SnapshotRig
    init() throws { rig = try SnapshotRig() }

    private var path: String { rig.folder.file("restored.sqlite") }

    private func restore(needsFeed: Bool = false, _ log: (any EventLog)? = nil) throws -> SnapshotManifest? {
        try SnapshotRestore(rig.snapshots, journal: rig.journal).newest(
            of: log ?? rig.log, rig.partition, needsFeed: needsFeed, to: path)
    }

    private var refusals: [String] {
        rig.recorded.filter { $0.name == "snapshot_refused" }.map(\.message)
    }

    @Test("a snapshot says what it is: log, position, versions, and the digest of a fold up to there (SPEC 7.1)")
    func describes() throws {
        let count = rig.records.count / 2
        let manifest = try rig.take(at: count)
        #expect(manifest.log == rig.log.epoch && manifest.partition == rig.partition)
        #expect(manifest.nextOffset.value == Int64(count) && manifest.versions == .current)
        #expect(manifest.storeName == "projections.sqlite" && !manifest.hasFeed)
        #expect(manifest.digests == [.init(site: RandomScenario.siteID, digest: try rig.digest(ofFirst: count))])
        let newest = try #require(rig.records.prefix(count).map(\.createdAt).max())
        #expect(try #require(manifest.watermark).microseconds <= newest)
        #expect(SnapshotManifest(manifest.json) == manifest)
        #expect(try SnapshotCheck(rig.snapshots).run(manifest))
        #expect(rig.names == ["\(manifest.id).json", "\(manifest.id).sqlite"])
    }

    @Test("restoring a snapshot and folding the rest gives the digest of a fold from zero (SPEC 7.3)")
    func restoresAndFolds() throws {
        let count = rig.records.count / 2
        _ = try rig.take(at: count / 2)
        let newest = try rig.take(at: count)
        try rig.append(upTo: rig.records.count)
        #expect(try restore() == newest)
        #expect(rig.recorded.map(\.name) == ["snapshot_restored"])
        #expect(try rig.fold(path) == Int64(rig.records.count - count))
        let digest = try SiteDigest.compute(site: RandomScenario.siteID, log: rig.log, storePath: path)
        #expect(digest == (try rig.digest(ofFirst: rig.records.count)))
        let left = try FileManager.default.contentsOfDirectory(atPath: rig.folder.path)
        #expect(!left.contains { $0.hasPrefix("restored.sqlite.") })
    }

    @Test("what a kill left of another restoring gets into no store")
    func leftovers() throws {
        let count = rig.records.count / 2
        let manifest = try rig.take(at: count)
        // A store that is open has commits in its write-ahead log.
        try rig.append(upTo: rig.records.count)
        let other = rig.folder.file("other.sqlite")
        let projector = try rig.projector(other)
        projector.start()
        projector.waitForEnd()
        projector.stop()
        try withExtendedLifetime(projector) {
            for (part, name) in [("", ".restored"), ("-wal", ".restored-wal"), ("-wal", "-wal")] {
                try FileManager.default.copyItem(atPath: other + part, toPath: path + name)
            }
        }
        #expect(rig.folder.bytes("restored.sqlite-wal") ?? 0 > 0)
        #expect(try restore() == manifest)
        let reader = try StoreReader(path: path)
        #expect(try reader.position().nextOffset.value == Int64(count))
        #expect(try rig.fold(path) == Int64(rig.records.count - count))
        let digest = try SiteDigest.compute(site: RandomScenario.siteID, log: rig.log, storePath: path)
        #expect(digest == (try rig.digest(ofFirst: rig.records.count)))
    }

    @Test("a snapshot with a flipped bit is refused with the reason, and the next older one is restored")
    func flipped() throws {
        let older = try rig.take(at: 10)
        let newest = try rig.take(at: 20)
        let file = rig.folder.file("snapshots/\(newest.id).sqlite")
        for place in [0, 20, 4097, Int(newest.bytes) / 2, Int(newest.bytes) - 1] {
            try rig.flip(file, at: place)
            let failure = #expect(throws: ReplayError.self) { try SnapshotCheck(rig.snapshots).run(newest) }
            #expect(failure?.code == .snapshotDamaged)
            #expect(try restore() == older)
            #expect(refusals.last?.contains("\(newest.id) is not used: snapshot") == true)
            try FileManager.default.removeItem(atPath: path)
            try rig.flip(file, at: place)
        }
        #expect(try restore() == newest)
    }

    @Test("one of another log, fold, format or spec, cut short, or without a feed is refused with the reason")
    func unfit() throws {
        let sound = try rig.take(at: 10, keepsFeed: true)
        let current = StoreVersions.current
        let others = [
            (
                StoreVersions(format: current.format + 1, fold: current.fold, spec: current.spec), rig.log.epoch,
                "format"
            ),
            (StoreVersions(format: current.format, fold: current.fold + 1, spec: current.spec), rig.log.epoch, "fold"),
            (current, LogEpoch(bytes: [UInt8](repeating: 7, count: 16)), "it is of log 0707"),
        ]
        for (index, (versions, log, words)) in others.enumerated() {
            var other = sound
            (other.versions, other.log, other.nextOffset) = (versions, log, LogOffset(Int64(100 + index)))
            _ = try rig.snapshots.put(rig.partition) { draft in
                try rig.snapshots.withFile(of: sound.id) { try FileManager.default.copyItem(atPath: $0, toPath: draft) }
                return other
            }
            #expect(try restore(needsFeed: true) == sound)
            #expect(refusals.contains { $0.contains("\(other.id)") && $0.contains(words) })
            try FileManager.default.removeItem(atPath: path)
        }
        let withoutFeed = try rig.take(at: 20)
        #expect(try restore(needsFeed: true) == sound)
        #expect(refusals.contains { $0.contains("\(withoutFeed.id)") && $0.contains("publisher") })
        try FileManager.default.removeItem(atPath: path)
        #expect(try restore() == withoutFeed)
    }

    @Test("one that ends beyond the log, or behind another record, is refused; without any the whole log is folded")
    func otherRecords() throws {
        let manifest = try rig.take(at: 20)
        let shorter = InMemoryLog(partitionCount: 1, epoch: rig.log.epoch)
        for record in rig.records.prefix(10) { _ = try shorter.append([record.logRecord()]) }
        #expect(try restore(shorter) == nil)
        let changed = InMemoryLog(partitionCount: 1, epoch: rig.log.epoch)
        for record in rig.records.reversed() { _ = try changed.append([record.logRecord()]) }
        #expect(try restore(changed) == nil)
        #expect(refusals.count == 2 && refusals.allSatisfy { $0.contains("\(manifest.id)") })
        #expect(!FileManager.default.fileExists(atPath: path))
        try rig.append(upTo: rig.records.count)
        #expect(try rig.fold(path) == Int64(rig.records.count))
    }

    @Test("snapshots taken while records come in have the digest of a fold up to their position (SPEC 7.1)")
    func besideIngest() throws {
        let rig = try SnapshotRig(minimum: 120)
        try rig.append(upTo: 5)
        let projector = try rig.projector()
        projector.start()
        let maker = SnapshotMaker(rig.snapshots, program: "test")
        var taken: [SnapshotManifest] = []
        for count in stride(from: 10, through: rig.records.count, by: 20) {
            // Records come while the snapshot is taken, and before and after.
            try rig.append(upTo: count - 3)
            let manifest = try maker.take(.init(projector.store, rig.partition)) { _, _ in
                do { try rig.append(upTo: count) } catch { Issue.record(error) }
                return true
            }
            taken.append(try #require(manifest))
        }
        projector.waitForEnd()
        // Commits what was folded, so that this one has all.
        projector.stop()
        let last = try #require(try maker.take(.init(projector.store, rig.partition)))
        #expect(last.nextOffset == (try rig.log.endOffset(rig.partition)))
        taken.append(last)
        for manifest in taken where manifest.nextOffset > .zero {
            let expected = try rig.digest(ofFirst: Int(manifest.nextOffset.value))
            #expect(manifest.digests.map(\.digest) == [expected])
        }
    }
}

// Layer: machine.
@Suite("How many snapshots are kept, and when one is due")
struct SnapshotRetentionTests {
    private static let day = Microseconds.day
    private static let now = Timestamp(microseconds: 100 * day)

    /// Snapshots of one partition, one a day up to today.
    private func daily(
        _ count: Int, log: UInt8 = 1, partition: Int32 = 0, versions: StoreVersions = .current
    ) -> [SnapshotManifest] {
        (0..<count).map { age in
            .made(
                "\(age)", offset: Int64(100 - age), log: log, partition: partition,
                createdAt: Self.now.microseconds - Int64(age) * Self.day, versions: versions)
        }
    }

    private func kept(_ manifests: [SnapshotManifest], count: Int? = nil, days: Int? = nil) -> [SnapshotManifest] {
        let expired = SnapshotRetention(count: count, days: days).expired(manifests, at: Self.now)
        return manifests.filter { !expired.contains($0.id) }
    }

    @Test("by number, by age, by both, and all when nobody says anything")
    func rules() {
        let all = daily(10)
        #expect(kept(all) == all)
        #expect(kept(all, count: 3) == Array(all.prefix(3)))
        #expect(kept(all, days: 4) == Array(all.prefix(5)))
        #expect(kept(all, count: 3, days: 1) == Array(all.prefix(2)))
    }

    @Test("the newest that fits is kept at any age, of each partition and each log")
    func newest() {
        let old = daily(5).suffix(2) + daily(5, log: 2).suffix(2) + daily(5, partition: 1).suffix(2)
        let left = kept(Array(old), count: 1, days: 1)
        #expect(left.map(\.nextOffset.value) == [97, 97, 97])
    }

    @Test("those of other versions make way, and never in the place of one that fits")
    func versions() {
        let foreign = StoreVersions(format: 1, fold: 1, spec: 1)
        let all =
            daily(3)
            + daily(3, log: 1, versions: foreign).map { manifest in
                var manifest = manifest
                manifest.nextOffset = LogOffset(manifest.nextOffset.value + 1000)
                return manifest
            }
        #expect(kept(all, days: 1).filter { $0.versions == .current } == Array(all.prefix(2)))
        #expect(kept(all, count: 1).count == 2)
    }

    @Test("due after so many records, or after a time if records have come, also when the clock was set back")
    func due() {
        let last = (nextOffset: LogOffset(100), createdAt: Self.now)
        let records = SnapshotSchedule.records(50)
        #expect(!records.isDue(at: LogOffset(149), Self.now, last: last))
        #expect(records.isDue(at: LogOffset(150), Self.now, last: last))
        #expect(!records.isDue(at: LogOffset(49), Self.now, last: nil))
        #expect(records.isDue(at: LogOffset(50), Self.now, last: nil))
        let hourly = SnapshotSchedule.microseconds(Microseconds.hour)
        #expect(!hourly.isDue(at: LogOffset(100), Self.now + Self.day, last: last))
        #expect(!hourly.isDue(at: LogOffset(101), Self.now + Microseconds.hour - 1, last: last))
        #expect(hourly.isDue(at: LogOffset(101), Self.now + Microseconds.hour, last: last))
        #expect(hourly.isDue(at: LogOffset(101), Self.now - Self.day, last: last))
        #expect(hourly.isDue(at: LogOffset(1), Self.now, last: nil) && !hourly.isDue(at: .zero, Self.now, last: nil))
    }
}
