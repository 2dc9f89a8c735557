internal import Crypto
internal import EventModel
internal import SQLite

/// A row of `keys.sqlite` as it stands there, with a check over all of its content.
struct KeyRow {
    var id: String
    var name: String
    var role: String
    /// Separated by spaces, which site ids do not contain; empty: all.
    var sites: String
    var rateLimit: Int64?
    var secretHash: [UInt8]
    var createdAt: Int64
    var revokedAt: Int64?

    static let table =
        """
        CREATE TABLE IF NOT EXISTS keys (
            id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, sites TEXT NOT NULL, rate_limit INTEGER,
            secret_hash BLOB NOT NULL, created_at INTEGER NOT NULL, revoked_at INTEGER, row_check BLOB
        ) WITHOUT ROWID
        """
    static let columns = "id, name, role, sites, rate_limit, secret_hash, created_at, revoked_at, row_check"
    private static let checkBytes = 16

    init(_ key: APIKey) {
        (id, name, role) = (key.id, key.name, key.role.rawValue)
        sites = key.sites.map(\.text).joined(separator: " ")
        rateLimit = key.rateLimit.map { Int64($0) }
        secretHash = key.secretHash.bytes
        createdAt = key.createdAt.microseconds
        revokedAt = key.revokedAt?.microseconds
    }

    /// - Parameter row: has the columns of ``columns``.
    init(_ row: Statement) {
        (id, name, role, sites) = (row.text(0), row.text(1), row.text(2), row.text(3))
        rateLimit = row.isNull(4) ? nil : row.int64(4)
        secretHash = row.blob(5)
        createdAt = row.int64(6)
        revokedAt = row.isNull(7) ? nil : row.int64(7)
    }

    /// The first bytes of a SHA-256 over all columns: a row that was not written as it is has another one.
    var check: [UInt8] {
        var hasher = SHA256Hasher()
        for part in [Array(id.utf8), Array(name.utf8), Array(role.utf8), Array(sites.utf8), secretHash] {
            withUnsafeBytes(of: Int64(part.count).littleEndian) { hasher.update($0) }
            hasher.update(part)
        }
        for number in [rateLimit, createdAt, revokedAt] {
            withUnsafeBytes(of: (number == nil ? 0 : 1 as Int64).littleEndian) { hasher.update($0) }
            withUnsafeBytes(of: (number ?? 0).littleEndian) { hasher.update($0) }
        }
        return Array(hasher.finish().bytes.prefix(Self.checkBytes))
    }

    /// nil for what grants nothing: a role or hash that this version does not know, or a list of sites that is none.
    /// Read with fewer sites, or none, the key would open the wrong ones or all.
    var key: APIKey? {
        let list = sites.split(separator: " ").map { SiteID($0) }
        guard let role = Role(rawValue: role), let hash = SHA256Digest(bytes: secretHash),
            list.allSatisfy(\.isValid), list.map(\.text).joined(separator: " ") == sites
        else { return nil }
        return APIKey(
            id: id, name: name, role: role, sites: list, rateLimit: rateLimit.map { Int(clamping: $0) },
            createdAt: Timestamp(microseconds: createdAt),
            revokedAt: revokedAt.map { Timestamp(microseconds: $0) }, secretHash: hash)
    }

    func bind(to statement: Statement) throws(SQLiteError) {
        for (index, text) in [id, name, role, sites].enumerated() { try statement.bind(index + 1, text) }
        if let rateLimit { try statement.bind(5, rateLimit) } else { try statement.bindNull(5) }
        try statement.bind(6, secretHash)
        try statement.bind(7, createdAt)
        if let revokedAt { try statement.bind(8, revokedAt) } else { try statement.bindNull(8) }
        try statement.bind(9, check)
    }
}

/// The rows of a file of keys.
struct KeyRows {
    /// Keys whose rows are what was written, by id.
    var keys: [String: APIKey] = [:]
    /// Ids of the others; they open nothing.
    var damaged: [String] = []

    /// Adds all rows.
    /// - Parameters:
    ///   - isOld: the file was written before rows had checks.
    ///   - backwards: reads the last one first, to come at damage from the other side.
    /// - Throws: `SQLiteError`; then what was read before is there.
    mutating func read(_ connection: Connection, isOld: Bool = false, backwards: Bool = false) throws {
        let order = backwards ? "id DESC" : "created_at DESC"
        let columns = isOld ? KeyRow.columns.replacing("row_check", with: "NULL") : KeyRow.columns
        let rows = try connection.prepare(
            "SELECT \(columns) FROM keys ORDER BY \(order) LIMIT \(KeyStore.keysMaximum)")
        try rows.forEachRow { statement in
            let row = KeyRow(statement)
            let isRight = isOld || !statement.isNull(8) && statement.blob(8) == row.check
            if isRight, let key = row.key {
                keys[row.id] = key
            } else if !backwards {
                damaged.append(row.id)
            }
        }
    }
}
