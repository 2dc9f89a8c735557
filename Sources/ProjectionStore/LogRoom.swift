internal import EventModel
internal import SQLite
internal import Timeline

/// Keeps the write-ahead log of a store short: copies it into the file as it grows, and makes room for each commit.
///
/// For the thread that commits.
final class LogRoom {
    private let writer: Connection
    private let turns: ReadingTurns
    private let limits: StoreLimits
    /// Pages in the write-ahead log; more than it has when it has begun anew since.
    private(set) var pages = 0
    private var pagesSinceCheckpoint = 0

    /// How long a checkpoint waits for readers of other processes.
    private static let waitMilliseconds: Int32 = 200

    init(_ writer: Connection, _ turns: ReadingTurns, _ limits: StoreLimits) {
        self.writer = writer
        self.turns = turns
        self.limits = limits
    }

    /// Makes room for a commit of about so many pages, and waits for readers if need be.
    /// - Throws: ``StoreError``, retriable, while somebody reads who does not stop.
    func make(for commit: Int) throws {
        guard !hasRoom(for: commit) else { return }
        copy()
        guard !hasRoom(for: commit) else { return }
        writer.setBusyTimeout(milliseconds: Self.waitMilliseconds)
        defer { writer.setBusyTimeout(milliseconds: writer.options.busyTimeoutMilliseconds) }
        let isDone: Bool? = try turns.takeTurn {
            do { try writer.checkpoint(.restart) } catch let error as SQLiteError where error.isBusy { return false }
            return true
        }
        guard isDone == true else { throw StoreError.noRoom(writer.path) }
        pages = 0
    }

    /// A log of few pages has room for a commit that is larger than the limit.
    private func hasRoom(for commit: Int) -> Bool {
        let maximum = turns.isBeingCopied ? limits.walPagesWhileCopied : limits.walPagesMaximum
        return pages < min(limits.checkpointPages, maximum) || pages + commit <= maximum
    }

    /// Takes note of a commit, and copies what it can.
    func committed() {
        let written = writer.pagesWritten(andReset: true)
        pages += written
        pagesSinceCheckpoint += written
        if pagesSinceCheckpoint >= limits.checkpointPages { copy() }
    }

    private func copy() {
        pagesSinceCheckpoint = 0
        // On failure everything stays in the write-ahead log, where it is just as safe; the next call tries again.
        guard let result = try? writer.checkpoint(.passive) else { return }
        pages = result.logPages
    }
}

extension CommitSet {
    /// About how many pages of the file it changes.
    var estimatedPages: Int { sites.reduce(64) { $0 + $1.estimatedPages } }
}

extension CommitSet.Site {
    fileprivate var estimatedPages: Int {
        let tables = [
            workers.count, stations.count, names.count, origins.count, definitions.count, hours.count, stays.count,
            health.count, arrivals.count,
        ]
        // The table has two indexes, and ids in its rows.
        let quarantine = Array(repeating: quarantined.count + displaced.count, count: 3)
        // Each takes a page of its own, however few rows it gets.
        let rowPages = (tables + quarantine).reduce(0) { $0 + ($1 + Self.rowsPerPage - 1) / Self.rowsPerPage }
        return pages.count + rowPages + definitionBytes / Self.bytesPerPage
    }

    /// A definition of many workers takes thousands of pages.
    private var definitionBytes: Int {
        var bytes: [UInt8] = []
        return definitions.reduce(0) { sum, definition in
            bytes.removeAll(keepingCapacity: true)
            RecordCodec.encode(definition.record, into: &bytes)
            return sum + bytes.count
        }
    }

    /// Rows of one commit stand close together.
    private static let rowsPerPage = 16
    /// Of a row that fills pages of its own.
    private static let bytesPerPage = 4000
}
