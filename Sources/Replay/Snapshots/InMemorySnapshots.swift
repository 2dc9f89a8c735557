public import EventModel
internal import Foundation
internal import Locks

/// Snapshots in memory, for tests and simulations; see ``SnapshotStore``.
public final class InMemorySnapshots: SnapshotStore {
    private struct Content {
        var manifest: SnapshotManifest
        var bytes: Data
    }

    private let contents = Guarded<[SnapshotID: Content]>([:])

    public init() {}

    public var place: String { "memory" }

    public func put(
        _ partition: PartitionIndex, _ make: (_ draft: String) throws -> SnapshotManifest?
    ) throws -> SnapshotManifest? {
        try Self.withFolder { folder in
            let draft = folder.appending(path: "draft")
            guard let manifest = try make(draft.path) else { return nil }
            let bytes = try Data(contentsOf: draft)
            contents.withLock { $0[manifest.id] = Content(manifest: manifest, bytes: bytes) }
            return manifest
        }
    }

    public func list() throws -> SnapshotListing { SnapshotListing(contents.withLock { $0.values.map(\.manifest) }) }

    public func withFile<Result>(of id: SnapshotID, _ body: (String) throws -> Result) throws -> Result {
        guard let bytes = contents.withLock({ $0[id]?.bytes }) else { throw ReplayError.notFound(id, in: place) }
        return try Self.withFolder { folder in
            let file = folder.appending(path: "snapshot")
            try bytes.write(to: file)
            return try body(file.path)
        }
    }

    public func delete(_ id: SnapshotID) throws { contents.withLock { $0[id] = nil } }

    /// Changes a byte of a content, as a disk may.
    func flip(_ id: SnapshotID, at place: Int) throws {
        guard let count = contents.withLock({ $0[id]?.bytes.count }), place < count else {
            throw ReplayError.notFound(id, in: self.place)
        }
        contents.withLock { $0[id]?.bytes[place] ^= 4 }
    }

    private static func withFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "andon-snapshots-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder)
    }
}
