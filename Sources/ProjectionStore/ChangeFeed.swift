public import EventModel
internal import SQLite
public import Timeline

/// Something that commits changed in a site; see ``ChangeFeed``.
public struct ChangedHour: Sendable, Equatable {
    public enum Kind: Int64, Sendable {
        /// Rows of this hour of the site, or of its workers or stations.
        case hour = 0
        /// Rows of model health in this UTC hour.
        case health = 1
        /// A last interval that begins, or began, in this hour of the site: up to the ttl later ones are others too.
        case open = 2
        /// Rules that hold from this hour of the site on.
        case onward = 3
    }

    /// Number of the site.
    public var site: UInt32
    public var kind: Kind
    /// nil: every hour of the site.
    public var hour: Hour?
    /// The last commit that changed it.
    public var generation: UInt64

    /// What the table has where ``hour`` is nil.
    static let everyHour = Int64.min
}

/// A site as a change feed knows it.
public struct FeedSite: Sendable, Equatable {
    public var number: UInt32
    public var siteID: SiteID
    public var parameters: FoldParameters
}

/// Reads what commits noted for a publisher, in a store that was opened with `keepsFeed`; one thread at a time.
public final class ChangeFeed {
    private let connection: Connection

    public init(path: String) throws {
        do { connection = try Connection(path: path, .reader) } catch {
            throw StoreError.wrap("projections at \(path) cannot be read", error)
        }
    }

    /// One consistent state of the feed.
    public struct Changes {
        /// Another one means that generations began again.
        public var storeID: Int64
        /// The newest commit.
        public var generation: UInt64
        public var sites: [FeedSite]
        public var hours: [ChangedHour]
    }

    /// What commits after `generation` changed, each hour once. A store made anew changes everything.
    ///
    /// A row each hour and site at most: 9000 for a site that is imported with a year.
    public func changes(since generation: UInt64, of storeID: Int64) throws -> Changes {
        do {
            return try connection.read {
                let current = try connection.integer("SELECT value FROM meta WHERE name = 'store_id'") ?? 0
                let newest = try connection.integer("SELECT value FROM meta WHERE name = 'generation'") ?? 0
                let since = current == storeID ? Int64(generation) : -1
                return Changes(
                    storeID: current, generation: UInt64(newest), sites: try sites(), hours: try hours(since: since))
            }
        } catch { throw StoreError.wrap("projections at \(connection.path) cannot be read", error) }
    }

    private func sites() throws -> [FeedSite] {
        let rows = try connection.prepare(
            """
            SELECT number, site_id, ttl, anchor FROM site ORDER BY number
            """)
        var sites: [FeedSite] = []
        try rows.forEachRow { row in
            var parameters = FoldParameters()
            parameters.ttl = row.int64(2)
            parameters.hourOffset = row.int64(3)
            let siteID = SiteID(bytes: row.blob(1))
            sites.append(FeedSite(number: UInt32(row.int64(0)), siteID: siteID, parameters: parameters))
        }
        return sites
    }

    private func hours(since generation: Int64) throws -> [ChangedHour] {
        let rows = try connection.prepare(
            "SELECT site, kind, hour, generation FROM changed_hour WHERE generation > ?")
        try rows.bind(1, generation)
        var hours: [ChangedHour] = []
        try rows.forEachRow { row in
            guard let kind = ChangedHour.Kind(rawValue: row.int64(1)) else { return }
            let hour = row.int64(2) == ChangedHour.everyHour ? nil : Hour(row.int64(2))
            hours.append(
                ChangedHour(site: UInt32(row.int64(0)), kind: kind, hour: hour, generation: UInt64(row.int64(3))))
        }
        return hours
    }

    /// The first hour of the site at or after `hour` in which something happened at some station; nil without one.
    public func nextHour(of site: UInt32, from hour: Hour) throws -> Hour? {
        try first("SELECT min(hour) FROM hour WHERE site = ? AND kind = 1 AND hour >= ?", site, hour)
    }

    /// The first UTC hour at or after `hour` with samples; nil without one.
    public func nextHealthHour(of site: UInt32, from hour: Hour) throws -> Hour? {
        try first("SELECT min(hour) FROM health WHERE site = ? AND hour >= ?", site, hour)
    }

    private func first(_ sql: String, _ site: UInt32, _ hour: Hour) throws -> Hour? {
        do {
            let rows = try connection.prepare(sql)
            try rows.bind(1, Int64(site))
            try rows.bind(2, hour.number)
            return try rows.step() && !rows.isNull(0) ? Hour(rows.int64(0)) : nil
        } catch { throw StoreError.wrap("projections at \(connection.path) cannot be read", error) }
    }

    /// A quarantined event with its ids.
    public struct Quarantined: Sendable, Equatable {
        public var site: SiteID
        public var worker: [UInt8]
        public var workstation: [UInt8]
        public var camera: [UInt8]?
        public var modelVersion: [UInt8]?
        public var entry: TimelineEntry
    }

    /// Quarantined events after a place in the log, in the log's order.
    public func quarantined(after offset: LogOffset, index: Int, limit: Int) throws -> [Quarantined] {
        let rows = try connection.prepare(
            """
            SELECT q.log_offset, q.place, q.key, q.detail, q.created_at, s.site_id, w.bytes, t.bytes, c.bytes, m.bytes
            FROM quarantined q JOIN site s ON s.number = q.site
            JOIN id w ON w.site = q.site AND w.kind = 0 AND w.number = q.worker
            JOIN source o ON o.site = q.site AND o.number = ((q.detail >> 40) & 0xffffff)
            JOIN id t ON t.site = q.site AND t.kind = 1 AND t.number = o.station
            LEFT JOIN id c ON c.site = q.site AND c.kind = 2 AND c.number = o.camera - 1
            LEFT JOIN id m ON m.site = q.site AND m.kind = 2 AND m.number = o.model_version - 1
            WHERE q.log_offset >= ?1 AND (q.log_offset, q.place >> 2) > (?1, ?2)
            ORDER BY q.log_offset, q.place LIMIT ?3
            """)
        try rows.bind(1, offset.value)
        try rows.bind(2, index)
        try rows.bind(3, limit)
        var events: [Quarantined] = []
        try rows.forEachRow { row in
            guard let position = PackedPosition(offset: row.int64(0), low: row.int64(1)) else {
                throw StoreError("a stored quarantined event is damaged")
            }
            let entry = TimelineEntry(
                key: EventKey(rawValue: row.int64(2)), createdAt: row.int64(4), position: position,
                detail: PackedDetail(rawValue: UInt64(bitPattern: row.int64(3))))
            events.append(
                Quarantined(
                    site: SiteID(bytes: row.blob(5)), worker: row.blob(6), workstation: row.blob(7),
                    camera: row.isNull(8) ? nil : row.blob(8), modelVersion: row.isNull(9) ? nil : row.blob(9),
                    entry: entry))
        }
        return events
    }
}
