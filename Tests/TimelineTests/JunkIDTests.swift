// Layer: machine. Ids that count up, as trackers and cameras give them, by counting what they leave in memory and what
// questions read. Catches ids that stay; cannot say how many bytes a process takes.
import EventModel
import Figures
import SimulationKit
import Testing

@testable import Timeline

@Suite("Ids that count up") struct JunkIDTests {
    private func definition(workers: Int) -> RecordContent {
        var definition = SiteDefinition(siteID: "site")
        definition.workers = (0..<workers).map { .init(workerID: WorkerID("W\($0)")) }
        definition.workstations = [.init(workstationID: "S1")]
        return .definition(DefinitionRecord(definition: definition, createdAt: Timestamp(microseconds: 1)))
    }

    private func event(
        _ time: Int64, _ worker: String, at station: String = "S1", camera: String? = nil, mark: Mark = .accepted
    ) -> SimulatedEvent {
        SimulatedEvent(
            time: time, worker: WorkerID(worker), workstation: WorkstationID(station), type: .working,
            confidence: 900_000, count: 0, camera: camera.map { CameraID($0) }, modelVersion: nil, mark: mark)
    }

    private func batch(_ events: [SimulatedEvent]) -> RecordContent {
        .events(EventBatch(events, siteID: "site", createdAt: 5))
    }

    /// Ten records, each of which has 100 events in quarantine with ids that nobody had before.
    private func junk() -> [RecordContent] {
        (0..<10).map { record in
            batch(
                (0..<100).map { number in
                    let id = record * 100 + number
                    let isWorker = number % 2 == 0
                    return event(
                        Int64(id), isWorker ? "T\(id)" : "W1", at: isWorker ? "S1" : "T\(id)", camera: "c\(id)",
                        mark: isWorker ? .unknownWorker : .unknownWorkstation)
                })
        }
    }

    @Test("what is quarantined leaves no id in memory, after a restart neither (SPEC 2.7)")
    func quarantined() throws {
        var options = FoldOptions()
        (options.commitEvery, options.restartEvery) = (2, 2)
        let records = [definition(workers: 2), batch([event(0, "W1", camera: "c")])] + junk()
        for harness in [try FoldHarness(records), try FoldHarness(records, options)] {
            let site = try #require(harness.fold.site("site"))
            #expect([site.workers.count, site.stations.count, site.names.count, site.origins.count] == [2, 1, 1, 1])
            #expect(site.ledger.quarantined == 1000 && site.ledger.folded == 1)
            var listed = 0
            try site.forEachQuarantined(QuarantineFilter(), harness.store) { _ in
                listed += 1
                return true
            }
            #expect(listed == 1000)
        }
    }

    @Test("quarantined events count once, in any order, across commits and restarts (SPEC 2.6, 7.1)")
    func duplicates() throws {
        var options = FoldOptions()
        (options.commitEvery, options.restartEvery) = (1, 1)
        let start = [definition(workers: 2)]
        let once = try FoldHarness(start + junk())
        let again = try FoldHarness(start + junk().reversed() + junk(), options)
        #expect(again.restarts > 5)
        let ledger = try #require(again.fold.site("site")).ledger
        #expect(ledger.quarantined == 1000 && ledger.duplicates == 1000)
        #expect(try once.digest("site") == again.digest("site"))
        let fewer = try FoldHarness(start + junk().dropLast())
        #expect(try once.digest("site") != fewer.digest("site"))
    }

    @Test("the digest has quarantined events between the others of their worker (SPEC 7.1)")
    func digest() throws {
        let events = [
            event(0, "W1"), event(3, "W1", mark: .timestampInFuture), event(1, "W0", mark: .unknownWorkstation),
            event(2, "A", mark: .unknownWorker), event(2, "Z", mark: .unknownWorker),
        ]
        let dumped = try FoldHarness([definition(workers: 2), batch(events)]).digest("site")
        let text = String(decoding: dumped.filter { $0 > 32 }, as: UTF8.self)
        let workers = text.pieces(after: "worker")
        #expect(workers.map { String($0.prefix(2)) } == ["Ae", "W0", "W1", "Ze"])
        #expect(workers[2].pieces(after: "event").count == 2 && workers[2].contains("interval"))
    }

    @Test("a question after a restart reads only the lines of those who acted (SPEC 5.2)")
    func readsActing() throws {
        let store = MemoryProjections()
        var fold = PartitionFold()
        let acting = batch((0..<5).map { event(Int64($0), "W\($0 * 100)") })
        for content in [definition(workers: 1000), acting] + junk() {
            try fold.apply(content, offset: fold.nextOffset, pages: store) { _ in 0 }
        }
        let taken = fold.takeSet()
        let set = try #require(taken)
        store.apply(set)
        var stored = PartitionFold.StoredSite(siteID: "site")
        (stored.workers, stored.stations) = (set.sites[0].workers, set.sites[0].stations)
        (stored.origins, stored.lines) = (set.sites[0].origins, store.lines(of: 0))
        stored.forEachDefinition = { body in try set.sites[0].definitions.forEach(body) }
        stored.state = set.sites[0].state
        let restored = try PartitionFold(
            nextOffset: set.nextOffset, generation: 1, pageCount: set.pageCount, sites: [stored], fingerprint: nil)
        let site = try #require(restored.site("site"))
        let window = Window(from: 0, end: Microseconds.hour)
        let figures = try site.figures(
            window, site.view(knownAt: nil), [.workers, .stations, .statuses, .factory], store)
        #expect(figures.factory.activeWorkers == 5 && figures.statuses.count == 1000)
        #expect(store.pageReads <= 5 * 8, "\(store.pageReads)")
    }

    @Test("an origin without changes has no sums in memory (SPEC 6.1)")
    func origins() throws {
        let store = MemoryProjections()
        var fold = PartitionFold()
        let count = 3 * HealthBuckets.slotsKeptMaximum
        for first in stride(from: 0, to: count, by: 1000) {
            let events = (first..<min(count, first + 1000)).map { event(Int64($0), "W1", camera: "c\($0)") }
            try fold.apply(batch(events), offset: fold.nextOffset, pages: store) { _ in 0 }
        }
        #expect(fold.sites[0].origins.count == count && fold.backlog.rows >= count)
        fold.commit { store.apply($0) }
        #expect(fold.sites[0].healthBuckets.slotCapacity <= HealthBuckets.slotsKeptMaximum)
        var samples: Int64 = 0
        try store.forEachHealthHour(site: 0, Hour(0)..<Hour(1)) { samples += $1.samples }
        #expect(samples == Int64(count))
    }

    @Test(
        "beyond what a fold can number, cameras are left out and stations stay right; it does not stop (SPEC 5.3, 6.1)")
    func tooMany() throws {
        let pages = NoPages()
        var fold = PartitionFold()
        try fold.apply(definition(workers: 1), offset: .zero, pages: pages) { _ in 0 }
        fold.sites[0].origins = OriginTable(detailedMaximum: 3)
        let events = (0..<10).map { event(Int64($0), "W0", at: "S\($0 % 5)", camera: "c\($0)") }
        try fold.apply(batch(events), offset: LogOffset(1), pages: pages) { _ in 0 }
        let site = fold.sites[0]
        #expect(site.origins.count <= 3 + 5)
        var stations: [String] = []
        try site.forEachEntry(
            of: 0, .accepted, in: 0..<10, site.view(knownAt: nil), pages
        ) { stations.append(String(decoding: site.stations[site.origin($0.origin).station], as: UTF8.self)) }
        #expect(stations == (0..<10).map { "S\($0 % 5)" })
        #expect(Limits.sourcesPerSiteMaximum * 8 < OriginTable.detailedMaximum)
    }
}

extension PartitionFold {
    /// All changes, as if they had been written.
    fileprivate mutating func takeSet() -> CommitSet? {
        var taken: CommitSet?
        commit { taken = $0 }
        return taken
    }
}

extension StringProtocol {
    /// What follows each occurrence of a word, up to the next one.
    fileprivate func pieces(after word: String) -> [String] {
        String(self).split(separator: word, omittingEmptySubsequences: false).dropFirst().map { String($0) }
    }
}
