import Clocks
import EventLog
import EventModel
import Foundation
import JSON
internal import Locks
import Observability
import SQLite
import TestKit
import Testing

@testable import Gateway
@testable import Sites

@Suite("The registry's file")
struct RegistryFileTests {
    private let folder: TemporaryFolder
    private let epoch = LogEpoch(bytes: Array(1...16))
    private var path: String { folder.file("registry.sqlite") }

    init() throws {
        folder = try TemporaryFolder()
        let store = try RegistryStore(path: path, epoch: epoch)
        for (offset, site) in ["plant", "plant-2", "plant-3"].enumerated() {
            var definition = makeDefinition(SiteID(site))
            definition.workers = [.init(workerID: "w1", name: "Ada of \(site)")]
            let placed = PlacedDefinition(
                definition: definition, version: 1, createdAt: Timestamp(microseconds: 5),
                position: RecordPosition(partition: PartitionIndex(0), offset: LogOffset(Int64(offset))))
            store.store(placed) { error in #expect(error == nil) }
        }
    }

    @Test("what is committed stands in the file itself, with no write-ahead log to lose")
    func oneFile() throws {
        #expect(!FileManager.default.fileExists(atPath: path + "-wal"))
        #expect(try RegistryStore.read(path: path, epoch: epoch).count == 3)
    }

    @Test(
        "a row that is not what was written is refused, and the others can be taken out with their names",
        arguments: [
            "definition = replace(definition, 'Ada', 'Eva')", "log_offset = 9", "version = 2", "created_at = 6",
            "epoch = zeroblob(16)", "log_partition = 1", "row_check = NULL", "definition = x'7b'",
        ])
    func changed(_ change: String) throws {
        try Connection(path: path, .shared).execute("UPDATE definitions SET \(change) WHERE site_id = x'706c616e74'")
        for read in [
            { try RegistryStore.read(path: path, epoch: epoch) },
            { try RegistryStore(path: path, epoch: epoch).load { _ in } },
        ] {
            let failure = #expect(throws: RegistryError.self) { try read() }
            #expect(failure?.code == .damaged && failure?.message.contains("site plant ") == true)
        }
        let salvaged = RegistryStore.salvage(path: path)
        #expect(salvaged.damage.count == 1)
        #expect(Set(salvaged.sound.map(\.placed.siteID)) == ["plant-2", "plant-3"])
    }

    @Test("one wrong bit: every definition as it was, or refused; never a name less")
    func bits() throws {
        let right = try RegistryStore.read(path: path, epoch: epoch).sorted { $0.siteID < $1.siteID }
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        var random = SeededGenerator(seed: 7)
        var refused = 0
        for number in 0..<200 {
            let file = folder.file("wrong-\(number).sqlite")
            let bit = Int.random(in: 0..<bytes.count * 8, using: &random)
            var wrong = bytes
            wrong[bit / 8] ^= 1 << UInt8(bit % 8)
            try Data(wrong).write(to: URL(filePath: file))
            do {
                let found = try RegistryStore(path: file, epoch: epoch).load { _ in }
                #expect(found.sorted { $0.siteID < $1.siteID } == right, "bit \(bit)")
            } catch let error as RegistryError {
                #expect(!error.message.isEmpty, "bit \(bit)")
                refused += 1
            }
        }
        #expect(refused > 0)
    }
}

@Suite("Registry against log")
struct RegistryComparisonTests {
    private func definition(_ name: String, threshold: UInt32) -> SiteDefinition {
        var definition = makeDefinition()
        definition.confidenceThreshold = Confidence(partsPerMillion: threshold)
        definition.workers = [.init(workerID: "w1", name: name)]
        return definition
    }

    /// The beginning of a log, as an older copy of it.
    private func older(_ log: InMemoryLog, records: Int) throws -> InMemoryLog {
        let copy = InMemoryLog(epoch: log.epoch)
        var kept: [NewRecord] = []
        _ = try log.read(PartitionIndex(0), from: .zero, byteLimit: 1 << 30) { record in
            kept.append(
                NewRecord(key: Array(record.key), createdAt: record.createdAt, payload: Array(record.payload)))
        }
        _ = try copy.append(Array(kept.prefix(records)))
        return copy
    }

    @Test("beside an older log the log's newest definition is in force, with the names, and is said (DESIGN 3)")
    func olderLog() throws {
        let first = try GatewayHarness()
        try first.define(definition("Ada", threshold: 600_000))
        try first.define(definition("Ada L.", threshold: 800_000))
        let log = try older(first.log, records: 1)
        let second = try GatewayHarness(log: log, folder: first.folder)
        let placed = try #require(second.gateway.site("plant"))
        #expect(placed.definition.confidenceThreshold == Confidence(partsPerMillion: 600_000))
        #expect(placed.version == 1 && placed.position.offset == .zero)
        #expect(placed.definition.workers.first?.name == "Ada L.")
        #expect(second.events.withLock { $0.map(\.name) }.contains("registry_corrected"))
        // What was corrected is stored: the next start has nothing to say.
        let third = try GatewayHarness(log: log, folder: first.folder)
        #expect(third.gateway.site("plant") == placed)
        #expect(!third.events.withLock { $0.map(\.name) }.contains("registry_corrected"))
    }

    @Test("putting the registry's definition again changes the log: unchanged is what the log's newest says (SPEC 3)")
    func putAgain() throws {
        let first = try GatewayHarness()
        try first.define(definition("Ada", threshold: 600_000))
        try first.define(definition("Ada", threshold: 800_000))
        let log = try older(first.log, records: 1)
        let second = try GatewayHarness(log: log, folder: first.folder)
        try second.define(definition("Ada", threshold: 800_000))
        #expect(try log.endOffset(PartitionIndex(0)) == LogOffset(2))
        #expect(second.gateway.site("plant")?.version == 2)
        // At the offset that the registry's former row had: it is written nevertheless.
        let third = try GatewayHarness(log: log, folder: first.folder)
        #expect(third.gateway.site("plant") == second.gateway.site("plant"))
        #expect(!third.events.withLock { $0.map(\.name) }.contains("registry_corrected"))
    }

    @Test("a log that came alone: its sites are known from the first moment, however old, in their newest version")
    func logAlone() throws {
        let first = try GatewayHarness()
        try first.define(definition("Ada", threshold: 600_000))
        try first.define(definition("Ada", threshold: 800_000))
        let log = try older(first.log, records: 2)
        // Long after what a start reads again for duplicates and answers.
        let late = ManualClock(now: ManualClock.atNoon.now + 90 * Microseconds.day)
        let alone = try GatewayHarness(log: log, clock: late)
        let placed = try #require(alone.gateway.site("plant"))
        #expect(placed.version == 2 && placed.definition.confidenceThreshold == Confidence(partsPerMillion: 800_000))
        #expect(placed.definition.workers.first?.name == nil)
        #expect(alone.events.withLock { $0.map(\.name) }.contains("site_only_in_log"))
        let again = try GatewayHarness(log: log, clock: late, folder: alone.folder)
        #expect(again.gateway.site("plant") == placed)
        #expect(!again.events.withLock { $0.map(\.name) }.contains("site_only_in_log"))
    }

    @Test("a site that only the registry knows is not defined, until somebody defines it again")
    func unknownToLog() throws {
        let first = try GatewayHarness()
        try first.define()
        let second = try GatewayHarness(log: older(first.log, records: 0), folder: first.folder)
        #expect(second.gateway.site("plant") == nil)
        #expect(second.send(.put, "/api/sites/plant", body: DefinitionJSON.bytes(makeDefinition())).status == 201)
    }

    @Test("what belongs together is left as it is, and nothing is read but the records that the registry names")
    func together() throws {
        let first = try GatewayHarness()
        try first.define(definition("Ada", threshold: 600_000))
        try first.define(definition("Ada", threshold: 800_000))
        let registry = try RegistryStore(path: first.folder.file("registry.sqlite"), epoch: first.log.epoch)
        let registered = try registry.load { _ in }
        let compared = try RegistryComparison(registered, in: registry, with: first.log, .silent)
        #expect(compared.definitions == registered && compared.corrected.isEmpty)
    }
}
