public import EventModel
internal import Foundation
internal import Locks

/// Snapshots in a folder, two files each: `ID.sqlite`, a projection store, and `ID.json`, the description.
///
/// The description comes last and goes first, and each name appears by a rename, so that whatever is there under a name
/// is whole, and a snapshot without a description is none. One process at a time takes snapshots of a partition; what a
/// kill left of one is removed by the next. Workers on several machines may share the folder.
public struct SnapshotDirectory: SnapshotStore {
    /// Where a put may end, by a kill or a failure of the machine.
    package enum Step: CaseIterable, Sendable {
        /// The content is durable under a name of its own.
        case drafted
        /// The content has its name.
        case named
        /// The description is durable under a name of its own.
        case described
        /// The snapshot counts, and the folder is not synced.
        case listed
    }

    public let path: String
    /// Called between two steps of a put.
    private let reached: @Sendable (Step) throws -> Void

    /// The folder is made when the first snapshot is put.
    public init(path: String) { self.init(path: path) { _ in } }

    package init(path: String, reached: @escaping @Sendable (Step) throws -> Void) {
        self.path = path
        self.reached = reached
    }

    public var place: String { "'\(path)'" }

    private func content(_ id: SnapshotID) -> String { "\(path)/\(id).sqlite" }
    private func description(_ id: SnapshotID) -> String { "\(path)/\(id).json" }

    public func put(
        _ partition: PartitionIndex, _ make: (_ draft: String) throws -> SnapshotManifest?
    ) throws -> SnapshotManifest? {
        try create()
        let lock = try lock(partition)
        defer { withExtendedLifetime(lock) {} }
        try removeLeftovers(partition)
        let draft = "\(path)/p\(partition.value).draft"
        let manifest: SnapshotManifest
        do {
            guard let made = try make(draft) else {
                try SnapshotFile.remove(draft)
                return nil
            }
            manifest = made
            try SnapshotFile.sync(draft)
        } catch {
            // A disk that is full has room again.
            try? SnapshotFile.remove(draft)
            throw error
        }
        try reached(.drafted)
        try SnapshotFile.rename(draft, to: content(manifest.id))
        try SnapshotFile.sync(path)
        try reached(.named)
        let described = "\(path)/p\(partition.value).described"
        try SnapshotFile.replace(description(manifest.id), with: manifest.json, draft: described) { step in
            try reached(step == .written ? .described : .listed)
        }
        return manifest
    }

    private func create() throws {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw ReplayError(
                .snapshotUnavailable, "cannot make the folder \(place): \((error as NSError).localizedDescription)",
                hint: "name a folder that this user can write with --snapshot-dir")
        }
    }

    private func lock(_ partition: PartitionIndex) throws -> Lock {
        do throws(FileLockFailure) {
            return Lock(try FileLock(path: "\(path)/p\(partition.value).lock"))
        } catch {
            switch error {
            case .unusable(let reason):
                throw ReplayError(
                    .snapshotUnavailable, "cannot write in \(place): \(reason)",
                    hint: "check owner and mode of the folder", isRetriable: true)
            case .inUse:
                throw ReplayError(
                    .snapshotInUse, "another process takes a snapshot of partition \(partition.value) in \(place)",
                    hint: "wait for it", isRetriable: true)
            }
        }
    }

    /// Keeps a lock that cannot be copied.
    private final class Lock {
        private let lock: FileLock
        init(_ lock: consuming FileLock) { self.lock = lock }
    }

    /// Removes what was not put to its end. For who has the lock.
    private func removeLeftovers(_ partition: PartitionIndex) throws {
        let names = Set(try contents())
        let prefix = "p\(partition.value)"
        for name in names {
            let isContent = name.hasPrefix(prefix + "-") && name.hasSuffix(".sqlite")
            let isLeft = isContent && !names.contains(name.dropLast(7) + ".json")
            if isLeft || name.hasPrefix(prefix + ".draft") || name == prefix + ".described" {
                try SnapshotFile.remove("\(path)/\(name)")
            }
        }
    }

    private func contents() throws -> [String] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        do { return try FileManager.default.contentsOfDirectory(atPath: path) } catch {
            throw ReplayError(
                .snapshotUnavailable, "cannot read the folder \(place): \((error as NSError).localizedDescription)",
                hint: "check owner and mode of the folder")
        }
    }

    public func list() throws -> SnapshotListing {
        var manifests: [SnapshotManifest] = []
        var unreadable: [String] = []
        for name in try contents() where name.hasSuffix(".json") {
            let data = FileManager.default.contents(atPath: "\(path)/\(name)")
            if let manifest = data.flatMap({ SnapshotManifest([UInt8]($0)) }), "\(manifest.id).json" == name {
                manifests.append(manifest)
            } else if FileManager.default.fileExists(atPath: "\(path)/\(name)") {
                unreadable.append(String(name.dropLast(5)))
            }
        }
        return SnapshotListing(manifests, unreadable: unreadable)
    }

    public func withFile<Result>(of id: SnapshotID, _ body: (String) throws -> Result) throws -> Result {
        guard FileManager.default.fileExists(atPath: content(id)) else { throw ReplayError.notFound(id, in: place) }
        return try body(content(id))
    }

    public func delete(_ id: SnapshotID) throws {
        guard FileManager.default.fileExists(atPath: path) else { return }
        try SnapshotFile.remove(description(id))
        try SnapshotFile.sync(path)
        try SnapshotFile.remove(content(id))
    }
}
