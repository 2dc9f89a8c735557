public import EventModel

// Restores a fold from a store.
extension PartitionFold {
    /// A site as stored; lines are loaded on demand.
    public struct StoredSite {
        public var siteID: SiteID
        public var workers: [[UInt8]] = []
        public var stations: [[UInt8]] = []
        public var names: [[UInt8]] = []
        public var origins: [Origin] = []
        /// Those that have pages.
        public var lines: [LineIndex] = []
        /// Calls its argument with each definition, in order. There may be more than memory should hold.
        public var forEachDefinition: (_ body: (StoredDefinition) throws -> Void) throws -> Void = { _ in }
        /// By number of the station.
        public var activity: [UInt32: StationActivity] = [:]
        public var state = SiteState()

        public init(siteID: SiteID) { self.siteID = siteID }
    }

    /// The times between which a station had activity according to its stored hours.
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

    /// A fold that continues from the state of a store.
    ///
    /// - Parameters:
    ///   - generation: number of the newest commit.
    ///   - pageCount: number of page rows assigned so far.
    ///   - sites: in the order of their numbers.
    ///   - fingerprint: of the record before `nextOffset`; nil when the store does not know it.
    ///   - clockDisputes: where time was set back.
    public init(
        nextOffset: LogOffset, generation: UInt64, pageCount: Int64, sites stored: [StoredSite],
        fingerprint: RecordFingerprint?, clockDisputes: ClockDisputes = ClockDisputes()
    ) throws {
        self.init(nextOffset: nextOffset)
        self.generation = generation
        durableGeneration = generation
        self.pageCount = pageCount
        committedPages = pageCount
        self.fingerprint = fingerprint
        self.clockDisputes = clockDisputes
        for site in stored {
            let numbered = try SiteRestoration(site.siteID, index: UInt32(sites.count)).number(site)
            _ = addSite(try numbered.define(site).settle(site))
        }
        committedSites = sites.count
    }
}

/// Restores a site from a store in stages; the stages are the only way to a complete ``SiteFold``.
///
/// ```
/// SiteRestoration ─ number ▶ Numbered ─ define ▶ Defined ─ settle ▶ SiteFold
/// ```
struct SiteRestoration: ~Copyable {
    private var site: SiteFold

    init(_ siteID: SiteID, index: UInt32) { site = SiteFold(siteID: siteID, index: index) }

    /// Assigns the ids the numbers that stored rows use, before anything else can assign different ones.
    consuming func number(_ stored: PartitionFold.StoredSite) throws -> Numbered {
        for id in stored.workers { site.internWorker(id) }
        for id in stored.stations { _ = site.internStation(id) }
        for id in stored.names { _ = site.names.intern(id) }
        for origin in stored.origins { _ = try site.internOrigin(origin) }
        // An id that occurs twice would shift the numbers of all after it.
        guard site.workers.count == stored.workers.count, site.stations.count == stored.stations.count,
            site.names.count == stored.names.count, site.origins.count == stored.origins.count
        else { throw TimelineError.repeatedID(site.siteID) }
        for line in stored.lines {
            guard line.worker < site.workers.count else { throw TimelineError.foreignRow(site.siteID) }
            site.timelines.markStored(line)
        }
        return Numbered(site: site)
    }

    /// All ids have their numbers; no line has a page in memory.
    struct Numbered: ~Copyable {
        fileprivate var site: SiteFold

        /// Applies the definitions again to determine who is named and dropped when. Moves no sums, because those are
        /// stored.
        consuming func define(_ stored: PartitionFold.StoredSite) throws -> Defined {
            try stored.forEachDefinition { definition in
                try site.apply(definition.record, offset: definition.offset, hourOffset: 0, NoPages())
                site.settings.leaveToStore()
            }
            return Defined(site: site)
        }
    }

    /// The definitions are applied; their effects on ledger, rules and pending changes must still be replaced.
    struct Defined: ~Copyable {
        fileprivate var site: SiteFold

        /// Replaces the effects of applying the definitions by the stored values.
        consuming func settle(_ stored: PartitionFold.StoredSite) -> SiteFold {
            site.ledger = stored.state.ledger
            site.parameters = stored.state.parameters
            site.rederiving = RederiveCursor(worker: stored.state.rederiveCursor)
            site.bucketFloor = stored.state.bucketFloor
            site.nextOffset = stored.state.nextOffset
            site.arrivals = Arrivals(newestEvent: stored.state.newestEvent)
            site.quarantine = QuarantineChanges(newestTime: stored.state.newestQuarantined)
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
