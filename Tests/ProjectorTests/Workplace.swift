import EventLog
import EventModel
import Figures
import Foundation
import ProjectionStore
import Projector
import SQLiteLog
import SimulationKit
import TestKit
import Timeline

/// A folder with a log and projections, as `andon up` has them; removed at the end.
final class Workplace: Sendable {
    private let folder: TemporaryFolder
    let log: SQLiteLog
    var folderPath: String { folder.path }
    var storePath: String { folder.file("projections.sqlite") }

    init() throws {
        folder = try TemporaryFolder()
        log = try SQLiteLog.open(path: folder.file("log.sqlite"))
    }

    deinit { log.close() }

    func store(_ limits: StoreLimits = StoreLimits()) throws -> ProjectionStore {
        try ProjectionStore.open(path: storePath, logEpoch: log.epoch.bytes, limits: limits)
    }

    func append(_ records: some Sequence<RandomScenario.Record>) throws {
        for record in records { _ = try log.append([record.logRecord()]) }
    }

    /// Folds to the end of the log in one life of a projector.
    func foldToEnd(_ configuration: ProjectorConfiguration) throws {
        let projector = try Projector(log: log, store: try store(), configuration: configuration)
        projector.start()
        projector.waitForEnd()
        projector.stop()
        if let failure = projector.failure { throw Failure(description: failure) }
    }

    struct Failure: Error, CustomStringConvertible { var description: String }
}

extension Projector {
    /// Blocks until everything that is in the log now is folded.
    func waitForEnd() {
        let end = progress.logEnd
        guard end > .zero else { return }
        let passed = DispatchSemaphore(value: 0)
        whenPassed(LogOffset(end.value - 1), timeoutMilliseconds: 60_000) { _ in passed.signal() }
        passed.wait()
    }
}

extension ProjectorConfiguration {
    /// Commits after every few records, keeps nothing in memory that it may drop.
    static var forgetful: ProjectorConfiguration {
        var configuration = ProjectorConfiguration()
        configuration.limits.commitMilliseconds = 0
        configuration.limits.memory = PartitionFold.MemoryBudget(tailBytes: 0, otherBytes: 0)
        configuration.limits.readBytes = 1
        configuration.limits.rederivePages = 1
        return configuration
    }
}

/// A fold that keeps nothing in memory, so that every figure is read from the store.
struct StoredFold {
    var fold: PartitionFold
    let store: ProjectionStore
    let pages: StoreReader

    init(_ store: ProjectionStore) throws {
        self.store = store
        fold = try store.load()
        pages = try store.reader()
    }

    /// - Parameter commit: what to do with the set; nil for committing it.
    mutating func apply(_ record: RandomScenario.Record, _ commit: ((CommitSet) throws -> Void)? = nil) throws {
        try fold.apply(record.content, offset: fold.nextOffset, pages: pages) { RandomScenario.hourOffset(of: $0) }
        while fold.isRederiving { try fold.rederive(pageLimit: 1000, pages: pages) }
        try fold.commit { set in try commit.map { try $0(set) } ?? store.commit(set) }
        fold.evict(.init(tailBytes: 0, otherBytes: 0))
    }
}

/// The same records folded in memory alone: what the store has to agree with.
struct MemoryFold {
    let projections = MemoryProjections()
    var fold = PartitionFold()

    init(_ records: [RandomScenario.Record]) throws {
        for record in records {
            try fold.apply(record.content, offset: fold.nextOffset, pages: projections) {
                RandomScenario.hourOffset(of: $0)
            }
        }
        while fold.isRederiving { try fold.rederive(pageLimit: 1000, pages: projections) }
    }

    var site: SiteFold? { fold.site(RandomScenario.siteID) }
}

/// Figures with names instead of numbers, so that folds that numbered differently compare.
struct NamedFigures: Equatable {
    var workers: [String: StateSums] = [:]
    var stations: [String: StateSums] = [:]
    var current: [String: TimelineEntry?] = [:]
    var lastSeen: [String: Int64?] = [:]
    var activity: [String: Int64?] = [:]
    var samples: Int64 = 0

    init(_ site: SiteFold, _ window: Window, _ knownAt: Timestamp?, _ source: any ProjectionReader) throws {
        let view = site.view(knownAt: knownAt)
        let figures = try site.figures(window, view, [.workers, .stations, .statuses], source)
        for (number, sums) in figures.workers.enumerated() {
            let name = String(decoding: site.workers[UInt32(number)], as: UTF8.self)
            workers[name] = sums
            current[name] = figures.statuses[number].current
            lastSeen[name] = figures.statuses[number].lastSeen
        }
        let activities = try site.lastActivities(before: window.end, view, source)
        for (number, sums) in figures.stations.enumerated() {
            let name = String(decoding: site.stations[UInt32(number)], as: UTF8.self)
            stations[name] = sums
            activity[name] = activities[number]
        }
        samples = try site.health(window, view, source).values.reduce(0) { $0 + $1.samples }
    }
}
