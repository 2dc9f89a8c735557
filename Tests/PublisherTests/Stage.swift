// A partition folded in steps, its topics in memory and a clock that tests turn: no thread, no waiting.
import Clocks
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

@testable import Publisher

/// The wall clock, in microseconds; nobody waits for it.
final class StageClock: Sendable {
    let process: ManualClock
    init(_ time: Int64) { process = ManualClock(now: Timestamp(microseconds: time)) }
    var now: Int64 {
        get { process.now.microseconds }
        set { process.set(Timestamp(microseconds: newValue)) }
    }
}

/// One worker's fold of the partition: in memory over a store, committed when a test says so.
final class StageFold: FigureSource {
    let partition = PartitionIndex(0)
    let epoch: LogEpoch
    var origin = ProjectionsOrigin.refold(generation: 1)
    private(set) var fold: PartitionFold
    let store: ProjectionStore
    private let pages: StoreReader
    private let feed: ChangeFeed

    init(path: String, epoch: LogEpoch) throws {
        self.epoch = epoch
        store = try ProjectionStore.open(path: path, logEpoch: epoch.bytes, keepsFeed: true)
        fold = try store.load()
        pages = try store.reader()
        feed = try ChangeFeed(path: path)
    }

    /// Folds the record at the next offset.
    func apply(_ content: RecordContent) throws {
        try fold.apply(content, offset: fold.nextOffset, pages: pages) { RandomScenario.hourOffset(of: $0) }
    }

    /// Makes buckets of some pages where a definition asked for it.
    func rederive(pages limit: Int) throws { try fold.rederive(pageLimit: limit, pages: pages) }

    func commit() throws {
        try fold.commit { try store.commit($0) }
        fold.evict(PartitionFold.MemoryBudget(tailBytes: 0, otherBytes: 0))
    }

    // MARK: FigureSource

    func snapshot(of site: SiteID) throws -> ProjectionSnapshot? {
        let reader = try store.reader()
        let generation = try reader.begin()
        guard let site = fold.site(site, storeGeneration: generation) else {
            reader.end()
            return nil
        }
        let progress = FoldProgressMaker.at(fold.nextOffset)
        return ProjectionSnapshot(site: site, reader: reader, progress: progress) { reader.end() }
    }

    func changes(since generation: UInt64, of storeID: Int64) throws -> ChangeFeed.Changes {
        try feed.changes(since: generation, of: storeID)
    }

    func nextHour(_ grid: HourGrid, of site: UInt32, from hour: Hour) throws -> Hour? {
        grid == .site ? try feed.nextHour(of: site, from: hour) : try feed.nextHealthHour(of: site, from: hour)
    }

    func quarantined(after offset: LogOffset, index: Int, limit: Int) throws -> [ChangeFeed.Quarantined] {
        try feed.quarantined(after: offset, index: index, limit: limit)
    }
}

/// A folder, topics, a clock, and as many workers as a test wants.
final class Stage {
    static let site: SiteID = "plant"
    private let folder: TemporaryFolder
    let names = TopicNames(prefix: "test")
    let topics: InMemoryTopics
    let clock: StageClock
    let epoch = LogEpoch.random()
    var configuration = PublisherConfiguration()
    private(set) var reports = ReportList()

    init(now: Int64) throws {
        folder = try TemporaryFolder()
        clock = StageClock(now)
        topics = InMemoryTopics(partitionCounts: Stage.partitionCounts(names))
        let reports = reports
        configuration.journal = Journal { reports.add($0) }
    }

    static func partitionCounts(_ names: TopicNames) -> [String: Int32] {
        var counts: [String: Int32] = [names.quarantine: 1]
        for kind in MetricKind.allCases { counts[kind.topic(names)] = 1 }
        return counts
    }

    func path(_ name: String) -> String { folder.file(name) }

    func fold(_ worker: String = "a", epoch: LogEpoch? = nil) throws -> StageFold {
        try StageFold(path: path("\(worker).sqlite"), epoch: epoch ?? self.epoch)
    }

    func core(
        _ fold: StageFold, _ worker: String = "a", topics: (any Topics)? = nil,
        isStillOwner: @escaping @Sendable () -> Bool = { true }
    ) throws -> PublishingCore {
        try PublishingCore(
            source: fold, topics: topics ?? self.topics, names: names, path: path("\(worker)-published.sqlite"),
            configuration: configuration, clock: clock.process, isStillOwner: isStillOwner)
    }

    /// Waits until the next round is due, and lets it run.
    func round(_ core: PublishingCore) {
        clock.now += configuration.round
        _ = core.advance()
    }

    // MARK: What the topics say

    func records(_ kind: MetricKind) -> [StageRecord] {
        topics.records(kind.topic(names), PartitionIndex(0)).compactMap { StageRecord($0, kind) }
    }

    /// As compaction leaves it: the newest of each key, without the removed ones.
    func newest(_ kind: MetricKind) -> [MetricKey: StageRecord] {
        var newest: [MetricKey: StageRecord] = [:]
        for record in records(kind) { newest[record.key] = record.isRemoval ? nil : record }
        return newest
    }

    var recordCount: Int { MetricKind.allCases.reduce(0) { $0 + records($1).count } }
}

/// What was recorded for the operator.
final class ReportList: Sendable {
    private let events = Guarded<[JournalEvent]>([])
    func add(_ event: JournalEvent) { events.withLock { $0.append(event) } }
    var all: [JournalEvent] { events.withLock { $0 } }
}

/// A metric record as another program reads it.
struct StageRecord {
    let key: MetricKey
    let headers: [String: String]
    let isRemoval: Bool
    /// The JSON object.
    let members: [String: Any]

    init?(_ record: FollowedRecord, _ kind: MetricKind) {
        guard let key = MetricKey(record.key, kind: kind) else { return nil }
        self.key = key
        headers = Dictionary(
            record.headers.map { ($0.name, String(decoding: $0.value, as: UTF8.self)) }, uniquingKeysWith: { $1 })
        isRemoval = record.value == nil
        let json = record.value.flatMap { try? JSONSerialization.jsonObject(with: Data($0)) }
        members = json as? [String: Any] ?? [:]
    }

    func integer(_ name: String) -> Int64? { (members[name] as? NSNumber)?.int64Value }
    func text(_ name: String) -> String? { members[name] as? String }
    func number(_ name: String) -> Double? { (members[name] as? NSNumber)?.doubleValue }
    var status: String? { text("status") }
    var asOf: Int64 { text("as_of").flatMap { Timestamp(rfc3339: $0) }?.microseconds ?? -1 }
    var revision: Int64? { ((members["revision"] as? [String: Any])?["offset"] as? NSNumber)?.int64Value }
    var cause: [String: Any]? { members["cause"] as? [String: Any] }
    var causeKind: String? { cause?["kind"] as? String }
    var previous: [String: Any]? { members["previous"] as? [String: Any] }
    func previousFigure(_ name: String) -> Int64? {
        ((previous?["figures"] as? [String: Any])?[name] as? NSNumber)?.int64Value
    }
}

/// 2026-01-12, a Monday.
func at(_ hour: Int64, _ minute: Int64 = 0, _ second: Int64 = 0) -> Int64 {
    1_768_176_000 * Microseconds.second + hour * Microseconds.hour + minute * Microseconds.minute
        + second * Microseconds.second
}

extension RecordContent {
    /// One record with events of the plant.
    static func events(_ events: [SimulatedEvent], createdAt: Int64) -> RecordContent {
        .events(EventBatch(events, siteID: Stage.site, createdAt: createdAt))
    }

    static func definition(createdAt: Int64, _ change: (inout SiteDefinition) -> Void = { _ in }) -> RecordContent {
        var definition = SiteDefinition(siteID: Stage.site)
        definition.workers = [.init(workerID: "W1"), .init(workerID: "W2")]
        definition.workstations = [.init(workstationID: "S1"), .init(workstationID: "S2")]
        change(&definition)
        return .definition(
            DefinitionRecord(definition: definition, createdAt: Timestamp(microseconds: createdAt)))
    }
}

func event(
    _ time: Int64, _ type: EventType, worker: WorkerID = "W1", at station: WorkstationID = "S1", count: UInt32 = 1,
    mark: Mark = .accepted
) -> SimulatedEvent {
    SimulatedEvent(
        time: time, worker: worker, workstation: station, type: type, confidence: 900_000,
        count: type == .productCount ? count : 0, camera: "C1", modelVersion: "m1", mark: mark)
}
