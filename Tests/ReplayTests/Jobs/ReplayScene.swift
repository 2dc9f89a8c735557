import Clocks
import Crypto
import EventLog
import EventModel
import Foundation
import Locks
import ProjectionStore
import Projector
import SimulationKit
import TestKit
import Timeline

@testable import Replay

/// A log with the records of several sites, mixed as a seed says, and a folder for what is folded of it.
final class ReplayScene: Sendable {
    static let clock = Timestamp(microseconds: 1_800_000_000 * Microseconds.second)

    let log: InMemoryLog
    let sites: [SiteID]
    /// Every record, in the order of its partition.
    let records: [PartitionIndex: [(site: SiteID, record: RandomScenario.Record)]]
    private let folder: TemporaryFolder

    init(seed: UInt64, partitions: Int32 = 1, events: Int = 80) throws {
        folder = try TemporaryFolder()
        log = InMemoryLog(partitionCount: partitions)
        sites = RandomScenario.sites(inFirst: partitions, of: partitions) + (partitions == 1 ? ["other"] : [])
        var random = SeededGenerator(seed: seed)
        var waiting = sites.enumerated().map { number, site in
            RandomScenario(seed: seed &+ UInt64(number), size: .init(events: events)).records.map { (site, $0) }[...]
        }
        var records: [PartitionIndex: [(site: SiteID, record: RandomScenario.Record)]] = [:]
        while let index = waiting.indices.filter({ !waiting[$0].isEmpty }).randomElement(using: &random) {
            guard let (site, record) = waiting[index].popFirst() else { break }
            let position = try log.append([record.logRecord(of: site)])[0]
            records[position.partition, default: []].append((site, record))
        }
        self.records = records
    }

    func path(_ partition: PartitionIndex, _ name: String = "result") -> String {
        folder.file("\(name)-\(partition.value).sqlite")
    }

    func plan(_ change: (inout ReplayRequest) -> Void = { _ in }) throws -> ReplayPlan {
        var request = ReplayRequest()
        change(&request)
        return try ReplayPlan(request, log, isEmbedded: false, source: ["--brokers", "b:1"], now: Self.clock)
    }

    /// A job that commits after every few records and keeps nothing in memory that it may drop.
    func job(
        _ plan: ReplayPlan, into name: String = "result", _ change: (inout ReplayJob.Configuration) -> Void = { _ in }
    ) -> ReplayJob {
        var configuration = ReplayJob.Configuration { [folder] in folder.file("\(name)-\($0.value).sqlite") }
        configuration.limits.commitMilliseconds = 0
        configuration.limits.memory = PartitionFold.MemoryBudget(tailBytes: 0, otherBytes: 0)
        configuration.limits.readBytes = 1
        configuration.limits.rederivePages = 1
        change(&configuration)
        return ReplayJob(plan, log: log, configuration)
    }

    func results(_ plan: ReplayPlan, _ name: String = "result") throws -> [ReplayResult] {
        try plan.parts.map { try ReplayResult(path: path($0.partition, name), partition: $0.partition) }
    }

    /// A fold in memory of just the records that are chosen.
    func memory(
        _ partition: PartitionIndex = PartitionIndex(0),
        _ isChosen: (Int, SiteID, RandomScenario.Record) -> Bool = { _, _, _ in true }
    ) throws -> MemoryResult {
        var result = MemoryResult()
        for (offset, (site, record)) in (records[partition] ?? []).enumerated() where isChosen(offset, site, record) {
            try result.fold(record.content(of: site))
        }
        while result.isRederiving { try result.rederive() }
        return result
    }
}

/// A fold in memory alone.
struct MemoryResult {
    let projections = MemoryProjections()
    private var partition = PartitionFold()

    mutating func fold(_ content: RecordContent) throws {
        try partition.apply(content, offset: partition.nextOffset, pages: projections) {
            RandomScenario.hourOffset(of: $0)
        }
    }

    var isRederiving: Bool { partition.isRederiving }
    mutating func rederive() throws { try partition.rederive(pageLimit: 1000, pages: projections) }

    /// Digest and number of events of each site.
    func sites() throws -> [SiteID: ReplayResult.Site] {
        var sites: [SiteID: ReplayResult.Site] = [:]
        for site in partition.sites {
            sites[site.siteID] = ReplayResult.Site(
                siteID: site.siteID, events: site.ledger.received, digest: try digest(of: site))
        }
        return sites
    }
}

extension MemoryResult {
    private func digest(of site: SiteFold) throws -> String {
        var hasher = SHA256Hasher()
        try site.digest(projections) { hasher.update($0) }
        return hasher.finish().hex
    }
}

extension ReplayResult {
    var bySite: [SiteID: Site] { Dictionary(uniqueKeysWithValues: sites.map { ($0.siteID, $0) }) }
}
