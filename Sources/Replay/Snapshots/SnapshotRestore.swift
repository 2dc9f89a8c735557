public import EventLog
public import EventModel
internal import Foundation
public import Observability
public import ProjectionStore
internal import Projector

/// Makes projection stores of snapshots (DESIGN 7).
public struct SnapshotRestore: Sendable {
    private let snapshots: any SnapshotStore
    private let journal: Journal

    public init(_ snapshots: any SnapshotStore, journal: Journal = .silent) {
        self.snapshots = snapshots
        self.journal = journal
    }

    /// Puts the newest snapshot that fits at `path`; a fold of the rest of the log goes on from it.
    ///
    /// Fits: of this log and partition, of this program's versions, with the hash of its description, and the log goes on
    /// where it ends. One that does not is named in the journal, with the reason, and the next older one is tried.
    /// - Parameters:
    ///   - needsFeed: whether a publisher will follow the store.
    ///   - path: where no store is.
    /// - Returns: nil when none fits; then nothing is at `path`, and the whole log is to be folded.
    /// - Throws: `LogError` when the log cannot be read.
    public func newest(
        of log: any EventLog, _ partition: PartitionIndex, needsFeed: Bool, to path: String
    ) throws -> SnapshotManifest? {
        let listing: SnapshotListing
        do { listing = try snapshots.list() } catch {
            journal.record(.snapshotsUnreadable(partition, error.forOperator))
            return nil
        }
        for name in listing.unreadable where name.hasPrefix("p\(partition.value)-") {
            journal.record(.snapshotRefused(partition, name, "its description is not what was written"))
        }
        for manifest in listing.manifests where manifest.partition == partition {
            do {
                try Self.checkFit(manifest, log.epoch, needsFeed: needsFeed)
                let isWhole = try restore(manifest, to: path) { draft in
                    let (next, fingerprint) = try StoreReader(copyAt: draft).position()
                    _ = try LogIdentityCheck.run(log, partition, next: next, fingerprint: fingerprint)
                } progress: { _, _ in
                    true
                }
                guard isWhole else { continue }
                journal.record(.snapshotRestored(manifest))
                return manifest
            } catch let error as LogError { throw error } catch {
                journal.record(.snapshotRefused(partition, manifest.id.text, error.forOperator.message))
            }
        }
        return nil
    }

    /// Whether a fold of that log by this program can go on from a snapshot.
    /// - Throws: ``ReplayError`` `.snapshotUnfit` with the reason.
    public static func checkFit(_ manifest: SnapshotManifest, _ log: LogEpoch, needsFeed: Bool) throws(ReplayError) {
        guard manifest.log == log else {
            throw ReplayError(.snapshotUnfit, "it is of log \(manifest.log), and this one is log \(log)")
        }
        let (found, current) = (manifest.versions, StoreVersions.current)
        guard found == current else {
            throw ReplayError(
                .snapshotUnfit,
                "it has format \(found.format), fold \(found.fold), spec \(found.spec); this program has format "
                    + "\(current.format), fold \(current.fold), spec \(current.spec)")
        }
        guard manifest.hasFeed || !needsFeed else {
            throw ReplayError(.snapshotUnfit, "it is of a replica, which does not note what it changes for a publisher")
        }
    }

    /// Makes a store of one snapshot.
    ///
    /// - Parameters:
    ///   - path: where no store is. What stands there afterwards is whole.
    ///   - examine: looks at the copy before it gets its name; what it throws ends the restoring.
    /// - Returns: whether `progress` let it come to its end; if not, nothing was left.
    /// - Throws: ``ReplayError``, `StoreError`, or any error of `examine`; then nothing was left.
    public func restore(
        _ manifest: SnapshotManifest, to path: String, examine: (_ draft: String) throws -> Void = { _ in },
        progress: StoreCopy.Progress
    ) throws -> Bool {
        let draft = path + ".restored"
        return try replacing(path, by: draft) {
            let copied = try snapshots.withFile(of: manifest.id) { try SnapshotFile.copy($0, to: draft, progress) }
            guard let copied else { return false }
            try SnapshotCheck.compare(copied, with: manifest)
            try examine(draft)
            try StoreCopy.makeStore(of: draft)
            try SnapshotFile.sync(draft)
            return true
        }
    }

    /// Makes a store that begins with one snapshot and reads from it what no fold has changed: in no time, where the
    /// folder is on the same file system. Elsewhere it is copied, as by ``restore(_:to:examine:progress:)``.
    ///
    /// Every page of the snapshot is compared with its checksum before, and again whenever it is read. The snapshot may
    /// be deleted afterwards.
    /// - Parameters:
    ///   - path: where no store is. What stands there afterwards is whole.
    ///   - isChecked: the pages were compared a moment ago, by a ``SnapshotChoice``.
    /// - Returns: whether `progress` let it come to its end; if not, nothing was left.
    /// - Throws: ``ReplayError`` or `StoreError`; then nothing was left.
    public func layOver(
        _ manifest: SnapshotManifest, at path: String, isChecked: Bool = false, progress: StoreCopy.Progress
    ) throws -> Bool {
        let draft = path + ".restored"
        var isLinked = true
        let isMade = try replacing(path, by: draft) {
            isLinked = try snapshots.withFile(of: manifest.id) { try StoreOverlay.make(at: draft, over: $0) }
            guard isLinked,
                try isChecked
                    || SnapshotCheck.pages(manifest, draft + StoreOverlay.underlaySuffix, progress)
            else { return false }
            try StoreCopy.makeStore(of: draft)
            return true
        }
        return try isLinked ? isMade : restore(manifest, to: path, progress: progress)
    }

    /// What a store consists of.
    private static let parts = ["", "-wal", "-shm", StoreOverlay.underlaySuffix]

    /// Lets `make` make a store under the name of a draft, and puts it at a path.
    /// - Returns: what `make` returned; on false, and on an error, nothing is left of the draft.
    private func replacing(_ path: String, by draft: String, _ make: () throws -> Bool) throws -> Bool {
        do {
            // What a kill left: the write-ahead log of another draft would be taken for this one's.
            for part in Self.parts { try SnapshotFile.remove(draft + part) }
            guard try make() else {
                for part in Self.parts { try SnapshotFile.remove(draft + part) }
                return false
            }
            // Those of a store that is gone would be taken for this one's.
            for part in Self.parts.dropFirst() { try SnapshotFile.remove(path + part) }
            if FileManager.default.fileExists(atPath: draft + StoreOverlay.underlaySuffix) {
                try SnapshotFile.rename(
                    draft + StoreOverlay.underlaySuffix, to: path + StoreOverlay.underlaySuffix)
            }
            try SnapshotFile.rename(draft, to: path)
            try SnapshotFile.sync(path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ".")
        } catch {
            for part in Self.parts { try? SnapshotFile.remove(draft + part) }
            throw error
        }
        // Left by the connection that made it a store.
        for part in ["-wal", "-shm"] { try? SnapshotFile.remove(draft + part) }
        return true
    }
}
