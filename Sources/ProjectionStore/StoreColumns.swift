internal import SQLite

/// The columns of a table, defined once: statements, parameter bindings and row reads all use it, so that no column
/// positions are hard-coded.
///
/// The case `logOffset` is the column `log_offset`. A statement that selects ``names`` returns each column at the
/// position given by its raw value.
protocol StoreColumn: CaseIterable, RawRepresentable where RawValue == Int {}

extension StoreColumn {
    var name: String {
        "\(self)".reduce(into: "") { name, letter in
            if letter.isUppercase { name += "_" }
            name += letter.lowercased()
        }
    }

    /// Number of the column's parameter in a statement with ``parameters``; SQLite numbers them from 1.
    var parameter: Int { rawValue + 1 }

    /// All columns, for SELECT and INSERT.
    static var names: String { allCases.map(\.name).joined(separator: ", ") }

    /// The columns before `end`, for SELECT.
    static func names(before end: Self) -> String { allCases.prefix(end.rawValue).map(\.name).joined(separator: ", ") }

    /// One parameter per column.
    static var parameters: String { allCases.map { "?\($0.parameter)" }.joined(separator: ", ") }
}

extension Statement {
    func bind(_ column: some StoreColumn, _ value: Int64) throws(SQLiteError) { try bind(column.parameter, value) }
    func bind(_ column: some StoreColumn, _ value: [UInt8]) throws(SQLiteError) { try bind(column.parameter, value) }

    func bind(_ column: some StoreColumn, orNull value: [UInt8]?) throws(SQLiteError) {
        if let value { try bind(column, value) } else { try bindNull(column.parameter) }
    }

    func int64(_ column: some StoreColumn) -> Int64 { int64(column.rawValue) }
    func isNull(_ column: some StoreColumn) -> Bool { isNull(column.rawValue) }
    func blob(_ column: some StoreColumn) -> [UInt8] { blob(column.rawValue) }
    func blob(orNull column: some StoreColumn) -> [UInt8]? { isNull(column) ? nil : blob(column) }

    /// The number of something in the store.
    /// - Throws: ``StoreError`` when the value is not such a number.
    func number(_ column: some StoreColumn) throws(StoreError) -> UInt32 {
        guard let number = UInt32(exactly: int64(column)) else {
            throw .damaged("a stored row has \(int64(column)) for \(column.name)")
        }
        return number
    }
}

enum SiteColumn: Int, StoreColumn {
    case number, siteId, received, folded, duplicates, lowConfidence, quarantined, definitions, ttl, anchor
    case rederiveCursor, bucketFloor, nextOffset, newestEvent, newestQuarantined
}

enum IDColumn: Int, StoreColumn {
    case site, kind, number, bytes
}

/// Table `source`.
enum OriginColumn: Int, StoreColumn {
    case site, number, station, camera, modelVersion
}

enum DefinitionColumn: Int, StoreColumn {
    case site, sequence, logOffset, record
}

enum PageColumn: Int, StoreColumn {
    case id, line, fence, blob
}

/// Table `hour`, where only who was there matters.
enum ActiveHourColumn: Int, StoreColumn {
    case hour, entity
}

enum HourColumn: Int, StoreColumn {
    case hour, entity, working, idle, absent, units, changed, newest, withdrawn
    /// What a question asks for, last: reading them back from each of many rows is expensive.
    case site, kind
}

enum StayColumn: Int, StoreColumn {
    case site, scale, start, worker, ending, state, station, changed
}

enum HealthColumn: Int, StoreColumn {
    case site, hour, source, samples, confidenceSum, marked, bins, changed
}

enum ChangedHourColumn: Int, StoreColumn {
    case site, kind, hour, ending, generation
}

enum QuarantinedColumn: Int, StoreColumn {
    case logOffset, place, site, worker, workstation, camera, modelVersion, key, detail, createdAt, winner
}

enum ArrivalColumn: Int, StoreColumn {
    case site, span, createdAt, winners, newestEvent
}

/// Names of rows in the table `meta`.
enum MetaName: String {
    case format, fold, spec, generation
    case nextOffset = "next_offset"
    case pageCount = "page_count"
    case hasFeed = "has_feed"
    case storeID = "store_id"
    case logEpoch = "log_epoch"
    case answersFrom = "answers_from"
    case fingerprintCreatedAt = "anchor_created_at"
    case fingerprintChecksum = "anchor_checksum"
    case clockDisputes = "clock_disputes"
}

extension Connection {
    /// An integer from the table `meta`; nil when the row is missing.
    func integer(_ name: MetaName) throws(SQLiteError) -> Int64? {
        try integer("SELECT value FROM meta WHERE name = '\(name.rawValue)'")
    }

    /// Replaces an integer of the table `meta`.
    func set(_ name: MetaName, _ value: Int64) throws(SQLiteError) {
        try execute("UPDATE meta SET value = \(value) WHERE name = '\(name.rawValue)'")
    }

    /// Bytes from the table `meta`; nil when the row is missing.
    func blob(_ name: MetaName) throws(SQLiteError) -> [UInt8]? {
        let select = try prepare("SELECT value FROM meta WHERE name = '\(name.rawValue)'")
        return try select.step() ? select.blob(0) : nil
    }

    /// Whether the file has the tables of a store.
    func hasStore() throws(SQLiteError) -> Bool {
        try integer("SELECT count(*) FROM sqlite_master WHERE name = 'meta'") == 1
    }
}
