// Layer: machine. Commits and waiters of a fold, by values: the test gives inputs and turns the clock.
import EventLog
import EventModel
import ProjectionStore
import SimulationKit
import Testing
import Timeline

@testable import Projector

@Suite("Commits of a fold")
struct DriverCommitTests {
    private static let diskFull = StoreError(.unavailable, "disk full", isRetriable: true)

    @Test("what was folded is committed when the time has come, and nothing when nothing changed")
    func timed() throws {
        let rig = DriverRig()
        rig.advance(milliseconds: 1000)
        #expect(rig.step().effects.isEmpty)
        #expect(try rig.read(2).effects.isEmpty)
        rig.advance(milliseconds: 999)
        #expect(rig.step().effects.isEmpty)
        rig.advance(milliseconds: 1)
        let sets = rig.step().effects.commits
        #expect(sets.map(\.nextOffset) == [LogOffset(2)])
        #expect(sets.first?.fingerprint?.createdAt == rig.records[1].createdAt)
        rig.step(.committed)
        rig.advance(milliseconds: 1000)
        #expect(rig.step().effects.isEmpty)
        #expect(rig.shared.statistics.commits == 1)
    }

    @Test("while a commit is in flight the fold goes on and takes no other")
    func oneInFlight() throws {
        let rig = DriverRig { $0.commitMilliseconds = 0 }
        #expect(try rig.read(1).effects.commits.count == 1)
        let while1 = try rig.read(2)
        #expect(while1.effects.commits.isEmpty)
        #expect(while1.next == .read(from: LogOffset(3), byteLimit: FoldLimits().readBytes))
        #expect(rig.step(.committed).effects.commits.map(\.nextOffset) == [LogOffset(3)])
    }

    @Test("a fold that is full reads nothing until the commit in flight is durable, and says how long it waited")
    func full() throws {
        let rig = DriverRig { $0.dirtyPagesMaximum = 1 }
        #expect(try rig.read(3).effects.commits.count == 1)
        guard case .awaitCommit = try rig.read(3).next else {
            Issue.record("a full fold reads on")
            return
        }
        #expect(rig.driver.life == .full(since: rig.now))
        rig.advance(milliseconds: 40)
        guard case .awaitCommit = rig.step().next else {
            Issue.record("a full fold reads on when its wait is over")
            return
        }
        let next = rig.step(.committed)
        #expect(next.effects.commits.count == 1)
        #expect(next.next == .read(from: LogOffset(6), byteLimit: FoldLimits().readBytes))
        #expect(rig.shared.statistics.waitedMicroseconds == 40_000)
    }

    @Test("a commit that fails because the disk is full is reported and written again, the same set")
    func retried() throws {
        let rig = DriverRig { $0.commitMilliseconds = 0 }
        let first = try #require(try rig.read(2).effects.commits.first)
        #expect(rig.step(.commitFailed(Self.diskFull)).effects.recorded == ["fold_commit_failed"])
        #expect(try rig.read(1).effects.commits.isEmpty)
        #expect(rig.shared.hindrance == "disk full", "who asks is told, too")
        rig.advance(milliseconds: FoldLimits.commitRetryMilliseconds)
        let again = rig.step().effects.commits
        #expect(again.map(\.generation) == [first.generation])
        #expect(again.map(\.nextOffset) == [LogOffset(2)])
        #expect(rig.step().effects.isEmpty, "it is being written")
        #expect(rig.step(.committed).effects.commits.map(\.nextOffset) == [LogOffset(3)])
        #expect(rig.shared.hindrance == nil)
    }

    @Test("a commit that fails for good ends the fold, whatever it was doing")
    func failed() throws {
        let busy = DriverRig { $0.commitMilliseconds = 0 }
        try busy.read(1)
        let full = DriverRig { $0.dirtyPagesMaximum = 1 }
        try full.read(3)
        try full.read(3)
        let finishing = DriverRig()
        try finishing.read(1)
        finishing.step(.stop)
        for rig in [busy, full, finishing] {
            let actions = rig.step(.commitFailed(StoreError(.unavailable, "not a store")))
            #expect(actions.next == .end)
            #expect(actions.effects.failures == [FoldFailure(message: "not a store", isRetriable: false)])
        }
    }

    @Test("stop waits for the commit in flight, then commits the rest, then ends")
    func stop() throws {
        let rig = DriverRig { $0.commitMilliseconds = 0 }
        try rig.read(1)
        try rig.read(2)
        let stop = rig.step(.stop)
        #expect(stop.effects.commits.isEmpty)
        guard case .awaitCommit = stop.next else {
            Issue.record("stop does not wait for the commit in flight")
            return
        }
        #expect(try rig.fold().isEmpty)
        #expect(rig.next == LogOffset(3), "a record after stop is left for the next fold")
        #expect(rig.step(.committed).effects.commits.map(\.nextOffset) == [LogOffset(3)])
        #expect(rig.step(.committed).next == .end)
        #expect(rig.driver.life == .stopped)
    }

    @Test("stop writes a failed commit again at once, and gives up when it fails again")
    func stopWithFullDisk() throws {
        let rig = DriverRig { $0.commitMilliseconds = 0 }
        try rig.read(1)
        rig.step(.commitFailed(Self.diskFull))
        #expect(rig.step(.stop).effects.commits.map(\.nextOffset) == [LogOffset(1)])
        #expect(rig.step(.commitFailed(Self.diskFull)).effects.failures.map(\.isRetriable) == [true])
        #expect(rig.driver.life.hasEnded)
    }

    @Test("the memory of a fold is divided with the process: a smaller share commits earlier")
    func share() throws {
        let whole = DriverRig { $0.dirtyPagesMaximum = 1000 }
        #expect(try whole.read(3).effects.commits.isEmpty)
        let part = DriverRig { $0.dirtyPagesMaximum = 1000 }
        part.shared.setShare(FoldShare(of: 1000))
        #expect(try part.read(3).effects.commits.count == 1)
    }
}

@Suite("Waiters of a fold")
struct DriverWaiterTests {
    @Test("a wait ends with the record that it is for, not later (SPEC 8.3)")
    func passed() throws {
        let rig = DriverRig()
        let first = rig.wait(for: 0)
        let third = rig.wait(for: 2)
        try rig.fold().answer()
        #expect(first.isPassed == true && third.isPassed == nil)
        try rig.fold().answer()
        #expect(third.isPassed == nil)
        try rig.fold().answer()
        #expect(third.isPassed == true)
        #expect(rig.wait(for: 1).isPassed == true)
    }

    @Test("a wait whose time is up is answered no, and the fold looks again in time for it")
    func timeout() {
        let rig = DriverRig()
        let answer = rig.wait(for: 0, milliseconds: 30)
        let level = rig.step(.read(end: nil))
        #expect(level.next == .wait(at: .zero, milliseconds: 30))
        rig.advance(milliseconds: 29)
        rig.step().effects.answer()
        #expect(answer.isPassed == nil)
        rig.advance(milliseconds: 1)
        rig.step().effects.answer()
        #expect(answer.isPassed == false)
    }

    @Test("timeouts are kept while the log is away and while a full fold waits")
    func timeoutsAnywhere() throws {
        let away = DriverRig()
        let full = DriverRig { $0.dirtyPagesMaximum = 1 }
        try full.read(3)
        try full.read(3)
        away.step(.failed(LogError(.unavailable, "no broker")))
        for rig in [away, full] {
            let answer = rig.wait(for: 1000, milliseconds: 20)
            let next = rig.step().next
            #expect(next == .pause(milliseconds: 20) || next == .awaitCommit(milliseconds: 20))
            rig.advance(milliseconds: 20)
            rig.step().effects.answer()
            #expect(answer.isPassed == false)
        }
    }

    @Test("stop and failure answer everybody no, and whoever comes later at once")
    func ended() {
        let stopped = DriverRig()
        let failed = DriverRig()
        for (rig, input) in [(stopped, FoldInput.stop), (failed, .failed(LogError(.corrupt, "not a log")))] {
            let answer = rig.wait(for: 0)
            rig.step(input).effects.answer()
            #expect(answer.isPassed == false)
            #expect(rig.wait(for: 0).isPassed == false)
        }
    }
}
