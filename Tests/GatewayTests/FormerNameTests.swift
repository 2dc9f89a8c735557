import EventLog
import EventModel
import SQLite
import TestKit
import Testing

@testable import Gateway
@testable import Sites

@Suite("Names of dropped workers and workstations")
struct FormerNameTests {
    private typealias Worker = SiteDefinition.Worker
    private typealias Station = SiteDefinition.Workstation

    private func placed(
        _ workers: [Worker], _ stations: [Station] = [], former: FormerNames = FormerNames()
    ) -> PlacedDefinition {
        var definition = SiteDefinition(siteID: "plant")
        (definition.workers, definition.workstations) = (workers, stations)
        return PlacedDefinition(
            definition: definition, version: 1, createdAt: .earliest,
            position: RecordPosition(partition: PartitionIndex(0), offset: LogOffset(1)), former: former)
    }

    private func names(_ placed: PlacedDefinition) -> [String] {
        placed.former.workers.map { "\($0.id) \($0.name)" } + placed.former.workstations.map { "\($0.id) \($0.name)" }
    }

    /// What is kept after one definition after another.
    private func after(_ definitions: [PlacedDefinition]) -> PlacedDefinition {
        definitions.dropFirst().reduce(definitions[0]) { old, new in
            placed(
                new.definition.workers, new.definition.workstations,
                former: FormerNames(replacing: old, by: new.definition))
        }
    }

    @Test("who is dropped keeps the last known name, the last dropped last; who never had one has none (SPEC 3)")
    func dropped() {
        let newest = after([
            placed(
                [.init(workerID: "a", name: "Ada"), .init(workerID: "b"), .init(workerID: "c", name: "Cy")],
                [.init(workstationID: "s", name: "Saw")]),
            placed([.init(workerID: "a", name: "Ada L."), .init(workerID: "c", name: "Cy")]),
            placed([.init(workerID: "a", name: "Ada L.")]), placed([]),
        ])
        #expect(names(newest) == ["c Cy", "a Ada L.", "s Saw"])
        #expect(newest.workerNames == ["a": "Ada L.", "c": "Cy"] && newest.workstationNames == ["s": "Saw"])
    }

    @Test("who is defined again has the new name alone; without one the old name is forgotten (SPEC 3)")
    func definedAgain() {
        let first = placed([.init(workerID: "a", name: "Ada"), .init(workerID: "b", name: "Bo")])
        let back = after([
            first, placed([]), placed([.init(workerID: "a", name: "Eve"), .init(workerID: "b")]),
        ])
        #expect(names(back) == [] && back.workerNames == ["a": "Eve"])
        #expect(names(after([back, placed([])])) == ["a Eve"])
    }

    @Test("what is kept has a limit; the names of those that were dropped last stay")
    func limit() {
        let text = String(repeating: "x", count: 1000)
        let many = (0..<2000).map { Worker(workerID: WorkerID("w\($0)"), name: text) }
        let kept = after([placed(many), placed([])]).former.workers
        #expect(kept.count > 1000 && kept.count < 2000)
        #expect(kept.last?.id == "w1999" && kept.first?.id == WorkerID("w\(2000 - kept.count)"))
    }

    @Test("a gateway keeps names of dropped ones over further definitions and a restart (SPEC 3)")
    func restart() throws {
        let harness = try GatewayHarness()
        try harness.define()
        for workers in [["w2", "w3"], ["w3"]] {
            var next = makeDefinition()
            next.workers = workers.map { .init(workerID: WorkerID($0), name: "N \($0)") }
            try harness.define(next)
        }
        let known = try #require(harness.gateway.site("plant"))
        #expect(names(known) == ["w1 N w1", "w2 N w2"])
        harness.gateway.stop()
        let next = try GatewayHarness(log: harness.log, clock: harness.clock, folder: harness.folder)
        #expect(next.gateway.site("plant") == known)
    }

    @Test("a definition that only the log has drops people without losing their names (DESIGN 3)")
    func recovery() {
        let old = placed([.init(workerID: "a", name: "Ada"), .init(workerID: "b", name: "Bo", location: "Hall")])
        var record = DefinitionRecord(definition: SiteDefinition(siteID: "plant"), createdAt: .earliest)
        record.definition.workers = [.init(workerID: "b")]
        var recovery = SiteRecovery(registry: [old], folded: [])
        recovery.take(record, at: RecordPosition(partition: PartitionIndex(0), offset: LogOffset(2)))
        #expect(recovery.sites["plant"].map(names) == ["a Ada"])
        #expect(recovery.sites["plant"]?.definition.workers == [.init(workerID: "b", name: "Bo", location: "Hall")])
    }

    @Test("a file of before names were kept is read, and one with members of a later version (SPEC 3)")
    func oldFile() throws {
        let folder = try TemporaryFolder()
        let epoch = LogEpoch(bytes: Array(1...16))
        let path = folder.file("registry.sqlite")
        let definition = makeDefinition()
        let texts = [
            String(decoding: DefinitionJSON.bytes(definition), as: UTF8.self),
            String(decoding: DefinitionJSON.bytes(definition), as: UTF8.self).dropLast()
                + #","later":{"a":[1]},"former":{"workers":[{"worker_id":"x","name":"Xe"},{"worker_id":7}]}}"#,
        ]
        let expected = [[], ["x Xe"]]
        for (text, expected) in zip(texts, expected) {
            do {
                // With a write-ahead log and without checks.
                let connection = try Connection(path: path, .writer)
                try connection.execute(
                    """
                    DROP TABLE IF EXISTS definitions;
                    CREATE TABLE definitions (
                        site_id BLOB PRIMARY KEY, epoch BLOB NOT NULL, log_partition INTEGER NOT NULL,
                        log_offset INTEGER NOT NULL, version INTEGER NOT NULL, created_at INTEGER NOT NULL,
                        definition BLOB NOT NULL
                    ) WITHOUT ROWID
                    """)
                let row = try connection.prepare("INSERT INTO definitions VALUES (?1, ?2, 0, 4, 2, 5, ?3)")
                try row.bind(1, SiteID("plant").bytes)
                try row.bind(2, epoch.bytes)
                try row.bind(3, Array(text.utf8))
                try row.run()
            }
            let untouched = try RegistryStore.read(path: path, epoch: epoch)
            let store = try RegistryStore(path: path, epoch: epoch)
            let read = try #require(try store.load { _ in }.first)
            #expect(read.definition == definition && names(read) == expected && untouched == [read])
        }
    }

    @Test("records of the registry topic carry the names; erasing a site's names takes those of people (SPEC 3)")
    func records() throws {
        let epoch = LogEpoch(bytes: Array(1...16))
        let former = FormerNames(
            workers: [.init(id: "a", name: "Ada")], workstations: [.init(id: "s", name: "Saw")])
        let known = placed([.init(workerID: "b", name: "Bo")], former: former)
        let record = RegistryRecord(epoch: epoch, placed: known)
        #expect(
            String(decoding: record.json, as: UTF8.self).contains(
                #""former":{"workers":[{"worker_id":"a","name":"Ada"}],"workstations":[{"workstation_id":"s","#
                    + #""name":"Saw"}]}"#))
        #expect(RegistryRecord(record.json, site: "plant") == record)
        var table = RegistryTable(epoch: epoch, partitionCount: 1)
        _ = table.take(record)
        _ = table.erase("plant")
        #expect(table.entries["plant"]?.best.former == FormerNames(workstations: former.workstations))
        #expect(table.entries["plant"]?.best.workerNames == [:])
    }

    @Test("a record of a gateway that did not know the one before loses no name; the repair writes it again (SPEC 3)")
    func unawareGateway() {
        var table = RegistryTable(epoch: LogEpoch(bytes: Array(1...16)), partitionCount: 1)
        let epoch = table.epoch
        _ = table.take(RegistryRecord(epoch: epoch, placed: placed([.init(workerID: "a", name: "Ada")])))
        var next = placed([.init(workerID: "b")])
        next.position.offset = LogOffset(2)
        var merged = next
        merged.former = FormerNames(workers: [.init(id: "a", name: "Ada")])
        #expect(table.take(RegistryRecord(epoch: epoch, placed: next)) == .init(changed: merged))
        #expect(table.entries["plant"] == .init(best: merged, isKept: false))
        #expect(table.take(RegistryRecord(epoch: epoch, placed: merged)) == .init())
        #expect(table.entries["plant"] == .init(best: merged, isKept: true))
    }
}
