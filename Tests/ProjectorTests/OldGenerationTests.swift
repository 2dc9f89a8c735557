// Layer: differential. A newer program takes over from an older one, prepared or not.
import EventLog
import EventModel
import Foundation
import Locks
import ProjectionStore
import SQLite
import SimulationKit
import Testing
import Timeline

@testable import Projector

@Suite("A newer program takes over (DESIGN 1.11, 7)", .timeLimit(.minutes(10)))
struct OldGenerationTests {
    private static let newer = StoreVersions(
        format: StoreVersions.current.format, fold: StoreVersions.current.fold + 1, spec: StoreVersions.current.spec)

    /// A folder that an older program has folded up to the first half of the records.
    private func folded(seed: UInt64) throws -> GenerationRig {
        let rig = try GenerationRig(seed: seed, events: 600)
        try rig.append(rig.scenario.records.prefix(half(rig)))
        try rig.running { $0.waitForEnd() }
        return rig
    }

    private func half(_ rig: GenerationRig) -> Int { rig.scenario.records.count / 2 }

    @Test("it answers from the old generation, which stands still and says that it is old, and then from its own")
    func unprepared() throws {
        let rig = try folded(seed: 40)
        let room = Monitor<Int64>(0)
        try rig.running { configuration in
            configuration.versions = Self.newer
            // The new one waits until this test lets it go on.
            configuration.freeBytes = { _ in room.withLock { $0 } }
        } _: { projector in
            try rig.append(rig.scenario.records.dropFirst(half(rig)))
            let first = MemoryFold.ledger(rig.scenario.records.prefix(half(rig)))
            try expectLedger(first, of: projector)
            #expect(projector.progress.isOldGeneration && projector.progress.nextOffset == LogOffset(Int64(half(rig))))
            #expect(projector.rebuild == nil && projector.failure == nil)
            rig.wait(for: "generation_begins")
            let answered = Monitor<Bool?>(nil)
            projector.whenPassed(LogOffset(Int64(rig.scenario.records.count - 1)), timeoutMilliseconds: 60_000) {
                isPassed in
                answered.update { $0 = isPassed }
            }
            try expectLedger(first, of: projector)
            room.update { $0 = 1 << 40 }
            rig.wait(for: "generation_live")
            #expect(answered.wait(milliseconds: 60_000) { $0 } == true)
            #expect(!projector.progress.isOldGeneration && projector.store.path == rig.directory.storePath(2))
            try expectLedger(MemoryFold.ledger(rig.scenario.records), of: projector)
        }
        #expect(try rig.directory.list().map(\.state) == [.retired, .live])
        #expect(try rig.directory.list().last?.versions == Self.newer)
        // Back to the older program: its own generation is there, and goes on.
        try rig.running { projector in
            rig.wait(for: "generation_live", count: 2)
            projector.waitForEnd()
            #expect(projector.store.path == rig.directory.storePath(1))
            try expectLedger(MemoryFold.ledger(rig.scenario.records), of: projector)
        }
        #expect(try rig.digest(1) == rig.digest())
    }

    @Test("without a server the store of another fold is answered, and says so; one of another format is refused")
    func withoutServer() throws {
        let rig = try folded(seed: 42)
        let path = rig.directory.storePath(1)
        func set(_ name: String, _ value: Int64) throws {
            let writer = try Connection(path: path, ConnectionOptions(mode: .writer, checksPages: true))
            try writer.execute("UPDATE meta SET value = \(value) WHERE name = '\(name)'")
        }
        #expect(try !StoredProjections(path: path, partition: PartitionIndex(0)).isOld)
        try set("fold", StoreVersions.current.fold + 1)
        let stored = try StoredProjections(path: path, partition: PartitionIndex(0))
        let snapshot = try #require(try stored.snapshot(of: RandomScenario.siteID))
        #expect(stored.isOld && snapshot.progress.isOldGeneration && StoredPartitions([stored]).hasOld)
        #expect(snapshot.site.ledger == MemoryFold.ledger(rig.scenario.records.prefix(half(rig))))
        snapshot.close()
        try set("format", StoreVersions.current.format + 1)
        let failure = #expect(throws: ProjectorError.self) {
            try StoredProjections(path: path, partition: PartitionIndex(0))
        }
        #expect(failure?.code == .otherVersion)
    }

    @Test("a generation that was prepared beside the older program is live from the start")
    func prepared() throws {
        let rig = try folded(seed: 41)
        try rig.running { older in
            var configuration = ProjectorConfiguration.forgetful
            configuration.versions = Self.newer
            let preparation = try GenerationPreparation(
                log: rig.log, generations: rig.directory, configuration: configuration)
            preparation.start()
            try rig.append(rig.scenario.records.dropFirst(half(rig)).dropLast(3))
            older.waitForEnd()
            let passed = DispatchSemaphore(value: 0)
            preparation.whenPassed(LogOffset(Int64(rig.scenario.records.count - 4)), timeoutMilliseconds: 60_000) { _ in
                passed.signal()
            }
            passed.wait()
            #expect(preparation.progress.isLevel)
            #expect(throws: GenerationError.self) {
                try GenerationPreparation(log: rig.log, generations: rig.directory, configuration: configuration)
            }
            preparation.stop()
            // What comes before the older program ends is a moment's work.
            try rig.append(rig.scenario.records.suffix(3))
            older.waitForEnd()
        }
        #expect(try rig.directory.list().map(\.state) == [.live, .level])
        let projector = try rig.projector { $0.versions = Self.newer }
        #expect(projector.store.path == rig.directory.storePath(2) && !projector.progress.isOldGeneration)
        let error = #expect(throws: ProjectorError.self) { try projector.ledger() }
        #expect(error?.code == .rebuilding, "it does not answer of an older position than was answered before")
        projector.start()
        projector.waitForEnd()
        try expectLedger(MemoryFold.ledger(rig.scenario.records), of: projector)
        projector.stop()
        #expect(try rig.directory.list().map(\.state) == [.retired, .live])
    }

    @Test("a preparation that was ended goes on in the next one, and in the program that takes over")
    func interrupted() throws {
        let rig = try folded(seed: 42)
        var configuration = ProjectorConfiguration.forgetful
        configuration.versions = Self.newer
        for end in [3, 6] as [Int64] {
            configuration.orders = FoldOrders(end: LogOffset(end))
            let preparation = try GenerationPreparation(
                log: rig.log, generations: rig.directory, configuration: configuration)
            #expect(preparation.progress.next == LogOffset(end - 3))
            preparation.start()
            let passed = DispatchSemaphore(value: 0)
            preparation.whenPassed(LogOffset(end - 1), timeoutMilliseconds: 60_000) { _ in passed.signal() }
            passed.wait()
            preparation.stop()
        }
        try rig.running {
            $0.versions = Self.newer
        } _: { projector in
            try #require(projector.progress.isOldGeneration)
            rig.wait(for: "generation_live")
            #expect(projector.store.path == rig.directory.storePath(2))
        }
        #expect(try rig.directory.list().count == 2)
    }

    @Test("of another format nothing is answered, and the old one stays as it is")
    func otherFormat() throws {
        let rig = try folded(seed: 43)
        let next = StoreVersions(format: 5, fold: 1, spec: 2)
        try rig.running {
            $0.versions = next
        } _: { projector in
            #expect(projector.store.path == rig.directory.storePath(2) && !projector.progress.isOldGeneration)
            projector.waitForEnd()
            try expectLedger(MemoryFold.ledger(rig.scenario.records.prefix(half(rig))), of: projector)
        }
        #expect(rig.events.withLock { $0 }.contains("rebuild_begins"))
        #expect(try rig.position(1) == LogOffset(Int64(half(rig))))
    }

    @Test("an old generation that is damaged is of no use, and the new one is made at once")
    func damagedOld() throws {
        let rig = try folded(seed: 44)
        try rig.truncateDefinitions()
        try rig.running {
            $0.versions = Self.newer
        } _: { projector in
            #expect(!projector.progress.isOldGeneration)
            projector.waitForEnd()
            try expectLedger(MemoryFold.ledger(rig.scenario.records.prefix(half(rig))), of: projector)
        }
        #expect(try rig.digest(2) == rig.digest())
    }
}

extension MemoryFold {
    static func ledger(_ records: some Sequence<RandomScenario.Record>) -> Ledger? {
        (try? MemoryFold(Array(records)))?.site?.ledger
    }
}
