internal import EventModel

extension PartitionFold {
    /// Takes the changes since the last commit; nil when there are none.
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

    /// Call when the commit is durable: the store now has its differences, and its pages may leave memory.
    ///
    /// - Precondition: it is the last commit taken.
    public mutating func finishCommit(_ commit: consuming CommitInFlight) {
        precondition(commit.set.generation == generation, "a commit of another fold")
        durableGeneration = generation
        for site in commit.set.sites {
            residents.arrive(site.index, sites[Int(site.index)].finishCommit())
        }
    }

    /// Takes, writes and finishes one commit synchronously.
    ///
    /// - Parameter write: makes the commit durable. If it throws, the commit stays in flight for good and the fold is
    ///   unusable.
    public mutating func commit(_ write: (CommitSet) throws -> Void) rethrows {
        guard let commit = takeCommit() else { return }
        try write(commit.set)
        finishCommit(commit)
    }

    /// The changes since the last commit; decides when to commit again (DESIGN 1.6).
    public var backlog: CommitBacklog {
        sites.reduce(into: CommitBacklog()) { sum, site in
            sum.events += site.timelines.insertedEntries
            sum.pages += site.timelines.dirtyPageCount
            sum.rows += site.hourBuckets.pendingRowCount + site.healthBuckets.pendingRowCount
        }
    }
}

extension SiteFold {
    mutating func takeCommit(generation: UInt64, pageCount: inout Int64) -> CommitSet.Site {
        let committed = pending.committed
        let hourChanges = hourBuckets.takeChanges()
        let set = CommitSet.Site(
            index: index, siteID: siteID, workers: workers.tail(from: committed.workers),
            firstWorker: committed.workers, stations: stations.tail(from: committed.stations),
            firstStation: committed.stations, names: names.tail(from: committed.names), firstName: committed.names,
            origins: Array(origins.origins[committed.origins...]), firstOrigin: committed.origins,
            definitions: (committed.definitions..<definitions.count).map(storedDefinition),
            firstDefinition: committed.definitions,
            pages: timelines.takeDirtyPages(generation: generation, pageCount: &pageCount),
            clearsHours: hourChanges.clearsStored, hours: hourChanges.rows, health: healthBuckets.takeChanges(),
            openHours: pending.openHours, definitionReach: pending.definitionReach, quarantined: pending.quarantined,
            state: state)
        generationInFlight = generation
        resetPending()
        return set
    }

    /// The store has the changes of the last commit.
    ///
    /// - Returns: the pages that the store now has, by line and fence.
    mutating func finishCommit() -> [PageChanges.Name] {
        generationInFlight = 0
        hourBuckets.finishCommit()
        healthBuckets.finishCommit()
        return timelines.finishCommit()
    }

    mutating func resetPending() {
        pending.openHours.removeAll(keepingCapacity: true)
        pending.newestOpen = 0..<0
        pending.definitionReach = .nothing
        pending.quarantined.removeAll()
        pending.isDirty = false
        pending.committed = CommittedCounts(
            workers: workers.count, stations: stations.count, names: names.count, origins: origins.count,
            definitions: definitions.count)
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

    /// Definition `sequence` as recorded in the log.
    public func storedDefinition(_ sequence: Int) -> StoredDefinition {
        let version = definitions[sequence]
        var definition = version.settings
        definition.workers = workers(namedIn: sequence).map { .init(workerID: WorkerID(bytes: Array(workers[$0]))) }
        let record = DefinitionRecord(
            definition: definition, createdAt: Timestamp(microseconds: version.createdAt))
        return StoredDefinition(record: record, offset: version.offset)
    }

    /// Workers that definition `sequence` names, by number.
    public func workers(namedIn sequence: Int) -> [UInt32] { membership.workers(namedIn: sequence) }
}

extension Interner {
    func tail(from first: Int) -> [[UInt8]] { (first..<count).map { Array(self[UInt32($0)]) } }
}
