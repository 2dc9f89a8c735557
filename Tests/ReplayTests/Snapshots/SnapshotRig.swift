import Clocks
import Crypto
import EventLog
import EventModel
import Foundation
import Locks
import Observability
import ProjectionStore
import Projector
import SimulationKit
import TestKit
import Timeline

@testable import Replay

/// A log, projections folded from it, and a place for snapshots.
final class SnapshotRig: Sendable {
    let folder: TemporaryFolder
    let log = InMemoryLog(partitionCount: 1)
    let records: [RandomScenario.Record]
    let partition = PartitionIndex(0)
    private let events = Guarded<[JournalEvent]>([])

    var storePath: String { folder.file("projections.sqlite") }
    var snapshots: SnapshotDirectory { SnapshotDirectory(path: folder.file("snapshots")) }
    var journal: Journal { Journal { [self] event in events.withLock { $0.append(event) } } }
    var recorded: [JournalEvent] { events.withLock { $0 } }

    /// - Parameter minimum: the log can have at least so many records.
    init(minimum: Int = 60) throws {
        folder = try TemporaryFolder()
        let scenarios = (1...1000 as ClosedRange<UInt64>).lazy.map {
            RandomScenario(seed: $0, size: .init(events: 6 * minimum, workers: 5)).records
        }
        guard let found = scenarios.first(where: { $0.count >= minimum }) else { throw CancellationError() }
        records = found
    }

    /// Appends records until the log has so many.
    func append(upTo count: Int) throws {
        let end = Int(try log.endOffset(partition).value)
        for record in records[end..<count] { _ = try log.append([record.logRecord()]) }
    }

    func store(_ path: String? = nil, keepsFeed: Bool = false) throws -> ProjectionStore {
        try ProjectionStore.open(path: path ?? storePath, logEpoch: log.epoch.bytes, keepsFeed: keepsFeed)
    }

    func projector(_ path: String? = nil, keepsFeed: Bool = false) throws -> Projector {
        var configuration = ProjectorConfiguration()
        configuration.scrubHours = 0
        configuration.limits.commitMilliseconds = 0
        return try Projector(
            log: log, store: try store(path, keepsFeed: keepsFeed), configuration: configuration)
    }

    /// Folds to the end of the log.
    /// - Returns: records folded now.
    @discardableResult
    func fold(_ path: String? = nil, keepsFeed: Bool = false) throws -> Int64 {
        let projector = try projector(path, keepsFeed: keepsFeed)
        projector.start()
        projector.waitForEnd()
        projector.stop()
        return projector.statistics.records
    }

    /// Takes a snapshot of the projections with so many records.
    func take(at count: Int, keepsFeed: Bool = false) throws -> SnapshotManifest {
        try append(upTo: count)
        try fold(keepsFeed: keepsFeed)
        let maker = SnapshotMaker(snapshots, program: "test")
        guard let manifest = try maker.take(.init(path: storePath, partition)) else { throw CancellationError() }
        return manifest
    }

    /// The digest of a fold of the first records, from zero and in memory.
    func digest(ofFirst count: Int) throws -> String {
        let pages = MemoryProjections()
        var fold = PartitionFold()
        for record in records.prefix(count) {
            try fold.apply(record.content, offset: fold.nextOffset, pages: pages) { RandomScenario.hourOffset(of: $0) }
        }
        guard let site = fold.site(RandomScenario.siteID) else { return "" }
        var hasher = SHA256Hasher()
        try site.digest(pages) { hasher.update($0) }
        return hasher.finish().hex
    }

    /// Changes a byte of a file.
    func flip(_ path: String, at place: Int) throws {
        var bytes = try Data(contentsOf: URL(filePath: path))
        bytes[place % bytes.count] ^= 4
        try bytes.write(to: URL(filePath: path))
    }

    /// Names in the folder of snapshots, locks apart.
    var names: [String] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: snapshots.path)) ?? []
        return all.filter { !$0.hasSuffix(".lock") }.sorted()
    }
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
