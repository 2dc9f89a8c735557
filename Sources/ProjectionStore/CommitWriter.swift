internal import EventModel
internal import SQLite
internal import Timeline

/// The statements of a commit, prepared once.
final class CommitWriter {
    private let setMeta: Statement
    private let putSite: Statement
    private let putID: Statement
    private let putSource: Statement
    private let putDefinition: Statement
    private let insertPage: Statement
    private let updatePage: Statement
    private let clearHours: Statement
    private let addHour: Statement
    private let getHealth: Statement
    private let putHealth: Statement
    private let feed: ChangeFeedWriter?
    private let putFingerprint: Statement
    private var blob: [UInt8] = []

    /// - Parameter feed: where it notes what changed; nil: nowhere.
    init(_ connection: Connection, feed: ChangeFeedWriter?) throws {
        self.feed = feed
        setMeta = try connection.prepare("UPDATE meta SET value = ?2 WHERE name = ?1")
        putSite = try connection.prepare(
            """
            INSERT INTO site VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
            ON CONFLICT DO UPDATE SET received = ?3, folded = ?4, duplicates = ?5, low_confidence = ?6,
            quarantined = ?7, definitions = ?8, ttl = ?9, anchor = ?10, rederive_cursor = ?11, bucket_floor = ?12,
            newest_created_at = ?13
            """)
        putID = try connection.prepare("INSERT INTO id VALUES (?, ?, ?, ?)")
        putSource = try connection.prepare("INSERT INTO source VALUES (?, ?, ?, ?, ?)")
        putDefinition = try connection.prepare("INSERT INTO definition VALUES (?, ?, ?, ?)")
        insertPage = try connection.prepare("INSERT INTO page VALUES (?, ?, ?, ?)")
        updatePage = try connection.prepare("UPDATE page SET blob = ?2 WHERE id = ?1")
        clearHours = try connection.prepare("DELETE FROM hour WHERE site = ?")
        addHour = try connection.prepare(
            """
            INSERT INTO hour VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
            working = working + excluded.working, idle = idle + excluded.idle, absent = absent + excluded.absent,
            units = units + excluded.units, changed = max(changed, excluded.changed),
            newest = max(newest, excluded.newest), withdrawn = withdrawn + excluded.withdrawn
            """)
        getHealth = try connection.prepare(
            """
            SELECT hour, source, samples, confidence_sum, marked, bins, changed FROM health
            WHERE site = ? AND hour = ? AND source = ?
            """)
        putHealth = try connection.prepare("INSERT OR REPLACE INTO health VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        putFingerprint = try connection.prepare(
            "INSERT OR REPLACE INTO meta VALUES ('anchor_created_at', ?), ('anchor_checksum', ?)")
    }

    func write(_ set: CommitSet) throws {
        for site in set.sites {
            try write(site)
            try feed?.write(site, generation: set.generation)
        }
        try meta("next_offset", set.nextOffset.value)
        try meta("page_count", set.pageCount)
        try meta("generation", Int64(set.generation))
        guard let fingerprint = set.fingerprint else { return }
        try bind(putFingerprint, [fingerprint.createdAt.microseconds, Int64(fingerprint.checksum)])
        try putFingerprint.run()
    }

    private func meta(_ name: String, _ value: Int64) throws {
        try setMeta.bind(1, name)
        try setMeta.bind(2, value)
        try setMeta.run()
    }

    private func write(_ site: CommitSet.Site) throws {
        let number = Int64(site.index)
        try writeState(site)
        try writeIDs(number, .worker, site.workers, site.firstWorker)
        try writeIDs(number, .station, site.stations, site.firstStation)
        try writeIDs(number, .name, site.names, site.firstName)
        for (index, origin) in site.origins.enumerated() {
            try bind(
                putSource,
                [
                    number, Int64(site.firstOrigin + index), Int64(origin.station), Int64(origin.camera),
                    Int64(origin.modelVersion),
                ])
            try putSource.run()
        }
        for (index, definition) in site.definitions.enumerated() {
            blob.removeAll(keepingCapacity: true)
            RecordCodec.encode(definition.record, into: &blob)
            try bind(putDefinition, [number, Int64(site.firstDefinition + index), definition.offset.value])
            try putDefinition.bind(4, blob)
            try putDefinition.run()
        }
        // In the order of the rows, so that each database page is touched once.
        for dirty in site.pages.sorted(by: { $0.page.id < $1.page.id }) { try writePage(dirty) }
        if site.clearsHours {
            try clearHours.bind(1, number)
            try clearHours.run()
        }
        try writeHours(number, site.hours)
        try writeHealth(number, site.health)
    }

    private func writeState(_ site: CommitSet.Site) throws {
        let state = site.state
        let ledger = state.ledger
        try putSite.bind(1, Int64(site.index))
        try putSite.bind(2, site.siteID.bytes)
        let values = [
            ledger.received, ledger.folded, ledger.duplicates, ledger.lowConfidence, ledger.quarantined,
            ledger.definitions, state.parameters.ttl, state.parameters.hourOffset, state.storedRederiveCursor,
            state.bucketFloor.stored, state.newestCreatedAt.stored,
        ]
        try bind(putSite, values, from: 3)
        try putSite.run()
    }

    private func writeIDs(_ site: Int64, _ kind: StoreSchema.IDKind, _ ids: [[UInt8]], _ first: Int) throws {
        for (index, id) in ids.enumerated() {
            try bind(putID, [site, kind.rawValue, Int64(first + index)])
            try putID.bind(4, id)
            try putID.run()
        }
    }

    private func writePage(_ dirty: CommitSet.DirtyPage) throws {
        PageCodec.encode(dirty.page, into: &blob)
        let statement = dirty.isNew ? insertPage : updatePage
        try statement.bind(1, dirty.page.id)
        if dirty.isNew {
            try statement.bind(2, dirty.line.value)
            try statement.bind(3, dirty.page.fence.rawValue)
        }
        try blob.withUnsafeBytes { bytes in
            try statement.bind(dirty.isNew ? 4 : 2, borrowing: bytes)
            try statement.run()
        }
    }

    /// Adds the differences, those of one row first among each other, in the order of the table.
    private func writeHours(_ site: Int64, _ rows: [HourRow]) throws {
        var merged: [HourRow] = []
        var places: [HourKey: Int] = [:]
        for row in rows {
            let key = HourKey(kind: row.kind.rawValue, entity: row.entity, hour: row.sums.hour)
            if let place = places[key] {
                merged[place].sums.add(row.sums)
            } else {
                places[key] = merged.count
                merged.append(row)
            }
        }
        let order = merged.indices.sorted { merged[$0].precedes(merged[$1]) }
        for place in order { try writeHour(site, merged[place]) }
    }

    private struct HourKey: Hashable {
        var kind: UInt8
        var entity: UInt32
        var hour: Hour
    }

    private func writeHour(_ site: Int64, _ row: HourRow) throws {
        let sums = row.sums
        try bind(
            addHour,
            [
                site, Int64(row.kind.rawValue), sums.hour.number, Int64(row.entity), sums.working, sums.idle,
                sums.absent,
                sums.units, sums.changedAt.stored, sums.newest.stored, sums.withdrawn,
            ])
        try addHour.run()
    }

    private func writeHealth(_ site: Int64, _ rows: [HealthRow]) throws {
        var merged: [HealthKey: HealthSums] = [:]
        for row in rows {
            let key = HealthKey(hour: row.sums.hour, origin: row.origin)
            merged[key, default: HealthSums(hour: row.sums.hour)].add(row.sums)
        }
        let keys = merged.keys.sorted { $0.hour != $1.hour ? $0.hour < $1.hour : $0.origin < $1.origin }
        for key in keys {
            guard var sums = merged[key] else { continue }
            try bind(getHealth, [site, key.hour.number, Int64(key.origin)])
            if try getHealth.step() { sums.add(try HealthSums(row: getHealth)) }
            getHealth.reset()
            try bind(
                putHealth,
                [site, key.hour.number, Int64(key.origin), sums.samples, sums.confidenceSum, sums.marked])
            try putHealth.bind(7, sums.encodedBins)
            try putHealth.bind(8, sums.changedAt.stored)
            try putHealth.run()
        }
    }

    private struct HealthKey: Hashable {
        var hour: Hour
        var origin: UInt32
    }

    private func bind(_ statement: Statement, _ values: [Int64], from first: Int = 1) throws {
        for (index, value) in values.enumerated() { try statement.bind(first + index, value) }
    }
}

extension HourRow {
    /// The order of the table's rows.
    func precedes(_ other: HourRow) -> Bool {
        if kind != other.kind { return kind.rawValue < other.kind.rawValue }
        return sums.hour != other.sums.hour ? sums.hour < other.sums.hour : entity < other.entity
    }
}

extension HealthSums {
    /// Columns hour, source, samples, confidence_sum, marked, bins, changed.
    init(row: Statement) throws {
        self.init(hour: Hour(row.int64(0)))
        samples = row.int64(2)
        confidenceSum = row.int64(3)
        marked = row.int64(4)
        changedAt = NewestTime(stored: row.int64(6))
        let stored = row.blob(5)
        guard stored.count == HealthSums.binCount * 8 else { throw StoreError("a stored histogram is damaged") }
        for bin in 0..<HealthSums.binCount {
            bins[bin] = (0..<8).reduce(0) { $0 | Int64(stored[bin * 8 + $1]) << Int64($1 * 8) }
        }
    }

    /// Eight bytes a bin, the lowest first.
    var encodedBins: [UInt8] {
        (0..<HealthSums.binCount).flatMap { bin in
            (0..<8).map { UInt8(truncatingIfNeeded: bins[bin] >> Int64($0 * 8)) }
        }
    }
}
