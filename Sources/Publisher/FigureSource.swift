internal import EventLog
internal import EventModel
internal import ProjectionStore
internal import Projector
internal import Timeline

/// The source of a publisher's figures: the fold of one partition. A port, so that tests can fold in steps
/// (DESIGN 1.10).
///
/// Used by the publishing thread alone.
protocol FigureSource: AnyObject {
    var partition: PartitionIndex { get }
    /// The log that is folded.
    var epoch: LogEpoch { get }
    /// Why its projections are not those of before, where they are not.
    var origin: ProjectionsOrigin { get }

    /// The current state of the site, never older than what ``changes(since:of:)`` returned before.
    func snapshot(of site: SiteID) throws -> ProjectionSnapshot?
    func changes(since generation: UInt64, of storeID: Int64) throws -> ChangeFeed.Changes
    /// The first hour at or after `hour` that has a row of the grid; see ``ChangeFeed``.
    func nextHour(_ grid: HourGrid, of site: UInt32, from hour: Hour) throws -> Hour?
    func quarantined(after offset: LogOffset, index: Int, limit: Int) throws -> [ChangeFeed.Quarantined]
}

/// Figures of a running projector whose store was opened with `keepsFeed`.
final class ProjectorFigures: FigureSource {
    let epoch: LogEpoch
    var partition: PartitionIndex { projector.partition }
    private let projector: Projector
    /// Of the projector's store, which is another one after a rebuild.
    private var opened: (store: ProjectionStore, feed: ChangeFeed)

    init(_ projector: Projector, epoch: LogEpoch) throws {
        self.projector = projector
        self.epoch = epoch
        let store = projector.store
        opened = (store, try ChangeFeed(store))
    }

    var origin: ProjectionsOrigin {
        let (live, replaced) = projector.liveGeneration
        return ProjectionsOrigin(live, replaced: replaced)
    }

    private func feed() throws -> ChangeFeed {
        // What an older fold made, its own program has published; without the records since it would be wrong as final.
        guard !projector.progress.isOldGeneration else { throw ProjectorError.isBeingRebuilt }
        let store = projector.store
        if store !== opened.store { opened = (store, try ChangeFeed(store)) }
        return opened.feed
    }

    func snapshot(of site: SiteID) throws -> ProjectionSnapshot? { try projector.snapshot(of: site) }

    func changes(since generation: UInt64, of storeID: Int64) throws -> ChangeFeed.Changes {
        try feed().changes(since: generation, of: storeID)
    }

    func nextHour(_ grid: HourGrid, of site: UInt32, from hour: Hour) throws -> Hour? {
        switch grid {
        case .site, .shift: try feed().nextHour(of: site, from: hour)
        case .utc: try feed().nextHealthHour(of: site, from: hour)
        }
    }

    func quarantined(after offset: LogOffset, index: Int, limit: Int) throws -> [ChangeFeed.Quarantined] {
        try feed().quarantined(after: offset, index: index, limit: limit)
    }
}
