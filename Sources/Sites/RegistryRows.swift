internal import EventLog
internal import EventModel
internal import SQLite

/// A row of the registry's file, with a check over its content.
struct RegistryRow {
    var site: SiteID
    var epoch: LogEpoch
    var partition: Int64
    var offset: Int64
    var version: Int64
    var createdAt: Int64
    var definition: [UInt8]

    static let table =
        """
        CREATE TABLE IF NOT EXISTS definitions (
            site_id BLOB PRIMARY KEY, epoch BLOB NOT NULL, log_partition INTEGER NOT NULL, log_offset INTEGER NOT NULL,
            version INTEGER NOT NULL, created_at INTEGER NOT NULL, definition BLOB NOT NULL, row_check INTEGER
        ) WITHOUT ROWID
        """
    static let columns = "site_id, epoch, log_partition, log_offset, version, created_at, definition, row_check"

    init(_ placed: PlacedDefinition, _ epoch: LogEpoch) {
        site = placed.siteID
        self.epoch = epoch
        partition = Int64(placed.position.partition.value)
        offset = placed.position.offset.value
        version = Int64(bitPattern: placed.version)
        createdAt = placed.createdAt.microseconds
        definition = StoredDefinition(placed).json
    }

    /// - Parameter row: has the columns of ``columns``.
    init(_ row: Statement) {
        site = SiteID(bytes: row.blob(0))
        epoch = LogEpoch(bytes: row.blob(1))
        (partition, offset, version, createdAt) = (row.int64(2), row.int64(3), row.int64(4), row.int64(5))
        definition = row.blob(6)
    }

    /// CRC-32C over all other columns.
    var check: Int64 {
        var bytes: [UInt8] = []
        for part in [site.bytes, epoch.bytes, definition] {
            withUnsafeBytes(of: Int64(part.count).littleEndian) { bytes += $0 }
            bytes += part
        }
        for number in [partition, offset, version, createdAt] {
            withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
        }
        return Int64(bytes.withUnsafeBytes { CRC32C.checksum($0) })
    }

    /// - Throws: ``RegistryError`` for a definition that is none.
    func placed() throws(RegistryError) -> PlacedDefinition {
        guard let partition = Int32(exactly: partition), let stored = try? StoredDefinition(definition, site: site)
        else { throw .damaged("the definition of site \(site) is none") }
        return PlacedDefinition(
            definition: stored.definition, version: UInt64(bitPattern: version),
            createdAt: Timestamp(microseconds: createdAt),
            position: RecordPosition(partition: PartitionIndex(partition), offset: LogOffset(offset)),
            former: stored.former)
    }

    func bind(to statement: Statement) throws(SQLiteError) {
        try statement.bind(1, site.bytes)
        try statement.bind(2, epoch.bytes)
        for (index, number) in [partition, offset, version, createdAt].enumerated() {
            try statement.bind(3 + index, number)
        }
        try statement.bind(7, definition)
        try statement.bind(8, check)
    }
}

/// The rows of a registry's file.
struct RegistryRows {
    /// Those with a right check.
    var sound: [SiteID: RegistryRow] = [:]
    /// What is wrong with each of the others.
    var damaged: [RegistryError] = []

    /// Adds all rows.
    /// - Parameters:
    ///   - isOld: the file was written before rows had checks.
    ///   - backwards: reads the last one first; what comes behind damage is read by nobody who comes from the beginning.
    /// - Throws: `SQLiteError`; then what was read before is there.
    mutating func read(_ connection: Connection, isOld: Bool, backwards: Bool = false) throws {
        let columns = isOld ? RegistryRow.columns.replacing("row_check", with: "NULL") : RegistryRow.columns
        let order = backwards ? " ORDER BY site_id DESC" : ""
        let rows = try connection.prepare("SELECT \(columns) FROM definitions\(order)")
        try rows.forEachRow { statement in
            let row = RegistryRow(statement)
            let isRight = isOld ? (try? row.placed()) != nil : !statement.isNull(7) && statement.int64(7) == row.check
            if isRight {
                sound[row.site] = row
            } else if !backwards {
                damaged.append(.damaged("the definition of site \(printable(row.site)) is not what was written"))
            }
        }
    }

    private func printable(_ site: SiteID) -> String { site.isValid ? site.text : "whose id is damaged" }
}
