public import EventModel
internal import SQLite
public import Timeline

/// The statements that read arrivals, quarantined events and definitions.
struct ListingStatements {
    let arrivals: Statement
    let newestEvent: Statement
    let quarantined: Statement
    let quarantinedByWorker: Statement
    let quarantinedWinner: Statement
    let definition: Statement

    init(_ connection: Connection) throws {
        arrivals = try connection.prepare(
            """
            SELECT \(ArrivalColumn.names) FROM arrival
            WHERE site = ? AND span = \(StoreSchema.ArrivalSpan.single.rawValue) AND created_at <= ?
            ORDER BY created_at DESC
            """)
        newestEvent = try connection.prepare(
            "SELECT max(newest_event) FROM arrival WHERE site = ? AND span = ? AND created_at >= ? AND created_at < ?")
        quarantined = try connection.prepare(
            """
            SELECT \(QuarantinedColumn.names) FROM quarantined
            WHERE winner = 1 AND site = ? AND created_at >= ? AND created_at <= ?
            ORDER BY created_at DESC, log_offset, place
            """)
        quarantinedByWorker = try connection.prepare(
            """
            SELECT \(QuarantinedColumn.names) FROM quarantined INDEXED BY quarantined_key
            WHERE winner = 1 AND site = ? AND (worker, key) > (?, ?) ORDER BY worker, key LIMIT ?
            """)
        quarantinedWinner = try connection.prepare(
            """
            SELECT \(QuarantinedColumn.names) FROM quarantined INDEXED BY quarantined_key
            WHERE winner = 1 AND site = ? AND worker = ? AND key = ?
            """)
        definition = try connection.prepare(
            "SELECT \(DefinitionColumn.names) FROM definition WHERE site = ? AND sequence = ?")
    }
}

extension StoreReader: ArrivalReader {
    public func forEachArrival(site: UInt32, upTo createdAt: Int64, _ body: (ArrivalRow) -> Bool) throws {
        try checkUnmoved()
        try listings.arrivals.bind(1, Int64(site))
        try listings.arrivals.bind(2, createdAt)
        try forEachRow(listings.arrivals) { row in
            body(
                ArrivalRow(
                    createdAt: row.int64(ArrivalColumn.createdAt), winners: row.int64(ArrivalColumn.winners),
                    newestEvent: NewestTime(stored: row.int64(ArrivalColumn.newestEvent))))
        }
    }

    public func newestEvent(site: UInt32, upTo createdAt: Int64) throws -> NewestTime {
        let hour = StoreReader.hourStart(of: createdAt)
        var newest = try newestEvent(site, .hour, from: 0, to: hour)
        newest.note(try newestEvent(site, .single, from: hour, to: createdAt + 1))
        return newest
    }

    private func newestEvent(
        _ site: UInt32, _ span: StoreSchema.ArrivalSpan, from: Int64, to: Int64
    ) throws -> NewestTime {
        let statement = listings.newestEvent
        try checkUnmoved()
        try statement.bind(1, Int64(site))
        try statement.bind(2, span.rawValue)
        try statement.bind(3, from)
        try statement.bind(4, to)
        var newest = NewestTime.none
        try forEachRow(statement) { row in
            if !row.isNull(0) { newest = NewestTime(stored: row.int64(0)) }
            return false
        }
        return newest
    }

    /// Where the row of an hour of created_at stands.
    static func hourStart(of createdAt: Int64) -> Int64 { createdAt / Microseconds.hour * Microseconds.hour }
}

extension StoreReader: DefinitionReader {
    public func settings(site: UInt32, definition sequence: Int) throws -> SiteDefinition? {
        if let read = lastSettings, read.site == site, read.sequence == sequence { return read.settings }
        try listings.definition.bind(1, Int64(site))
        try listings.definition.bind(2, sequence)
        var found: SiteDefinition?
        try forEachRow(listings.definition) { row in
            found = try StoredDefinition(row: row).record.definition
            return false
        }
        found?.workers = []
        if let found { lastSettings = (site, sequence, found) }
        return found
    }
}

extension StoreReader: QuarantineReader {
    public func forEachQuarantined(
        site: UInt32, createdAt range: ClosedRange<Int64>, _ body: (QuarantinedEvent) -> Bool
    ) throws {
        try checkUnmoved()
        try listings.quarantined.bind(1, Int64(site))
        try listings.quarantined.bind(2, range.lowerBound)
        try listings.quarantined.bind(3, range.upperBound)
        try forEachRow(listings.quarantined) { body(try QuarantinedEvent(row: $0)) }
    }

    public func quarantined(site: UInt32, after key: QuarantineKey?, limit: Int) throws -> [QuarantinedEvent] {
        try checkUnmoved()
        try listings.quarantinedByWorker.bind(1, Int64(site))
        // No id is empty.
        try listings.quarantinedByWorker.bind(2, key?.worker ?? [])
        try listings.quarantinedByWorker.bind(3, key?.key.rawValue ?? 0)
        try listings.quarantinedByWorker.bind(4, limit)
        var events: [QuarantinedEvent] = []
        try forEachRow(listings.quarantinedByWorker) { row in
            events.append(try QuarantinedEvent(row: row))
            return true
        }
        return events
    }

    public func quarantinedWinner(site: UInt32, _ key: QuarantineKey) throws -> QuarantinedPlace? {
        try listings.quarantinedWinner.bind(1, Int64(site))
        try listings.quarantinedWinner.bind(2, key.worker)
        try listings.quarantinedWinner.bind(3, key.key.rawValue)
        var found: QuarantinedPlace?
        try forEachRow(listings.quarantinedWinner) { row in
            let entry = try QuarantinedEvent(row: row).entry
            found = QuarantinedPlace(createdAt: entry.createdAt, position: entry.position)
            return false
        }
        return found
    }
}

extension QuarantinedEvent {
    /// Decodes a row of ``QuarantinedColumn``.
    init(row: Statement) throws {
        let offset = row.int64(QuarantinedColumn.logOffset)
        guard let position = PackedPosition(offset: offset, low: row.int64(QuarantinedColumn.place)) else {
            throw StoreError.damaged("a stored quarantined event is damaged")
        }
        let entry = TimelineEntry(
            key: EventKey(rawValue: row.int64(QuarantinedColumn.key)),
            createdAt: row.int64(QuarantinedColumn.createdAt), position: position,
            detail: PackedDetail(rawValue: UInt64(bitPattern: row.int64(QuarantinedColumn.detail))))
        self.init(
            worker: row.blob(QuarantinedColumn.worker), workstation: row.blob(QuarantinedColumn.workstation),
            camera: row.blob(orNull: QuarantinedColumn.camera),
            modelVersion: row.blob(orNull: QuarantinedColumn.modelVersion), entry: entry,
            isWinner: row.int64(QuarantinedColumn.winner) != 0)
    }
}
