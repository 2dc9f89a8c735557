public import EventModel

// Getting back what a store has.
extension PartitionFold {
    /// A site as the store had it; lines are loaded when they are needed.
    public struct StoredSite: Sendable {
        public var siteID: SiteID
        public var workers: [[UInt8]] = []
        public var stations: [[UInt8]] = []
        public var names: [[UInt8]] = []
        public var origins: [Origin] = []
        public var definitions: [StoredDefinition] = []
        /// By number of the station.
        public var activity: [UInt32: StationActivity] = [:]
        public var state = SiteState()

        public init(siteID: SiteID) { self.siteID = siteID }
    }

    /// Between which times a station's stored hours say that something happened there.
    public struct StationActivity: Sendable {
        /// Hour of the oldest row.
        public var oldestHour: Hour
        public var newest: NewestTime
        public var withdrawn: Int64

        public init(oldestHour: Hour, newest: NewestTime, withdrawn: Int64) {
            self.oldestHour = oldestHour
            self.newest = newest
            self.withdrawn = withdrawn
        }
    }

    /// A fold that goes on where a store stands.
    ///
    /// - Parameters:
    ///   - generation: of the newest commit.
    ///   - pageCount: rows of pages that were given out.
    ///   - sites: in the order of their numbers.
    ///   - fingerprint: of the record before `nextOffset`; nil where the store does not know it.
    public init(
        nextOffset: LogOffset, generation: UInt64, pageCount: Int64, sites stored: [StoredSite],
        fingerprint: RecordFingerprint?
    ) throws {
        self.init(nextOffset: nextOffset)
        self.generation = generation
        durableGeneration = generation
        self.pageCount = pageCount
        self.fingerprint = fingerprint
        for site in stored {
            let numbered = try SiteRestoration(site.siteID, index: UInt32(sites.count)).number(site)
            _ = addSite(try numbered.define(site.definitions).settle(site))
        }
        committedSites = sites.count
    }
}

/// A site on its way back from a store, one stage after the other: there is no other way to a whole ``SiteFold``.
///
/// ```
/// SiteRestoration ─ number ▶ Numbered ─ define ▶ Defined ─ settle ▶ SiteFold
/// ```
struct SiteRestoration: ~Copyable {
    private var site: SiteFold

    init(_ siteID: SiteID, index: UInt32) { site = SiteFold(siteID: siteID, index: index) }

    /// Gives the ids the numbers that stored rows know them by, before anything else can give them others.
    consuming func number(_ stored: PartitionFold.StoredSite) throws -> Numbered {
        for id in stored.workers { _ = site.internWorker(id, 0..<id.count, isStored: true) }
        for id in stored.stations { _ = site.internStation(id) }
        for id in stored.names { _ = site.names.intern(id) }
        for origin in stored.origins { _ = try site.internOrigin(origin) }
        return Numbered(site: site)
    }

    /// All ids have their numbers; no line has a page in memory.
    struct Numbered: ~Copyable {
        fileprivate var site: SiteFold

        /// Applies the definitions again, which decides who is named and dropped when. They move no sums: those are
        /// stored.
        consuming func define(_ definitions: [StoredDefinition]) throws -> Defined {
            for definition in definitions {
                try site.apply(definition.record, offset: definition.offset, hourOffset: 0, NoPages())
            }
            return Defined(site: site)
        }
    }

    /// The definitions hold; what applying them did to ledger, rules and pending changes is still to be replaced.
    struct Defined: ~Copyable {
        fileprivate var site: SiteFold

        /// Takes over what is stored as it is, in place of what applying the definitions made of it.
        consuming func settle(_ stored: PartitionFold.StoredSite) -> SiteFold {
            site.ledger = stored.state.ledger
            site.parameters = stored.state.parameters
            site.rederiving = RederiveCursor(worker: stored.state.rederiveCursor)
            site.bucketFloor = stored.state.bucketFloor
            site.newestCreatedAt = stored.state.newestCreatedAt
            site.hourBuckets = HourBuckets(workerCount: site.workers.count, stationCount: site.stations.count)
            for (station, activity) in stored.activity where Int(station) < site.stations.count {
                site.hourBuckets.setActivity(
                    of: station,
                    HourBuckets.StationActivity(
                        oldest: OldestTime(site.parameters.start(of: activity.oldestHour)),
                        newest: activity.newest, isInexact: activity.withdrawn > 0))
            }
            site.resetPending()
            return site
        }
    }
}
