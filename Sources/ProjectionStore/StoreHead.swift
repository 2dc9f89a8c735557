public import EventModel
internal import Foundation
internal import Observability
internal import SQLite

/// What a store says about itself, read without loading it.
public struct StoreHead: Sendable, Equatable {
    public var versions: StoreVersions
    /// Identity of the log that was folded.
    public var logEpoch: [UInt8]
    /// The next offset to fold, as far as it is committed.
    public var nextOffset: LogOffset
    /// Whether all of its commits have recorded their changes for a publisher.
    public var hasFeed: Bool
    /// From which offset on questions are answered.
    public var answersFrom: LogOffset

    /// What stands at a path.
    public enum Reading: Sendable, Equatable {
        /// No file, or one without tables.
        case nothing
        case head(StoreHead)
        /// Of a format whose head cannot be read.
        case otherFormat
        /// It does not hold what was written to it, for this reason.
        case damaged(String)
    }

    /// Reads the store at a path.
    /// - Throws: ``StoreError`` when the file cannot be read.
    public static func read(path: String) throws -> Reading {
        guard FileManager.default.fileExists(atPath: path) else { return .nothing }
        do {
            let connection = try Connection(path: path, ProjectionStore.readerOptions)
            return try connection.read { try read(connection) }
        } catch  where error.isStoreDamage {
            return hasUncheckedPages(path) ? .otherFormat : .damaged(error.forOperator.message)
        } catch { throw StoreError.wrap("projections at \(path) cannot be read", error) }
    }

    private static func read(_ connection: Connection) throws -> Reading {
        guard try connection.hasStore() else { return .nothing }
        guard let format = try connection.integer(.format), let fold = try connection.integer(.fold),
            let spec = try connection.integer(.spec), let next = try connection.integer(.nextOffset),
            let epoch = try connection.blob(.logEpoch)
        else { return .otherFormat }
        return .head(
            StoreHead(
                versions: StoreVersions(format: format, fold: fold, spec: spec), logEpoch: epoch,
                nextOffset: LogOffset(next), hasFeed: try connection.integer(.hasFeed) == 1,
                answersFrom: LogOffset(try connection.integer(.answersFrom) ?? 0)))
    }

    /// Whether the file is of a format whose pages had no checksums: its header says that no bytes of a page are free.
    private static func hasUncheckedPages(_ path: String) -> Bool {
        guard let file = FileHandle(forReadingAtPath: path) else { return false }
        defer { try? file.close() }
        guard let header = try? file.read(upToCount: 21), header.count == 21 else { return false }
        return header.starts(with: Array("SQLite format 3\0".utf8)) && header[20] == 0
    }

    /// What a program needs of a store.
    public struct Needs: Sendable, Equatable {
        public var versions: StoreVersions
        public var logEpoch: [UInt8]
        /// Whether a publisher reads what commits changed: one that was ever written without a feed is of no use then.
        public var feed: Bool
        /// Whether a store without a feed may begin one: its publisher then looks at every hour once.
        public var beginsFeed: Bool

        public init(
            versions: StoreVersions = .current, logEpoch: [UInt8], feed: Bool = false, beginsFeed: Bool = false
        ) {
            self.versions = versions
            self.logEpoch = logEpoch
            self.feed = feed
            self.beginsFeed = beginsFeed
        }
    }

    /// Whether a fold may go on with the store.
    public func fits(_ needs: Needs) -> Bool {
        versions == needs.versions && logEpoch == needs.logEpoch && (hasFeed || !needs.feed || needs.beginsFeed)
    }

    /// Whether questions can be answered from what it holds, although no fold may go on with it.
    public func canBeRead(_ needs: Needs) -> Bool {
        versions.format == needs.versions.format && logEpoch == needs.logEpoch
    }
}
