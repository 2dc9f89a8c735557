// Layer: machine. A fold stands still at what it cannot read, and goes on once that is declared as skipped.
import EventLog
import EventModel
import SimulationKit
import Testing
import Timeline

@testable import Projector

@Suite("A fold at a record that cannot be read (SPEC 7.4)")
struct DriverHaltTests {
    @Test("a gap in the offsets halts the fold, says so once, and leaves what it holds fit to be shown (SPEC 7.4)")
    func gap() throws {
        let rig = DriverRig()
        try rig.read(2)
        for attempt in 0..<2 {
            let error = #expect(throws: TimelineError.self) { try rig.fold(at: LogOffset(3)) }
            #expect(error?.code == .gap)
            let halted = rig.step(.failed(try #require(error)))
            #expect(halted.effects.recorded == (attempt == 0 ? ["fold_halted"] : []))
            #expect(halted.next == .pause(milliseconds: FoldLimits.waitMilliseconds))
            #expect(rig.shared.halt?.message.contains("records are missing") == true && rig.shared.failure == nil)
            #expect(try rig.shared.site(RandomScenario.siteID, at: rig.now) { 0 }?.progress.isHalted == true)
            rig.advance(milliseconds: FoldLimits.haltRetryMilliseconds)
            #expect(rig.step().next == .read(from: LogOffset(2), byteLimit: FoldLimits().readBytes))
        }
    }

    @Test("a jump over offsets that the log declares as skipped is no gap, one offset further is (SPEC 7.4)")
    func skips() throws {
        let rig = DriverRig()
        try rig.read(2)
        let waiting = rig.wait(for: 3)
        #expect(throws: TimelineError.self) { try rig.pass(to: 5, over: [(2, 4)]) }
        #expect(throws: TimelineError.self) { try rig.pass(to: 5, over: [(3, 5)]) }
        #expect(rig.next == LogOffset(2))
        try rig.pass(to: 5, over: [(2, 4), (4, 5)]).answer()
        #expect(rig.next == LogOffset(5))
        #expect(waiting.isPassed == true)
        _ = try rig.fold()
        #expect(rig.next == LogOffset(6))
    }

    @Test("behind a skip there is no record to recognise the log by, until the next one is folded")
    func fingerprintBehindSkip() throws {
        let rig = DriverRig()
        try rig.read(2)
        #expect(rig.shared.fingerprint != nil)
        _ = try rig.pass(to: 4, over: [(2, 4)])
        #expect(rig.shared.fingerprint == nil)
        _ = try rig.fold()
        #expect(rig.shared.fingerprint != nil)
    }

    @Test("a damaged record halts the fold before anything of it shows; once it is skipped the fold goes on by itself")
    func damaged() throws {
        var records = DriverRig.records
        records[1].payload[records[1].payload.count - 1] ^= 1
        let rig = DriverRig(records)
        try rig.read(1)
        let waiting = rig.wait(for: 1, milliseconds: 50)
        let error = #expect(throws: CodecError.self) { try rig.fold() }
        let halted = rig.step(.failed(try #require(error)))
        #expect(halted.effects.failures.isEmpty && halted.effects.recorded == ["fold_halted"])
        #expect(try rig.shared.site(RandomScenario.siteID, at: rig.now) { 0 }?.progress.nextOffset == LogOffset(1))
        rig.advance(milliseconds: 50)
        rig.step().effects.answer()
        #expect(waiting.isPassed == false)
        rig.advance(milliseconds: FoldLimits.haltRetryMilliseconds)
        rig.step()
        _ = try rig.pass(to: 2, over: [(1, 2)])
        _ = try rig.fold()
        rig.step(.read(end: nil))
        #expect(rig.shared.halt == nil && rig.next == LogOffset(3))
    }

    @Test("a halted fold commits what it has, and stops when it is asked to")
    func stopsWhileHalted() throws {
        let rig = DriverRig()
        try rig.read(2)
        rig.step(.failed(CodecError(.truncated, at: 0)))
        rig.advance(milliseconds: FoldLimits().commitMilliseconds)
        #expect(rig.step().effects.commits.map(\.nextOffset) == [LogOffset(2)])
        rig.step(.committed)
        #expect(rig.step(.stop).next == .end)
        #expect(rig.driver.life == .stopped)
    }
}
