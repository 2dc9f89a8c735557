public import Clocks
internal import SQLite

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
        from path: String, to destination: String, pagesPerStep: Int = StoreLimits().pagesCopiedPerStep,
        isCut: () -> Bool, _ progress: Progress
    ) throws -> Bool {
        let connection = try Connection(path: path, ProjectionStore.readerOptions)
        let pageBytes = Int64(ConnectionOptions.checkedPageBytes)
        var isStopped = false
        let isWhole = try connection.backup(to: destination, pagesPerStep: Int32(pagesPerStep)) { done, total in
            isStopped = !progress(done * pageBytes, total * pageBytes)
            return !isStopped && !isCut()
        }
        guard isWhole || isStopped else { throw StoreError.copyCut(path) }
        return isWhole && !isStopped
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
