// Layer: machine. Every state of a fold's life with its exits, by values: no thread, no log, no store, no clock.
import EventLog
import EventModel
import ProjectionStore
import SimulationKit
import Testing
import Timeline

@testable import Projector

@Suite("The life of a fold", .timeLimit(.minutes(10)))
struct DriverLifeTests {
    private static let outage = LogError(.unavailable, "no broker")

    // MARK: Verifying

    @Test("a fold first compares the log with what it has folded, then reads from its position")
    func verifiesFirst() {
        let rig = DriverRig(isVerified: false)
        #expect(rig.driver.life == .verifying)
        #expect(rig.step().next == .verify(next: .zero, nil))
        #expect(rig.step(.verified(rig.sight(7))).next == .read(from: .zero, byteLimit: FoldLimits().readBytes))
        #expect(rig.driver.life == .catchingUp)
        #expect(rig.shared.progress(at: rig.now).logEnd == LogOffset(7))
    }

    @Test("the comparison is asked for with the fingerprint of the last folded record")
    func fingerprint() throws {
        let rig = DriverRig()
        try rig.read(3)
        rig.step(.failed(Self.outage))
        rig.advance(milliseconds: FoldLimits.logRetryMilliseconds)
        guard case .verify(let next, let fingerprint) = rig.step().next else {
            Issue.record("the log is not compared after an outage")
            return
        }
        #expect(next == LogOffset(3))
        let last = rig.records[2]
        #expect(fingerprint?.createdAt == last.createdAt)
        #expect(fingerprint?.checksum == (try last.payload.withUnsafeBytes { try RecordCodec.statedChecksum($0) }))
    }

    @Test("a log that is another one ends the fold for good")
    func anotherLog() {
        let rig = DriverRig(isVerified: false)
        let actions = rig.step(.failed(ProjectorError.logIsAnother(at: LogOffset(4))))
        #expect(actions.next == .end)
        #expect(actions.effects.failures.map(\.isRetriable) == [false])
        #expect(rig.shared.failure?.message.contains("topic recreated?") == true)
    }

    @Test("a log that cannot be read while it is compared is waited for")
    func verifyFails() {
        let rig = DriverRig(isVerified: false)
        #expect(rig.step(.failed(Self.outage)).next == .pause(milliseconds: FoldLimits.logRetryMilliseconds))
    }

    @Test("stop while nothing was folded ends the fold at once", arguments: [true, false])
    func stopsAtOnce(isVerified: Bool) {
        let rig = DriverRig(isVerified: isVerified)
        #expect(rig.step(.stop).next == .end)
        #expect(rig.driver.life == .stopped)
    }

    // MARK: Catching up, level

    @Test("a read that brought records is followed by the next one, one without by waiting for a record")
    func readsUntilLevel() throws {
        let rig = DriverRig()
        #expect(try rig.read(2).next == .read(from: LogOffset(2), byteLimit: FoldLimits().readBytes))
        let level = rig.step(.read(end: rig.sight(2)))
        #expect(rig.driver.life == .level)
        #expect(level.next == .wait(at: LogOffset(2), milliseconds: FoldLimits.waitMilliseconds))
        #expect(rig.step().next == .read(from: LogOffset(2), byteLimit: FoldLimits().readBytes))
        #expect(rig.driver.life == .catchingUp)
    }

    @Test("an end before what was folded, seen after it was folded, makes the fold compare the log")
    func shorterLog() throws {
        let rig = DriverRig()
        try rig.read(3)
        let before = rig.sight(1)
        rig.step(.read(end: before))
        #expect(rig.driver.life == .level, "that end was seen before the last record was folded")
        rig.step()
        rig.advance(milliseconds: 1)
        rig.step(.read(end: rig.sight(1)))
        #expect(rig.driver.life == .verifying)
    }

    @Test("a page that cannot be loaded ends the fold; inside a record it is torn, and no question is answered from it")
    func brokenStore() throws {
        for callsBefore in 0...1 {
            let pages = BrokenPages(callsBefore: callsBefore)
            let rig = try DriverRig.evicted(pages)
            #expect(throws: BrokenPages.Failure.self) { try rig.fold(DriverRig.oneEvent) }
            #expect(rig.step(.failed(BrokenPages.Failure())).next == .end)
            if callsBefore == 0 {
                #expect(try rig.shared.site(RandomScenario.siteID, at: rig.now) { 0 } != nil)
            } else {
                #expect(throws: ProjectorError.self) { try rig.shared.site(RandomScenario.siteID, at: rig.now) { 0 } }
            }
        }
    }

    // MARK: Waiting for the log

    @Test("an outage is reported once, and the log is compared before anything more is folded")
    func outage() throws {
        let rig = DriverRig()
        try rig.read(1)
        #expect(rig.step(.failed(Self.outage)).effects.recorded == ["fold_waits_for_log"])
        #expect(rig.shared.hindrance?.hasPrefix("waits for the log: ") == true)
        rig.advance(milliseconds: FoldLimits.logRetryMilliseconds - 1)
        #expect(rig.step().next == .pause(milliseconds: 1))
        rig.advance(milliseconds: 1)
        rig.step()
        #expect(rig.driver.life == .verifying)
        #expect(rig.step(.failed(Self.outage)).effects.recorded.isEmpty)
        rig.advance(milliseconds: FoldLimits.logRetryMilliseconds)
        rig.step()
        let back = rig.step(.verified(rig.sight(5)))
        #expect(back.effects.recorded == ["fold_reads_log_again"] && rig.shared.hindrance == nil)
        #expect(back.next == .read(from: LogOffset(1), byteLimit: FoldLimits().readBytes))
    }

    @Test(
        "an offset that is not there is compared once; denied again it ends the fold, which may be opened again, unless a read came between"
    )
    func denied() throws {
        let denial = LogError(.outOfRange, "not there")
        let rig = DriverRig()
        for _ in 0..<2 {
            #expect(rig.step(.failed(denial)).next == .pause(milliseconds: FoldLimits.logRetryMilliseconds))
            rig.advance(milliseconds: FoldLimits.logRetryMilliseconds)
            rig.step()
            rig.step(.verified(rig.sight(5)))
            try rig.read(1)
        }
        rig.step(.failed(denial))
        #expect(rig.step(.failed(denial)).next == .end)
        #expect(rig.shared.failure?.isRetriable == true, "opening compares log and store")
    }

    @Test("damage to the log is not waited for")
    func corruptLog() {
        let rig = DriverRig()
        #expect(rig.step(.failed(LogError(.corrupt, "not a log"))).next == .end)
    }

    @Test("stop while the log is away commits what was folded")
    func stopsDuringOutage() throws {
        let rig = DriverRig()
        try rig.read(2)
        rig.step(.failed(Self.outage))
        #expect(rig.step(.stop).effects.commits.map(\.nextOffset) == [LogOffset(2)])
        #expect(rig.step(.committed).next == .end)
        #expect(rig.driver.life == .stopped)
    }

    // MARK: The end

    @Test("after its end a fold does nothing, whatever the input")
    func over() throws {
        let inputs: [FoldInput] = [
            .resume, .verified(DriverRig().sight(9)), .read(end: nil), .failed(Self.outage), .committed,
            .commitFailed(StoreError(.unavailable, "full", isRetriable: true)), .stop,
        ]
        let stopped = DriverRig()
        stopped.step(.stop)
        let failed = DriverRig()
        failed.step(.failed(LogError(.corrupt, "not a log")))
        for rig in [stopped, failed] {
            let life = rig.driver.life
            for input in inputs {
                let actions = rig.step(input)
                #expect(actions.effects.isEmpty && actions.next == .end)
            }
            #expect(try rig.fold().isEmpty)
            #expect(rig.driver.life == life && rig.next == .zero)
        }
    }

    @Test("two folds of one log side by side know nothing of each other, and hold the same")
    func sideBySide() throws {
        let live = DriverRig()
        let second = DriverRig { $0.commitMilliseconds = 0 }
        try live.read(DriverRig.records.count)
        live.step(.failed(LogError(.corrupt, "not a log")))
        while second.next.value < DriverRig.records.count {
            let commits = try second.read(1).effects.commits
            for set in commits { second.store.apply(set) }
            if !commits.isEmpty { second.step(.committed) }
        }
        #expect(second.shared.failure == nil)
        #expect(try live.digest() == second.digest())
    }
}

extension DriverRig {
    /// The digest's bytes.
    func digest() throws -> [UInt8] {
        var bytes: [UInt8] = []
        try shared.site(RandomScenario.siteID, at: now) { .max }?.site.digest(store) { bytes += $0 }
        return bytes
    }
}

extension DriverRig {
    /// A rig whose fold holds nothing in memory: all of its pages were committed and have left.
    static func evicted(
        _ pages: any PageReader, _ store: MemoryProjections = MemoryProjections()
    ) throws -> DriverRig {
        let rig = DriverRig(store: store, pages: pages) { $0.memory = .init(tailBytes: 0, otherBytes: 0) }
        try rig.read(DriverRig.records.count / 2)
        rig.commit()
        return rig
    }

    /// Commits what was folded, and lets the pages go.
    func commit() {
        advance(milliseconds: 1000)
        for set in step().effects.commits { store.apply(set) }
        step(.committed)
    }

    /// A definition with a ttl of its own.
    static func definition(workers: [WorkerID]) -> NewRecord {
        var definition = SiteDefinition(siteID: RandomScenario.siteID)
        definition.observationTTLSeconds = 1234
        definition.workers = workers.map { .init(workerID: $0) }
        return RandomScenario.Record.definition(definition, createdAt: 1_769_897_400_000_000).logRecord()
    }

    /// One event of a worker whom the log names, so that folding it touches one page.
    static var oneEvent: NewRecord {
        let time = Int64(1_769_897_400_000_100)
        let event = SimulatedEvent(
            time: time, worker: "W1", workstation: "S1", type: .idle, confidence: 900_000, count: 0, camera: nil,
            modelVersion: nil, mark: .accepted)
        return RandomScenario.Record.events([event], createdAt: time).logRecord()
    }
}
