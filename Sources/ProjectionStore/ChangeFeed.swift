public import EventModel
internal import SQLite
public import Timeline

/// A change that commits made in a site; see ``ChangeFeed``.
public struct ChangedHour: Sendable, Equatable {
    public enum Kind: Int64, Sendable {
        /// Rows of this hour of the site, or of its workers or stations.
        case hour = 0
        /// Rows of model health in this UTC hour.
        case health = 1
        /// A last interval that starts, or started, in this hour of the site; later hours up to the ttl change as well.
        case open = 2
        /// Rules that apply from this hour of the site on.
        case onward = 3
        /// Whole hours of long intervals, from this one to ``end``.
        case stay = 4
    }

    /// Number of the site.
    public var site: UInt32
    public var kind: Kind
    /// nil for every hour of the site.
    public var hour: Hour?
    /// The hour after the last one, if there is an ``hour``.
    public var end: Hour
    /// The last commit that changed it.
    public var generation: UInt64

    /// The stored value when ``hour`` is nil.
    static let everyHour = Int64.min
}

/// A site in the change feed.
public struct FeedSite: Sendable, Equatable {
    public var number: UInt32
    public var siteID: SiteID
    public var parameters: FoldParameters
}

/// Reads the changes that commits recorded for a publisher, from a store opened with `keepsFeed`; for one thread at a
/// time.
public final class ChangeFeed {
    let connection: Connection
    private let condition: StoreCondition

    /// Reads the changes of `store`, and notes damage in its condition.
    public convenience init(_ store: ProjectionStore) throws {
        try self.init(path: store.path, condition: store.condition)
    }

    public init(path: String, condition: StoreCondition = StoreCondition()) throws {
        self.condition = condition
        do { connection = try Connection(path: path, ProjectionStore.readerOptions) } catch {
            throw condition.noted("projections at \(path) cannot be read", error)
        }
    }

    /// Runs `body`; every error is a ``StoreError``.
    func reading<Result>(_ body: () throws -> Result) throws -> Result {
        do { return try body() } catch {
            throw condition.noted("projections at \(connection.path) cannot be read", error)
        }
    }

    /// One consistent state of the feed.
    public struct Changes {
        /// A different id means that generations started again.
        public var storeID: Int64
        /// The newest commit.
        public var generation: UInt64
        /// What it has of the log: every record before this one.
        public var nextOffset: LogOffset
        public var sites: [FeedSite]
        public var hours: [ChangedHour]
    }

    /// The changes of all commits after `generation`, each hour once. In a recreated store, everything has changed.
    ///
    /// At most one row of each kind per hour and site: 9000 for a site whose import covers a year.
    public func changes(since generation: UInt64, of storeID: Int64) throws -> Changes {
        try reading {
            try connection.read {
                let current = try connection.integer(.storeID) ?? 0
                let newest = try connection.integer(.generation) ?? 0
                let since = current == storeID ? Int64(generation) : -1
                return Changes(
                    storeID: current, generation: UInt64(bitPattern: newest),
                    nextOffset: LogOffset(try connection.integer(.nextOffset) ?? 0), sites: try sites(),
                    hours: try hours(since: since))
            }
        }
    }

    private func sites() throws -> [FeedSite] {
        let rows = try connection.prepare("SELECT \(SiteColumn.names) FROM site ORDER BY number")
        var sites: [FeedSite] = []
        try rows.forEachRow { row in
            let number = try row.number(SiteColumn.number)
            let siteID = SiteID(bytes: row.blob(SiteColumn.siteId))
            sites.append(FeedSite(number: number, siteID: siteID, parameters: SiteState(row: row).parameters))
        }
        return sites
    }

    private func hours(since generation: Int64) throws -> [ChangedHour] {
        let rows = try connection.prepare(
            "SELECT \(ChangedHourColumn.names) FROM changed_hour WHERE generation > ?")
        try rows.bind(1, generation)
        var hours: [ChangedHour] = []
        try rows.forEachRow { row in
            guard let kind = ChangedHour.Kind(rawValue: row.int64(ChangedHourColumn.kind)) else { return }
            let stored = row.int64(ChangedHourColumn.hour)
            hours.append(
                ChangedHour(
                    site: try row.number(ChangedHourColumn.site), kind: kind,
                    hour: stored == ChangedHour.everyHour ? nil : Hour(stored),
                    end: Hour(row.int64(ChangedHourColumn.ending)),
                    generation: UInt64(bitPattern: row.int64(ChangedHourColumn.generation))))
        }
        return hours
    }

    /// The first hour of the site at or after `hour` with activity at any station; nil when there is none.
    public func nextHour(of site: UInt32, from hour: Hour) throws -> Hour? {
        try first(
            "SELECT min(hour) FROM hour WHERE site = ? AND kind = \(HourKind.workstation.rawValue) AND hour >= ?", site,
            hour)
    }

    /// The first UTC hour at or after `hour` with samples; nil when there is none.
    public func nextHealthHour(of site: UInt32, from hour: Hour) throws -> Hour? {
        try first("SELECT min(hour) FROM health WHERE site = ? AND hour >= ?", site, hour)
    }

    private func first(_ sql: String, _ site: UInt32, _ hour: Hour) throws -> Hour? {
        try reading {
            let rows = try connection.prepare(sql)
            try rows.bind(1, Int64(site))
            try rows.bind(2, hour.number)
            return try rows.step() && !rows.isNull(0) ? Hour(rows.int64(0)) : nil
        }
    }
}
