internal import CSQLite

extension Connection {
    /// Runs `body` in a write transaction that takes the write lock at once, and commits.
    ///
    /// Whatever `body` or the commit throws, everything is rolled back first.
    public func transaction<Result>(_ body: () throws -> Result) throws -> Result {
        try execute("BEGIN IMMEDIATE")
        do {
            let result = try body()
            try execute("COMMIT")
            return result
        } catch {
            rollBack()
            throw error
        }
    }

    /// Undoes the open transaction; does nothing without one.
    ///
    /// Some errors (disk full, IO) make SQLite roll back by itself.
    public func rollBack() {
        guard isInTransaction else { return }
        // Nothing can be done about a failure: what is not committed is gone when the connection closes at the latest.
        _ = sqlite3_exec(handle, "ROLLBACK", nil, nil, nil)
    }

    /// Pins what this connection sees to the newest commit, until ``endRead()``.
    ///
    /// Keep it short: while it lasts the write-ahead log cannot start again from its beginning (DESIGN 1.9).
    public func beginRead() throws(SQLiteError) {
        try execute("BEGIN")
        do {
            // BEGIN alone takes no snapshot; the first read does.
            _ = try integer("SELECT count(*) FROM (SELECT 1 FROM sqlite_schema LIMIT 1)")
        } catch {
            rollBack()
            throw error
        }
    }

    /// Lets go of the snapshot of ``beginRead()``.
    public func endRead() { rollBack() }

    /// Runs `body` on one snapshot.
    public func read<Result>(_ body: () throws -> Result) throws -> Result {
        try beginRead()
        defer { endRead() }
        return try body()
    }
}

/// How far a checkpoint goes; see SQLite's `sqlite3_wal_checkpoint_v2`.
public enum CheckpointMode: Sendable {
    /// As far as it can without waiting for anyone.
    case passive
    /// Waits for readers, so that the next commit writes the log from its beginning.
    case restart
    /// As ``restart``, and cuts the log's file to nothing.
    case truncate
}

/// What a checkpoint left.
public struct CheckpointResult: Equatable, Sendable {
    /// Pages in the write-ahead log.
    public var logPages: Int
    /// Of these, pages that are in the database now.
    public var checkpointedPages: Int
}

extension Connection {
    /// Copies the write-ahead log into the database. Only for the writer (DESIGN 1.9).
    /// - Throws: ``SQLiteError``; ``SQLiteError/isBusy`` when readers did not let go within the busy timeout.
    @discardableResult
    public func checkpoint(_ mode: CheckpointMode) throws(SQLiteError) -> CheckpointResult {
        precondition(options.mode == .writer, "a reader must not checkpoint")
        let flag =
            switch mode {
            case .passive: SQLITE_CHECKPOINT_PASSIVE
            case .restart: SQLITE_CHECKPOINT_RESTART
            case .truncate: SQLITE_CHECKPOINT_TRUNCATE
            }
        var logPages: Int32 = 0
        var checkpointedPages: Int32 = 0
        try check(sqlite3_wal_checkpoint_v2(handle, nil, flag, &logPages, &checkpointedPages), "checkpoint")
        return CheckpointResult(logPages: Int(logPages), checkpointedPages: Int(checkpointedPages))
    }
}
