public import EventModel

/// What one transaction of the store has to write so that it stands at ``nextOffset`` (DESIGN 1.5).
public struct CommitSet: Sendable {
    /// The next offset to fold: state and position move together.
    public var nextOffset: LogOffset
    public var pageCount: Int64
    public var sites: [Site]
    /// Counts commits; the store keeps it, so that a reader can tell whether this one is in what it sees.
    public var generation: UInt64
    /// The record before ``nextOffset``; nil where nobody said.
    public var fingerprint: RecordFingerprint?

    /// What changed in one site.
    public struct Site: Sendable {
        public var index: UInt32
        public var siteID: SiteID
        /// New ids, numbered on from `first…`.
        public var workers: [[UInt8]]
        public var firstWorker: Int
        public var stations: [[UInt8]]
        public var firstStation: Int
        public var names: [[UInt8]]
        public var firstName: Int
        public var origins: [Origin]
        public var firstOrigin: Int
        /// Definitions that came, with the workers that they name.
        public var definitions: [StoredDefinition]
        public var firstDefinition: Int
        public var pages: [DirtyPage]
        /// When true the site's hour rows are deleted before ``hours`` is added.
        public var clearsHours: Bool
        /// Differences to add; a key can come more than once.
        public var hours: [HourRow]
        public var health: [HealthRow]
        /// Hours in which the last interval of some worker begins now, or began: it reaches into later hours, as far as
        /// the ttl goes, without a row there.
        public var openHours: Set<Hour>
        /// Figures that may be others because of definitions.
        public var definitionReach: DefinitionReach
        /// Every quarantined event that came, the losers of SPEC 2.6 too.
        public var quarantined: [QuarantinedEvent]
        public var state: SiteState
    }

    public struct DirtyPage: Sendable {
        public var line: LineID
        public var page: Page
        /// Whether the store has no row of it yet.
        public var isNew: Bool
    }
}

/// The one commit that may be in flight: taken from its fold and not yet durable.
///
/// ``PartitionFold/takeCommit()`` gives it, ``PartitionFold/finishCommit(_:)`` takes it back. Whoever has it knows that
/// no other commit is taken meanwhile and that none of its pages leaves memory. To drop it is to drop the fold.
public struct CommitInFlight: ~Copyable, Sendable {
    public let set: CommitSet
}

/// An event that no figure uses, for those who are notified of it (SPEC 2.7).
public struct QuarantinedEvent: Sendable, Equatable {
    /// Number of the worker that it names.
    public var worker: UInt32
    public var entry: TimelineEntry

    public init(worker: UInt32, entry: TimelineEntry) {
        self.worker = worker
        self.entry = entry
    }
}

/// A definition as the store keeps it.
public struct StoredDefinition: Sendable {
    /// Without personal data, workers included.
    public var record: DefinitionRecord
    public var offset: LogOffset

    public init(record: DefinitionRecord, offset: LogOffset) {
        self.record = record
        self.offset = offset
    }
}

/// The scalars of a site.
public struct SiteState: Sendable, Equatable {
    public var ledger = Ledger()
    public var parameters = FoldParameters()
    /// The first worker whose hours are not made; nil when all are.
    public var rederiveCursor: Int?
    public var bucketFloor = NewestTime.none
    public var newestCreatedAt = NewestTime.none

    public init() {}
}

extension PartitionFold {
    /// Takes what changed since the last commit; nil when nothing did.
    ///
    /// - Precondition: no commit is in flight.
    public mutating func takeCommit() -> CommitInFlight? {
        precondition(generation == durableGeneration, "one commit in flight at a time")
        let isChanged = sites.count > committedSites || sites.contains { $0.pending.isDirty }
        guard isChanged else { return nil }
        generation += 1
        var set = CommitSet(
            nextOffset: nextOffset, pageCount: 0, sites: [], generation: generation, fingerprint: fingerprint)
        for index in 0..<sites.count where sites[index].pending.isDirty || index >= committedSites {
            set.sites.append(sites[index].takeCommit(generation: generation, pageCount: &pageCount))
        }
        committedSites = sites.count
        set.pageCount = pageCount
        return CommitInFlight(set: set)
    }

    /// The commit is durable: its differences are the store's now, its pages may leave memory.
    ///
    /// - Precondition: it is the one that was taken last.
    public mutating func finishCommit(_ commit: consuming CommitInFlight) {
        precondition(commit.set.generation == generation, "a commit of another fold")
        durableGeneration = generation
        for site in commit.set.sites { sites[Int(site.index)].inFlight = SiteFold.InFlightChanges() }
    }

    /// Takes, writes and finishes one commit, for those who wait for it.
    ///
    /// - Parameter write: what makes it durable. What it throws leaves the commit in flight for good: this fold is done.
    public mutating func commit(_ write: (CommitSet) throws -> Void) rethrows {
        guard let commit = takeCommit() else { return }
        try write(commit.set)
        finishCommit(commit)
    }

    /// What has gathered since the last commit: when to commit again (DESIGN 1.6).
    public var backlog: CommitBacklog {
        sites.reduce(into: CommitBacklog()) { sum, site in
            sum.events += site.pending.insertedEntries
            sum.pages += site.pending.dirtyPages.count
            sum.rows += site.pending.hours.count + site.pending.health.count
        }
    }
}

/// What a commit would have to write.
public struct CommitBacklog: Sendable, Equatable {
    /// Entries that are new.
    public var events = 0
    /// Pages that they are in.
    public var pages = 0
    /// Rows of hours and of model health, not counting those of the newest hours.
    public var rows = 0

    public init() {}
}

extension SiteFold {
    mutating func takeCommit(generation: UInt64, pageCount: inout Int64) -> CommitSet.Site {
        collectSlots()
        let committed = pending.committed
        var set = CommitSet.Site(
            index: index, siteID: siteID, workers: workers.tail(from: committed.workers),
            firstWorker: committed.workers, stations: stations.tail(from: committed.stations),
            firstStation: committed.stations, names: names.tail(from: committed.names), firstName: committed.names,
            origins: Array(origins.origins[committed.origins...]), firstOrigin: committed.origins,
            definitions: (committed.definitions..<definitions.count).map(storedDefinition),
            firstDefinition: committed.definitions, pages: [], clearsHours: pending.clearsHours, hours: pending.hours,
            health: pending.health, openHours: pending.openHours, definitionReach: pending.definitionReach,
            quarantined: pending.quarantined, state: state)
        set.pages.reserveCapacity(pending.dirtyPages.count)
        for (line, fence) in pending.dirtyPages {
            let page = lines[line.value].firstPage(above: fence) - 1
            let isNew = lines[line.value].pages[page].id == 0
            if isNew {
                pageCount += 1
                lines[line.value].pages[page].id = pageCount
                lines[line.value].isStored = true
            }
            lines[line.value].pages[page].isDirty = false
            let id = LineID(site: index, line)
            set.pages.append(CommitSet.DirtyPage(line: id, page: lines[line.value].pages[page], isNew: isNew))
        }
        inFlight = InFlightChanges(
            generation: generation, hours: pending.hours, health: pending.health, clearsHours: pending.clearsHours)
        resetPending()
        return set
    }

    private mutating func resetPending() {
        pending.dirtyPages.removeAll(keepingCapacity: true)
        pending.insertedEntries = 0
        pending.hours.removeAll()
        pending.health.removeAll()
        pending.openHours.removeAll(keepingCapacity: true)
        pending.newestOpen = 0..<0
        pending.definitionReach = .nothing
        pending.quarantined.removeAll()
        pending.clearsHours = false
        pending.isDirty = false
        pending.committed = CommittedCounts(
            workers: workers.count, stations: stations.count, names: names.count, origins: origins.count,
            definitions: definitions.count)
    }

    /// Moves what the slots hold into the lists.
    private mutating func collectSlots() {
        for worker in pending.touchedWorkers {
            workerStates[Int(worker)].slots.collect(.worker, worker, into: &pending.hours)
            workerStates[Int(worker)].slots.clear()
        }
        for station in pending.touchedStations {
            stationStates[Int(station)].slots.collect(.workstation, station, into: &pending.hours)
            stationStates[Int(station)].slots.clear()
        }
        factorySlots.collect(.factory, 0, into: &pending.hours)
        factorySlots.clear()
        for origin in pending.touchedOrigins {
            healthSlots[Int(origin)].collect(origin, into: &pending.health)
            healthSlots[Int(origin)].clear()
        }
        pending.touchedWorkers.removeAll(keepingCapacity: true)
        pending.touchedStations.removeAll(keepingCapacity: true)
        pending.touchedOrigins.removeAll(keepingCapacity: true)
    }

    public var state: SiteState {
        var state = SiteState()
        state.ledger = ledger
        state.parameters = parameters
        state.rederiveCursor = rederiving.worker
        state.bucketFloor = bucketFloor
        state.newestCreatedAt = newestCreatedAt
        return state
    }

    /// Definition `sequence` as the log had it.
    public func storedDefinition(_ sequence: Int) -> StoredDefinition {
        let version = definitions[sequence]
        var definition = version.settings
        definition.workers = workers(namedIn: sequence).map { .init(workerID: WorkerID(bytes: Array(workers[$0]))) }
        let record = DefinitionRecord(
            definition: definition, createdAt: Timestamp(microseconds: version.createdAt))
        return StoredDefinition(record: record, offset: version.offset)
    }

    /// Workers that definition `sequence` names, by number.
    public func workers(namedIn sequence: Int) -> [UInt32] {
        (0..<UInt32(workerStates.count)).filter { number in
            workerStates[Int(number)].named.contains { $0.contains(sequence) }
        }
    }
}

extension Interner {
    func tail(from first: Int) -> [[UInt8]] { (first..<count).map { Array(self[UInt32($0)]) } }
}

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

    /// A fold that goes on where a store stands; `sites` in the order of their numbers.
    public init(nextOffset: LogOffset, generation: UInt64, pageCount: Int64, sites stored: [StoredSite]) throws {
        self.init(nextOffset: nextOffset)
        self.generation = generation
        durableGeneration = generation
        self.pageCount = pageCount
        for site in stored {
            var fold = SiteFold(siteID: site.siteID, index: UInt32(sites.count))
            try fold.restore(site)
            _ = addSite(fold)
        }
        committedSites = sites.count
    }
}

extension SiteFold {
    mutating func restore(_ stored: PartitionFold.StoredSite) throws {
        for id in stored.workers { internWorker(id) }
        for id in stored.stations { _ = internStation(id) }
        for id in stored.names { _ = names.intern(id) }
        for origin in stored.origins { _ = try internOrigin(origin) }
        for definition in stored.definitions {
            try apply(definition.record, offset: definition.offset, hourOffset: 0, NoPages())
        }
        ledger = stored.state.ledger
        parameters = stored.state.parameters
        rederiving = RederiveCursor(worker: stored.state.rederiveCursor)
        bucketFloor = stored.state.bucketFloor
        newestCreatedAt = stored.state.newestCreatedAt
        for line in lines.indices { lines[line].isStored = true }
        for (station, activity) in stored.activity where Int(station) < stationStates.count {
            stationStates[Int(station)].oldest = OldestTime(parameters.start(of: activity.oldestHour))
            stationStates[Int(station)].newest = activity.newest
            stationStates[Int(station)].isInexact = activity.withdrawn > 0
        }
        pending = PendingChanges()
        resetPending()
    }
}
