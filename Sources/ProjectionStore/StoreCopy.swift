public import Clocks
public import EventModel
internal import Foundation
internal import SQLite
internal import Timeline

/// Copies of a store: consistent at one commit, made while the store is written, with a checksum in every page.
public enum StoreCopy {
    /// Gets the bytes done and all bytes; returns false to stop.
    public typealias Progress = (_ done: Int64, _ total: Int64) -> Bool

    /// How long a copy may hold the write-ahead log of a store that another process writes: its fold may have to wait
    /// for that long, questions go on.
    public static let foreignMilliseconds = 60_000
    private static let pagesPerCheck: Int64 = 1024

    /// Copies the newest commit of the store at `path`, which another process may be writing.
    ///
    /// - Parameter destination: a file that is not there yet.
    /// - Returns: whether `progress` let it come to its end.
    /// - Throws: ``StoreError``; retriable when the time was not enough. The destination is not to be used then.
    public static func run(
        from path: String, to destination: String, clock: any ProcessClock = .system, _ progress: Progress
    ) throws -> Bool {
        let end = clock.uptime.advanced(milliseconds: foreignMilliseconds)
        do {
            return try run(from: path, to: destination, isCut: { clock.uptime > end }, progress)
        } catch { throw StoreError.wrap("projections at \(path) cannot be copied", error) }
    }

    static func run(
        from path: String, to destination: String, isCut: () -> Bool, _ progress: Progress
    ) throws -> Bool {
        let connection = try Connection(path: path, ProjectionStore.readerOptions)
        let pageBytes = Int64(ConnectionOptions.checkedPageBytes)
        var isStopped = false
        let isWhole = try connection.backup(to: destination) { done, total in
            isStopped = !progress(done * pageBytes, total * pageBytes)
            return !isStopped && !isCut()
        }
        guard isWhole || isStopped else { throw StoreError.copyCut(path) }
        return isWhole
    }

    /// Compares every page of a copy with its checksum.
    ///
    /// - Returns: whether `progress` let it come to its end.
    /// - Throws: ``StoreError`` for the first page that is not what was written.
    public static func checkPages(of path: String, _ progress: Progress) throws -> Bool {
        do {
            let connection = try Connection(path: path, ProjectionStore.copyOptions)
            let total = try connection.integer("PRAGMA page_count") ?? 0
            let pageBytes = Int64(ConnectionOptions.checkedPageBytes)
            var next: Int64 = 1
            while next <= total {
                switch try connection.checkPages(next..<min(next + pagesPerCheck, total + 1)) {
                case .sound: next = min(next + pagesPerCheck, total + 1)
                case .end: throw StoreError.damaged("\(path) ends before page \(total)")
                case .damaged(let page): throw StoreError.damaged("\(path): page \(page) is not what was written")
                }
                guard progress((next - 1) * pageBytes, total * pageBytes) else { return false }
            }
            return true
        } catch { throw StoreError.wrap("\(path) cannot be read", error) }
    }

    /// Makes a copy a store of its own: its generations are not those of the store that it was copied from, which may
    /// have gone on, so that a publisher takes nothing for published that is not.
    ///
    /// - Throws: ``StoreError``
    public static func makeStore(of path: String) throws {
        do {
            let connection = try Connection(path: path, ProjectionStore.writerOptions)
            let id = Int64.random(in: 1...Int64.max)
            try connection.execute("UPDATE meta SET value = \(id) WHERE name = '\(MetaName.storeID.rawValue)'")
            try connection.checkpoint(.truncate)
        } catch { throw StoreError.wrap("\(path) cannot be written", error) }
    }
}

/// Versions of what stands in a store (DESIGN 1.11).
public struct StoreVersions: Hashable, Sendable {
    public var format: Int64
    public var fold: Int64
    public var spec: Int64

    public init(format: Int64, fold: Int64, spec: Int64) {
        self.format = format
        self.fold = fold
        self.spec = spec
    }

    /// Those that this program reads and writes.
    public static let current = StoreVersions(
        format: StoreSchema.format, fold: StoreSchema.fold, spec: StoreSchema.spec)
}

/// What a copy of a store says about itself.
public struct StoreFacts: Equatable, Sendable {
    public var logEpoch: [UInt8]
    public var versions: StoreVersions
    public var nextOffset: LogOffset
    /// Whether commits noted what they changed, for a publisher.
    public var hasFeed: Bool
    /// The largest created_at of events, definitions and the last record in it; nil in an empty store.
    public var watermark: Timestamp?

    /// Reads a copy that nobody writes.
    /// - Throws: ``StoreError``
    public init(copyAt path: String) throws {
        do {
            let connection = try Connection(path: path, ProjectionStore.copyOptions)
            func integer(_ name: MetaName) throws -> Int64 {
                guard let value = try connection.integer(name) else {
                    throw StoreError.damaged("\(path) has no \(name.rawValue)")
                }
                return value
            }
            let epoch = try connection.prepare("SELECT value FROM meta WHERE name = '\(MetaName.logEpoch.rawValue)'")
            guard try epoch.step() else { throw StoreError.damaged("\(path) does not say of which log it is") }
            logEpoch = epoch.blob(0)
            versions = StoreVersions(
                format: try integer(.format), fold: try integer(.fold), spec: try integer(.spec))
            nextOffset = LogOffset(try integer(.nextOffset))
            hasFeed = try integer(.hasFeed) == 1
            let newest = [
                try connection.integer(.fingerprintCreatedAt),
                try connection.integer("SELECT max(created_at) FROM arrival"),
                try connection.integer("SELECT max(created_at) FROM quarantined"),
                try connection.integer("SELECT max(changed) FROM hour"),
            ].compactMap { $0 }.filter { $0 != NewestTime.none.stored }.max()
            watermark = newest.map { Timestamp(microseconds: $0) }
        } catch { throw StoreError.wrap("\(path) cannot be read", error) }
    }
}
