internal import CSQLite

extension Connection {
    /// The outcome of ``checkPages(_:)``.
    public enum PageCheck: Equatable, Sendable {
        /// All of them are what was written.
        case sound
        /// As ``sound``, and the file ends before the last of them.
        case end
        /// This page is not what was written.
        case damaged(page: Int64)
    }

    /// Compares pages of the file with their checksums, without a lock and without the cache of pages.
    ///
    /// - Parameter pages: numbers of pages, from 1.
    /// - Precondition: the connection checks pages (``ConnectionOptions/checksPages``).
    /// - Throws: ``SQLiteError`` when a page cannot be read.
    public func checkPages(_ pages: Range<Int64>) throws(SQLiteError) -> PageCheck {
        var damaged: Int64 = 0
        let code = andon_sqlite_check_pages(handle, pages.lowerBound, Int64(pages.count), &damaged)
        if code == SQLITE_DONE { return .end }
        try check(code, "check pages from \(pages.lowerBound)")
        return damaged == 0 ? .sound : .damaged(page: damaged)
    }
}
