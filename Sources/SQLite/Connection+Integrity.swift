extension Connection {
    /// The first thing that is wrong with how the file is built; nil when nothing is. Reads all of it: for small files.
    public func structuralDamage() throws(SQLiteError) -> String? {
        let check = try prepare("PRAGMA integrity_check(1)")
        defer { check.reset() }
        guard try check.step(), check.text(0) != "ok" else { return nil }
        return check.text(0).split(separator: "\n").last.map { String($0) }
    }

    /// Whether a table has a column of that name.
    public func hasColumn(_ column: String, in table: String) throws(SQLiteError) -> Bool {
        let count = try prepare("SELECT count(*) FROM pragma_table_info(?) WHERE name = ?")
        try count.bind(1, table)
        try count.bind(2, column)
        defer { count.reset() }
        return try count.step() && count.int(0) > 0
    }
}
