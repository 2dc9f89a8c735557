// Layer: machine. What thousands of definitions leave in memory, by counting. Catches a definition that stays there, and
// one that is not found again; cannot say how many bytes a process takes.
import EventModel
import Testing

@testable import Timeline

@Suite("Memory of definitions") struct DefinitionMemoryTests {
    private func definition(_ number: Int, stations: Int = 200) -> SiteDefinition {
        var definition = SiteDefinition(siteID: "site", name: "version \(number)")
        definition.observationTTLSeconds = 3600 + Int64(number % 3)
        definition.workers = (0..<20).filter { $0 % 2 == number % 2 }.map { .init(workerID: WorkerID("W\($0)")) }
        definition.workstations = (0..<stations).map {
            .init(workstationID: WorkstationID("S\($0)"), name: "Station \($0) of \(number)")
        }
        return definition
    }

    private func apply(_ number: Int, to fold: inout PartitionFold, _ store: MemoryProjections) throws {
        let record = DefinitionRecord(
            definition: definition(number), createdAt: Timestamp(microseconds: Int64(number) * 10))
        try fold.apply(record, offset: fold.nextOffset, hourOffset: 0, pages: store)
    }

    @Test("all but the newest leave memory with their commit, and are found as they were known (SPEC 3, 5.1)")
    func leave() throws {
        let store = MemoryProjections()
        var fold = PartitionFold()
        for number in 0..<60 {
            try apply(number, to: &fold, store)
            #expect(fold.sites[0].settings.keptCount <= 2)
            fold.commit { store.apply($0) }
            #expect(fold.sites[0].settings.keptCount == 1)
        }
        let site = try #require(fold.site("site"))
        for number in 0..<60 {
            let view = site.view(knownAt: Timestamp(microseconds: Int64(number) * 10 + 9))
            var wanted = definition(number)
            let found = try site.definition(try #require(view.definition), store)
            #expect(found.record.definition == wanted && view.ttl == wanted.observationTTL)
            wanted.workers = []
            #expect(try site.settings(view, store) == wanted)
        }
        #expect(try site.settings(site.view(knownAt: Timestamp(microseconds: -1)), store) == nil)
        #expect(MemoryLayout<DefinitionVersion>.stride <= 24)
    }

    @Test("definitions that no commit has are answered from memory, in flight too, and fill the next commit (SPEC 3)")
    func uncommitted() throws {
        let store = MemoryProjections()
        var fold = PartitionFold()
        for number in 0..<2 { try apply(number, to: &fold, store) }
        guard let commit = fold.takeCommit() else {
            Issue.record("nothing to commit")
            return
        }
        for number in 2..<5 { try apply(number, to: &fold, store) }
        #expect(fold.backlog.rows >= 3 * 200)
        func known() throws -> [String] {
            let site = try #require(fold.site("site"))
            return try (0..<5).compactMap {
                try site.settings(site.view(knownAt: Timestamp(microseconds: Int64($0) * 10)), store)?.name
            }
        }
        let all = (0..<5).map { "version \($0)" }
        #expect(try known() == all)
        #expect(fold.sites[0].settings.keptCount == 6, "the newest, and five that wait")
        store.apply(fold.finishCommit(commit))
        #expect(try known() == all)
        #expect(fold.sites[0].settings.keptCount == 4)
    }

    @Test("a restart reads one definition at a time and keeps the newest (SPEC 3)")
    func restart() throws {
        var stored = PartitionFold.StoredSite(siteID: "site")
        stored.forEachDefinition = { body in
            for number in 0..<50 {
                let record = DefinitionRecord(
                    definition: definition(number), createdAt: Timestamp(microseconds: Int64(number)))
                try body(StoredDefinition(record: record, offset: LogOffset(Int64(number))))
            }
        }
        let fold = try PartitionFold(
            nextOffset: LogOffset(50), generation: 1, pageCount: 0, sites: [stored], fingerprint: nil)
        #expect(fold.sites[0].settings.keptCount == 1 && fold.sites[0].definitions.count == 50)
        #expect(fold.sites[0].newestSettings?.name == "version 49")
    }

    @Test("who was named when takes a few bytes where nothing changes (SPEC 3)")
    func membership() {
        var membership = Membership()
        for _ in 0..<2 { membership.addWorker() }
        for sequence in 0..<1000 {
            membership.name(0, in: sequence)
            if sequence % 2 == 0 { membership.name(1, in: sequence) }
        }
        #expect(membership.runCount == 1 + 500)
    }
}
