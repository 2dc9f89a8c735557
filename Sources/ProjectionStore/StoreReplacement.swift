internal import Foundation
internal import Observability
internal import SQLite

/// Why a store is put aside and another one made in its place.
public enum StoreReplacement: Equatable, Sendable {
    /// Of another format, fold, spec or log (DESIGN 1.11).
    case otherVersion
    /// It does not hold what was written to it, for this reason.
    case damaged(String)

    /// What is added to the name of the file that is put aside. A store that was put aside before for the same reason is
    /// removed.
    private var suffix: String {
        switch self {
        case .otherVersion: ".old"
        case .damaged: ".damaged"
        }
    }

    /// Why the store at a path cannot be used; nil when it can, or when there is none.
    ///
    /// - Parameter needsFeed: whether a store that was ever written without a feed cannot be used.
    static func ofStore(at path: String, _ logEpoch: [UInt8], needsFeed: Bool = false) throws -> StoreReplacement? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        do {
            let reader = try Connection(path: path, ProjectionStore.readerOptions)
            return try matches(reader, logEpoch, needsFeed: needsFeed) ? nil : .otherVersion
        } catch  where error.isStoreDamage {
            return hasUncheckedPages(path) ? .otherVersion : .damaged(error.forOperator.message)
        }
    }

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

    /// Whether a store has this program's versions and is of this log.
    private static func matches(_ reader: Connection, _ logEpoch: [UInt8], needsFeed: Bool) throws -> Bool {
        guard try reader.hasStore() else { return true }
        let versions: [(MetaName, Int64)] = [
            (.format, StoreSchema.format), (.fold, StoreSchema.fold), (.spec, StoreSchema.spec),
        ]
        for (name, value) in versions where try reader.integer(name) != value { return false }
        if needsFeed, try reader.integer(.hasFeed) != 1 { return false }
        return try reader.blob(.logEpoch) == logEpoch
    }

    /// Whether the file is of a format whose pages had no checksums: its header says that no bytes of a page are free.
    private static func hasUncheckedPages(_ path: String) -> Bool {
        guard let file = FileHandle(forReadingAtPath: path) else { return false }
        defer { try? file.close() }
        guard let header = try? file.read(upToCount: 21), header.count == 21 else { return false }
        return header.starts(with: Array("SQLite format 3\0".utf8)) && header[20] == 0
    }

    /// Renames the store's files; they can be deleted once the new store is built.
    func putAside(_ path: String) throws {
        let files = FileManager.default
        for part in ["", "-wal", "-shm"] {
            let aside = path + suffix + part
            if files.fileExists(atPath: aside) { try files.removeItem(atPath: aside) }
            if files.fileExists(atPath: path + part) { try files.moveItem(atPath: path + part, toPath: aside) }
        }
    }
}
