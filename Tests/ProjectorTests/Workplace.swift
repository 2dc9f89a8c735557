import EventLog
import EventModel
import Figures
import Foundation
import ProjectionStore
import Projector
import SQLiteLog
import SimulationKit
import Timeline

/// A directory with a log and projections, as `andon up` has them; removed at the end.
final class Workplace {
    let directory: URL
    let log: SQLiteLog
    var storePath: String { directory.appendingPathComponent("projections.sqlite").path }

    init() throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("andon-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        log = try SQLiteLog.open(path: directory.appendingPathComponent("log.sqlite").path)
    }

    deinit {
        log.close()
        try? FileManager.default.removeItem(at: directory)
    }

    func store() throws -> ProjectionStore { try ProjectionStore.open(path: storePath, logEpoch: log.epoch.bytes) }

    func append(_ records: some Sequence<RandomScenario.Record>) throws {
        for record in records {
            var payload: [UInt8] = []
            switch record.content {
            case .events(let batch): RecordCodec.encode(batch, into: &payload)
            case .definition(let definition): RecordCodec.encode(definition, into: &payload)
            }
            let createdAt = Timestamp(microseconds: record.createdAt)
            _ = try log.append([
                NewRecord(key: RandomScenario.siteID.bytes, createdAt: createdAt, payload: payload)
            ])
        }
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
        configuration.commitMilliseconds = 0
        configuration.memory = PartitionFold.MemoryBudget(tailBytes: 0, otherBytes: 0)
        configuration.readBytes = 1
        configuration.rederivePages = 1
        return configuration
    }
}

/// The same records folded in memory alone: what the store has to agree with.
struct MemoryFold {
    let projections = MemoryProjections()
    var fold = PartitionFold()

    init(_ records: [RandomScenario.Record]) throws {
        for record in records {
            switch record.content {
            case .events(let batch): try fold.apply(batch, offset: fold.nextOffset, pages: projections)
            case .definition(let definition):
                let seconds = RandomScenario.offsetSeconds(of: definition.definition.timeZone)
                let hourOffset = ((seconds % 3600) + 3600) % 3600 * Microseconds.second
                try fold.apply(definition, offset: fold.nextOffset, hourOffset: hourOffset, pages: projections)
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
