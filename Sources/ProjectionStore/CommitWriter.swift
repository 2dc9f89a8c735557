internal import EventModel
internal import SQLite
internal import Timeline

/// The statements of a commit, prepared once.
final class CommitWriter {
    private let setMeta: Statement
    private let putSite: Statement
    private let putID: Statement
    private let putOrigin: Statement
    private let putDefinition: Statement
    private let insertPage: Statement
    private let updatePage: Statement
    private let hours: HourWriter
    private let getHealth: Statement
    private let putHealth: Statement
    private let listings: ListingWriter
    private let feed: ChangeFeedWriter?
    private var blob: [UInt8] = []

    /// - Parameter feed: records the changes; nil to record none.
    init(_ connection: Connection, feed: ChangeFeedWriter?) throws {
        self.feed = feed
        listings = try ListingWriter(connection)
        setMeta = try connection.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)")
        putSite = try connection.prepare(
            """
            \(CommitWriter.insert("site", SiteColumn.self)) ON CONFLICT DO UPDATE SET received = excluded.received,
            folded = excluded.folded, duplicates = excluded.duplicates, low_confidence = excluded.low_confidence,
            quarantined = excluded.quarantined, definitions = excluded.definitions, ttl = excluded.ttl,
            anchor = excluded.anchor, rederive_cursor = excluded.rederive_cursor,
            bucket_floor = excluded.bucket_floor, next_offset = excluded.next_offset,
            newest_event = excluded.newest_event, newest_quarantined = excluded.newest_quarantined
            """)
        putID = try connection.prepare(CommitWriter.insert("id", IDColumn.self))
        putOrigin = try connection.prepare(CommitWriter.insert("source", OriginColumn.self))
        putDefinition = try connection.prepare(CommitWriter.insert("definition", DefinitionColumn.self))
        insertPage = try connection.prepare(CommitWriter.insert("page", PageColumn.self))
        updatePage = try connection.prepare(
            "UPDATE page SET blob = ?\(PageColumn.blob.parameter) WHERE id = ?\(PageColumn.id.parameter)")
        hours = try HourWriter(connection)
        getHealth = try connection.prepare(
            """
            SELECT \(HealthColumn.names) FROM health WHERE site = ?\(HealthColumn.site.parameter)
            AND hour = ?\(HealthColumn.hour.parameter) AND source = ?\(HealthColumn.source.parameter)
            """)
        putHealth = try connection.prepare(CommitWriter.insert("health", HealthColumn.self, orReplaces: true))
    }

    func write(_ set: CommitSet) throws {
        for site in set.sites {
            try write(site)
            try feed?.write(site, generation: set.generation)
        }
        try meta(.nextOffset, set.nextOffset.value)
        try meta(.pageCount, set.pageCount)
        try meta(.generation, Int64(set.generation))
        if let disputes = set.clockDisputes {
            try setMeta.bind(1, MetaName.clockDisputes.rawValue)
            try setMeta.bind(2, disputes.stored)
            try setMeta.run()
        }
        // Where the offset before the next one is skipped, that of an earlier record must not stay.
        try meta(.fingerprintCreatedAt, set.fingerprint?.createdAt.microseconds)
        try meta(.fingerprintChecksum, (set.fingerprint?.checksum).map { Int64($0) })
    }

    /// An INSERT of one row with one parameter per column.
    static func insert<Column: StoreColumn>(
        _ table: String, _ columns: Column.Type, orReplaces: Bool = false
    ) -> String {
        "INSERT \(orReplaces ? "OR REPLACE " : "")INTO \(table) (\(columns.names)) VALUES (\(columns.parameters))"
    }

    private func meta(_ name: MetaName, _ value: Int64?) throws {
        try setMeta.bind(1, name.rawValue)
        if let value { try setMeta.bind(2, value) } else { try setMeta.bindNull(2) }
        try setMeta.run()
    }

    private func write(_ site: CommitSet.Site) throws {
        let number = Int64(site.index)
        try writeState(site)
        try writeIDs(number, .worker, site.workers, site.firstWorker)
        try writeIDs(number, .station, site.stations, site.firstStation)
        try writeIDs(number, .name, site.names, site.firstName)
        for (index, origin) in site.origins.enumerated() {
            try putOrigin.bind(OriginColumn.site, number)
            try putOrigin.bind(OriginColumn.number, Int64(site.firstOrigin + index))
            try putOrigin.bind(OriginColumn.station, Int64(origin.station))
            try putOrigin.bind(OriginColumn.camera, Int64(origin.camera))
            try putOrigin.bind(OriginColumn.modelVersion, Int64(origin.modelVersion))
            try putOrigin.run()
        }
        for (index, definition) in site.definitions.enumerated() {
            blob.removeAll(keepingCapacity: true)
            RecordCodec.encode(definition.record, into: &blob)
            try putDefinition.bind(DefinitionColumn.site, number)
            try putDefinition.bind(DefinitionColumn.sequence, Int64(site.firstDefinition + index))
            try putDefinition.bind(DefinitionColumn.logOffset, definition.offset.value)
            try putDefinition.bind(DefinitionColumn.record, blob)
            try putDefinition.run()
        }
        // In row order, so that each database page is touched once.
        for dirty in site.pages.sorted(by: { $0.page.id < $1.page.id }) { try writePage(dirty) }
        try hours.write(site)
        try writeHealth(number, site.health)
        try listings.write(site)
    }

    private func writeState(_ site: CommitSet.Site) throws {
        let state = site.state
        let ledger = state.ledger
        try putSite.bind(SiteColumn.number, Int64(site.index))
        try putSite.bind(SiteColumn.siteId, site.siteID.bytes)
        try putSite.bind(SiteColumn.received, ledger.received)
        try putSite.bind(SiteColumn.folded, ledger.folded)
        try putSite.bind(SiteColumn.duplicates, ledger.duplicates)
        try putSite.bind(SiteColumn.lowConfidence, ledger.lowConfidence)
        try putSite.bind(SiteColumn.quarantined, ledger.quarantined)
        try putSite.bind(SiteColumn.definitions, ledger.definitions)
        try putSite.bind(SiteColumn.ttl, state.parameters.ttl)
        try putSite.bind(SiteColumn.anchor, state.parameters.hourOffset)
        try putSite.bind(SiteColumn.rederiveCursor, state.storedRederiveCursor)
        try putSite.bind(SiteColumn.bucketFloor, state.bucketFloor.stored)
        try putSite.bind(SiteColumn.nextOffset, state.nextOffset.value)
        try putSite.bind(SiteColumn.newestEvent, state.newestEvent.stored)
        try putSite.bind(SiteColumn.newestQuarantined, state.newestQuarantined.stored)
        try putSite.run()
    }

    private func writeIDs(_ site: Int64, _ kind: StoreSchema.IDKind, _ ids: [[UInt8]], _ first: Int) throws {
        for (index, id) in ids.enumerated() {
            try putID.bind(IDColumn.site, site)
            try putID.bind(IDColumn.kind, kind.rawValue)
            try putID.bind(IDColumn.number, Int64(first + index))
            try putID.bind(IDColumn.bytes, id)
            try putID.run()
        }
    }

    private func writePage(_ dirty: CommitSet.DirtyPage) throws {
        PageCodec.encode(dirty.page, into: &blob)
        let statement = dirty.isNew ? insertPage : updatePage
        try statement.bind(PageColumn.id, dirty.page.id)
        if dirty.isNew {
            try statement.bind(PageColumn.line, dirty.line.value)
            try statement.bind(PageColumn.fence, dirty.page.fence.rawValue)
        }
        try blob.withUnsafeBytes { bytes in
            try statement.bind(PageColumn.blob.parameter, borrowing: bytes)
            try statement.run()
        }
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
            for statement in [getHealth, putHealth] {
                try statement.bind(HealthColumn.site, site)
                try statement.bind(HealthColumn.hour, key.hour.number)
                try statement.bind(HealthColumn.source, Int64(key.origin))
            }
            if try getHealth.step() { sums.add(try HealthSums(row: getHealth)) }
            getHealth.reset()
            try putHealth.bind(HealthColumn.samples, sums.samples)
            try putHealth.bind(HealthColumn.confidenceSum, sums.confidenceSum)
            try putHealth.bind(HealthColumn.marked, sums.marked)
            try putHealth.bind(HealthColumn.bins, sums.encodedBins)
            try putHealth.bind(HealthColumn.changed, sums.changedAt.stored)
            try putHealth.run()
        }
    }

    private struct HealthKey: Hashable {
        var hour: Hour
        var origin: UInt32
    }
}

extension HealthSums {
    /// Decodes a row of ``HealthColumn``.
    init(row: Statement) throws {
        self.init(hour: Hour(row.int64(HealthColumn.hour)))
        samples = row.int64(HealthColumn.samples)
        confidenceSum = row.int64(HealthColumn.confidenceSum)
        marked = row.int64(HealthColumn.marked)
        changedAt = NewestTime(stored: row.int64(HealthColumn.changed))
        let stored = row.blob(HealthColumn.bins)
        guard stored.count == HealthSums.binCount * 8 else { throw StoreError.damaged("a stored histogram is damaged") }
        for bin in 0..<HealthSums.binCount {
            bins[bin] = (0..<8).reduce(0) { $0 | Int64(stored[bin * 8 + $1]) << Int64($1 * 8) }
        }
    }

    /// Eight bytes per bin, lowest bin first.
    var encodedBins: [UInt8] {
        (0..<HealthSums.binCount).flatMap { bin in
            (0..<8).map { UInt8(truncatingIfNeeded: bins[bin] >> Int64($0 * 8)) }
        }
    }
}
