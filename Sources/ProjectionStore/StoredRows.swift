public import EventModel
internal import Glibc
internal import SQLite
public import Timeline

/// The rows of one table of a site, one at a time, in the order in which the table keeps them.
///
/// For comparing stores: as much memory as one row takes, however many there are. Valid inside one transaction of its
/// reader (``StoreReader/begin()``).
public final class StoredRows<Row> {
    private let statement: Statement
    private let reader: StoreReader
    private let decode: (Statement) throws -> Row
    private var count = 0

    init(_ reader: StoreReader, _ sql: String, _ decode: @escaping (Statement) throws -> Row) throws {
        self.reader = reader
        self.decode = decode
        statement = try reader.connection.prepare(sql)
    }

    /// The next row; nil after the last one.
    /// - Throws: ``StoreError`` for a row that is not what was written; `TimelineError` `.tooLong` after the reader's time.
    public func next() throws -> Row? {
        if count & 0xff == 0 { try reader.checkTimeInLoop() }
        count += 1
        return try reader.condition.watch(reader.connection.path) {
            try statement.step() ? try decode(statement) : nil
        }
    }
}

/// The stored pages of one time line after another, in the order of their fences, undecoded until somebody asks.
public final class StoredPages {
    private let statement: Statement
    private let reader: StoreReader

    init(_ reader: StoreReader) throws {
        self.reader = reader
        statement = try reader.connection.prepare(
            "SELECT \(PageColumn.names) FROM page WHERE line = ? ORDER BY fence")
    }

    /// Goes to before the first page of a worker's line.
    public func start(site: UInt32, _ line: LineIndex) throws {
        statement.reset()
        try statement.bind(1, LineID(site: site, line).value)
    }

    /// Goes to the next page; false when there is none.
    public func next() throws -> Bool {
        try reader.checkTimeInLoop()
        return try reader.condition.watch(reader.connection.path) { try statement.step() }
    }

    /// The fence of the page.
    public var fence: EventKey { EventKey(rawValue: statement.int64(PageColumn.fence)) }

    /// Number of events in the page, as its header says.
    public var eventCount: Int { statement.withBlob(PageColumn.blob.rawValue) { PageCodec.eventCount($0) } }

    /// Whether the page has the same fence and the same bytes as that of another store.
    public func isSame(as other: StoredPages) -> Bool {
        fence == other.fence
            && statement.withBlob(PageColumn.blob.rawValue) { own in
                other.statement.withBlob(PageColumn.blob.rawValue) { bytes in
                    guard own.count == bytes.count else { return false }
                    guard let first = own.baseAddress, let second = bytes.baseAddress else { return true }
                    return memcmp(first, second, own.count) == 0
                }
            }
    }

    /// Decodes the page.
    public func page() throws -> Page {
        try reader.condition.watch(reader.connection.path) {
            let id = statement.int64(PageColumn.id)
            return try statement.withBlob(PageColumn.blob.rawValue) { try PageCodec.decode($0, id: id, fence: fence) }
        }
    }
}

// Everything that a store has of a site, for comparing it with another store.
extension StoreReader {
    /// The log that the store was folded from, and the version of its tables.
    public func origin() throws -> (logEpoch: [UInt8], format: Int64) {
        try condition.watch(connection.path) {
            let epoch = try connection.prepare("SELECT value FROM meta WHERE name = '\(MetaName.logEpoch.rawValue)'")
            guard try epoch.step(), let format = try connection.integer(.format) else {
                throw StoreError.damaged("the store does not say which log it is of")
            }
            return (epoch.blob(0), format)
        }
    }

    /// The version of tables that this program reads.
    public static var format: Int64 { StoreSchema.format }

    /// Hours of one kind, by hour, then by number.
    public func hourRows(site: UInt32, _ kind: HourKind) throws -> StoredRows<HourRow> {
        try StoredRows(
            self,
            """
            SELECT \(HourColumn.names(before: .site)) FROM hour WHERE site = \(site) AND kind = \(kind.rawValue)
            ORDER BY hour, entity
            """
        ) { HourRow(kind: kind, entity: try $0.number(HourColumn.entity), sums: HourSums(row: $0)) }
    }

    /// The sums of one worker in one hour; nil without a row.
    public func workerHour(site: UInt32, _ hour: Hour, worker: UInt32) throws -> HourSums? {
        try StoredRows(
            self,
            """
            SELECT \(HourColumn.names(before: .site)) FROM hour WHERE site = \(site)
            AND kind = \(HourKind.worker.rawValue) AND hour = \(hour.number) AND entity = \(worker)
            """
        ) { HourSums(row: $0) }.next()
    }

    /// Stays, by scale, then by their first hour, then by worker.
    public func stayRows(site: UInt32) throws -> StoredRows<Stay> {
        try StoredRows(
            self, "SELECT \(StayColumn.names) FROM stay WHERE site = \(site) ORDER BY scale, start, worker"
        ) { try Stay(row: $0) }
    }

    /// Model health, by hour, then by origin.
    public func healthRows(site: UInt32) throws -> StoredRows<HealthRow> {
        try StoredRows(
            self, "SELECT \(HealthColumn.names) FROM health WHERE site = \(site) ORDER BY hour, source"
        ) { HealthRow(origin: try $0.number(HealthColumn.source), sums: try HealthSums(row: $0)) }
    }

    /// Arrivals of each hour of created_at, in order; `createdAt` is when the hour begins.
    public func arrivalHours(site: UInt32) throws -> StoredRows<ArrivalRow> {
        let span = StoreSchema.ArrivalSpan.hour.rawValue
        return try StoredRows(
            self,
            """
            SELECT \(ArrivalColumn.names) FROM arrival WHERE site = \(site) AND span = \(span) ORDER BY created_at
            """
        ) { row in
            ArrivalRow(
                createdAt: row.int64(ArrivalColumn.createdAt), winners: row.int64(ArrivalColumn.winners),
                newestEvent: NewestTime(stored: row.int64(ArrivalColumn.newestEvent)))
        }
    }

    /// Definitions in their order.
    public func definitionRows(site: UInt32) throws -> StoredRows<StoredDefinition> {
        try StoredRows(
            self, "SELECT \(DefinitionColumn.names) FROM definition WHERE site = \(site) ORDER BY sequence"
        ) { try StoredDefinition(row: $0) }
    }

    /// The pages of time lines.
    public func pages() throws -> StoredPages { try StoredPages(self) }
}
