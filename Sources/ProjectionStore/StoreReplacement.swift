internal import Foundation
internal import SQLite

/// Why a store cannot be used, and another one is made in its place.
public enum StoreReplacement: Equatable, Sendable {
    /// Of another format, fold, spec or log (DESIGN 1.11). It stays, as a generation that is retired.
    case otherVersion
    /// It does not hold what was written to it, for this reason. It is put aside as `.damaged`.
    case damaged(String)

    public var isDamage: Bool { if case .damaged = self { true } else { false } }

    /// Whether the write-ahead log lacks commits that a checkpoint has already copied to the file; then pages of earlier
    /// commits would stand before newer ones, each of them sound.
    ///
    /// Every commit writes the page with its generation, and a checkpoint copies it before almost any other. For who
    /// opens the store to write it: somebody who writes meanwhile would look like damage.
    static func ofCommits(at path: String) throws -> StoreReplacement? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        guard WriteAheadLogHeader.isSound(ofDatabaseAt: path) else {
            return .damaged("the head of its write-ahead log is not what was written")
        }
        guard FileManager.default.fileExists(atPath: path + "-wal") else { return nil }
        let options = ConnectionOptions(mode: .fileAlone, checksPages: true)
        let copied = try generation(Connection(path: path, options)) ?? -1
        let read = try generation(Connection(path: path, ProjectionStore.readerOptions)) ?? -1
        return copied <= read ? nil : .damaged("its write-ahead log lacks commits that the file has")
    }

    /// nil while there are no tables.
    private static func generation(_ connection: Connection) throws -> Int64? {
        guard try connection.hasStore() else { return nil }
        return try connection.integer(.generation)
    }

    /// Takes a damaged store away. What is restored in its place comes first, under a name of its own: while that cannot
    /// be done, the damaged one stays where it is.
    static func replace(_ path: String, restoring: ProjectionStore.Restoring?) throws {
        let fresh = path + ".fresh"
        // What a kill left.
        for part in GenerationDirectory.parts { try? FileManager.default.removeItem(atPath: fresh + part) }
        let isRestored = try restoring?(fresh) ?? false
        try putAside(path)
        if isRestored { try FileManager.default.moveItem(atPath: fresh, toPath: path) }
    }

    /// Renames the files of a damaged store; one that was put aside before is removed.
    private static func putAside(_ path: String) throws {
        let files = FileManager.default
        for part in GenerationDirectory.parts {
            let aside = path + ".damaged" + part
            if files.fileExists(atPath: aside) { try files.removeItem(atPath: aside) }
            if files.fileExists(atPath: path + part) { try files.moveItem(atPath: path + part, toPath: aside) }
        }
    }
}
