import EventLog
import EventModel
import Foundation
import Locks
import ProjectionStore
import TestKit
import Testing

@testable import Replay

// Layer: contract. What holds for every store of snapshots.
@Suite("A store of snapshots (DESIGN 7)", .timeLimit(.minutes(10)))
struct SnapshotStoreTests {
    enum Kind: CaseIterable { case folder, memory }

    private let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    private func store(_ kind: Kind) -> any SnapshotStore {
        kind == .folder ? SnapshotDirectory(path: folder.file("snapshots")) : InMemorySnapshots()
    }

    private func put(
        _ store: any SnapshotStore, _ text: String, offset: Int64 = 10, log: UInt8 = 1, partition: Int32 = 0
    ) throws -> SnapshotManifest {
        let manifest = try store.put(PartitionIndex(partition)) { draft in
            #expect(!FileManager.default.fileExists(atPath: draft))
            try Data(text.utf8).write(to: URL(filePath: draft))
            return .made(text, offset: offset, log: log, partition: partition)
        }
        return try #require(manifest)
    }

    @Test("what was put is listed, the furthest of each partition first, and has its content", arguments: Kind.allCases)
    func puts(_ kind: Kind) throws {
        let store = store(kind)
        #expect(try store.list().manifests.isEmpty)
        let manifests = [
            try put(store, "c", offset: 7, partition: 2), try put(store, "a", offset: 20), try put(store, "b", log: 9),
        ]
        #expect(try store.list().manifests == [manifests[1], manifests[2], manifests[0]])
        for (manifest, text) in zip(manifests, ["c", "a", "b"]) {
            let content = try store.withFile(of: manifest.id) { FileManager.default.contents(atPath: $0) }
            #expect(content == Data(text.utf8))
        }
    }

    @Test("a put that is given up or fails adds nothing", arguments: Kind.allCases)
    func givenUp(_ kind: Kind) throws {
        let store = store(kind)
        let kept = try put(store, "kept")
        #expect(try store.put(PartitionIndex(0)) { _ in nil } == nil)
        #expect(throws: CancellationError.self) {
            try store.put(PartitionIndex(0)) { draft in
                try Data("half".utf8).write(to: URL(filePath: draft))
                throw CancellationError()
            }
        }
        #expect(try store.list().manifests == [kept])
    }

    @Test("the same content at the same position is one snapshot", arguments: Kind.allCases)
    func same(_ kind: Kind) throws {
        let store = store(kind)
        let first = try put(store, "a")
        #expect(try put(store, "a").id == first.id)
        #expect(try store.list().manifests.count == 1)
    }

    @Test("what was deleted is not there any more; deleting it again does nothing", arguments: Kind.allCases)
    func deletes(_ kind: Kind) throws {
        let store = store(kind)
        let (gone, kept) = (try put(store, "gone"), try put(store, "kept", offset: 11))
        try store.delete(gone.id)
        try store.delete(gone.id)
        #expect(try store.list().manifests == [kept])
        let failure = #expect(throws: ReplayError.self) { try store.withFile(of: gone.id) { _ in } }
        #expect(failure?.code == .snapshotNotFound)
    }

    @Test("a name leads out of no folder")
    func names() {
        #expect(SnapshotID("p0-10-0123456789ab")?.text == "p0-10-0123456789ab")
        for wrong in ["", "p0-10", "../p0-10-0123456789ab", "p0-10-0123456789AB", "p0-10-0123456789ab/.."] {
            #expect(SnapshotID(wrong) == nil)
        }
    }
}

// Layer: machine. A kill between any two steps, and two processes at once.
@Suite("A folder of snapshots", .timeLimit(.minutes(10)))
struct SnapshotDirectoryTests {
    private struct Killed: Error {}
    private let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    private var names: [String] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return all.filter { !$0.hasSuffix(".lock") }.sorted()
    }

    @discardableResult
    private func put(_ text: String, offset: Int64, killedAt step: SnapshotDirectory.Step? = nil) throws
        -> SnapshotManifest?
    {
        let store = SnapshotDirectory(path: folder.path) { if $0 == step { throw Killed() } }
        return try store.put(PartitionIndex(0)) { draft in
            try Data(text.utf8).write(to: URL(filePath: draft))
            return .made(text, offset: offset)
        }
    }

    @Test("a kill at any step of a put leaves a whole snapshot or none, and the next put removes what was left")
    func killed() throws {
        for (index, step) in SnapshotDirectory.Step.allCases.enumerated() {
            let before = try put("before \(index)", offset: Int64(2 * index))
            let listed = try SnapshotDirectory(path: folder.path).list()
            let (text, offset) = ("killed \(index)", Int64(2 * index + 1))
            #expect(throws: Killed.self) { try put(text, offset: offset, killedAt: step) }
            let left = try SnapshotDirectory(path: folder.path).list()
            #expect(left.unreadable.isEmpty)
            let killed = SnapshotManifest.made(text, offset: offset)
            if step == .listed {
                #expect(left.manifests == [killed] + listed.manifests)
                let content = try SnapshotDirectory(path: folder.path).withFile(of: killed.id) {
                    FileManager.default.contents(atPath: $0)
                }
                #expect(content == Data(text.utf8))
            } else {
                #expect(left == listed && listed.manifests.first == before)
            }
        }
        try put("last", offset: 100)
        let expected = try SnapshotDirectory(path: folder.path).list().manifests.flatMap {
            ["\($0.id).json", "\($0.id).sqlite"]
        }
        #expect(names == expected.sorted() && expected.count == 12)
    }

    @Test("another process that takes a snapshot of the same partition is not disturbed; other partitions go on")
    func inUse() throws {
        let store = SnapshotDirectory(path: folder.path)
        _ = try store.put(PartitionIndex(0)) { draft in
            try Data("a".utf8).write(to: URL(filePath: draft))
            let failure = #expect(throws: ReplayError.self) { try put("b", offset: 2) }
            #expect(failure?.code == .snapshotInUse && failure?.isRetriable == true)
            _ = try SnapshotDirectory(path: folder.path).put(PartitionIndex(1)) { other in
                try Data("c".utf8).write(to: URL(filePath: other))
                return .made("c", offset: 3, partition: 1)
            }
            return .made("a", offset: 1)
        }
        #expect(try store.list().manifests.map(\.nextOffset.value) == [1, 3])
    }

    @Test("a description with any byte changed is none, and is named as unreadable")
    func flipped() throws {
        let manifest = try #require(try put("a", offset: 1))
        let path = folder.file("\(manifest.id).json")
        let sound = try Data(contentsOf: URL(filePath: path))
        for place in sound.indices {
            var changed = sound
            changed[place] ^= 1
            try changed.write(to: URL(filePath: path))
            let listing = try SnapshotDirectory(path: folder.path).list()
            #expect(listing.manifests.isEmpty && listing.unreadable == [manifest.id.text])
        }
    }
}
