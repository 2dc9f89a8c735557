internal import Crypto
internal import Observability
public import ProjectionStore

/// Compares a snapshot with its description.
public struct SnapshotCheck: Sendable {
    private let snapshots: any SnapshotStore

    public init(_ snapshots: any SnapshotStore) { self.snapshots = snapshots }

    /// Compares length, hash, the check of every page, position and, where this program can read them, the digests.
    ///
    /// - Returns: whether `progress`, which gets bytes, let it come to its end.
    /// - Throws: ``ReplayError`` `.snapshotDamaged` for the first thing that is not as it was written.
    public func run(_ manifest: SnapshotManifest, _ progress: StoreCopy.Progress = { _, _ in true }) throws -> Bool {
        try snapshots.withFile(of: manifest.id) { path in
            try Self.run(manifest, path, progress)
        }
    }

    /// The same of a copy of the content.
    public static func run(
        _ manifest: SnapshotManifest, _ path: String, _ progress: StoreCopy.Progress
    ) throws -> Bool {
        guard let file = try SnapshotFile.hash(path, { progress($0, 2 * $1) }) else { return false }
        try compare(file, with: manifest)
        do {
            guard try StoreCopy.checkPages(of: path, { progress($1 + $0, 2 * $1) }) else { return false }
            let facts = try StoreFacts(copyAt: path)
            guard facts.logEpoch == manifest.log.bytes, facts.nextOffset == manifest.nextOffset,
                facts.versions == manifest.versions
            else { throw ReplayError.damaged(manifest.id, "its description is that of another one") }
            guard manifest.versions == .current else { return true }
            let digests = try SnapshotMaker.digests(of: path)
            if let wrong = zip(digests, manifest.digests).first(where: { $0 != $1 })?.0 {
                throw ReplayError.damaged(manifest.id, "the digest of site \(wrong.site) is another one")
            }
            guard digests.count == manifest.digests.count else {
                throw ReplayError.damaged(manifest.id, "it has \(digests.count) sites")
            }
        } catch  where error.isStoreDamage { throw ReplayError.damaged(manifest.id, error.forOperator.message) }
        return true
    }

    /// Compares length, log, position and the check of every page, which is wrong where any bit is: in a third of the time
    /// that the hash takes.
    ///
    /// - Parameter path: the content, or a copy of it.
    /// - Returns: whether `progress` let it come to its end.
    /// - Throws: ``ReplayError`` `.snapshotDamaged` for the first thing that is not as it was written.
    static func pages(_ manifest: SnapshotManifest, _ path: String, _ progress: StoreCopy.Progress) throws -> Bool {
        let bytes = try SnapshotFile.bytes(path)
        guard bytes == manifest.bytes else {
            throw ReplayError.damaged(manifest.id, "it has \(bytes) bytes in place of \(manifest.bytes)")
        }
        do { guard try StoreCopy.checkPages(of: path, progress) else { return false } } catch
            where error.isStoreDamage
        { throw ReplayError.damaged(manifest.id, error.forOperator.message) }
        guard let place = StorePlace.read(path: path, alone: true), place.logEpoch == manifest.log.bytes,
            place.nextOffset == manifest.nextOffset
        else { throw ReplayError.damaged(manifest.id, "its description is that of another one") }
        return true
    }

    static func compare(_ file: (bytes: Int64, hash: SHA256Digest), with manifest: SnapshotManifest) throws {
        guard file.bytes == manifest.bytes else {
            throw ReplayError.damaged(manifest.id, "it has \(file.bytes) bytes in place of \(manifest.bytes)")
        }
        guard file.hash == manifest.hash else {
            throw ReplayError.damaged(manifest.id, "its hash is not that of its description")
        }
    }
}
