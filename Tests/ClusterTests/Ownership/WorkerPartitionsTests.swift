// Layer: differential. Workers whose partitions come and go against folds that were not disturbed: equal digests. The
// log is in memory, the stores are real files.
import EventLog
import EventModel
import HTTPServer
import Locks
import Observability
import Projector
import Query
import SimulationKit
import TestKit
import Testing

@testable import Cluster

@Suite("A worker's partitions", .timeLimit(.minutes(10)))
struct WorkerPartitionsTests {
    private static let all = (0..<4).map { PartitionIndex($0) }

    @Test("partitions that come and go keep their files, and every figure (DESIGN 5)", arguments: 1...6)
    func comingAndGoing(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let plant = try ClusterPlant(seed: seed)
        let workers = [try plant.worker("a"), try plant.worker("b")]
        var holders: [PartitionIndex: Int] = [:]
        while try plant.appendSome(&random) {
            for partition in Self.all where Bool.random(using: &random) {
                if let holder = holders.removeValue(forKey: partition) {
                    if Bool.random(using: &random) {
                        workers[holder].revoke([partition])
                    } else {
                        workers[holder].lose([partition])
                    }
                } else {
                    let holder = Int.random(in: 0..<2, using: &random)
                    holders[partition] = holder
                    workers[holder].assign([partition])
                }
            }
            if Bool.random(using: &random) { try plant.waitUntilFolded(workers, holders) }
        }
        for (partition, holder) in holders { workers[holder].revoke([partition]) }
        for worker in workers {
            worker.assign(Self.all)
            try plant.waitUntilFolded([worker], Dictionary(uniqueKeysWithValues: Self.all.map { ($0, 0) }))
            #expect(worker.failures.isEmpty)
            worker.stop()
        }
        for site in plant.sites {
            let wanted = try SiteDigest.compute(site: site, log: plant.log, storePath: nil)
            #expect(wanted != nil)
            for name in ["a", "b"] {
                let path = plant.storePath(name, plant.partition(of: site))
                let found = try SiteDigest.compute(site: site, log: plant.log, storePath: path)
                #expect(found == wanted, "seed \(seed), \(site) in worker \(name)")
            }
        }
    }

    @Test("a file that was left is continued, not rebuilt")
    func fileIsKept() throws {
        let plant = try ClusterPlant(seed: 3)
        try plant.appendAll()
        let worker = try plant.worker("a")
        worker.assign(Self.all)
        try plant.waitUntilFolded([worker], [Self.all[0]: 0])
        worker.revoke(Self.all)
        // What the file holds is gone from the log: only one that goes on can be level.
        let end = try plant.log.endOffset(Self.all[0])
        plant.log.removeRecords(Self.all[0], before: end)
        worker.assign([Self.all[0]])
        worker.wait(Self.all[0]) { $0 == .folding }
        #expect(worker.progress[Self.all[0]]?.nextOffset == end)
        worker.stop()
    }

    @Test("one partition that fails stops no other, says why, and is not retried without a reason")
    func oneFails() throws {
        let plant = try ClusterPlant(seed: 4)
        try plant.appendAll()
        let calls = Calls()
        let worker = try plant.worker("a") { calls.listen(&$0) }
        plant.log.fail(Self.all[1], with: LogError(.corrupt, "not a log"))
        worker.assign(Self.all)
        worker.wait(Self.all[1]) { $0 == .failed }
        try plant.waitUntilFolded([worker], [Self.all[0]: 0, Self.all[2]: 0, Self.all[3]: 0])
        #expect(worker.failures[Self.all[1]]?.message.contains("not a log") == true)
        #expect(worker.failures.count == 1)
        #expect(worker.statuses[Self.all[1]]?.phase == .failed)
        #expect(worker.projections(of: Self.all[1]) == nil && worker.projections(of: Self.all[2]) != nil)
        worker.check()
        #expect(worker.statuses[Self.all[1]]?.phase == .failed)
        #expect(calls.lines.withLock { $0 } == ["partition_failed"])
        worker.stop()
    }

    @Test("a fold that ends while it runs stops publishing and answering before anything else")
    func failsWhileFolding() throws {
        let plant = try ClusterPlant(seed: 4)
        let calls = Calls()
        let worker = try plant.worker("a") { calls.listen(&$0) }
        worker.assign([Self.all[0]])
        worker.wait(Self.all[0]) { $0 == .folding }
        plant.log.fail(Self.all[0], with: LogError(.corrupt, "not a log"))
        worker.wait(Self.all[0]) { $0 == .failed }
        #expect(calls.all == ["publish 0", "announce 0", "stop publishing 0", "withdraw 0"])
        #expect(worker.projections(of: Self.all[0]) == nil && !worker.mayPublish(Self.all[0]))
        worker.stop()
        #expect(worker.statuses.isEmpty)
    }

    @Test("a log that is unavailable when a partition is opened is retried until it is back")
    func retried() throws {
        let plant = try ClusterPlant(seed: 5)
        try plant.appendAll()
        let worker = try plant.worker("a") { $0.retryMilliseconds = 0 }
        plant.log.fail(Self.all[0], with: LogError(.unavailable, "no broker"))
        worker.assign([Self.all[0]])
        plant.log.waitForFailedCalls(3)
        #expect(worker.failures[Self.all[0]]?.isRetriable == true)
        plant.log.fail(Self.all[0], with: nil)
        worker.wait(Self.all[0]) { $0 == .folding }
        #expect(worker.failures.isEmpty)
        worker.stop()
    }

    @Test("a log recreated while its partition was elsewhere fails with a hint, and is looked at again")
    func recreated() throws {
        let plant = try ClusterPlant(seed: 6)
        try plant.appendAll()
        let worker = try plant.worker("a")
        worker.assign(Self.all)
        try plant.waitUntilFolded([worker], [Self.all[0]: 0])
        worker.revoke(Self.all)
        plant.log.recreate()
        worker.assign([Self.all[0]])
        worker.wait(Self.all[0]) { $0 == .waiting }
        #expect(worker.failures[Self.all[0]]?.message.contains("the log ends at 0") == true)
        #expect(worker.projections(of: Self.all[0]) == nil)
        worker.stop()
    }

    @Test(
        "after half the session timeout without a poll nothing may be published until the group is heard from (DESIGN 5)"
    )
    func pollAge() throws {
        let plant = try ClusterPlant(seed: 7)
        let age = Guarded(0)
        let pollAge: @Sendable () -> Int = { age.withLock { $0 } }
        let calls = Calls()
        let worker = try plant.worker("a") {
            calls.listen(&$0)
            $0.pollAgeMilliseconds = pollAge
            $0.pollAgeMaximumMilliseconds = 22_500
        }
        worker.assign([Self.all[0]])
        worker.wait(Self.all[0]) { $0 == .folding }
        let held = try #require(calls.held.withLock { $0 })
        #expect(held.mayPublish())
        age.withLock { $0 = 22_501 }
        #expect(!held.mayPublish(), "at once, whoever looks first")
        worker.wait(Self.all[0]) { $0 == .suspended }
        #expect(worker.projections(of: Self.all[0]) != nil, "it still answers")
        age.withLock { $0 = 0 }
        worker.wait(Self.all[0]) { $0 == .folding }
        #expect(held.mayPublish())
        worker.lose([Self.all[0]])
        #expect(!held.mayPublish())
        #expect(
            calls.all == [
                "publish 0", "announce 0", "stop publishing 0", "publish 0", "stop publishing 0", "withdraw 0",
            ])
        worker.stop()
    }

    @Test("two workers never have one folder; it is free when the first has stopped")
    func folders() throws {
        let plant = try ClusterPlant(seed: 8)
        let first = try plant.worker("a")
        #expect(throws: PartitionsError.self) { try plant.worker("a") }
        let other = try plant.worker("b")
        other.stop()
        first.stop()
        let second = try plant.worker("a")
        second.stop()
    }

    @Test("definitions of all partitions are reported with their positions")
    func definitions() throws {
        let plant = try ClusterPlant(seed: 9)
        try plant.appendAll()
        let worker = try plant.worker("a")
        worker.assign(Self.all)
        try plant.waitUntilFolded([worker], Dictionary(uniqueKeysWithValues: Self.all.map { ($0, 0) }))
        let definitions = worker.newestDefinitions()
        #expect(Set(definitions.map(\.definition.siteID)) == Set(plant.definedSites))
        for found in definitions {
            #expect(found.position.partition == plant.partition(of: found.definition.siteID))
        }
        worker.stop()
    }
}

/// The calls of the hooks, in order.
private final class Calls: Sendable {
    private let calls = Guarded<[String]>([])
    let held = Guarded<HeldPartition?>(nil)
    let lines = Monitor<[String]>([])

    var all: [String] { calls.withLock { $0 } }

    func listen(_ configuration: inout WorkerPartitionsConfiguration) {
        configuration.startPublishing = { [self] held in
            self.held.withLock { $0 = held }
            add("publish", held.partition)
        }
        configuration.stopPublishing = { [self] in add("stop publishing", $0) }
        configuration.announceHolder = { [self] in add("announce", $0) }
        configuration.withdrawHolder = { [self] in add("withdraw", $0) }
        configuration.journal = Journal { [lines] event in lines.withLock { $0.append(event.name) } }
    }

    private func add(_ what: String, _ partition: PartitionIndex) {
        calls.withLock { $0.append("\(what) \(partition.value)") }
    }
}

/// Four partitions in memory with a site in each, and workers' folders; removed at the end.
final class ClusterPlant {
    let log = FaultyLog(partitionCount: 4)
    let sites: [SiteID]
    let scenarios: [RandomScenario]
    private var rest: [ArraySlice<RandomScenario.Record>]
    let folder: TemporaryFolder

    init(seed: UInt64) throws {
        folder = try TemporaryFolder()
        sites = RandomScenario.sites(inFirst: 4, of: 4)
        scenarios = (0..<4).map { RandomScenario(seed: seed * 10 + $0, size: .init(events: 120)) }
        rest = scenarios.map { $0.records[...] }
    }

    var definedSites: [SiteID] {
        zip(sites, scenarios).compactMap { site, scenario in
            scenario.records.contains { if case .definition = $0 { true } else { false } } ? site : nil
        }
    }

    func partition(of site: SiteID) -> PartitionIndex { Partitioner.partition(of: site.bytes, partitionCount: 4) }

    func storePath(_ worker: String, _ partition: PartitionIndex) -> String {
        folder.file("\(worker)/partition-\(partition.value).sqlite")
    }

    func worker(
        _ name: String, _ change: (inout WorkerPartitionsConfiguration) -> Void = { _ in }
    ) throws -> WorkerPartitions {
        var configuration = WorkerPartitionsConfiguration(folder: folder.file(name))
        configuration.projector.limits.commitMilliseconds = 0
        configuration.projector.limits.readBytes = 1
        change(&configuration)
        return try WorkerPartitions(log: log, configuration)
    }

    /// - Returns: false when nothing is left.
    func appendSome(_ random: inout SeededGenerator) throws -> Bool {
        for site in sites.indices {
            let count = min(rest[site].count, Int.random(in: 0...6, using: &random))
            for record in rest[site].prefix(count) { _ = try log.append([record.logRecord(of: sites[site])]) }
            rest[site] = rest[site].dropFirst(count)
        }
        return rest.contains { !$0.isEmpty }
    }

    func appendAll() throws {
        for site in sites.indices {
            for record in rest[site] { _ = try log.append([record.logRecord(of: sites[site])]) }
            rest[site] = []
        }
    }

    /// Blocks until the holders have folded what the log holds now.
    func waitUntilFolded(_ workers: [WorkerPartitions], _ holders: [PartitionIndex: Int]) throws {
        for (partition, holder) in holders {
            workers[holder].wait(partition) { $0 == .folding }
            let end = try log.endOffset(partition)
            guard end > .zero else { continue }
            let passed = Monitor<Bool?>(nil)
            workers[holder].projector(of: partition)?.whenPassed(
                LogOffset(end.value - 1), timeoutMilliseconds: 60_000
            ) { isPassed in passed.update { $0 = isPassed } }
            #expect(passed.wait { $0 })
        }
    }
}
