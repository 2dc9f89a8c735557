internal import CSQLite

extension Connection {
    /// Copies the whole database into a file, as of one moment, while others read and write.
    ///
    /// Until it returns it reads one state of the database, so that a commit of somebody else does not make it begin
    /// again; a write-ahead log cannot begin anew meanwhile (DESIGN 1.9). Where pages carry checksums, every page is
    /// compared when it is read, and those of the copy carry checksums, too. Nothing waits for the device.
    /// - Parameters:
    ///   - destination: a file that is created, or replaced if it is a database.
    ///   - pagesPerStep: pages of a portion; 1024 take some milliseconds.
    ///   - goesOn: asked after every portion with the pages copied and all pages; false ends the copy.
    /// - Returns: whether all of it was copied; if not, the destination is not to be used.
    /// - Throws: ``SQLiteError``; then the destination is not to be used.
    @discardableResult
    public func backup(
        to destination: String, pagesPerStep: Int32 = 1024,
        goesOn: (_ done: Int64, _ total: Int64) -> Bool = { _, _ in true }
    ) throws(SQLiteError) -> Bool {
        let isInside = isInTransaction
        if !isInside { try beginRead() }
        defer { if !isInside { endRead() } }
        var target: OpaquePointer?
        let opened = sqlite3_open_v2(
            destination, &target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
            options.checksPages ? andon_sqlite_checked_vfs() : nil)
        defer { sqlite3_close_v2(target) }
        guard let target, opened == SQLITE_OK else {
            throw SQLiteError(extendedCode: opened, message: "cannot open \(destination)")
        }
        sqlite3_extended_result_codes(target, 1)
        if options.checksPages {
            let reserved = andon_sqlite_reserve_check_bytes(target)
            guard reserved == SQLITE_OK else { throw backupError(target, reserved, destination) }
        }
        // A copy that is not whole is thrown away, so it needs no journal.
        sqlite3_exec(target, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", nil, nil, nil)
        return try copyPages(into: target, destination, pagesPerStep, goesOn)
    }

    private func copyPages(
        into target: OpaquePointer, _ destination: String, _ pagesPerStep: Int32, _ goesOn: (Int64, Int64) -> Bool
    ) throws(SQLiteError) -> Bool {
        guard let backup = sqlite3_backup_init(target, "main", handle, "main") else {
            throw backupError(target, sqlite3_extended_errcode(target), destination)
        }
        var stepped = SQLITE_OK
        while stepped == SQLITE_OK {
            stepped = sqlite3_backup_step(backup, pagesPerStep)
            guard stepped == SQLITE_OK || stepped == SQLITE_DONE else { break }
            let total = Int64(sqlite3_backup_pagecount(backup))
            let done = total - Int64(sqlite3_backup_remaining(backup))
            if !goesOn(done, total), stepped == SQLITE_OK {
                sqlite3_backup_finish(backup)
                return false
            }
        }
        let finished = sqlite3_backup_finish(backup)
        guard stepped == SQLITE_DONE, finished == SQLITE_OK else {
            throw backupError(target, finished == SQLITE_OK ? stepped : finished, destination)
        }
        return true
    }

    private func backupError(_ target: OpaquePointer, _ code: Int32, _ destination: String) -> SQLiteError {
        if code == andon_sqlite_damaged_page { return SQLiteError.damagedPage }
        let text = String(cString: sqlite3_errmsg(target))
        return SQLiteError(extendedCode: code, message: "backup of \(path) to \(destination): \(text)")
    }
}
