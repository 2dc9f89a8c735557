import EventLog
import EventModel
import Foundation
internal import Locks
import Projector
import SQLiteLog
import SimulationKit
import Sites
import TestKit
import Testing

@testable import Commands

// Layer: differential. A copy against its source, for any number of partitions, whole and broken off anywhere.
@Suite("andon log copy", .timeLimit(.minutes(10)))
struct LogCopyTests {
    private static let sites = RandomScenario.sites(inFirst: 6, of: 6)

    /// A log with the records of several sites, mixed as a seed says.
    private static func source(_ partitions: Int32, seed: UInt64 = 7) throws -> InMemoryLog {
        let log = InMemoryLog(partitionCount: partitions)
        var random = SeededGenerator(seed: seed)
        var waiting = sites.map { site in
            RandomScenario(seed: seed, size: .init(events: 60)).records.map { $0.logRecord(of: site) }[...]
        }
        while let index = waiting.indices.filter({ !waiting[$0].isEmpty }).randomElement(using: &random) {
            guard var record = waiting[index].popFirst() else { break }
            record.headers = [RecordHeader(name: "h", value: [UInt8(index)])]
            _ = try log.append([record])
        }
        return log
    }

    /// Everything of a site, in its order.
    private static func records(_ log: any EventLog, _ site: SiteID) throws -> [RecordChain] {
        var chain = RecordChain()
        var chains: [RecordChain] = []
        let walk = RecordWalk(log: log, isStopping: { false })
        for partition in log.partitions {
            try walk.walk(partition, from: log.startOffset(partition), to: log.endOffset(partition)) { _, record in
                guard record.key == site.bytes else { return true }
                chain.add(record)
                chains.append(chain)
                return true
            }
        }
        return chains
    }

    private static func expectSame(_ source: any EventLog, _ copy: any EventLog, _ sites: [SiteID] = sites) throws {
        for site in sites {
            let expected = try records(source, site)
            #expect(!expected.isEmpty)
            #expect(try records(copy, site) == expected)
            #expect(
                try SiteDigest.compute(site: site, log: source, storePath: nil)
                    == SiteDigest.compute(site: site, log: copy, storePath: nil))
        }
    }

    private static func copy(
        _ source: any EventLog, _ destination: any EventLog, site: SiteID? = nil,
        isStopping: @escaping () -> Bool = { false }
    ) throws -> LogCopier.Outcome {
        var copier = LogCopier(
            from: source, to: destination, site: site, .init(isStopping: isStopping, progress: { _, _, _ in }))
        return try copier.run()
    }

    @Test(
        "any number of partitions to any other: the same records of each site in the same order, equal digests",
        arguments: [(1, 8), (8, 1), (3, 5), (4, 4)] as [(Int32, Int32)])
    func partitions(from: Int32, to: Int32) throws {
        let source = try Self.source(from)
        let destination = InMemoryLog(partitionCount: to)
        let outcome = try Self.copy(source, destination)
        #expect(outcome.isComplete && outcome.before == 0)
        try Self.expectSame(source, destination)
        let again = try Self.copy(source, destination)
        #expect(again.copied == 0 && again.before == outcome.copied)
        #expect(again.definitions == outcome.definitions)
    }

    @Test("a copy that was broken off after any append goes on, with nothing twice and nothing left out")
    func resumes() throws {
        let source = try Self.source(3)
        let whole = InMemoryLog(partitionCount: 4)
        let total = try Self.copy(source, whole).copied
        let every = try Self.allRecords(whole)
        // A destination that was written up to any place of each partition, as a kill between two brokers leaves it.
        var random = SeededGenerator(seed: 3)
        for _ in 0..<20 {
            let destination = InMemoryLog(partitionCount: 4)
            var before: Int64 = 0
            for records in every {
                let count = Int.random(in: 0...records.count, using: &random)
                if count > 0 { _ = try destination.append(Array(records.prefix(count))) }
                before += Int64(count)
            }
            let outcome = try Self.copy(source, destination)
            #expect(outcome.before == before && outcome.before + outcome.copied == total)
            try Self.expectSame(source, destination, [Self.sites[0], Self.sites[5]])
            #expect(try Self.allRecords(destination).map(\.count) == every.map(\.count))
        }
    }

    private static func allRecords(_ log: any EventLog) throws -> [[NewRecord]] {
        try log.partitions.map { partition in
            var records: [NewRecord] = []
            let walk = RecordWalk(log: log, isStopping: { false })
            try walk.walk(partition, from: log.startOffset(partition), to: log.endOffset(partition)) { _, record in
                records.append(record)
                return true
            }
            return records
        }
    }

    @Test("a failed append ends the copy with 69, an acknowledgement that was lost too, and the next run goes on")
    func failures() throws {
        let source = try Self.source(2)
        let destination = InMemoryLog(partitionCount: 3)
        destination.failNextAppends(1)
        let refused = #expect(throws: CommandFailure.self) { try Self.copy(source, destination) }
        #expect(refused?.exitCode == .unavailable)
        destination.onAppend { moment, _ throws(LogError) in
            if case .after = moment { throw LogError(.uncertain, "lost") }
        }
        #expect(throws: CommandFailure.self) { try Self.copy(source, destination) }
        destination.onAppend(nil)
        #expect(try Self.copy(source, destination).before > 0)
        try Self.expectSame(source, destination)
    }

    @Test("what has come in since is copied by the next run")
    func catchesUp() throws {
        let source = try Self.source(3)
        let destination = InMemoryLog(partitionCount: 2)
        _ = try Self.copy(source, destination)
        _ = try source.append([LogTailTests.record(Self.sites[2], 99, [LogTailTests.event(98)])])
        #expect(try Self.copy(source, destination).copied == 1)
        try Self.expectSame(source, destination)
    }

    @Test("a destination that holds anything else is refused and stays as it is")
    func refuses() throws {
        let source = try Self.source(2)
        let foreign = InMemoryLog(partitionCount: 2)
        _ = try foreign.append([LogTailTests.record(Self.sites[0], 1, [LogTailTests.event(1, worker: "stranger")])])
        let longer = InMemoryLog(partitionCount: 2)
        _ = try Self.copy(source, longer)
        _ = try longer.append([LogTailTests.record(Self.sites[0], 1, [LogTailTests.event(1)])])
        for destination in [foreign, longer] {
            let before = try Self.allRecords(destination).map(\.count)
            let refused = #expect(throws: CommandFailure.self) { try Self.copy(source, destination) }
            #expect(refused?.what == "the destination holds records that do not belong to this copy")
            #expect(try Self.allRecords(destination).map(\.count) == before)
        }
        #expect(throws: CommandFailure.self) { try Self.copy(source, source) }
    }

    @Test("with --site one site is copied beside others that are there")
    func oneSite() throws {
        let source = try Self.source(3)
        let destination = InMemoryLog(partitionCount: 2)
        for site in [Self.sites[1], Self.sites[4]] {
            #expect(try Self.copy(source, destination, site: site).before == 0)
        }
        try Self.expectSame(source, destination, [Self.sites[1], Self.sites[4]])
        #expect(try Self.records(destination, Self.sites[0]).isEmpty)
    }

    @Test("Ctrl-C ends it between two reads, and the same copy goes on")
    func interrupted() throws {
        let source = try Self.source(3)
        let destination = InMemoryLog(partitionCount: 2)
        let appended = Guarded(false)
        destination.onAppend { moment, _ throws(LogError) in
            if case .after = moment { appended.withLock { $0 = true } }
        }
        let first = try Self.copy(source, destination, isStopping: { appended.withLock { $0 } })
        #expect(!first.isComplete && first.copied > 0)
        #expect(try Self.copy(source, destination).isComplete)
        try Self.expectSame(source, destination)
    }

    // MARK: The command

    private static func run(_ words: [String]) -> Recorder {
        let recorder = Recorder()
        var command = LogCopyCommand.command
        command.run = { try LogCopyCommand.run($0, isStopping: { false }) }
        let exit = recorder.run(["log", "copy", "-o", "json"] + words, commands: [command])
        recorder.console().note("exit \(exit.rawValue)")
        return recorder
    }

    @Test("a data directory is copied to another one with its definitions and their names, and says that keys are not")
    func command() throws {
        let folder = try TemporaryFolder()
        let (from, to) = (DataDirectory(path: folder.file("a")), DataDirectory(path: folder.file("b")))
        try from.create()
        var definition = SiteDefinition(siteID: "plant", name: "Plant")
        definition.workers = [SiteDefinition.Worker(workerID: "W1", name: "Ada")]
        let log = try SQLiteLog.open(path: from.log)
        let positions = try log.append([
            LogTailTests.record("plant", 1, [LogTailTests.event(1)]),
            RandomScenario.Record.definition(definition.withoutPersonalData, createdAt: 5).logRecord(of: "plant"),
            LogTailTests.record("plant", 2, [LogTailTests.event(1)]),
        ])
        let registered = PlacedDefinition(
            definition: definition, version: 1, createdAt: Timestamp(microseconds: 5), position: positions[1])
        let registry = try RegistryStore(path: from.registry, epoch: log.epoch)
        registry.store(registered) { #expect($0 == nil) }
        let result = Self.run(["--data-dir", from.path, "--to-data-dir", to.path])
        #expect(result.errors.contains("exit 0") && result.errors.contains("API keys are not copied"))
        #expect(
            result.output
                == "{\"records_copied\":3,\"events_copied\":2,\"records_copied_before\":0,\"definitions_with_names\":1}\n"
        )
        let copy = try SQLiteLog.openReader(path: to.log)
        #expect(copy.epoch != log.epoch)
        #expect(try RegistryStore.read(path: to.registry, epoch: copy.epoch) == [registered])
        #expect(Self.run(["--data-dir", from.path, "--to-data-dir", to.path]).output.contains("\"records_copied\":0"))
        #expect(Self.run(["--data-dir", from.path, "--to-data-dir", from.path]).errors.contains("exit 69"))
        #expect(Self.run(["--data-dir", from.path]).errors.contains("exit 64"))
        log.close()
    }
}
