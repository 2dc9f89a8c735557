internal import EventModel

/// Commits: the changes since the previous one, taken in steps that are short for others who read the fold.
///
/// ```
/// gatherHours, until it says that all are gathered → nextCommit → beginCommit → (write the set) → finishCommit
/// ```
/// The fold must not change in any other way before ``beginCommit(_:)``; reading it is possible at every step, and
/// counts everything once.
extension PartitionFold {
    /// Moves the newest hours of up to `limit` workers, stations and origins to the rows of the next commit.
    ///
    /// - Returns: whether all are there.
    public mutating func gatherHours(limit: Int) -> Bool {
        var left = limit
        for site in sites.indices where sites[site].pending.isDirty {
            sites[site].hourBuckets.gather(&left)
            sites[site].healthBuckets.gather(&left)
            if left == 0 { return false }
        }
        return true
    }

    /// What the next commit has to write; nil when nothing has changed. A copy of the fold returns the same. Offsets that
    /// were passed over are a change, too: of the position.
    ///
    /// - Precondition: no commit is in flight; all hours are gathered.
    public func nextCommit() -> CommitSet? {
        precondition(generation == durableGeneration, "one commit in flight at a time")
        var set = CommitSet(
            nextOffset: nextOffset, pageCount: pageCount, sites: [], generation: generation + 1,
            fingerprint: fingerprint, clockDisputes: hasNewDisputes ? clockDisputes : nil)
        for site in sites where site.pending.isDirty || Int(site.index) >= committedSites {
            set.sites.append(site.nextCommit(storedPages: committedPages))
        }
        let isUnchanged = set.sites.isEmpty && set.clockDisputes == nil && nextOffset == committedOffset
        return isUnchanged ? nil : set
    }

    /// Puts the changes of `set` in flight. Takes the same time however many they are.
    ///
    /// - Precondition: it is what ``nextCommit()`` returns now.
    public mutating func beginCommit(_ set: CommitSet) -> CommitInFlight {
        precondition(
            generation == durableGeneration && set.generation == generation + 1 && set.nextOffset == nextOffset,
            "a commit of another fold, or of an earlier state")
        generation += 1
        for site in set.sites { sites[Int(site.index)].beginCommit(generation) }
        committedSites = sites.count
        committedPages = set.pageCount
        committedOffset = set.nextOffset
        hasNewDisputes = false
        return CommitInFlight(set: set)
    }

    /// Takes the changes since the last commit in one step; nil when there are none.
    ///
    /// - Precondition: no commit is in flight.
    public mutating func takeCommit() -> CommitInFlight? {
        _ = gatherHours(limit: .max)
        guard let set = nextCommit() else { return nil }
        return beginCommit(set)
    }

    /// Call when the commit is durable: the store now has its differences, and its pages may leave memory.
    ///
    /// - Precondition: it is the last commit taken.
    /// - Returns: what was written. It holds much memory; let go of it where nobody waits.
    @discardableResult
    public mutating func finishCommit(_ commit: consuming CommitInFlight) -> CommitSet {
        precondition(commit.set.generation == generation, "a commit of another fold")
        durableGeneration = generation
        for site in commit.set.sites {
            residents.arrive(site.index, sites[Int(site.index)].finishCommit())
        }
        return commit.set
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
            sum.events += site.timelines.insertedEntries + site.quarantine.pendingCount
            sum.pages += site.timelines.dirtyPageCount
            sum.rows += site.hourBuckets.pendingRowCount + site.healthBuckets.pendingRowCount
            sum.rows += site.arrivals.pendingRowCount + site.settings.pendingRowCount
        }
    }
}

extension SiteFold {
    /// - Parameter storedPages: number of page rows that the store has; a page with a higher number is new.
    func nextCommit(storedPages: Int64) -> CommitSet.Site {
        let committed = pending.committed
        let hourChanges = hourBuckets.gathered
        return CommitSet.Site(
            index: index, siteID: siteID, workers: workers.tail(from: committed.workers),
            firstWorker: committed.workers, stations: stations.tail(from: committed.stations),
            firstStation: committed.stations, names: names.tail(from: committed.names), firstName: committed.names,
            origins: Array(origins.origins[committed.origins...]), firstOrigin: committed.origins,
            definitions: unsavedDefinitions(from: committed.definitions),
            firstDefinition: committed.definitions, pages: timelines.dirtyPages(storedPages: storedPages),
            clearsHours: hourChanges.clearsStored, hours: hourChanges.rows, stays: hourBuckets.gatheredStays,
            health: healthBuckets.gathered,
            openHours: pending.openHours, definitionReach: pending.definitionReach, arrivals: arrivals.pending,
            quarantined: quarantine.pending.events, displaced: quarantine.pending.displaced, state: state)
    }

    mutating func beginCommit(_ generation: UInt64) {
        hourBuckets.beginCommit()
        healthBuckets.beginCommit()
        arrivals.beginCommit()
        quarantine.beginCommit()
        settings.beginCommit()
        timelines.beginCommit()
        generationInFlight = generation
        resetPending()
    }

    /// The store has the changes of the last commit.
    ///
    /// - Returns: the pages that the store now has, by line and fence.
    mutating func finishCommit() -> [PageChanges.Name] {
        generationInFlight = 0
        hourBuckets.finishCommit()
        healthBuckets.finishCommit()
        arrivals.finishCommit()
        quarantine.finishCommit()
        settings.finishCommit()
        return timelines.finishCommit()
    }

    mutating func resetPending() {
        pending.openHours.removeAll()
        pending.newestOpen = 0..<0
        pending.definitionReach = .nothing
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
        state.nextOffset = nextOffset
        state.newestEvent = arrivals.newestEvent
        state.newestQuarantined = quarantine.newestTime
        return state
    }
}

extension Interner {
    func tail(from first: Int) -> [[UInt8]] { (first..<count).map { Array(self[UInt32($0)]) } }
}
