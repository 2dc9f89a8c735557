// Layer: machine and differential. What a fold does when its log fails, is created again or loses its beginning; figures
// are compared with a fold of the same records that was not disturbed.
import EventLog
import EventModel
import Locks
import Observability
import ProjectionStore
import Projector
import SimulationKit
import TestKit
import Testing
import Timeline

@Suite("The log under a fold", .timeLimit(.minutes(10)))
struct LogIdentityTests {
    private static let partition = PartitionIndex(0)

    @Test("a log created again under its name is refused when the fold is opened")
    func recreatedWhileStopped() throws {
        let plant = try FaultyPlant(events: 60)
        try plant.foldToEnd()
        let end = try plant.log.endOffset(Self.partition)
        plant.log.recreate()
        let other = RandomScenario(seed: 4, size: .init(events: 400))
        #expect(other.records.count > end.value, "the new log must reach as far as the old one")
        try plant.append(other.records)
        let error = #expect(throws: ProjectorError.self) { try plant.projector() }
        #expect(error?.message.contains("at offset \(end.value - 1) is not the one that was folded") == true)
        #expect(error?.isRetriable == false && error?.hint != nil)
    }

    @Test("the same records again, with another created_at in the last, are another log")
    func createdAtCounts() throws {
        let plant = try FaultyPlant(events: 20)
        try plant.foldToEnd()
        let records = plant.scenario.records
        plant.log.recreate()
        try plant.append(records.dropLast())
        try plant.append(records.suffix(1), createdAtShift: 1)
        #expect(throws: ProjectorError.self) { try plant.projector() }
        plant.log.recreate()
        try plant.append(records)
        _ = try plant.projector()
    }

    @Test("a log created again while the fold waits ends it with a hint, and nothing of the new one is folded")
    func recreatedWhileRunning() throws {
        let plant = try FaultyPlant(events: 60)
        let failed = Signal()
        let projector = try plant.projector { $0.failed = { failed.set() } }
        projector.start()
        defer { projector.stop() }
        projector.waitForEnd()
        let next = projector.progress.nextOffset
        plant.log.recreate()
        failed.wait()
        #expect(projector.failure?.contains("the log ends at 0") == true)
        #expect(projector.isFailureRetriable, "opened again, it is compared again")
        #expect(projector.progress.nextOffset == next)
    }

    @Test("after an outage the log is compared before anything is folded")
    func recreatedDuringOutage() throws {
        let plant = try FaultyPlant(events: 60)
        let failed = Signal()
        let projector = try plant.projector { $0.failed = { failed.set() } }
        projector.start()
        defer { projector.stop() }
        projector.waitForEnd()
        let next = projector.progress.nextOffset
        plant.log.fail(Self.partition, with: LogError(.unavailable, "no broker"))
        plant.log.waitForFailedCalls(2)
        plant.log.recreate()
        try plant.append(RandomScenario(seed: 4, size: .init(events: 400)).records)
        plant.log.fail(Self.partition, with: nil)
        failed.wait()
        #expect(projector.failure?.contains("topic recreated?") == true)
        #expect(projector.progress.nextOffset == next)
    }

    @Test("retention that removed only what was folded loses nothing")
    func retentionBehind() throws {
        let plant = try FaultyPlant(events: 60)
        let records = plant.scenario.records
        try plant.foldToEnd()
        plant.log.removeRecords(Self.partition, before: try plant.log.endOffset(Self.partition))
        let more = RandomScenario(seed: 9, size: .init(events: 60)).records
        try plant.append(more)
        try plant.foldToEnd()
        let expected = try #require(try MemoryFold(records + more).site).ledger
        #expect(try plant.ledger() == expected)
    }

    @Test("retention that passed the fold ends it, stopped or running")
    func retentionAhead() throws {
        let plant = try FaultyPlant(events: 60)
        try plant.foldToEnd()
        let failed = Signal()
        let projector = try plant.projector { $0.failed = { failed.set() } }
        let end = try plant.log.endOffset(Self.partition)
        try plant.append(RandomScenario(seed: 9, size: .init(events: 60)).records)
        plant.log.removeRecords(Self.partition, before: LogOffset(end.value + 3))
        projector.start()
        defer { projector.stop() }
        failed.wait()
        let text =
            "the log begins at offset \(end.value + 3), but the projections stand at \(end.value): 3 records between them "
            + "are gone, offsets \(end.value) to \(end.value + 2), received after"
        #expect(projector.failure?.contains(text) == true, "\(projector.failure ?? "-")")
        let error = #expect(throws: ProjectorError.self) { try plant.projector() }
        #expect(error?.hint?.contains("stands at offset \(end.value + 3) or later") == true)
        #expect(error?.hint?.contains("`andon log skip 0:\(end.value)`") == true)
    }

    @Test("once what retention removed is declared as skipped, the fold goes on and keeps what it had (SPEC 7.4, 7.9)")
    func retentionAheadSkipped() throws {
        let plant = try FaultyPlant(events: 60)
        let records = plant.scenario.records
        try plant.foldToEnd()
        let end = try plant.log.endOffset(Self.partition)
        let more = RandomScenario(seed: 9, size: .init(events: 60)).records
        try plant.append(more)
        plant.log.removeRecords(Self.partition, before: LogOffset(end.value + 3))
        try plant.log.declare(
            LogSkip(first: end, next: LogOffset(end.value + 3), reason: "retention", by: "me", at: .earliest),
            in: Self.partition)
        try plant.foldToEnd()
        let expected = try #require(try MemoryFold(records + more.dropFirst(3)).site).ledger
        #expect(try plant.ledger() == expected)
    }

    @Test("a log that is away for a while is reported once, waited for, and read on")
    func outage() throws {
        let plant = try FaultyPlant(events: 60)
        let names = Guarded<[String]>([])
        let projector = try plant.projector {
            $0.journal = Journal { event in names.withLock { $0.append(event.name) } }
        }
        plant.log.fail(Self.partition, with: LogError(.unavailable, "no broker"))
        projector.start()
        plant.log.waitForFailedCalls(3)
        #expect(projector.failure == nil)
        #expect(names.withLock { $0 } == ["fold_waits_for_log"])
        plant.log.fail(Self.partition, with: nil)
        projector.waitForEnd()
        projector.stop()
        #expect(projector.failure == nil)
        #expect(names.withLock { $0 } == ["fold_waits_for_log", "fold_reads_log_again"])
        #expect(try plant.ledger() == (try #require(try MemoryFold(plant.scenario.records).site).ledger))
    }

    @Test("an error of the log that will not pass ends the fold and is no reason to try again")
    func damaged() throws {
        let plant = try FaultyPlant(events: 20)
        let failed = Signal()
        let projector = try plant.projector { $0.failed = { failed.set() } }
        plant.log.fail(Self.partition, with: LogError(.corrupt, "not a log"))
        projector.start()
        failed.wait()
        #expect(projector.failure?.contains("not a log") == true && !projector.isFailureRetriable)
        projector.stop()
    }

    @Test("a fold that was stopped shows nothing more: its store may be another's now")
    func stoppedSnapshot() throws {
        let plant = try FaultyPlant(events: 20)
        let projector = try plant.projector()
        projector.start()
        projector.waitForEnd()
        projector.stop()
        #expect(throws: ProjectorError.self) { try projector.snapshot(of: RandomScenario.siteID) }
    }

    @Test("progress asks nobody: the end is the one that the log knows of, with its age")
    func knownEnd() throws {
        let plant = try FaultyPlant(events: 20)
        let projector = try plant.projector()
        projector.start()
        defer { projector.stop() }
        projector.waitForEnd()
        let next = projector.progress.nextOffset
        plant.log.fail(Self.partition, with: LogError(.unavailable, "no broker"))
        plant.log.setKnownEnd(Self.partition, KnownEnd(offset: LogOffset(next.value + 5), ageMicroseconds: 0))
        #expect(projector.progress.logEnd.value == next.value + 5)
        #expect(!projector.progress.isLevel)
    }
}

/// Becomes true once; others wait for it.
final class Signal: Sendable {
    private let state = Monitor(false)
    func set() { state.update { $0 = true } }
    func wait() { state.wait { $0 ? () : nil } }
}

/// One partition on a log with faults, its store in a folder of its own.
final class FaultyPlant {
    let log = FaultyLog()
    let scenario: RandomScenario
    private let folder: TemporaryFolder
    var storePath: String { folder.file("partition-0.sqlite") }

    init(events: Int) throws {
        folder = try TemporaryFolder()
        scenario = RandomScenario(seed: 3, size: .init(events: events))
        try append(scenario.records)
    }

    func append(_ records: some Sequence<RandomScenario.Record>, createdAtShift: Int64 = 0) throws {
        for record in records {
            var logRecord = record.logRecord()
            logRecord.createdAt = Timestamp(microseconds: record.createdAt + createdAtShift)
            _ = try log.append([logRecord])
        }
    }

    func projector(_ change: (inout ProjectorConfiguration) -> Void = { _ in }) throws -> Projector {
        var configuration = ProjectorConfiguration.forgetful
        change(&configuration)
        let store = try ProjectionStore.open(path: storePath, logEpoch: log.epoch.bytes)
        return try Projector(log: log, store: store, configuration: configuration)
    }

    func foldToEnd() throws {
        let projector = try projector()
        projector.start()
        projector.waitForEnd()
        projector.stop()
        #expect(projector.failure == nil)
    }

    func ledger() throws -> Ledger? {
        let projector = try projector()
        let snapshot = try projector.snapshot(of: RandomScenario.siteID)
        defer { snapshot?.close() }
        return snapshot?.site.ledger
    }
}
