// Layer: differential. Questions move to another generation and back, while they go on.
import EventLog
import EventModel
import Foundation
import Locks
import SimulationKit
import Testing
import Timeline

@testable import ProjectionStore
@testable import Projector

@Suite("Questions move to another generation (DESIGN 7)", .timeLimit(.minutes(10)))
struct GenerationSwitchTests {
    private static let job = GenerationRig.job

    @Test("promoted and rolled back at once; the other one follows, and both are right (SPEC 7.1)")
    func thereAndBack() throws {
        let rig = try GenerationRig(seed: 30)
        let third = rig.scenario.records.count / 3
        try rig.append(rig.scenario.records.prefix(third))
        try rig.running { projector in
            try projector.buildUntilLevel(rig)
            try projector.promote(job: Self.job)
            #expect(projector.store.path == rig.directory.storePath(2))
            #expect(try rig.directory.list().map(\.state) == [.retired, .live])
            try rig.append(rig.scenario.records.dropFirst(third).prefix(third))
            projector.waitForEnd()
            // Again, which changes nothing.
            try projector.promote(job: Self.job)
            #expect(projector.store.path == rig.directory.storePath(2))
            try projector.rollback(job: Self.job)
            #expect(projector.store.path == rig.directory.storePath(1))
            #expect(try rig.directory.list().map(\.state) == [.live, .retired])
            try projector.rollback(job: Self.job)
            #expect(try rig.directory.list().map(\.state) == [.live, .retired])
            try rig.append(rig.scenario.records.dropFirst(2 * third))
            try projector.promote(job: Self.job)
            projector.waitForEnd()
            try expectLedger(MemoryFold(rig.scenario.records).site?.ledger, of: projector)
        }
        #expect(try rig.digest(1) == rig.digest() && rig.digest(2) == rig.digest())
    }

    @Test("no question fails, and none sees an older position than one before (SPEC 8.3)")
    func underLoad() throws {
        let rig = try GenerationRig(seed: 31, events: 900)
        let records = rig.scenario.records
        try rig.append(records.prefix(5))
        let isDone = Monitor(false)
        let switches = Monitor(0)
        try rig.running { projector in
            try projector.buildUntilLevel(rig)
            let group = DispatchGroup()
            for _ in 0..<2 {
                DispatchQueue.global().async(group: group) {
                    var newest = LogOffset.zero
                    while !isDone.withLock({ $0 }) {
                        do {
                            let snapshot = try projector.snapshot(of: RandomScenario.siteID)
                            let next = snapshot?.progress.nextOffset ?? .zero
                            snapshot?.close()
                            #expect(next >= newest)
                            newest = max(newest, next)
                            let shown = projector.progress.nextOffset
                            #expect(shown >= newest)
                            newest = max(newest, shown)
                        } catch { Issue.record(error) }
                    }
                }
            }
            for record in records.dropFirst(5) {
                let position = try rig.log.append([record.logRecord()])[0]
                let answer = Monitor<Bool?>(nil)
                projector.whenPassed(position.offset, timeoutMilliseconds: 60_000) { isPassed in
                    answer.update { $0 = isPassed }
                }
                if position.offset.value % 10 == 0 {
                    if projector.store.path == rig.directory.path {
                        try projector.promote(job: Self.job)
                    } else {
                        try projector.rollback(job: Self.job)
                    }
                    switches.update { $0 += 1 }
                }
                #expect(answer.wait { $0 })
                let snapshot = try #require(try projector.snapshot(of: RandomScenario.siteID))
                #expect(snapshot.progress.nextOffset > position.offset)
                snapshot.close()
            }
            isDone.update { $0 = true }
            group.wait()
            try expectLedger(MemoryFold(records).site?.ledger, of: projector)
        }
        #expect(switches.withLock { $0 } > 10)
        #expect(try rig.digest(1) == rig.digest() && rig.digest(2) == rig.digest())
    }

    private struct Killed: Error {}

    @Test(
        "after an end at any step of a switch exactly one is live, and its digest is right", arguments: [true, false])
    func kills(isPromotion: Bool) throws {
        let rig = try GenerationRig(seed: 32, events: 60)
        try rig.append(rig.scenario.records)
        try rig.running { projector in
            try projector.buildUntilLevel(rig)
            if !isPromotion { try projector.promote(job: Self.job) }
        }
        let before = try rig.directory.list()
        var step = 0
        var isKilled = true
        var ends: Set<Int64> = []
        while isKilled {
            let fuse = Monitor<Int?>(nil)
            let directory = GenerationDirectory(path: rig.directory.path) { _ in
                let isOver = fuse.update { left in
                    guard let now = left else { return false }
                    left = now - 1
                    return now <= 0
                }
                if isOver { throw Killed() }
            }
            isKilled = try rig.running(directory) { projector in
                if isPromotion { try projector.build(job: Self.job, pace: .unlimited) }
                fuse.update { $0 = step }
                defer { fuse.update { $0 = nil } }
                do {
                    if isPromotion {
                        try projector.promote(job: Self.job)
                    } else {
                        try projector.rollback(job: Self.job)
                    }
                    return false
                } catch is Killed { return true }
            }
            let list = try rig.directory.list()
            let live = list.filter { $0.state == .live }
            #expect(live.count == 1)
            ends.insert(live[0].id)
            try rig.running { projector in
                projector.waitForEnd()
                #expect(projector.store.path == rig.directory.storePath(live[0].id))
                try expectLedger(MemoryFold(rig.scenario.records).site?.ledger, of: projector)
            }
            #expect(try rig.digest(live[0].id) == rig.digest())
            try rig.directory.undo(GenerationSwitch(before: before), at: Timestamp(microseconds: 1))
            step += 1
        }
        #expect(step > 3 && ends == [1, 2])
    }

    @Test("the one before is followed again after a start, for a rollback that is as quick")
    func rollbackAfterStart() throws {
        let rig = try GenerationRig(seed: 33)
        let half = rig.scenario.records.count / 2
        try rig.append(rig.scenario.records.prefix(half))
        try rig.running { projector in
            try projector.buildUntilLevel(rig)
            try projector.promote(job: Self.job)
        }
        try rig.append(rig.scenario.records.dropFirst(half))
        try rig.running { projector in
            #expect(projector.store.path == rig.directory.storePath(2))
            rig.wait(for: "generation_begins", count: 2)
            try projector.rollback(job: Self.job)
            projector.waitForEnd()
            try expectLedger(MemoryFold(rig.scenario.records).site?.ledger, of: projector)
        }
        #expect(try rig.digest(1) == rig.digest())
    }

    @Test("the one before is removed after its time, and a rollback then says so")
    func retention() throws {
        let rig = try GenerationRig(seed: 34, events: 60)
        try rig.append(rig.scenario.records)
        try rig.running {
            $0.keepGenerationsHours = 0
        } _: { projector in
            try projector.buildUntilLevel(rig)
            try projector.promote(job: Self.job)
            rig.wait(for: "generation_removed")
            #expect(try rig.directory.list().map(\.id) == [2] && rig.directory.bytes(1) == 0)
            let error = #expect(throws: ProjectorError.self) { try projector.rollback(job: Self.job) }
            #expect(error?.message.contains("not there any more") == true)
            try rig.append(rig.scenario.records.prefix(1))
            projector.waitForEnd()
        }
        try rig.running { projector in
            projector.waitForEnd()
            #expect(projector.store.path == rig.directory.storePath(2))
        }
        #expect(try rig.digest(2) == rig.digest())
    }

    @Test("a generation that cannot catch up is not promoted, and nothing has changed")
    func behind() throws {
        let rig = try GenerationRig(seed: 35, events: 60)
        try rig.append(rig.scenario.records)
        try rig.running { projector in
            projector.waitForEnd()
            try projector.build(job: Self.job, pace: .paused)
            let built = try #require(projector.fold(of: Self.job))
            // Its fold ends for good.
            built.stop()
            #expect(throws: ProjectorError.self) { try projector.promote(job: Self.job) }
            #expect(projector.store.path == rig.directory.path)
            #expect(try rig.directory.list().map(\.state) == [.live, .building])
            #expect(throws: ProjectorError.self) { try projector.promote(job: "none") }
            let error = #expect(throws: ProjectorError.self) { try projector.rollback(job: Self.job) }
            #expect(error?.code == .generationLive)
        }
    }
}
