public import EventModel
internal import SQLite
public import Timeline

// Loading a fold that continues from the store. Every number is compared with what it counts: a store that is not whole
// must not be folded into.
extension StoreReader {
    /// Loads everything except pages and hours, as a fold that continues from here.
    public func load() throws -> PartitionFold {
        try wrapped { try connection.read { try loadFold() } }
    }

    /// The next offset to fold and the fingerprint of the last folded record, which is nil before the first record.
    public func position() throws -> (nextOffset: LogOffset, fingerprint: RecordFingerprint?) {
        try wrapped { try connection.read { (LogOffset(try integer(.nextOffset)), try loadFingerprint()) } }
    }

    /// Like ``load()``, inside a transaction started by ``begin()``.
    public func loadInside() throws -> PartitionFold { try wrapped { try loadFold() } }

    private func wrapped<Result>(_ body: () throws -> Result) throws -> Result {
        do { return try condition.watch(connection.path, body) } catch {
            throw StoreError.wrap("projections at \(connection.path) cannot be read", error)
        }
    }

    private func loadFold() throws -> PartitionFold {
        var sites: [PartitionFold.StoredSite] = []
        try connection.prepare("SELECT \(SiteColumn.names) FROM site ORDER BY number").forEachRow { row in
            guard row.int64(SiteColumn.number) == Int64(sites.count) else {
                throw StoreError.damaged("a site is missing")
            }
            var site = PartitionFold.StoredSite(siteID: SiteID(bytes: row.blob(SiteColumn.siteId)))
            site.state = SiteState(row: row)
            sites.append(site)
        }
        for number in sites.indices { try fill(&sites[number], Int64(number)) }
        return try PartitionFold(
            nextOffset: LogOffset(try integer(.nextOffset)), generation: UInt64(bitPattern: try integer(.generation)),
            pageCount: try integer(.pageCount), sites: sites, fingerprint: try loadFingerprint(),
            clockDisputes: try loadClockDisputes())
    }

    /// A store without the row has folded no record that sets time back.
    private func loadClockDisputes() throws -> ClockDisputes {
        var disputes: ClockDisputes? = ClockDisputes()
        let name = MetaName.clockDisputes.rawValue
        try connection.prepare("SELECT value FROM meta WHERE name = '\(name)'").forEachRow { row in
            disputes = ClockDisputes(stored: row.blob(0))
        }
        guard let disputes else { throw StoreError.damaged("a stored time is damaged") }
        return disputes
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
            try connection.prepare(rows).forEachRow { row in
                guard row.int64(IDColumn.number) == Int64(found.count) else {
                    throw StoreError.damaged("a stored id is missing")
                }
                found.append(row.blob(IDColumn.bytes))
            }
            return found
        }
        site.workers = try ids(.worker)
        site.stations = try ids(.station)
        site.names = try ids(.name)
        let origins = "SELECT \(OriginColumn.names) FROM source WHERE site = \(number) ORDER BY number"
        try connection.prepare(origins).forEachRow { row in
            let origin = try Origin(row: row)
            guard row.int64(OriginColumn.number) == Int64(site.origins.count), site.names(origin) else {
                throw StoreError.damaged("a stored origin is damaged")
            }
            site.origins.append(origin)
        }
        site.lines = try lines(of: UInt32(number))
        let definitions = "SELECT \(DefinitionColumn.names) FROM definition WHERE site = \(number) ORDER BY sequence"
        site.forEachDefinition = { [connection] body in
            var count: Int64 = 0
            try connection.prepare(definitions).forEachRow { row in
                guard row.int64(DefinitionColumn.sequence) == count else {
                    throw StoreError.damaged("a stored definition is missing")
                }
                count += 1
                try body(try StoredDefinition(row: row))
            }
        }
        let activity = """
            SELECT entity, min(hour) AS oldest, max(newest) AS newest, sum(withdrawn) AS withdrawn FROM hour
            WHERE site = \(number) AND kind = \(HourKind.workstation.rawValue) GROUP BY entity
            """
        try connection.prepare(activity).forEachRow { row in
            site.activity[try row.number(ActivityColumn.entity)] = PartitionFold.StationActivity(
                oldestHour: Hour(row.int64(ActivityColumn.oldest)),
                newest: NewestTime(stored: row.int64(ActivityColumn.newest)),
                withdrawn: row.int64(ActivityColumn.withdrawn))
        }
    }

    /// The lines of a site that have pages, by one search each: a site has few beside its pages.
    private func lines(of site: UInt32) throws -> [LineIndex] {
        let next = try connection.prepare("SELECT min(line) FROM page WHERE line >= ? AND line <= ?")
        let all = LineID.all(ofSite: site)
        var lines: [LineIndex] = []
        var start = all.lowerBound
        while true {
            try next.bind(1, start)
            try next.bind(2, all.upperBound)
            defer { next.reset() }
            guard try next.step(), !next.isNull(0) else { return lines }
            guard let line = LineID(value: next.int64(0)).line else {
                throw StoreError.damaged("a stored page is of no line")
            }
            lines.append(line)
            start = next.int64(0) + 1
        }
    }

    /// The aggregate of a station's hours.
    private enum ActivityColumn: Int, StoreColumn {
        case entity, oldest, newest, withdrawn
    }
}

extension StoredDefinition {
    /// Decodes a row of ``DefinitionColumn``.
    init(row: Statement) throws {
        var scratch = EventBatch(siteID: SiteID(bytes: []))
        let kind = row.withBlob(DefinitionColumn.record.rawValue) { try? RecordCodec.decode($0, into: &scratch) }
        guard case .definition(let record) = kind else {
            throw StoreError.damaged("a stored definition is damaged")
        }
        self.init(record: record, offset: LogOffset(row.int64(DefinitionColumn.logOffset)))
    }
}

extension PartitionFold.StoredSite {
    /// Whether the site has the ids that an origin names.
    fileprivate func names(_ origin: Origin) -> Bool {
        origin.station < stations.count && origin.camera <= names.count && origin.modelVersion <= names.count
    }
}
