import EventModel
import Foundation
import ProjectionStore
import Projector
import SimulationKit
import Testing

@testable import Replay

// Layer: differential. Stores that lie over a snapshot against folds from zero, sound and damaged.
@Suite("A store that lies over a snapshot (SPEC 7.1, 7.3)", .timeLimit(.minutes(5)))
struct SnapshotOverlayTests {
    private let rig: SnapshotRig
    init() throws { rig = try SnapshotRig() }

    private var path: String { rig.folder.file("over.sqlite") }
    private var underlay: String { path + StoreOverlay.underlaySuffix }

    private func layOver(_ manifest: SnapshotManifest) throws -> Bool {
        try SnapshotRestore(rig.snapshots).layOver(manifest, at: path) { _, _ in true }
    }

    private var digest: String? {
        get throws { try SiteDigest.compute(site: RandomScenario.siteID, log: rig.log, storePath: path) }
    }

    private var left: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: rig.folder.path).filter { $0.hasPrefix("over.") }
        }
    }

    @Test("has its digest at once, and after the rest that of a fold from zero; the snapshot stays as it is")
    func folds() throws {
        let count = rig.records.count / 2
        let manifest = try rig.take(at: count)
        #expect(try layOver(manifest))
        #expect(try digest == manifest.digests.first?.digest)
        try rig.append(upTo: rig.records.count)
        #expect(try rig.fold(path) == Int64(rig.records.count - count))
        #expect(try digest == rig.digest(ofFirst: rig.records.count))
        #expect(try SnapshotCheck(rig.snapshots).run(manifest))
        try rig.snapshots.delete(manifest.id)
        #expect(try digest == rig.digest(ofFirst: rig.records.count))
        // A copy of it stands by itself.
        let copy = rig.folder.file("copy.sqlite")
        #expect(try StoreCopy.run(from: path, to: copy) { _, _ in true })
        #expect(
            try SiteDigest.compute(site: RandomScenario.siteID, log: rig.log, storePath: copy)
                == rig.digest(ofFirst: rig.records.count))
    }

    @Test("is not made over one with a flipped bit, of another length or of another position, and nothing is left")
    func refused() throws {
        let manifest = try rig.take(at: 20)
        let file = rig.folder.file("snapshots/\(manifest.id).sqlite")
        for place in [0, 20, 4097, Int(manifest.bytes) / 2, Int(manifest.bytes) - 1] {
            try rig.flip(file, at: place)
            let failure = #expect(throws: ReplayError.self) { try layOver(manifest) }
            #expect(failure?.code == .snapshotDamaged)
            #expect(try left.isEmpty)
            try rig.flip(file, at: place)
        }
        var other = manifest
        other.bytes += 4096
        #expect(throws: ReplayError.self) { try layOver(other) }
        other = manifest
        other.nextOffset = manifest.nextOffset.next
        #expect(throws: ReplayError.self) { try layOver(other) }
        #expect(try left.isEmpty)
        #expect(try layOver(manifest))
    }

    @Test("damage of the snapshot afterwards is an error of whoever reads, never a figure (DESIGN 1.12)")
    func damagedLater() throws {
        let manifest = try rig.take(at: rig.records.count)
        #expect(try layOver(manifest))
        for page in 1..<Int(manifest.bytes) / 4096 { try rig.flip(underlay, at: page * 4096 + 50) }
        #expect(throws: (any Error).self) {
            let reader = try StoreReader(path: path)
            _ = try reader.load()
        }
        #expect(throws: StoreError.self) { try StoreCopy.checkPages(of: path) { _, _ in true } }
    }

    @Test("what a kill left of another one gets into no store")
    func leftovers() throws {
        let older = try rig.take(at: 10)
        let newer = try rig.take(at: 20)
        for name in [".restored", ".restored.underlay", ".underlay"] {
            let file = rig.folder.file("snapshots/\(older.id).sqlite")
            try FileManager.default.copyItem(atPath: file, toPath: path + name)
        }
        #expect(try layOver(newer))
        #expect(try digest == newer.digests.first?.digest)
        #expect(
            try Set(left).isSubset(of: ["over.sqlite", "over.sqlite.underlay", "over.sqlite-wal", "over.sqlite-shm"]))
    }

    @Test("stopped while the snapshot is checked, nothing is left")
    func stopped() throws {
        let manifest = try rig.take(at: 20)
        #expect(try !SnapshotRestore(rig.snapshots).layOver(manifest, at: path) { _, _ in false })
        #expect(try left.isEmpty)
    }
}
