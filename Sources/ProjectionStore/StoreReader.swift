public import Clocks
public import EventModel
internal import SQLite
public import Timeline

/// Reads a projection store through its own read-only connection; for one thread at a time.
///
/// Outside of ``begin()`` … ``end()`` every read sees the newest commit; inside, all reads see the same commit.
public final class StoreReader: PageReader, HourReader, @unchecked Sendable {
    // Unchecked: it moves between threads with the question or the fold that owns it, and is never shared.
    private let connection: Connection
    private let findPage: Statement
    private let findHours: Statement
    private let findStationHours: Statement
    private let findHealth: Statement
    private let findGeneration: Statement
    let listings: ListingStatements
    private var deadline: Deadline?
    /// Pages of the line read last, for as long as one state is read: a question requests some of them repeatedly.
    private var cache: (line: LineID, pages: [Page])?
    private var isInside = false
    private static let cachedPagesMaximum = 16

    private struct Deadline {
        var time: MonotonicTime
        var clock: any ProcessClock
    }

    public init(path: String) throws {
        do {
            connection = try Connection(
                path: path, ConnectionOptions(mode: .reader, cacheBytes: ProjectionStore.readerCacheBytes))
            findPage = try connection.prepare(
                """
                SELECT \(PageColumn.names) FROM page WHERE line = ? AND fence <= ? ORDER BY fence DESC LIMIT 1
                """)
            findHours = try connection.prepare(
                """
                SELECT \(HourColumn.names(before: .site)) FROM hour
                WHERE site = ? AND kind = ? AND hour >= ? AND hour < ?
                """)
            findStationHours = try connection.prepare(
                """
                SELECT \(HourColumn.names(before: .site)) FROM hour
                WHERE site = ? AND kind = \(HourKind.workstation.rawValue) AND hour < ?
                ORDER BY hour DESC
                """)
            findHealth = try connection.prepare(
                "SELECT \(HealthColumn.names) FROM health WHERE site = ? AND hour >= ? AND hour < ?")
            findGeneration = try connection.prepare(
                "SELECT value FROM meta WHERE name = '\(MetaName.generation.rawValue)'")
            listings = try ListingStatements(connection)
        } catch { throw StoreError.wrap("projections at \(path) cannot be read", error) }
    }

    /// Starts reading one consistent state and returns the generation of its commit.
    public func begin() throws -> UInt64 {
        try connection.beginRead()
        isInside = true
        return try generation()
    }

    /// Like ``begin()``, but after `time` reads throw ``TimelineError`` `.tooLong`: holding a state makes the
    /// write-ahead log grow (DESIGN 1.9).
    public func begin(until time: MonotonicTime, by clock: any ProcessClock) throws -> UInt64 {
        let generation = try begin()
        deadline = Deadline(time: time, clock: clock)
        return generation
    }

    public func end() {
        connection.endRead()
        deadline = nil
        isInside = false
        cache = nil
    }

    private func checkDeadline() throws {
        if let deadline, deadline.clock.uptime > deadline.time { throw TimelineError.tooLong }
    }

    /// Steps through rows and checks the deadline regularly.
    func forEachRow(_ statement: Statement, _ body: (Statement) throws -> Bool) throws {
        defer { statement.reset() }
        var rows = 0
        while try statement.step() {
            if rows & 0xff == 0 { try checkDeadline() }
            rows += 1
            guard try body(statement) else { return }
        }
    }

    private func generation() throws -> UInt64 {
        defer { findGeneration.reset() }
        guard try findGeneration.step() else { throw StoreError.damaged("the store has no generation") }
        return UInt64(findGeneration.int64(0))
    }

    public func page(of line: LineID, holding key: EventKey) throws -> Page? {
        if let cache, cache.line == line, let page = cache.pages.first(where: { $0.holds(key) }) { return page }
        guard let page = try storedPage(of: line, holding: key) else { return nil }
        if isInside {
            var pages = cache.flatMap { $0.line == line ? $0.pages : nil } ?? []
            if pages.count == StoreReader.cachedPagesMaximum { pages.removeFirst() }
            pages.append(page)
            cache = (line, pages)
        }
        return page
    }

    private func storedPage(of line: LineID, holding key: EventKey) throws -> Page? {
        defer { findPage.reset() }
        try checkDeadline()
        try findPage.bind(1, line.value)
        try findPage.bind(2, key.rawValue)
        guard try findPage.step() else { return nil }
        let id = findPage.int64(PageColumn.id)
        let fence = EventKey(rawValue: findPage.int64(PageColumn.fence))
        return try findPage.withBlob(PageColumn.blob.rawValue) { try PageCodec.decode($0, id: id, fence: fence) }
    }

    public func forEachHour(
        site: UInt32, _ kind: HourKind, _ hours: Range<Hour>, _ body: (UInt32, HourSums) -> Void
    ) throws {
        try findHours.bind(1, Int64(site))
        try findHours.bind(2, Int64(kind.rawValue))
        try findHours.bind(3, hours.lowerBound.number)
        try findHours.bind(4, hours.upperBound.number)
        try forEachRow(findHours) { row in
            body(UInt32(row.int64(HourColumn.entity)), HourSums(row: row))
            return true
        }
    }

    public func forEachStationHour(
        site: UInt32, before hour: Hour, _ body: (UInt32, HourSums) -> Bool
    ) throws {
        try findStationHours.bind(1, Int64(site))
        try findStationHours.bind(2, hour.number)
        try forEachRow(findStationHours) { body(UInt32($0.int64(HourColumn.entity)), HourSums(row: $0)) }
    }

    public func forEachHealthHour(
        site: UInt32, _ hours: Range<Hour>, _ body: (UInt32, HealthSums) -> Void
    ) throws {
        try findHealth.bind(1, Int64(site))
        try findHealth.bind(2, hours.lowerBound.number)
        try findHealth.bind(3, hours.upperBound.number)
        try forEachRow(findHealth) { row in
            body(UInt32(row.int64(HealthColumn.source)), try HealthSums(row: row))
            return true
        }
    }

    /// Loads everything except pages and hours, as a fold that continues from here.
    public func load() throws -> PartitionFold {
        do { return try connection.read { try loadFold() } } catch {
            throw StoreError.wrap("projections at \(connection.path) cannot be read", error)
        }
    }

    /// The next offset to fold and the fingerprint of the last folded record, which is nil before the first record.
    public func position() throws -> (nextOffset: LogOffset, fingerprint: RecordFingerprint?) {
        do {
            return try connection.read {
                (LogOffset(try integer(.nextOffset)), try loadFingerprint())
            }
        } catch { throw StoreError.wrap("projections at \(connection.path) cannot be read", error) }
    }

    /// Like ``load()``, inside a transaction started by ``begin()``.
    public func loadInside() throws -> PartitionFold { try loadFold() }

    private func loadFold() throws -> PartitionFold {
        var sites: [PartitionFold.StoredSite] = []
        try connection.prepare("SELECT \(SiteColumn.names) FROM site ORDER BY number").forEachRow { row in
            var site = PartitionFold.StoredSite(siteID: SiteID(bytes: row.blob(SiteColumn.siteId)))
            site.state = SiteState(row: row)
            sites.append(site)
        }
        for number in sites.indices { try fill(&sites[number], Int64(number)) }
        return try PartitionFold(
            nextOffset: LogOffset(try integer(.nextOffset)), generation: UInt64(try integer(.generation)),
            pageCount: try integer(.pageCount), sites: sites, fingerprint: try loadFingerprint())
    }

    private func integer(_ name: MetaName) throws -> Int64 {
        guard let value = try connection.integer(name) else {
            throw StoreError.damaged("the store has no \(name.rawValue)")
        }
        return value
    }

    private func loadFingerprint() throws -> RecordFingerprint? {
        guard let createdAt = try connection.integer(.fingerprintCreatedAt),
            let checksum = try connection.integer(.fingerprintChecksum)
        else { return nil }
        return RecordFingerprint(
            createdAt: Timestamp(microseconds: createdAt), checksum: UInt32(truncatingIfNeeded: checksum))
    }

    private func fill(_ site: inout PartitionFold.StoredSite, _ number: Int64) throws {
        func ids(_ kind: StoreSchema.IDKind) throws -> [[UInt8]] {
            var found: [[UInt8]] = []
            let rows = """
                SELECT \(IDColumn.names) FROM id WHERE site = \(number) AND kind = \(kind.rawValue) ORDER BY number
                """
            try connection.prepare(rows).forEachRow { found.append($0.blob(IDColumn.bytes)) }
            return found
        }
        site.workers = try ids(.worker)
        site.stations = try ids(.station)
        site.names = try ids(.name)
        let origins = "SELECT \(OriginColumn.names) FROM source WHERE site = \(number) ORDER BY number"
        try connection.prepare(origins).forEachRow { site.origins.append(Origin(row: $0)) }
        let definitions = "SELECT \(DefinitionColumn.names) FROM definition WHERE site = \(number) ORDER BY sequence"
        var scratch = EventBatch(siteID: site.siteID)
        try connection.prepare(definitions).forEachRow { row in
            let kind = try row.withBlob(DefinitionColumn.record.rawValue) {
                try RecordCodec.decode($0, into: &scratch)
            }
            guard case .definition(let record) = kind else {
                throw StoreError.damaged("a stored definition is damaged")
            }
            let offset = LogOffset(row.int64(DefinitionColumn.logOffset))
            site.definitions.append(StoredDefinition(record: record, offset: offset))
        }
        let activity = """
            SELECT entity, min(hour) AS oldest, max(newest) AS newest, sum(withdrawn) AS withdrawn FROM hour
            WHERE site = \(number) AND kind = \(HourKind.workstation.rawValue) GROUP BY entity
            """
        try connection.prepare(activity).forEachRow { row in
            site.activity[UInt32(row.int64(ActivityColumn.entity))] = PartitionFold.StationActivity(
                oldestHour: Hour(row.int64(ActivityColumn.oldest)),
                newest: NewestTime(stored: row.int64(ActivityColumn.newest)),
                withdrawn: row.int64(ActivityColumn.withdrawn))
        }
    }

    /// The aggregate of a station's hours.
    private enum ActivityColumn: Int, StoreColumn {
        case entity, oldest, newest, withdrawn
    }
}

extension Origin {
    init(row: Statement) {
        self.init(
            station: UInt32(row.int64(OriginColumn.station)), camera: UInt32(row.int64(OriginColumn.camera)),
            modelVersion: UInt32(row.int64(OriginColumn.modelVersion)))
    }
}

extension HourSums {
    init(row: Statement) {
        self.init(hour: Hour(row.int64(HourColumn.hour)))
        working = row.int64(HourColumn.working)
        idle = row.int64(HourColumn.idle)
        absent = row.int64(HourColumn.absent)
        units = row.int64(HourColumn.units)
        changedAt = NewestTime(stored: row.int64(HourColumn.changed))
        newest = NewestTime(stored: row.int64(HourColumn.newest))
        withdrawn = row.int64(HourColumn.withdrawn)
    }
}

extension SiteState {
    init(row: Statement) {
        self.init()
        ledger.received = row.int64(SiteColumn.received)
        ledger.folded = row.int64(SiteColumn.folded)
        ledger.duplicates = row.int64(SiteColumn.duplicates)
        ledger.lowConfidence = row.int64(SiteColumn.lowConfidence)
        ledger.quarantined = row.int64(SiteColumn.quarantined)
        ledger.definitions = row.int64(SiteColumn.definitions)
        parameters.ttl = row.int64(SiteColumn.ttl)
        parameters.hourOffset = row.int64(SiteColumn.anchor)
        let cursor = row.int64(SiteColumn.rederiveCursor)
        rederiveCursor = cursor == SiteState.nothingToRederive ? nil : Int(cursor)
        bucketFloor = NewestTime(stored: row.int64(SiteColumn.bucketFloor))
        nextOffset = LogOffset(row.int64(SiteColumn.nextOffset))
        newestEvent = NewestTime(stored: row.int64(SiteColumn.newestEvent))
    }

    /// The stored value when no hours are left to rebuild.
    private static let nothingToRederive = Int64.max

    var storedRederiveCursor: Int64 { rederiveCursor.map { Int64($0) } ?? SiteState.nothingToRederive }
}
